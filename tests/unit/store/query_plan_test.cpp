// No statement of a start, of a commit or of a page reads what grows with the history. Two ways, since neither sees all:
// each statement that SQLite runs is asked for its plan, where a SCAN fails (but max() of a column without an index is
// called SEARCH); and it takes no more steps of SQLite's machine in a store with twenty times the history.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <map>
#include <mutex>
#include <set>

#include "tests/unit/store/bench.h"

namespace baton {
namespace {

/// The statements that any connection of this process runs while one of these lives, and the most steps that a run of
/// each took.
class StatementLog {
 public:
  using Steps = std::map<std::string, int>;

  StatementLog() {
    log().clear();
    sqlite3_auto_extension(reinterpret_cast<void (*)()>(&listen));
  }
  ~StatementLog() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&listen)); }
  StatementLog(const StatementLog&) = delete;
  StatementLog& operator=(const StatementLog&) = delete;

  static Steps take() {
    const std::lock_guard lock(mutex());
    return std::exchange(log(), {});
  }

 private:
  static std::mutex& mutex() {
    static std::mutex one;
    return one;
  }
  static Steps& log() {
    static Steps all;
    return all;
  }
  static int listen(sqlite3* db, char**, const void*) {
    const auto note = [](unsigned, void*, void* ended, void*) {
      auto* statement = static_cast<sqlite3_stmt*>(ended);
      const int steps = sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1);
      const std::lock_guard lock(mutex());
      int& most = log()[sqlite3_sql(statement)];
      most = std::max(most, steps);
      return 0;
    };
    return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, note, nullptr);
  }
};

/// Has one row; a few for each DAG; a row for each DAG, which is what a list of DAGs is; what another part found.
const std::set<std::string> kSmall = {"store", "sqlite_master", "d", "CONSTANT", "json_each", "p", "l", "(subquery-1)"};

/// The steps of a plan that read a whole table, of those that grow with what has run. A page that walks all rows in their
/// order ends when it is full: it scans, but never sorts; what is equal in the first term may be sorted.
std::vector<std::string> scans_of(sqlite3* db, const std::string& sql) {
  const bool is_page = sql.ends_with("LIMIT ? OFFSET ?");
  std::vector<std::string> scans;
  bool sorts = false;
  sqlite3_stmt* plan = nullptr;
  if (sqlite3_prepare_v2(db, ("EXPLAIN QUERY PLAN " + sql).c_str(), -1, &plan, nullptr) != SQLITE_OK) return scans;
  while (sqlite3_step(plan) == SQLITE_ROW) {
    const std::string step = reinterpret_cast<const char*>(sqlite3_column_text(plan, 3));
    sorts = sorts || step == "USE TEMP B-TREE FOR ORDER BY";
    if (!step.starts_with("SCAN ")) continue;
    const std::string table = step.substr(5, step.find(' ', 5) - 5);
    if (!kSmall.contains(table) && sql.find("FROM run_count") == std::string::npos) scans.push_back(step);
  }
  sqlite3_finalize(plan);
  if (is_page && !sorts) return {};
  return scans;
}

class QueryPlans : public StoreBench {
 protected:
  /// What `act` runs, in a store of its own with `runs` that have ended, each with three tasks.
  StatementLog::Steps steps_with(int runs, const std::function<void()>& act) {
    folder_.emplace();
    StoreOptions options;
    options.inline_writer = true;
    options.sync_normal = true;
    open(options);
    const auto etl = sample::dag("etl", 3, true);
    for (int i = 0; i < runs; ++i) {
      const RunNo run_no = create(etl, "old" + std::to_string(i));
      Part batch;
      for (const auto state : {TaskState::failed, TaskState::success}) {
        batch.instances.push_back(sample::instance(run_no, static_cast<InstanceNo>(batch.instances.size()), state, 1));
        batch.tries.push_back(sample::attempt(batch.instances.back()));
      }
      batch.audit.push_back({7, "ada", "clear", "etl", "old" + std::to_string(i), "t0", -1, "{}"});
      EXPECT_EQ(commit(std::move(batch)), CommitOutcome::durable);
      end_run(run_no, RunState::success, 5);
    }
    live_ = create(etl, "live");
    close();
    StatementLog::take();
    act();
    auto steps = StatementLog::take();
    close();
    return steps;
  }

