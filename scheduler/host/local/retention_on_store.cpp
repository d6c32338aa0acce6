#include "scheduler/host/local/retention_on_store.h"

#include <atomic>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "scheduler/service/retention_plan.h"

namespace baton {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kPageRuns = 200;
constexpr const char* kParts[] = {"logs", "outputs", "work"};

/// The run whose folder has this name; 0: it is of none.
RunNo run_of_folder(const fs::path& path) {
  const std::string name = path.filename().string();
  if (name.empty() || name.size() > 18 || name.find_first_not_of("0123456789") != std::string::npos) return 0;
  return std::stoll(name);
}

bool remove_folder(const fs::path& path) {
  std::error_code error;
  return fs::remove_all(path, error) > 0 && !error;
}

}  // namespace

/// Used by one thread after the other: first made, then the thread of files alone.
struct RetentionOnStore::Files {
  std::string folder;
  RunNo last_known = 0;
  std::unique_ptr<SqliteOldRuns> source;
  std::atomic<bool> ends = false;  ///< set by the loop's thread

  Files(std::string in, RunNo newest) : folder(std::move(in)), last_known(newest) {}

  /// Opened when it is first needed.
  Result<SqliteOldRuns*> runs() {
    if (source == nullptr) {
      auto opened = SqliteOldRuns::open(folder);
      if (!opened) return opened.error();
      source = std::move(opened).value();
    }
    return source.get();
  }

  /// Only of what the store says is gone: a run that stayed after all keeps its logs.
  void remove(const std::vector<RunNo>& gone) {
    const auto known = runs();
    for (std::size_t i = 0; known && i < gone.size() && !ends; ++i) {
      const auto standing = (*known)->standing(gone[i]);
      if (!standing || standing->has_row) continue;
      for (const char* part : kParts) remove_folder(fs::path(folder) / part / std::to_string(gone[i]));
    }
  }

  Result<std::int64_t> sweep(WallUs logs_before) {
    const auto known = runs();
    if (!known) return known.error();
    std::int64_t removed = 0;
    for (const char* part : kParts) {
      const Status swept = sweep_part(**known, part, logs_before, removed);
      if (!swept) return swept.error();
    }
    return removed;
  }

  Status sweep_part(SqliteOldRuns& known, const std::string& part, WallUs logs_before, std::int64_t& removed) {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(fs::path(folder) / part, error)) {
      const RunNo run_no = run_of_folder(entry.path());
      if (ends) return Unit{};
      if (run_no == 0) continue;
      const auto standing = known.standing(run_no);
      if (!standing) return standing.error();
      const FolderFate fate = fate_of({run_no, standing->has_row, standing->has_ended, standing->ended_at}, last_known,
                                      logs_before);
      const bool goes = fate == FolderFate::all_go || (fate == FolderFate::logs_go && part == "logs");
      if (goes && remove_folder(entry.path())) ++removed;
    }
    return Unit{};
  }
};

RetentionOnStore::RetentionOnStore(Loop& loop, SqliteStore& store, Host& host, LoaderThread& upkeep,
                                   std::string state_folder,
                                   std::function<bool(const std::string& dag_id)> forget_dag,
                                   std::function<void(const std::string& line)> say)
    : loop_(loop),
      store_(store),
      host_(host),
      upkeep_(upkeep),
      forget_dag_(std::move(forget_dag)),
      say_(std::move(say)),
      files_(std::make_shared<Files>(std::move(state_folder), store.last_run_no())) {}

RetentionOnStore::~RetentionOnStore() { stop(); }

void RetentionOnStore::stop() { files_->ends = true; }

void RetentionOnStore::find_dags_over(std::int64_t runs, OnDags done) {
  off_loop([files = files_, runs]() -> Result<std::vector<std::string>> {
    const auto known = files->runs();
    if (!known) return known.error();
    return (*known)->dags_over(runs);
  }, std::move(done));
}

void RetentionOnStore::find_old(const KeepRule& rule, const OldRunPlace& after, OnOld done) {
  off_loop([files = files_, rule, after]() -> Result<OldRunPage> {
    const auto known = files->runs();
    if (!known) return known.error();
    return (*known)->find(rule, after, kPageRuns);
  }, std::move(done));
}

