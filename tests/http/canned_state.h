// One DAG `hello` with two runs in memory, as a Reader and as a Door: for tests of the API without a scheduler. It
// filters by ids alone, which is what the operations need to find one object; filters and orders are the Reader's own
// tests.
#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/engine/reader.h"
#include "web/api/door.h"

namespace baton::api {

inline constexpr WallUs kCannedTime = 1'767'225'600'000'000;  // 2026-01-01T00:00:00Z

/// What the runs are of: `greet`, then `leave`.
inline std::shared_ptr<const Dag> canned_dag() {
  auto dag = std::make_shared<Dag>();
  dag->id = "hello";
  TaskSpec spec;
  spec.kind = TaskKind::run;
  const auto shared = std::make_shared<const TaskSpec>(spec);
  dag->tasks = {{"greet", shared}, {"leave", shared}};
  link(*dag, std::vector<std::vector<TaskNo>>{{}, {0}});
  return dag;
}

struct CannedState {
  std::mutex mutex;
  std::int64_t seq = 10;
  bool is_paused = false;
  std::vector<RunView> runs;
  std::vector<InstanceView> instances;
  std::vector<AuditView> audit;

  CannedState() {
    add_run("scheduled__2026-01-01T00:00:00+00:00", RunType::scheduled, RunState::success, kCannedTime);
    add_run("manual__1", RunType::manual, RunState::failed, kNoTime);
    runs[1].row.reason = Reason::stopped;
  }

  RunNo add_run(const std::string& run_id, RunType type, RunState state, WallUs logical_date) {
    RunView run;
    run.row.run_no = static_cast<RunNo>(runs.size()) + 1;
    run.row.dag_id = "hello";
    run.row.run_id = run_id;
    run.row.type = type;
    run.row.state = state;
    run.row.dag_version = "v1";
    run.row.logical_date = logical_date;
    run.row.run_after = run.row.queued_at = run.row.started_at = kCannedTime;
    run.row.ended_at = state == RunState::queued ? kNoTime : kCannedTime + 1'500'000;
    run.row.triggered_by = "rest_api";
    run.row.seq = ++seq;
    run.version_number = 1;
    for (const std::string task : {"greet", "leave"}) add_instance(run, task);
    runs.push_back(run);
    return run.row.run_no;
  }

 private:
  void add_instance(const RunView& run, const std::string& task) {
    InstanceView one;
    one.row.run_no = run.row.run_no;
    one.row.instance_no = one.row.task_no = task == "greet" ? 0 : 1;
    one.row.state = run.row.state == RunState::queued ? TaskState::none : TaskState::success;
    one.row.try_number = 1;
    one.row.epoch = 1;
    one.row.started_at = one.row.queued_at = one.row.scheduled_at = kCannedTime;
    one.row.ended_at = kCannedTime + 1'000'000;
    one.row.seq = run.row.seq;
    one.dag_id = run.row.dag_id;
    one.run_id = run.row.run_id;
    one.task_id = task;
    one.kind = TaskKind::run;
    one.run_after = run.row.run_after;
    one.uuid = "00000000-0000-5000-8000-00000000000" + std::to_string(run.row.run_no * 2 + one.row.instance_no);
    instances.push_back(one);
  }
};

class CannedReader : public Reader {
 public:
  explicit CannedReader(CannedState& state) : state_(state) {}

  void begin_snapshot() override {}
  void end_snapshot() override {}
  Result<RunNo> find_run(std::string_view) override { return none(); }
  Result<InstanceNo> find_instance(RunNo, std::string_view) override { return none(); }

  Result<RunNo> run_number(const std::string& dag_id, const std::string& run_id) override {
    const std::lock_guard lock(state_.mutex);
    for (const RunView& run : state_.runs) {
      if (run.row.dag_id == dag_id && run.row.run_id == run_id) return run.row.run_no;
    }
    return none();
  }
  Result<bool> has_dag(const std::string& dag_id) override { return dag_id == "hello"; }