  void expect_the_history_costs_nothing(const std::function<void()>& act) {
    const StatementLog log;
    const auto few = steps_with(10, act);
    const auto many = steps_with(200, act);
    EXPECT_GT(few.size(), 3U) << "nothing was listened to";
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open_v2(database().c_str(), &db, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
    for (const auto& [sql, steps] : many) {
      for (const auto& scan : scans_of(db, sql)) ADD_FAILURE() << scan << "\n  in " << sql;
      const auto before = few.find(sql);
      if (before == few.end()) continue;
      EXPECT_LE(steps, before->second * 5 / 4 + 20) << sql << "\n  takes more steps the longer the history is";
    }
    sqlite3_close(db);
  }

  RunNo live_ = 0;
};

TEST_F(QueryPlans, AStartCostsNoMoreAfterALongHistory) {
  expect_the_history_costs_nothing([&] {
    open();
    EXPECT_EQ(store_->unfinished_runs().value().size(), 1U);
    EXPECT_TRUE(store_->load_run(live_).ok());
    EXPECT_TRUE(store_->mean_durations("etl").ok());
  });
}

TEST_F(QueryPlans, ACommitCostsNoMoreAfterALongHistory) {
  expect_the_history_costs_nothing([&] {
    open();
    const RunNo run_no = create(sample::dag("etl", 3, true), "r");
    Part batch;
    batch.reversions.push_back(sample::creation(run_no, sample::dag("etl", 4), "r"));
    TaskRow first = sample::instance(run_no, 2, TaskState::success, 1);
    first.map_index = 0;
    first.map_key = "a";
    batch.instances.push_back(first);
    TaskRow mapped = sample::instance(run_no, 3, TaskState::scheduled);
    mapped.task_no = 2;
    mapped.map_index = 1;
    batch.new_instances.push_back(mapped);
    batch.tries.push_back(sample::attempt(first));
    batch.cache.push_back({"etl", "t0", "key", "spec", "{}", 5, kNoTime, run_no, 0});
    batch.durations.push_back({"etl", "t0", 50});
    batch.audit.push_back({7, "ada", "clear", "etl", "r", "t0", -1, "{}"});
    ASSERT_EQ(commit(std::move(batch)), CommitOutcome::durable);
    end_run(run_no, RunState::success, 5);
    store_->find_cached("etl", "t0", "key", "spec", 6, [](const auto&) {});
  });
}

TEST_F(QueryPlans, APageCostsNoMoreAfterALongHistory) {
  expect_the_history_costs_nothing([&] {
    const auto r = reader();
    EXPECT_TRUE(r->info().ok());
    for (const char* name : {"@latest", "etl@latest", "live", "etl/live", "1"}) EXPECT_TRUE(r->find_run(name).ok());
    for (const char* name : {"t0", "t1", "t2"}) EXPECT_TRUE(r->find_instance(live_, name).ok());
    RunQuery runs;
    runs.page.limit = 5;
    for (const auto field : {RunField::number, RunField::run_after, RunField::logical_date, RunField::started_at,
                             RunField::ended_at, RunField::run_id}) {
      runs.order = {{field, field != RunField::run_id}};
      EXPECT_TRUE(r->list_runs(runs).ok());
    }
    runs.order = {{RunField::number, true}};
    runs.filter.states = {RunState::success, RunState::failed};
    EXPECT_TRUE(r->list_runs(runs).ok());
    runs.filter.dag_ids = {"etl"};
    EXPECT_TRUE(r->list_runs(runs).ok());
    runs.filter.states = {};
    runs.order = {{RunField::run_after, true}};
    EXPECT_TRUE(r->list_runs(runs).ok());
    EXPECT_TRUE(r->live().ok());
    EXPECT_TRUE(r->pool_loads().ok());
    EXPECT_TRUE(r->grid("etl", 5).ok());
    EXPECT_TRUE(r->covered_dates("etl", {1'000, 1'010}).ok());
    InstanceQuery all;
    all.page.limit = 5;
    all.page.with_total = false;
    for (const auto field : {InstanceField::number, InstanceField::task, InstanceField::started_at,
                             InstanceField::run_after, InstanceField::logical_date}) {
      all.order = {{field, true}};
      EXPECT_TRUE(r->list_instances(all).ok());
    }
    InstanceQuery instances;
    instances.filter.run_no = live_;
    EXPECT_TRUE(r->list_instances(instances).ok());
    instances.filter.states = {TaskState::failed};
    EXPECT_TRUE(r->list_instances(instances).ok());
    instances.filter.task_ids = {"t2"};
    EXPECT_TRUE(r->list_instances(instances).ok());
    EXPECT_TRUE(r->instance(live_, 0).ok());
    EXPECT_TRUE(r->tries(1, 0).ok());
    EXPECT_TRUE(r->tries_of_run(1).ok());
    EXPECT_TRUE(r->changes_after({}, 5).ok());
    EXPECT_TRUE(r->list_dags({}).ok());
    EXPECT_TRUE(r->list_versions("etl").ok());
    EXPECT_TRUE(r->version_of_run(live_).ok());
    EXPECT_TRUE(r->durations("etl").ok());
    AuditQuery audit;
    audit.page.limit = 5;
    audit.page.with_total = false;
    EXPECT_TRUE(r->audit(audit).ok());
    audit.filter.dag_ids = {"etl"};
    EXPECT_TRUE(r->audit(audit).ok());
    audit.filter.run_ids = {"old1"};
    EXPECT_TRUE(r->audit(audit).ok());
  });
}

}  // namespace
}  // namespace baton
