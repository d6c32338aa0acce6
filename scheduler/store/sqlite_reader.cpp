#include "scheduler/store/sqlite_reader.h"

#include <unistd.h>

#include "scheduler/store/files.h"
#include "scheduler/store/migrations.h"
#include "scheduler/store/reader_connection.h"
#include "scheduler/store/state_folder.h"

namespace baton {

using sqlite::Database;
using sqlite::ReaderConnection;
using sqlite::Statement;

namespace {

Error nothing_there(const std::filesystem::path& folder) {
  return {"there is no state in " + folder.string() + " yet",
          ErrorKind::not_found};
}

/// A rollback journal stands beside the database only until its first switch to WAL. Left there by a kill -9 it makes a
/// read-only open fail; the next writer rolls it back.
bool creation_was_cut_off(const std::string& path) {
  return ::access((path + "-journal").c_str(), F_OK) == 0;
}

}  // namespace

// ---- opening ----

Result<std::unique_ptr<Reader>> SqliteReader::open(const std::filesystem::path& folder, const ReaderOptions& options) {
  const std::string path = database_path(folder).string();
  if (file_bytes(path) == 0 && file_bytes(path + "-wal") == 0) return nothing_there(folder);
  sqlite::OpenOptions connection;
  connection.access = sqlite::Access::read;
  connection.vfs = options.vfs;
  connection.busy_timeout_ms = options.busy_timeout_ms;
  connection.cache_kib = 4'096;
  auto db = Database::open(path, connection);
  if (!db) return creation_was_cut_off(path) ? nothing_there(folder) : db.error();
  const auto known = static_cast<std::int32_t>(sqlite::known_migrations().size());
  const auto version = sqlite::schema_version(*db, known);
  if (!version) return version.error();
  if (*version == 0) return nothing_there(folder);
  if (*version < known) {
    return Error{"the state was written by an older version: the next run that begins here brings it up to date"};
  }
  auto made = std::make_unique<ReaderConnection>(std::move(*db), path);
  if (Status read = made->read_store_id(nothing_there(folder)); !read) return read.error();
  return std::unique_ptr<Reader>(new SqliteReader(std::move(made)));
}

SqliteReader::SqliteReader(std::unique_ptr<ReaderConnection> connection) : connection_(std::move(connection)) {}
SqliteReader::~SqliteReader() = default;

// ---- what the parts share ----

namespace sqlite {

Status ReaderConnection::read_store_id(const Error& missing) {
  const Status read = query("SELECT store_id FROM store", [&](const Statement& row) -> Status {
    store_id_ = row.string(0);
    return Unit{};
  });
  if (!read) return read;
  if (store_id_.empty()) return missing;
  return Unit{};
}

Result<std::int64_t> ReaderConnection::dag_no(const std::string& dag_id) {
  const auto found = integers("SELECT dag_no FROM dag WHERE dag_id = ?", std::string_view(dag_id));
  if (!found) return found.error();
  return found->empty() ? 0 : found->front();
}

/// The rows of runs and instances know the last seq by themselves; the store's row knows it of all others.
Result<std::int64_t> ReaderConnection::seq() {
  const auto found = integers(
      "SELECT max(seq, (SELECT coalesce(max(seq), 0) FROM dag_run),"
      " (SELECT coalesce(max(seq), 0) FROM task_instance WHERE seq IS NOT NULL)) FROM store");
  if (!found) return found.error();
  return found->empty() ? 0 : found->front();
}

Result<std::int64_t> ReaderConnection::count(const Query& from, std::int64_t most) {
  const auto found =
      integers(Query{"SELECT count(*) FROM (SELECT 1" + from.sql + " LIMIT " + std::to_string(most + 1) + ")", from.values});
  if (!found) return found.error();
  return found->at(0);
}

}  // namespace sqlite

// ---- the store ----

void SqliteReader::begin_snapshot() { connection_->begin_snapshot(); }
void SqliteReader::end_snapshot() { connection_->end_snapshot(); }

Result<StoreInfo> SqliteReader::info() {
  const ReaderConnection::Snapshot snapshot(*connection_);
  StoreInfo info;
  info.store_id = connection_->store_id();
  const Status read = connection_->query(
      "SELECT leader_epoch, is_clean, (SELECT coalesce(sum(runs), 0) FROM run_count) FROM store",
      [&](const Statement& row) -> Status {
        info.leader_epoch = row.integer(0);
        info.closed_cleanly = row.integer(1) != 0;
        info.runs = row.integer(2);
        return Unit{};
      });
  if (!read) return read.error();
  const auto seq = connection_->seq();
  if (!seq) return seq.error();
  info.seq = *seq;
  info.schema_version = static_cast<std::int32_t>(sqlite::known_migrations().size());
  info.database_bytes = file_bytes(connection_->path());
  info.wal_bytes = file_bytes(connection_->path() + "-wal");
  return info;
}

}  // namespace baton
