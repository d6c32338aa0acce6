#include "scheduler/store/reader.h"

#include <unistd.h>

#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <limits>

#include "scheduler/store/derived_uuid.h"
#include "scheduler/store/migrations.h"
#include "scheduler/store/reader_connection.h"
#include "scheduler/store/state_folder.h"

namespace baton {

using sqlite::Database;
using sqlite::Statement;

namespace {

constexpr RunNo kNoRunIsNewer = std::numeric_limits<RunNo>::max();

std::int64_t file_bytes(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 ? facts.st_size : 0;
}

Error nothing_there(const std::filesystem::path& folder) {
  return {"there is no state in " + folder.string() + " yet: `baton run FILE` makes it, --state names another folder",
          ErrorKind::not_found};
}

/// A rollback journal stands beside the database only until its first switch to WAL. Left there by a kill -9 it makes a
/// read-only open fail; the next writer rolls it back.
bool creation_was_cut_off(const std::string& path) {
  return ::access((path + "-journal").c_str(), F_OK) == 0;
}

}  // namespace

// ---- opening ----

Result<std::unique_ptr<Reader>> Reader::open(const std::filesystem::path& folder, const ReaderOptions& options) {
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
    return Error{"the state was written by an older baton: any `baton run` or `baton resume` brings it up to date"};
  }
  auto made = std::make_unique<Connection>(std::move(*db), path, "");
  std::string store_id;
  const Status read = made->query("SELECT store_id FROM store", [&](const Statement& row) -> Status {
    store_id = row.string(0);
    return Unit{};
  });
  if (!read) return read.error();
  if (store_id.empty()) return nothing_there(folder);
  made->set_store_id(std::move(store_id));
  return std::unique_ptr<Reader>(new Reader(std::move(made)));
}

Reader::Reader(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Reader::~Reader() = default;

// ---- runs ----

Result<RunView> Reader::Connection::run(RunNo run_no) {
  auto found = runs("WHERE r.run_no = ?", run_no);
  if (!found) return found.error();
  if (found->empty()) return Error{"there is no run " + std::to_string(run_no), ErrorKind::not_found};
  return std::move(found->front());
}

Result<RunView> Reader::run(RunNo run_no) {
  return connection_->run(run_no);
}

namespace {

/// The numbers of the newest runs that the filter lets through, newest first, at most `limit` after `offset`. Each
/// state is one walk down an index; the walks are merged.
template <typename Connection>
Result<std::vector<std::int64_t>> newest_numbers(Connection& connection, const RunFilter& filter, std::int64_t limit) {
  const std::int64_t wanted = limit + std::max<std::int64_t>(filter.offset, 0);
  const RunNo before = filter.before > 0 ? filter.before : kNoRunIsNewer;
  std::vector<std::int64_t> all;
  const auto walk = [&](const std::string& condition) -> Status {
    const bool one_dag = !filter.dag_id.empty();
    const std::string sql = "SELECT run_no FROM dag_run WHERE " + condition +
                            (one_dag ? "dag_no = (SELECT dag_no FROM dag WHERE dag_id = ?) AND " : "? = '' AND ") +
                            "run_no < ? ORDER BY run_no DESC LIMIT ?";
    auto found = connection.integers(sql, std::string_view(filter.dag_id), before, wanted);
    if (!found) return found.error();
    all.insert(all.end(), found->begin(), found->end());
    return Unit{};
  };
  if (filter.states.empty()) {
    if (Status status = walk(""); !status) return status.error();
  }
  for (const RunState state : filter.states) {
    if (Status status = walk("state = " + codes_of(std::vector{state}) + " AND "); !status) return status.error();
  }
  std::sort(all.begin(), all.end(), std::greater<>());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  if (static_cast<std::int64_t>(all.size()) > wanted) all.resize(static_cast<std::size_t>(wanted));
  const auto skipped = std::min<std::size_t>(static_cast<std::size_t>(wanted - limit), all.size());
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(skipped));
  return all;
}

}  // namespace

