// A thin RAII layer over SQLite's C interface: a connection with Baton's settings and a statement that
// is prepared once. One thread at a time per connection. Results are SQLite's own codes; nothing throws.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "scheduler/model/result.h"
#include "scheduler/model/time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace baton::sqlite {

inline constexpr int kOk = 0, kError = 1, kRow = 100, kDone = 101;  ///< SQLITE_OK, SQLITE_ERROR and so on

/// What a failed call means for the one who made it.
enum class Failure : std::uint8_t {
  full,        ///< no space: the transaction is rolled back, the file is well
  busy,        ///< another connection is in the way: nothing was written
  constraint,  ///< a unique key or a check
  io,          ///< an I/O error: what is on disk is not known (S3)
  corrupt,     ///< the file is damaged or no database
  other,       ///< a mistake of ours, out of memory, …
};
Failure classify(int code);

/// Binds NULL for kNoTime.
struct Time {
  WallUs at;
};
/// Binds NULL for an empty text.
struct TextOrNull {
  std::string_view text;
};

class KeptStatements;  // of one connection, sqlite_db.cpp

class Statement {
 public:
  Statement() = default;
  Statement(Statement&& other) noexcept : handle_(other.handle_), next_(other.next_), home_(other.home_) {
    other.handle_ = nullptr;
  }
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  /// Resets and begins to bind anew, from parameter 1 on; each bind takes the next one. Texts must live until step().
  Statement& start();
  Statement& bind(std::int64_t value);
  Statement& bind(std::string_view text);
  Statement& bind(Time time);
  Statement& bind(TextOrNull text);
  Statement& bind(std::optional<std::int64_t> value);  ///< NULL where there is none

  template <typename... Values>
  Statement& start_with(const Values&... values) {
    start();
    (bind(values), ...);
    return *this;
  }
  /// Binds all, runs to the end, resets. kOk or the error.
  template <typename... Values>
  int run(const Values&... values) {
    start_with(values...);
    return finish();
  }

  int step();                            ///< kRow, kDone or an error
  int finish();                          ///< steps to the end and resets: kOk or the error
  int finish_row() { return finish(); }  ///< after a row has been read
  void reset();                          ///< ends reading; a statement left open would hold a snapshot

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::int32_t small(int column) const { return static_cast<std::int32_t>(integer(column)); }
  [[nodiscard]] std::string_view text(int column) const;  ///< valid until the next step
  [[nodiscard]] std::string string(int column) const { return std::string(text(column)); }
  [[nodiscard]] WallUs time(int column) const { return is_null(column) ? kNoTime : integer(column); }
  explicit operator bool() const { return handle_ != nullptr; }

 private:
  friend class Database;
  explicit Statement(sqlite3_stmt* handle, KeptStatements* home = nullptr) : handle_(handle), home_(home) {}
  sqlite3_stmt* handle_ = nullptr;
  int next_ = 1;
  KeptStatements* home_ = nullptr;  ///< lent: where it goes back to
};

enum class Access : std::uint8_t { write, read };
/// What a commit waits for. full: the disk. normal and off: nothing; a later sync of the WAL covers it.
enum class Sync : std::uint8_t { off, normal, full };

struct OpenOptions {
  Access access = Access::write;
  const char* vfs = nullptr;
  std::int32_t busy_timeout_ms = 5'000;
  std::int32_t cache_kib = 8'192;
  bool sync_normal = false;  ///< only for the crash tests' control: acknowledged commits may be lost
};

class Database {
 public:
  /// Opens `path` (":memory:" too) and applies Baton's settings. A writer turns WAL on.
  static Result<Database> open(const std::string& path, const OpenOptions& options);
  Database(Database&& other) noexcept;
  Database& operator=(Database&& other) noexcept;
  ~Database();

  /// From the next transaction on.
  int set_sync(Sync sync);
  /// kOk or the error; rows are dropped.
  int exec(const char* sql);
  /// Aborts on a statement that does not compile against a healthy schema; `code` (if given) gets the error instead.
  [[nodiscard]] Statement prepare(std::string_view sql, int* code = nullptr, bool persistent = true);
  /// The same for what is asked again and again with one text: the connection keeps it, so that only the first of them
  /// compiles it, which takes longer than most reads. Goes back when the Statement ends, before the connection does.
  [[nodiscard]] Statement lend(std::string_view sql, int* code = nullptr);
  /// The first column of the first row; `fallback` where there is none or it fails.
  [[nodiscard]] Result<std::int64_t> integer(const char* sql);
  [[nodiscard]] std::int64_t changes() const;
  [[nodiscard]] std::string message() const;  ///< of the last error
  [[nodiscard]] int system_errno() const;
  [[nodiscard]] bool in_transaction() const;
  [[nodiscard]] sqlite3* handle() const { return handle_; }

  /// Keeps `*frames` at the number of frames in the WAL after each commit; the address must outlive the connection.
  void watch_wal(std::int64_t* frames);
  /// Of one frame of the WAL: a page and its header. Fixed when the database is made.
  [[nodiscard]] std::int64_t wal_frame_bytes();
  /// Writes what the WAL holds into the database. Waits for no reader: what one still needs stays for the next time.
  /// `truncate` also empties the file. kOk, or the error; busy is none.
  int checkpoint(bool truncate);
  /// Closing leaves the WAL as it is: nothing more is written.
  void leave_wal_at_close();

  /// `full` is integrity_check, otherwise quick_check. ok, or an Error with what was found first.
  [[nodiscard]] Status check(bool full);
  /// Error with `what`, SQLite's message and the exit code 70 (2 where the file is no database of ours).
  [[nodiscard]] Error error(const std::string& what, int code) const;

 private:
  explicit Database(sqlite3* handle);
  sqlite3* handle_ = nullptr;
  std::unique_ptr<KeptStatements> kept_;
};

}  // namespace baton::sqlite