/// One row of the audit for each part: a row for each run would grow as fast as what is deleted.
void RetentionOnStore::retire(const std::vector<OldRun>& runs, const Actor& by, OnGone done) {
  const WallUs now = loop_.wall_now();
  std::vector<RunDeletionRow> rows;
  for (const OldRun& run : runs) rows.push_back({run.run_no, run.dag_id + "/" + run.run_id, now, run.ended_at});
  RunRow of;
  if (!runs.empty()) of.dag_id = runs.front().dag_id;
  for (const OldRun& run : runs) {
    if (run.dag_id != of.dag_id) of.dag_id.clear();
  }
  AuditRow audit = audit_row(by, "prune", of, "", now);
  audit.extra_json = R"({"runs":)" + std::to_string(runs.size()) + R"(,"first":)" +
                     std::to_string(runs.front().run_no) + R"(,"last":)" + std::to_string(runs.back().run_no) + "}";
  host_.retire(std::move(rows), std::move(audit), std::move(done));
}

void RetentionOnStore::prune_rows(const OldRows& rows, OnCount done) {
  off_loop([&store = store_, rows] { return store.prune_service_some(rows); }, std::move(done));
}

void RetentionOnStore::prune_versions(const std::set<std::string>& dag_ids, OnCount done) {
  off_loop([&store = store_, dag_ids]() -> Result<std::int64_t> {
    std::int64_t removed = 0;
    for (const std::string& dag_id : dag_ids) {
      while (true) {
        const auto some = store.prune_versions(dag_id);
        if (!some) return some.error();
        removed += *some;
        if (*some == 0) break;
      }
    }
    return removed;
  }, std::move(done));
}

void RetentionOnStore::remove_folders(const std::vector<RunNo>& runs) {
  upkeep_.post([files = files_, runs] { files->remove(runs); });
}

// ---- DAGs ----

namespace {

constexpr std::string_view kDeletion = "delete_dag/";  // in the table of what holds for the server

AuditRow audit_of_dag(const std::string& action, const std::string& dag_id, const Actor& by, WallUs at) {
  RunRow of;
  of.dag_id = dag_id;
  return audit_row(by, action, of, "", at);
}

}  // namespace

std::vector<BegunDeletion> RetentionOnStore::begun(const ServiceSnapshot& found) {
  std::vector<BegunDeletion> out;
  for (const ServerStateRow& row : found.server) {
    if (row.name.starts_with(kDeletion)) out.push_back({row.name.substr(kDeletion.size()), row.actor});
  }
  return out;
}

void RetentionOnStore::write(ServiceRows rows, AuditRow audit, OnDone done) {
  EngineRequest what;
  what.service = std::move(rows);
  what.audit.push_back(std::move(audit));
  what.done = [done = std::move(done)](const PartVerdict&) { done(Unit{}); };
  host_.engine().write(std::move(what));
}

void RetentionOnStore::begin_deletion(const std::string& dag_id, const Actor& by, OnDone done) {
  const WallUs now = loop_.wall_now();
  ServiceRows rows;
  rows.server.push_back({std::string(kDeletion) + dag_id, "begun", now, by.name, ""});
  write(std::move(rows), audit_of_dag("delete_dag", dag_id, by, now), std::move(done));
}

void RetentionOnStore::count_runs(const std::string& dag_id, OnCount done) {
  off_loop([files = files_, dag_id]() -> Result<std::int64_t> {
    const auto known = files->runs();
    if (!known) return known.error();
    return (*known)->count(dag_id);
  }, std::move(done));
}

void RetentionOnStore::end_deletion(const std::string& dag_id, bool is_empty, const Actor& by, OnDone done) {
  const WallUs now = loop_.wall_now();
  ServiceRows rows;
  rows.server.push_back({std::string(kDeletion) + dag_id, "", now, by.name, ""});
  const bool goes = is_empty && forget_dag_(dag_id);
  if (goes) rows.dag_deletions.push_back({dag_id, now});
  write(std::move(rows), audit_of_dag(goes ? "dag_deleted" : "dag_kept", dag_id, by, now), std::move(done));
}

void RetentionOnStore::sweep_folders(WallUs logs_before, OnCount done) {
  off_loop([files = files_, logs_before] { return files->sweep(logs_before); }, std::move(done));
}

}  // namespace baton
