// WalSpace: zeros ahead of the end of the write-ahead log, so that a commit overwrites instead of growing the file: its
// sync then has no file size and no block map to write (100 µs instead of 250, and no pauses of 10 ms, on ext4).
// SQLite takes zeros for the end of the log. Owned by the store; used by who holds the writer.
#pragma once

#include <cstdint>

struct sqlite3_file;

namespace baton::sqlite {

class Database;

class WalSpace {
 public:
  /// After a commit that left frames of `frames_bytes` in the log: makes room for the next ones if little is left.
  /// Nothing is promised: what fails here (a full disk) the next commit meets by itself.
  void reserve(Database& db, std::int64_t frames_bytes);

 private:
  void look(sqlite3_file* wal);

  std::int64_t frames_bytes_ = 0;  ///< at the last call
  std::int64_t size_ = 0;          ///< of the file, as far as known
};

}  // namespace baton::sqlite