Result<RunPage> Reader::list_runs(const RunFilter& filter) {
  const Connection::Snapshot snapshot(connection_->db());
  const std::int64_t limit = std::clamp<std::int64_t>(filter.limit, 1, 10'000);
  auto numbers = newest_numbers(*connection_, filter, limit + 1);
  if (!numbers) return numbers.error();
  RunPage page;
  const bool has_more = static_cast<std::int64_t>(numbers->size()) > limit;
  if (has_more) numbers->resize(static_cast<std::size_t>(limit));
  for (const RunNo run_no : *numbers) {
    auto run = connection_->run(run_no);
    if (!run) return run.error();
    page.runs.push_back(std::move(*run));
  }
  if (has_more) page.next_before = numbers->back();
  const std::string states = filter.states.empty() ? "0,1,2,3" : codes_of(filter.states);
  const auto total = connection_->integers("SELECT coalesce(sum(runs), 0) FROM run_count WHERE state IN (" + states +
                                               ") AND (?1 = '' OR dag_no = (SELECT dag_no FROM dag WHERE dag_id = ?1))",
                                           std::string_view(filter.dag_id));
  if (!total) return total.error();
  page.total = total->at(0);
  return page;
}

Result<LiveView> Reader::live() {
  const Connection::Snapshot snapshot(connection_->db());
  LiveView view;
  auto runs = connection_->runs("WHERE r.state IN (0, 1) ORDER BY r.run_no DESC");
  if (!runs) return runs.error();
  view.runs = std::move(*runs);
  for (const auto& run : view.runs) {
    // queued, running, up_for_retry, up_for_reschedule
    auto found =
        connection_->instances("WHERE t.run_no = ? AND t.state IN (2, 3, 8, 9) ORDER BY t.instance_no", run.row.run_no);
    if (!found) return found.error();
    std::move(found->begin(), found->end(), std::back_inserter(view.instances));
  }
  return view;
}

// ---- DAGs and the store ----

Result<std::vector<DagView>> Reader::list_dags() {
  const Connection::Snapshot snapshot(connection_->db());
  std::vector<DagView> dags;
  std::vector<std::int64_t> numbers;
  Status read = connection_->query(
      "SELECT d.dag_no, d.dag_id, v.version, v.number,"
      " (SELECT coalesce(max(run_no), 0) FROM dag_run r WHERE r.dag_no = d.dag_no)"
      " FROM dag d LEFT JOIN dag_version v ON v.dag_no = d.dag_no"
      "  AND v.number = (SELECT max(number) FROM dag_version n WHERE n.dag_no = d.dag_no) ORDER BY d.dag_id",
      [&](const Statement& row) -> Status {
        numbers.push_back(row.integer(0));
        dags.push_back({row.string(1), row.string(2), row.small(3), {}, row.integer(4)});
        return Unit{};
      });
  if (!read) return read.error();
  read = connection_->query("SELECT dag_no, state, runs FROM run_count", [&](const Statement& row) -> Status {
    const auto at = std::find(numbers.begin(), numbers.end(), row.integer(0)) - numbers.begin();
    const std::int64_t state = row.integer(1);
    if (at == static_cast<std::ptrdiff_t>(numbers.size()) || state < 0 || state > 3)
      return sqlite::damaged("run_count");
    dags[static_cast<std::size_t>(at)].runs_by_state[static_cast<std::size_t>(state)] = row.integer(2);
    return Unit{};
  });
  if (!read) return read.error();
  return dags;
}

Result<StoreInfo> Reader::info() {
  const Connection::Snapshot snapshot(connection_->db());
  StoreInfo info;
  info.store_id = connection_->store_id();
  const Status read = connection_->query(
      "SELECT leader_epoch, max(seq, (SELECT coalesce(max(seq), 0) FROM dag_run),"
      " (SELECT coalesce(max(seq), 0) FROM task_instance WHERE seq IS NOT NULL)), is_clean,"
      " (SELECT coalesce(sum(runs), 0) FROM run_count) FROM store",
      [&](const Statement& row) -> Status {
        info.leader_epoch = row.integer(0);
        info.seq = row.integer(1);
        info.closed_cleanly = row.integer(2) != 0;
        info.runs = row.integer(3);
        return Unit{};
      });
  if (!read) return read.error();
  info.schema_version = static_cast<std::int32_t>(sqlite::known_migrations().size());
  info.database_bytes = file_bytes(connection_->path());
  info.wal_bytes = file_bytes(connection_->path() + "-wal");
  return info;
}

}  // namespace baton
