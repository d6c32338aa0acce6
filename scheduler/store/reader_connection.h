// The connection behind a Reader, and what its parts share: snapshots, errors, the shapes of the joined rows. Included
// by the .cpp files of the Reader alone. One thread at a time.
#pragma once

#include <string>
#include <vector>

#include "scheduler/store/reader.h"
#include "scheduler/store/row_reading.h"
#include "scheduler/store/sqlite_db.h"

namespace baton {

class Reader::Connection {
 public:
  Connection(sqlite::Database db, std::string path, std::string store_id)
      : db_(std::move(db)), path_(std::move(path)), store_id_(std::move(store_id)) {}

  /// All reads between its making and its end see the same state.
  class Snapshot {
   public:
    explicit Snapshot(sqlite::Database& db) : db_(db) { (void)db_.exec("BEGIN"); }
    ~Snapshot() { (void)db_.exec("COMMIT"); }
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

   private:
    sqlite::Database& db_;
  };

  [[nodiscard]] sqlite::Database& db() { return db_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::string& store_id() const { return store_id_; }
  void set_store_id(std::string id) { store_id_ = std::move(id); }

  /// Prepares `sql`, binds `values`, calls `each(statement)` (a Status) for every row.
  template <typename Each, typename... Values>
  Status query(const std::string& sql, const Each& each, const Values&... values) {
    int rc = sqlite::kOk;
    sqlite::Statement statement = db_.prepare(sql, &rc, false);
    if (rc != sqlite::kOk) return db_.error("the state cannot be read", rc);
    statement.start_with(values...);
    for (rc = statement.step(); rc == sqlite::kRow; rc = statement.step()) {
      if (Status status = each(statement); !status) return status;
    }
    if (rc == sqlite::kDone) return Unit{};
    return db_.error("the state cannot be read", rc);
  }
  /// The integers in the first column.
  template <typename... Values>
  Result<std::vector<std::int64_t>> integers(const std::string& sql, const Values&... values) {
    std::vector<std::int64_t> found;
    const Status read = query(
        sql,
        [&](const sqlite::Statement& row) -> Status {
          found.push_back(row.integer(0));
          return Unit{};
        },
        values...);
    if (!read) return read.error();
    return found;
  }
  /// Runs by `where`, e.g. "WHERE r.run_no = ?".
  template <typename... Values>
  Result<std::vector<RunView>> runs(const std::string& where, const Values&... values) {
    std::vector<RunView> found;
    const Status read = query(
        std::string("SELECT ") + sqlite::kRunColumns + sqlite::kRunTables + where,
        [&](const sqlite::Statement& row) -> Status {
          auto run = sqlite::decode_run(row);
          if (!run) return run.error();
          found.push_back({std::move(*run), row.small(sqlite::kRunVersionNumber)});
          return Unit{};
        },
        values...);
    if (!read) return read.error();
    return found;
  }
  /// Task instances (t) with their task (k), run (r) and DAG (d), by `where`.
  template <typename... Values>
  Result<std::vector<InstanceView>> instances(const std::string& where, const Values&... values) {
    std::vector<InstanceView> found;
    const Status read = query(
        instance_select() + where,
        [&](const sqlite::Statement& row) -> Status {
          auto view = decode_instance_view(row);
          if (!view) return view.error();
          found.push_back(std::move(*view));
          return Unit{};
        },
        values...);
    if (!read) return read.error();
    return found;
  }
  /// Tries by `where`.
  template <typename... Values>
  Result<std::vector<TryView>> tries(const std::string& where, const Values&... values) {
    std::vector<TryView> found;
    const Status read = query(
        std::string("SELECT ") + sqlite::kTryColumns + " FROM task_try " + where,
        [&](const sqlite::Statement& row) -> Status {
          auto view = decode_try_view(row);
          if (!view) return view.error();
          found.push_back(std::move(*view));
          return Unit{};
        },
        values...);
    if (!read) return read.error();
    return found;
  }
  Result<RunView> run(RunNo run_no);

 private:
  static const std::string& instance_select();
  Result<InstanceView> decode_instance_view(const sqlite::Statement& row) const;
  Result<TryView> decode_try_view(const sqlite::Statement& row) const;

  sqlite::Database db_;
  std::string path_, store_id_;
};

/// "1,2,3" of enum values: for IN (…); never anything that came from outside.
template <typename E>
std::string codes_of(const std::vector<E>& values) {
  std::string list;
  for (const E value : values) {
    if (!list.empty()) list += ',';
    list += std::to_string(static_cast<int>(value));
  }
  return list;
}

}  // namespace baton