  Result<RunView> run(RunNo run_no) override {
    const std::lock_guard lock(state_.mutex);
    for (const RunView& run : state_.runs) {
      if (run.row.run_no == run_no) return run;
    }
    return none();
  }
  Result<RunPage> list_runs(const RunQuery& query) override {
    const std::lock_guard lock(state_.mutex);
    return page(state_.runs, query.page, [&](const RunView& run) {
      return is_in(run.row.dag_id, query.filter.dag_ids) && is_in(run.row.run_id, query.filter.run_ids) &&
             is_in(run.row.state, query.filter.states);
    });
  }
  Result<LiveView> live() override { return LiveView{}; }
  Result<std::vector<GridColumn>> grid(const std::string&, std::int64_t runs, RunNo before) override {
    const std::lock_guard lock(state_.mutex);
    std::vector<GridColumn> columns;
    for (auto run = state_.runs.rbegin(); run != state_.runs.rend(); ++run) {
      const bool is_full = static_cast<std::int64_t>(columns.size()) >= runs;
      if (is_full || (before != 0 && run->row.run_no >= before)) continue;
      columns.push_back({*run, {{0, kUnmapped, TaskState::success}, {1, kUnmapped, TaskState::none}}});
    }
    std::reverse(columns.begin(), columns.end());
    return columns;
  }

  Result<std::vector<CoveredDateView>> covered_dates(const std::string&, const Range&) override {
    return std::vector<CoveredDateView>{{kCannedTime, RunState::success, "r1"}};
  }
  Result<InstancePage> list_instances(const InstanceQuery& query) override {
    const std::lock_guard lock(state_.mutex);
    return page(state_.instances, query.page, [&](const InstanceView& one) {
      return (!query.filter.run_no || one.row.run_no == *query.filter.run_no) &&
             is_in(one.task_id, query.filter.task_ids) && is_in(one.row.map_index, query.filter.map_indexes);
    });
  }
  Result<InstanceView> instance(RunNo, InstanceNo) override { return none(); }
  Result<std::vector<TryView>> tries(RunNo run_no, InstanceNo instance_no) override {
    TryView one;
    one.row.run_no = run_no;
    one.row.instance_no = instance_no;
    one.row.epoch = one.row.try_number = 1;
    one.row.state = TaskState::success;
    one.row.started_at = kCannedTime;
    one.row.ended_at = kCannedTime + 1'000'000;
    one.uuid = "00000000-0000-5000-8000-000000000099";
    return std::vector<TryView>{one};
  }
  Result<std::vector<TryView>> tries_of_run(RunNo) override { return std::vector<TryView>{}; }

