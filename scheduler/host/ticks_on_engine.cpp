#include "scheduler/host/ticks_on_engine.h"

#include <utility>

#include "scheduler/dagfile/params.h"
#include "scheduler/host/new_run.h"
#include "scheduler/timetable/time_text.h"

namespace baton {
namespace {

constexpr DurationUs kLoadAgain = kMinute;

/// Of a DAG whose params have no defaults, a tick knows none: its tasks say so when they look for them.
Value default_params(const Dag& dag) {
  Result<Value> params = resolve_params(dag, {});
  return params ? std::move(params).value() : Value{ValueMap{}};
}

}  // namespace

struct TicksOnEngine::Wanted {
  TickRun run;
  RunNo run_no = 0;
  ServiceRows rows;
  std::function<void(const PartVerdict&)> done;
};

RunCreation creation_of(const TickRun& run, const ShelvedDag& shelved, RunNo run_no, WallUs now) {
  NewRun wanted;
  wanted.dag = shelved.dag;
  wanted.version = shelved.version;
  wanted.params = default_params(*shelved.dag);
  wanted.run_id = "scheduled__" + timetable::format_rfc3339(run.tick.logical_date, timetable::utc());
  wanted.type = RunType::scheduled;
  wanted.logical_date = run.tick.logical_date;
  wanted.interval_start = run.tick.data_interval.start;
  wanted.interval_end = run.tick.data_interval.end;
  wanted.triggered_by = "timetable";
  RunCreation creation = creation_of(wanted, run_no, now, 0);
  creation.run.run_after = run.tick.run_after;
  return creation;
}

void TicksOnEngine::find_schedule(const std::string& dag_id, const std::string& version, OnSchedule done) {
  shelf_.get(dag_id, version, [this, alive = is_alive_, done = std::move(done)](const Result<ShelvedDag>& found) {
    if (!*alive) return;
    if (!found) return done(found.error());
    Result<DagSchedule> schedule = schedule_of(*found->dag, config_);
    if (!schedule) return done(schedule.error());
    done(std::move(schedule->dag));
  });
}

RunNo TicksOnEngine::make_run(const TickRun& run, ServiceRows rows, std::function<void(const PartVerdict&)> done) {
  auto wanted = std::make_shared<Wanted>(Wanted{run, store_.next_run_no(), std::move(rows), std::move(done)});
  load_and_create(wanted);
  return wanted->run_no;
}

void TicksOnEngine::load_and_create(std::shared_ptr<Wanted> wanted) {
  const TickRun& run = wanted->run;
  shelf_.get(run.dag_id, run.version, [this, alive = is_alive_, wanted](const Result<ShelvedDag>& found) {
    if (!*alive) return;
    if (found) return create(*found, *wanted);
    say("a tick of DAG \"" + wanted->run.dag_id + "\" waits: " + found.error().message);
    loop_.call_at(loop_.mono_now() + kLoadAgain, [this, alive, wanted] {
      if (*alive) load_and_create(wanted);
    });
  });
}

void TicksOnEngine::create(const ShelvedDag& shelved, Wanted& wanted) {
  RunCreation creation = creation_of(wanted.run, shelved, wanted.run_no, loop_.wall_now());
  Value params = default_params(*shelved.dag);
  engine_.create_run(std::move(creation), std::move(params), {},
                     EngineRequest{{}, std::move(wanted.done), std::move(wanted.rows)});
}

void TicksOnEngine::write(ServiceRows rows, std::vector<AuditRow> audit, std::function<void()> done) {
  engine_.write({std::move(audit), [done = std::move(done)](const PartVerdict&) { done(); }, std::move(rows)});
}

void TicksOnEngine::stop_run(RunNo run_no) { engine_.stop_run(run_no, Reason::stopped, false); }

void TicksOnEngine::hold_dag(const std::string& dag_id, bool is_held) { engine_.hold_dag(dag_id, is_held); }

void TicksOnEngine::freeze(bool is_frozen) { engine_.freeze(is_frozen); }

void TicksOnEngine::say(const std::string& line) {
  if (say_) say_(line);
}

}  // namespace baton
