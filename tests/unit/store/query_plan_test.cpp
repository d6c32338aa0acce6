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

/// The steps of a plan that read a whole table, of those that grow with what has run. `store` has one row; `run_count`
/// has a few for each DAG, and a row for each DAG (d) is what a list of DAGs is.
std::vector<std::string> scans_of(sqlite3* db, const std::string& sql) {
  static const std::set<std::string> kSmall = {"store", "run_count", "sqlite_master", "d", "CONSTANT"};
  std::vector<std::string> scans;
  sqlite3_stmt* plan = nullptr;
  if (sqlite3_prepare_v2(db, ("EXPLAIN QUERY PLAN " + sql).c_str(), -1, &plan, nullptr) != SQLITE_OK) return scans;
  while (sqlite3_step(plan) == SQLITE_ROW) {
    const std::string step = reinterpret_cast<const char*>(sqlite3_column_text(plan, 3));
    if (!step.starts_with("SCAN ")) continue;
    if (!kSmall.contains(step.substr(5, step.find(' ', 5) - 5))) scans.push_back(step);
  }
  sqlite3_finalize(plan);
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
    RunFilter runs;
    runs.limit = 5;
    EXPECT_TRUE(r->list_runs(runs).ok());
    runs.states = {RunState::success, RunState::failed};
    EXPECT_TRUE(r->list_runs(runs).ok());
    runs.dag_id = "etl";
    EXPECT_TRUE(r->list_runs(runs).ok());
    EXPECT_TRUE(r->live().ok());
    InstanceFilter instances;
    EXPECT_TRUE(r->list_instances(live_, instances).ok());
    instances.states = {TaskState::failed};
    EXPECT_TRUE(r->list_instances(live_, instances).ok());
    instances.task_id = "t2";
    EXPECT_TRUE(r->list_instances(live_, instances).ok());
    EXPECT_TRUE(r->instance(live_, 0).ok());
    EXPECT_TRUE(r->tries(1, 0).ok());
    EXPECT_TRUE(r->tries_of_run(1).ok());
    EXPECT_TRUE(r->changes_after(r->info().value().seq - 1, 5).ok());
    EXPECT_TRUE(r->list_dags().ok());
    EXPECT_TRUE(r->list_versions("etl").ok());
    EXPECT_TRUE(r->version_of_run(live_).ok());
    EXPECT_TRUE(r->durations("etl").ok());
    AuditFilter audit;
    audit.limit = 5;
    EXPECT_TRUE(r->audit(audit).ok());
    audit.dag_id = "etl";
    audit.run_id = "old1";
    EXPECT_TRUE(r->audit(audit).ok());
  });
}

}  // namespace
}  // namespace baton