  Result<DagPage> list_dags(const DagQuery& query) override {
    const std::lock_guard lock(state_.mutex);
    DagView dag;
    dag.dag_id = "hello";
    dag.latest_version = "v1";
    dag.latest_number = 1;
    dag.runs_by_state = {0, 0, 1, 1};
    dag.tags = {"demo"};
    dag.paused_since = state_.is_paused ? kCannedTime : kNoTime;
    dag.file = "hello.dag.yaml";
    dag.seq = state_.seq;
    return page(std::vector<DagView>{dag}, query.page,
                [&](const DagView& one) { return is_in(one.dag_id, query.filter.dag_ids); });
  }
  Result<std::unordered_map<std::string, RunCounts>> run_counts(const std::vector<std::string>& dag_ids) override {
    std::unordered_map<std::string, RunCounts> counts;
    if (is_in(std::string("hello"), dag_ids)) counts["hello"] = {0, 0, 1, 1};
    return counts;
  }
  Result<std::vector<std::string>> list_tags(const NameQuery&) override { return std::vector<std::string>{"demo"}; }
  Result<std::vector<VersionView>> list_versions(const std::string& dag_id) override {
    VersionView version;
    version.dag_id = dag_id;
    version.version = "v1";
    version.number = 1;
    version.created_at = kCannedTime;
    version.uuid = "00000000-0000-5000-8000-000000000098";
    version.stands = true;
    return std::vector<VersionView>{version};
  }
  Result<VersionRow> version_of_run(RunNo) override { return none(); }
  Result<VersionRow> version(const std::string& dag_id, const std::string& version) override {
    VersionRow row;
    row.dag_id = dag_id;
    row.version = version;
    row.source = "dag: hello\n";
    return row;
  }
  Result<TickPage> list_ticks(const TickQuery&) override {
    TickPage page;
    page.rows = {{kCannedTime, kCannedTime + 1'000'000, 2, TickReason::paused, "", kCannedTime}};
    page.total = 1;
    return page;
  }
  Result<ImportErrorPage> list_import_errors(const ImportErrorQuery&) override {
    ImportErrorPage page;
    page.rows = {{1, "broken.dag.yaml", "[]", kCannedTime, kCannedTime}};
    page.total = 1;
    return page;
  }
  Result<std::unordered_map<std::string, DurationView>> durations(const std::string&) override {
    return std::unordered_map<std::string, DurationView>{};
  }
  Result<CacheStats> cache_stats(const std::string&) override { return CacheStats{}; }
  Result<AuditPage> audit(const AuditQuery& query) override {
    const std::lock_guard lock(state_.mutex);
    return page(state_.audit, query.page, [](const AuditView&) { return true; });
  }
  Result<PoolPage> list_pools(const NameQuery&) override {
    PoolPage page;
    page.rows.resize(1);
    page.rows[0].name = "warehouse";
    page.rows[0].slots = 4;
    page.total = 1;
    return page;
  }
  static BreakerRow canned_breaker() {
    BreakerRow row;
    row.spec.name = "warehouse";
    row.spec.failures = 5;
    row.state = BreakerState::open;
    row.since = row.updated_at = kCannedTime;
    row.until = kCannedTime + kMinute;
    row.cause = "5 failures within 10m";
    row.window = {{kCannedTime, 5, 5}};
    row.seq = 7;
    return row;
  }
  Result<std::vector<TaskStateRow>> list_task_states(const std::string&) override { return std::vector<TaskStateRow>{}; }
  Result<TaskStateRow> task_state(const std::string&, const std::string&) override {
    return Error{"there is no such state", ErrorKind::not_found};
  }
  Result<std::vector<StoreEntryRow>> store_entries(const StorePlace&, WallUs) override { return std::vector<StoreEntryRow>{}; }
  Result<std::vector<CheckRow>> list_checks(const CheckQuery&) override { return std::vector<CheckRow>{}; }
  Result<std::vector<BreakerRow>> list_breakers() override { return std::vector<BreakerRow>{canned_breaker()}; }
  Result<BreakerRow> breaker(const std::string& name) override {
    if (name != "warehouse") return Error{"there is no such breaker", ErrorKind::not_found};
    return canned_breaker();
  }
  Result<std::vector<AccountRow>> accounts(const AccountQuery&) override { return std::vector<AccountRow>{}; }
  Result<std::vector<BreakerEventRow>> breaker_events(const std::string& name, std::int64_t) override {
    return std::vector<BreakerEventRow>{
        {name, kCannedTime, BreakerState::closed, BreakerState::open, "5 failures within 10m", ""}};
  }
  static AssetView canned_asset() {
    AssetView view;
    view.asset_no = 1;
    view.row.name = "orders";
    view.row.uri = "s3://lake/orders";
    view.row.fresh.within_us = kHour;
    view.created_at = view.updated_at = view.last_event_at = kCannedTime;
    view.events = 1;
    view.last_event_no = 7;
    view.links = {{"hello", "greet", AssetRole::producer}, {"hello", "greet", AssetRole::consumer},
                  {"later", "", AssetRole::schedule}};
    view.seq = 7;
    return view;
  }
  static AssetEventView canned_asset_event() {
    AssetEventView view;
    view.asset_no = 1;
    view.uri = "s3://lake/orders";
    view.row = {7, "orders", kCannedTime, 1, "hello", "manual__1", "greet", -1, 1, "", R"({"rows":3})"};
    view.taken_by.push_back({2, "later", "asset_triggered__1", "v1", RunState::queued, kNoTime, kNoTime, kNoTime,
                             kCannedTime, kNoTime, kNoTime});
    return view;
  }
  Result<AssetPage> list_assets(const AssetQuery& query) override {
    return page(std::vector<AssetView>{canned_asset()}, query.page, [](const AssetView&) { return true; });
  }
  Result<AssetView> asset(std::int64_t asset_no) override {
    return asset_no == 1 ? Result<AssetView>(canned_asset()) : none();
  }
  Result<AssetView> asset_named(const std::string& name) override {
    return name == "orders" ? Result<AssetView>(canned_asset()) : none();
  }
  Result<AssetEventPage> list_asset_events(const AssetEventQuery& query) override {
    return page(std::vector<AssetEventView>{canned_asset_event()}, query.page,
                [](const AssetEventView&) { return true; });
  }
  Result<std::vector<QueuedAssetEvent>> queued_asset_events(const std::string&, std::int64_t) override {
    return std::vector<QueuedAssetEvent>{{"hello", "orders", 1, 8, kCannedTime}};
  }
  Result<std::vector<AssetLinkRow>> asset_links() override {
    return std::vector<AssetLinkRow>{{"hello", {"orders", AssetRole::producer, "greet"}},
                                     {"later", {"orders", AssetRole::schedule, ""}}};
  }
  Result<std::vector<PoolLoad>> pool_loads() override {
    return std::vector<PoolLoad>{{"warehouse", TaskState::running, 1, 2}, {"", TaskState::running, 1, 1}};
  }
  Result<VariablePage> list_variables(const NameQuery&) override { return VariablePage{}; }
  Result<JobPage> list_jobs(const NameQuery&) override { return JobPage{}; }
  Result<JobView> job(std::int64_t) override { return Error{"there is no such job", ErrorKind::not_found}; }
  Result<ApprovalPage> list_approvals(const ApprovalQuery&) override { return ApprovalPage{}; }
  Result<std::vector<ChildRow>> started_runs(RunNo) override { return std::vector<ChildRow>{}; }
  Result<LetterPage> list_letters(const LetterQuery&) override { return LetterPage{}; }
  Result<LetterView> letter(std::int64_t) override { return Error{"there is no such letter", ErrorKind::not_found}; }
  Result<DeliveryPage> list_deliveries(const NameQuery&) override { return DeliveryPage{}; }
  Result<std::vector<DeliveryView>> due_deliveries(WallUs, std::int64_t) override {
    return std::vector<DeliveryView>{};
  }
  Result<BackfillPage> list_backfills(const NameQuery&) override { return BackfillPage{}; }
  Result<BackfillView> backfill(std::int64_t) override { return Error{"there is none", ErrorKind::not_found}; }
  Result<std::vector<ServerStateRow>> server_state() override { return std::vector<ServerStateRow>{}; }
  Result<TokenPage> list_tokens(const NameQuery&) override { return TokenPage{}; }
  Result<TokenView> token(const std::string&) override { return none(); }
  Result<std::optional<IdempotencyRow>> find_key(const std::string&, const std::string&, const std::string&) override {
    return std::optional<IdempotencyRow>();
  }

