// Home: all that the first view needs, in one request; and who works: jobs, workers.
#include <algorithm>
#include <map>

#include "scheduler/engine/run_deadline.h"
#include "scheduler/insight/approval_value.h"
#include "scheduler/insight/eta.h"
#include "scheduler/json/json_value.h"
#include "web/api/answers.h"
#include "web/api/compiled_dags.h"
#include "web/api/fields.h"
#include "web/api/list_query.h"
#include "web/api/objects.h"
#include "web/api/pools.h"

namespace baton::api {

namespace {

constexpr std::size_t kBreakersShown = 10;
constexpr std::int64_t kApprovalsShown = 20, kBackfillsLooked = 20;
constexpr std::int64_t kFailedShown = 10, kRunningShown = 20, kNextShown = 100, kPoolsShown = 100;

/// Everything that is read for it, from one Reader.
struct Home {
  const Call& call;
  Reader& reader;
  WallUs now;
  std::string body = {};

  Status write();
  Status frozen(JsonObject& out);
  void health(JsonObject& out) const;
  Status counts(JsonObject& out);
  Status failed(JsonObject& out);
  Status failed_run(std::string& to, const RunView& run);
  Status running(JsonObject& out);
  WallUs due_at(const RunRow& run);
  Result<DurationUs> usual_duration(const std::string& dag_id);
  Status next(JsonObject& out);
  Status pools(JsonObject& out);
  Status breakers(JsonObject& out);
  Status approvals(JsonObject& out);
  Status held_backfills(JsonObject& out);
  Result<std::int64_t> queued(const std::string& dag_id, RunType type);
};

Status Home::write() {
  JsonObject out(body);
  if (Status done = frozen(out); !done) return done;
  health(out);
  if (Status done = counts(out); !done) return done;
  if (Status done = failed(out); !done) return done;
  if (Status done = running(out); !done) return done;
  if (Status done = next(out); !done) return done;
  if (Status done = pools(out); !done) return done;
  if (Status done = breakers(out); !done) return done;
  if (Status done = approvals(out); !done) return done;
  if (Status done = held_backfills(out); !done) return done;
  append_workers(out.member("workers"), call);
  return Unit{};
}

/// Runs of a DAG that have not begun.
Result<std::int64_t> Home::queued(const std::string& dag_id, RunType type) {
  RunQuery query;
  query.filter.dag_ids = {dag_id};
  query.filter.states = {RunState::queued};
  query.filter.types = {type};
  query.page.limit = 1;
  const auto page = reader.list_runs(query);
  if (!page) return page.error();
  return page->total;
}

/// Backfills that go on, and whose runs wait because what is due by the schedule goes first.
Status Home::held_backfills(JsonObject& out) {
  NameQuery query;
  query.descending = true;
  query.page.limit = kBackfillsLooked;
  query.page.with_total = false;
  const auto page = reader.list_backfills(query);
  if (!page) return page.error();
  std::string& list = out.member("held_backfills") += '[';
  for (const BackfillView& backfill : page->rows) {
    if (backfill.row.state != BackfillState::running) continue;
    const auto waits = queued(backfill.row.dag_id, RunType::backfill);
    if (!waits) return waits.error();
    const auto before = queued(backfill.row.dag_id, RunType::scheduled);
    if (!before) return before.error();
    if (*waits == 0 || *before == 0) continue;
    if (list.back() != '[') list += ',';
    JsonObject one(list);
    one.number("id", backfill.row.backfill_no);
    one.text("dag_id", backfill.row.dag_id);
    one.number("queued", *waits);
    one.number("scheduled", *before);
  }
  list += ']';
  return Unit{};
}

/// Those that are not closed: why something does not start.
Status Home::breakers(JsonObject& out) {
  auto rows = reader.list_breakers();
  if (!rows) return rows.error();
  std::erase_if(*rows, [](const BreakerRow& row) { return row.state == BreakerState::closed; });
  rows->resize(std::min<std::size_t>(rows->size(), kBreakersShown));
  append_json_array(out.member("breakers"), *rows, [](std::string& to, const BreakerRow& row) {
    JsonObject one(to);
    one.text("name", row.spec.name);
    one.text("state", to_string(row.state));
    time_field(one, "until", row.state == BreakerState::open ? row.until : kNoTime);
    text_field(one, "reason", row.cause);
  });
  return Unit{};
}

/// The oldest questions that wait for an answer.
Status Home::approvals(JsonObject& out) {
  ApprovalQuery query;
  query.filter.states = {ApprovalState::open};
  query.page.limit = kApprovalsShown;
  query.page.with_total = false;
  const auto page = reader.list_approvals(query);
  if (!page) return page.error();
  append_json_array(out.member("approvals"), page->rows, [](std::string& to, const ApprovalView& view) {
    append_json(to, Value(insight::approval_brief(view.row)));
  });
  return Unit{};
}

Status Home::frozen(JsonObject& out) {
  const auto rows = reader.server_state();
  if (!rows) return rows.error();
  for (const ServerStateRow& row : *rows) {
    if (row.name != "frozen") continue;
    JsonObject one(out.member("frozen"));
    time_field(one, "since", row.since);
    text_field(one, "actor", row.actor);
    text_field(one, "reason", row.reason);
    return Unit{};
  }
  null_field(out, "frozen");
  return Unit{};
}

void Home::health(JsonObject& out) const {
  const Health seen = call.services.health();
  JsonObject one(out.member("health"));
  one.text("scheduler", seen.is_ready ? "healthy" : "unhealthy");
  one.text("store", seen.is_store_writable ? "healthy" : "unhealthy");
  const DurationUs late = seen.scheduler_seen == kNoTime ? 0 : std::max<DurationUs>(0, now - seen.scheduler_seen - kSecond);
  one.member("lateness_seconds") += std::to_string(static_cast<double>(late) / static_cast<double>(kSecond));
}

/// How many rows a list has, without the rows.
template <typename Page>
Result<std::int64_t> total_of(const Result<Page>& page) {
  if (!page) return page.error();
  return page->total;
}

Status Home::counts(JsonObject& out) {
  DagQuery all, paused;
  all.filter.stale = paused.filter.stale = false;
  paused.filter.paused = true;
  all.page.limit = paused.page.limit = 1;
  RunQuery failed;
  failed.filter.states = {RunState::failed};
  failed.filter.ended_at.at_least = now - kDay;
  failed.page.limit = 1;
  ImportErrorQuery errors;
  errors.page.limit = 1;
  const auto by_dag = reader.run_counts({});
  if (!by_dag) return by_dag.error();
  std::int64_t queued = 0, running = 0;
  for (const auto& [dag_id, count] : *by_dag) {
    queued += count[static_cast<std::size_t>(RunState::queued)];
    running += count[static_cast<std::size_t>(RunState::running)];
  }
  LetterQuery letters;
  letters.filter.states = {LetterState::open};
  letters.page.limit = 1;
  ApprovalQuery asked;
  asked.filter.states = {ApprovalState::open};
  asked.page.limit = 1;
  const Result<std::int64_t> totals[] = {total_of(reader.list_dags(all)), total_of(reader.list_dags(paused)),
                                         total_of(reader.list_runs(failed)),
                                         total_of(reader.list_import_errors(errors)),
                                         total_of(reader.list_approvals(asked)), total_of(reader.list_letters(letters))};
  for (const auto& total : totals) {
    if (!total) return total.error();
  }
  JsonObject one(out.member("counts"));
  one.number("dags", *totals[0]);
  one.number("paused", *totals[1]);
  one.number("running_runs", running);
  one.number("queued_runs", queued);
  one.number("failed_runs_24h", *totals[2]);
  one.number("import_errors", *totals[3]);
  one.number("approvals", *totals[4]);
  one.number("dead_letters", *totals[5]);
  return Unit{};
}

void run_fields(JsonObject& one, const RunRow& run) {
  one.text("dag_id", run.dag_id);
  one.text("dag_run_id", run.run_id);
  one.text("run_type", to_string(run.type));
  time_field(one, "logical_date", run.logical_date);
  time_field(one, "start_date", run.started_at);
}

Status Home::failed(JsonObject& out) {
  RunQuery query;
  query.filter.states = {RunState::failed};
  query.filter.ended_at.at_least = now - kDay;
  query.order = {{RunField::ended_at, true}};
  query.page.limit = kFailedShown;
  query.page.with_total = false;
  const auto page = reader.list_runs(query);
  if (!page) return page.error();
  std::string& list = out.member("failed") += '[';
  for (const RunView& run : page->rows) {
    if (list.back() != '[') list += ',';
    if (Status done = failed_run(list, run); !done) return done;
  }
  list += ']';
  return Unit{};
}

/// With the first of its tasks that failed, and the end of that one's log.
Status Home::failed_run(std::string& to, const RunView& run) {
  InstanceQuery query;
  query.filter.run_no = run.row.run_no;
  query.filter.states = {TaskState::failed};
  query.order = {{InstanceField::ended_at, false}};
  query.page.limit = 1;
  query.page.with_total = false;
  const auto found = reader.list_instances(query);
  if (!found) return found.error();
  JsonObject one(to);
  run_fields(one, run.row);
  time_field(one, "end_date", run.row.ended_at);
  text_field(one, "state_reason",
             run.row.reason == Reason::none ? std::string_view() : run_reason_name(run.row.reason));
  if (found->rows.empty()) {
    for (const char* name : {"task_id", "map_index", "try_number", "tail"}) null_field(one, name);
    return Unit{};
  }
  const InstanceView& instance = found->rows.front();
  const auto tries = reader.tries(instance.row.run_no, instance.row.instance_no);
  if (!tries) return tries.error();
  one.text("task_id", instance.task_id);
  one.number("map_index", instance.row.map_index);
  one.number("try_number", instance.row.try_number);
  text_field(one, "tail", tries->empty() ? std::string() : tries->back().row.log_tail);
  return Unit{};
}

/// When it has to be through by the `sla` of its version; kNoTime: nobody said, or its version does not read.
WallUs Home::due_at(const RunRow& run) {
  const auto version = call.services.dags->get(reader, run.dag_id, run.dag_version);
  return version ? run_deadline((*version)->dag().sla, run, (*version)->dag()) : kNoTime;
}

/// The middle of its last successes; -1: there is none yet.
Result<DurationUs> Home::usual_duration(const std::string& dag_id) {
  RunQuery query;
  query.filter.dag_ids = {dag_id};
  query.filter.states = {RunState::success};
  query.page.limit = insight::kUsualOf;
  query.page.with_total = false;
  const auto page = reader.list_runs(query);
  if (!page) return page.error();
  return insight::usual_duration(page->rows).value_or(-1);
}

Status Home::running(JsonObject& out) {
  RunQuery query;
  query.filter.states = {RunState::running};
  query.order = {{RunField::number, true}};
  query.page.limit = kRunningShown;
  query.page.with_total = false;
  const auto page = reader.list_runs(query);
  if (!page) return page.error();
  std::map<std::string, DurationUs> usual;
  for (const RunView& run : page->rows) {
    if (usual.count(run.row.dag_id) > 0) continue;
    const auto took = usual_duration(run.row.dag_id);
    if (!took) return took.error();
    usual[run.row.dag_id] = *took;
  }
  append_json_array(out.member("running"), page->rows, [&](std::string& to, const RunView& run) {
    std::int64_t done = 0, total = 0;
    for (std::size_t k = 0; k < kTaskStateCount; ++k) {
      const auto state = static_cast<TaskState>(k);
      if (state == TaskState::removed) continue;
      total += run.row.counts[k];
      if (is_final(state)) done += run.row.counts[k];
    }
    JsonObject one(to);
    run_fields(one, run.row);
    one.number("tasks_done", done);
    one.number("tasks_total", total);
    time_field(one, "due_at", due_at(run.row));
    const DurationUs took = usual[run.row.dag_id];
    const bool is_known = took >= 0 && run.row.started_at != kNoTime;
    time_field(one, "expected_at", is_known ? std::max(run.row.started_at + took, now) : kNoTime);
  });
  return Unit{};
}

struct NextRun {
  std::string dag_id;
  WallUs logical_date = kNoTime, run_after = kNoTime;
};

/// Of the DAGs that have a tick soonest, all ticks of a day.
Status Home::next(JsonObject& out) {
  DagQuery query;
  query.filter.paused = false;
  query.filter.stale = false;
  query.order = {{DagField::next_tick, false}};
  query.page.limit = kNextShown;
  query.page.with_total = false;
  const auto page = reader.list_dags(query);
  if (!page) return page.error();
  std::vector<NextRun> runs;
  for (const DagView& dag : page->rows) {
    if (dag.next_tick == kNoTime || dag.next_tick > now + kDay || call.services.known_dags == nullptr) continue;
    const auto known = call.services.known_dags->get(reader, dag.dag_id, dag.latest_version);
    if (!known || known->ticks == nullptr) continue;
    for (const timetable::Tick& tick : known->ticks->ticks_between(dag.next_tick, now + kDay, kNextShown)) {
      runs.push_back({dag.dag_id, tick.logical_date, tick.run_after});
    }
  }
  std::stable_sort(runs.begin(), runs.end(),
                   [](const NextRun& a, const NextRun& b) { return a.run_after < b.run_after; });
  if (runs.size() > kNextShown) runs.resize(kNextShown);
  append_json_array(out.member("next"), runs, [](std::string& to, const NextRun& run) {
    JsonObject one(to);
    one.text("dag_id", run.dag_id);
    time_field(one, "logical_date", run.logical_date);
    time_field(one, "run_after", run.run_after);
  });
  return Unit{};
}

Status Home::pools(JsonObject& out) {
  const auto all = all_pools(reader, call);
  if (!all) return all.error();
  append_json_array(out.member("pools"), *all, [](std::string& to, const PoolNow& pool) {
    JsonObject one(to);
    one.text("name", pool.view.name);
    one.number("slots", pool.view.slots);
    one.number("occupied_slots", pool.occupied());
    one.number("queued_slots", pool.queued);
  });
  return Unit{};
}

http::Response home(const Call& call) {
  auto reader = call.services.readers->take_together();
  if (!reader) return read_error(reader.error(), call);
  Home home{call, **reader, call.services.now()};
  if (const Status written = home.write(); !written) return read_error(written.error(), call);
  return json_response(std::move(home.body));
}

http::Response workers(const Call& call) {
  std::string body;
  {
    JsonObject out(body);
    append_workers(out.member("workers"), call);
    out.number("total_entries", static_cast<std::int64_t>(call.services.workers ? call.services.workers().size() : 0));
  }
  return json_response(std::move(body));
}

/// The scheduler is the one job that Airflow's tools look for.
http::Response jobs(const Call& call) {
  const auto order = turned_around(call.request, {"id", "dag_id", "state", "job_type", "start_date", "end_date",
                                                  "latest_heartbeat", "executor_class", "hostname", "unixname"});
  if (const auto* word = std::get_if<std::string>(&order)) return order_error(*word, call);
  const Health seen = call.services.health();
  const auto asks_for_other = [&](std::string_view word, std::string_view value) {
    const auto wanted = call.request.query_value(word);
    return wanted && !wanted->empty() && *wanted != value;
  };
  const bool is_shown = !asks_for_other("job_type", "SchedulerJob") && !asks_for_other("job_state", "running") &&
                        !asks_for_other("is_alive", seen.is_ready ? "true" : "false");
  const std::vector<int> all(is_shown ? 1 : 0);
  const std::vector<int> rows = rows_of_page(all, page_of(call.request));
  return json_response(list_body("jobs", rows, static_cast<std::int64_t>(all.size()), [&](std::string& to, int) {
    JsonObject one(to);
    one.number("id", 1);
    null_field(one, "dag_id");
    null_field(one, "dag_display_name");
    one.text("state", "running");
    one.text("job_type", "SchedulerJob");
    time_field(one, "start_date", seen.started_at);
    null_field(one, "end_date");
    time_field(one, "latest_heartbeat", seen.scheduler_seen);
    one.text("executor_class", "local");
    text_field(one, "hostname", seen.host);
    null_field(one, "unixname");
  }));
}

}  // namespace

void append_workers(std::string& out, const Call& call) {
  const std::vector<WorkerNow> all = call.services.workers ? call.services.workers() : std::vector<WorkerNow>{};
  append_json_array(out, all, [](std::string& to, const WorkerNow& worker) {
    JsonObject one(to);
    one.text("worker", worker.executor + "/" + worker.name);
    text_field(one, "host", worker.host);
    one.number("slots", worker.slots);
    one.number("running", worker.running);
    one.text("state", worker.is_ready ? "ready" : "away");
    time_field(one, "since", worker.since);
  });
}

void add_home(Operations& operations) {
  operations.at_once["get_home"] = home;
  operations.at_once["get_workers"] = workers;
  operations.at_once["get_jobs"] = jobs;
}

}  // namespace baton::api