  Result<Changes> changes_after(const ChangeKey& key, std::int64_t) override {
    const std::lock_guard lock(state_.mutex);
    Changes changes;
    changes.key = {std::max(key.seq, state_.seq)};
    for (const RunView& run : state_.runs) {
      if (run.row.seq > key.seq) changes.runs.push_back(run);
    }
    return changes;
  }
  Result<StoreInfo> info() override {
    const std::lock_guard lock(state_.mutex);
    StoreInfo info;
    info.seq = state_.seq;
    return info;
  }

 private:
  static Error none() { return {"there is no such thing", ErrorKind::not_found}; }

  template <typename T>
  static bool is_in(const T& value, const std::vector<T>& wanted) {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
  }

  template <typename Row, typename Fits>
  PageOf<Row> page(const std::vector<Row>& rows, const PageRequest& request, Fits fits) {
    PageOf<Row> out;
    out.seq = state_.seq;
    for (const Row& row : rows) {
      if (!fits(row)) continue;
      ++out.total;
      const bool is_shown = out.total > request.offset && static_cast<std::int64_t>(out.rows.size()) < request.limit;
      if (is_shown) out.rows.push_back(row);
    }
    return out;
  }

  CannedState& state_;
};

class CannedDoor : public Door {
 public:
  explicit CannedDoor(CannedState& state) : state_(state) {}

  void trigger(TriggerAsk ask, Asker asker, Once, OnRun done) override {
    const std::lock_guard lock(state_.mutex);
    if (ask.dag_id != "hello") return done(Error{"there is no such DAG", ErrorKind::not_found});
    if (ask.run_id.empty()) ask.run_id = "manual__" + std::to_string(state_.runs.size() + 1);
    for (const RunView& run : state_.runs) {
      if (run.row.run_id == ask.run_id)
        return done(Error{"there is a run \"" + ask.run_id + "\"", ErrorKind::conflict});
    }
    const RunNo run_no = state_.add_run(ask.run_id, RunType::manual, RunState::queued, ask.logical_date);
    state_.runs.back().row.conf_json = ask.conf_json;
    state_.runs.back().row.user_note = ask.note;
    AuditView event;
    event.audit_no = static_cast<std::int64_t>(state_.audit.size()) + 1;
    event.row.at = kCannedTime;
    event.row.actor = asker.name;
    event.row.action = "trigger";
    event.row.dag_id = ask.dag_id;
    event.row.run_id = ask.run_id;
    state_.audit.push_back(event);
    done(run_no);
  }
  void change(ChangeAsk ask, Asker, Once, OnChanged done) override {
    if (const auto* stop = std::get_if<StopRun>(&ask.what)) return end(stop->run_no, RunState::failed, done);
    if (const auto* retry = std::get_if<RetryRun>(&ask.what)) return end(retry->run_no, RunState::running, done);
    if (const auto* mark = std::get_if<MarkRun>(&ask.what)) return end(mark->run_no, mark->state, done);
    if (const auto* clear = std::get_if<ClearTasks>(&ask.what)) {
      const TouchedInstance greet{"greet", kUnmapped, TaskState::success, 0};
      return done(Changed{clear->run_no, {greet}});
    }
    if (const auto* mark = std::get_if<MarkTasks>(&ask.what)) return done(Changed{mark->run_no, {}});
    done(Changed{});
  }
  void hold_dag(DagHold wish, Asker asker, OnDone done) override {
    set_paused(wish.dag_id, wish.wish == DagHold::Wish::pause, std::move(asker), std::move(done));
  }
  void hold_server(bool freeze, std::string why, Asker asker, OnDone done) override {
    hold_ = freeze ? ServerHold{kCannedTime, asker.name, why} : ServerHold{};
    done(Unit{});
  }
  void server_hold(OnHolds done) override { done(hold_); }
  void kill_run(RunNo run_no, std::string, Asker, OnRun done) override {
    end(run_no, RunState::failed, [&done](const Result<Changed>& changed) {
      done(changed ? Result<RunNo>(changed->run_no) : changed.error());
    });
  }
  void set_paused(std::string, bool is_paused, Asker, OnDone done) override {
    const std::lock_guard lock(state_.mutex);
    state_.is_paused = is_paused;
    ++state_.seq;
    done(Unit{});
  }

 private:
  void end(RunNo run_no, RunState state, const OnChanged& done) {
    const std::lock_guard lock(state_.mutex);
    RunView& run = state_.runs[static_cast<std::size_t>(run_no - 1)];
    run.row.state = state;
    run.row.seq = ++state_.seq;
    done(Changed{run_no, {}});
  }

  CannedState& state_;
  ServerHold hold_;
};

}  // namespace baton::api
