#include "scheduler/host/backfills_on_engine.h"

#include "scheduler/dagfile/params.h"
#include "scheduler/engine/run_limits.h"
#include "scheduler/host/new_run.h"
#include "scheduler/model/seeded_bug.h"
#include "scheduler/timetable/time_text.h"

namespace baton {
namespace {

Actor actor_of(const std::string& by) { return {by, "", "backfill"}; }

struct Source final : BackfillSource {
  Source(timetable::Timetable of, ShelvedDag from, Value with)
      : BackfillSource(std::move(of), limits_of(*from.dag).in_order), dag(std::move(from)), params(std::move(with)) {}
  const ShelvedDag dag;
  const Value params;
};

}  // namespace

Result<BackfilledDag> BackfillsOnEngine::dag(const std::string& dag_id) {
  const DagRow* row = ticks_.dag(dag_id);
  if (row == nullptr || row->version.empty()) {
    return Error{"there is no DAG \"" + dag_id + "\"", ErrorKind::not_found};
  }
  // A pause goes before a freeze in what a DAG is called; but what is frozen rests, whatever else holds it.
  bool goes_on = rules_of(gate_of(*row, ticks_.gate())).backfill_goes_on && !ticks_.gate().frozen.holds();
  if (BATON_BUG(backfill_of_draining_goes_on)) goes_on = true;
  if (BATON_BUG(backfill_waits_beside_pause)) goes_on = goes_on && !row->paused.holds();
  return BackfilledDag{row->version, goes_on};
}

void BackfillsOnEngine::find_schedule(const std::string& dag_id, const std::string& version,
                                      const std::string& conf_json, OnSource done) {
  shelf_.get(dag_id, version, [this, alive = is_alive_, conf_json, done = std::move(done)](
                                  const Result<ShelvedDag>& found) {
    if (!*alive) return;
    if (!found) return done(found.error());
    auto params = resolve_params_json(*found->dag, conf_json);
    if (!params) return done(params.error());
    const Result<DagSchedule> schedule = schedule_of(*found->dag, config_);
    if (!schedule) return done(schedule.error());
    if (!schedule->dag.schedule) {
      return done(Error{"a DAG without a schedule has no intervals to fill", ErrorKind::invalid});
    }
    std::shared_ptr<const BackfillSource> source =
        std::make_shared<const Source>(schedule->dag.schedule->ticks, *found, std::move(*params));
    done(std::move(source));
  });
}

void BackfillsOnEngine::find_dates(const std::string& dag_id, WallUs from, WallUs to, OnDates done) {
  find_dates_(dag_id, from, to, [alive = is_alive_, done = std::move(done)](const auto& found) {
    if (*alive) done(found);
  });
}

/// At once: what is written of its backfill after it comes behind it.
RunNo BackfillsOnEngine::make_run(const BackfillRun& wanted, ServiceRows rows,
                                  std::function<void(const PartVerdict&)> done) {
  const auto& source = static_cast<const Source&>(*wanted.source);
  const RunNo run_no = store_.next_run_no();
  for (BackfillIntervalRow& interval : rows.intervals) interval.run_no = run_no;
  const BackfillPiece& piece = wanted.piece;
  NewRun run;
  run.dag = source.dag.dag;
  run.version = source.dag.version;
  run.params = source.params;
  run.run_id = "backfill__" + timetable::format_rfc3339(piece.logical_date, timetable::utc());
  run.type = RunType::backfill;
  run.logical_date = piece.logical_date;
  run.interval_start = piece.interval.start;
  run.interval_end = piece.interval.end;
  run.triggered_by = "backfill";
  run.labels = wanted.labels;
  RunCreation creation = creation_of(run, run_no, loop_.wall_now(), 0);
  creation.inner_dates = piece.inner_dates;
  EngineRequest request{{}, std::move(done), std::move(rows)};
  const auto create = [this, creation, params = source.params, request] {
    host_.engine().create_run(creation, params, {}, request);
  };
  BATON_BUG(backfill_run_behind_its_rows) ? loop_.post(create) : create();
  return run_no;
}

/// Whole; one that was stopped before it began has nothing to clear, and waits once more.
void BackfillsOnEngine::clear_run(RunNo run_no, const std::string& by, std::function<ServiceRows()> rows,
                                  std::function<void(const Status&)> done) {
  ClearTasks clear;
  clear.run_no = run_no;
  clear.beside = [this, rows] {
    if (!BATON_BUG(backfill_row_beside_its_clear)) return rows();
    write(rows(), {}, [] {});
    return ServiceRows{};
  };
  const auto told = std::make_shared<std::function<void(const Status&)>>(std::move(done));
  const auto cleared = [this, alive = is_alive_, run_no, by, rows, told](const Result<Answer>& how) {
    if (!*alive) return;
    const bool never_began = !how && how.error().kind == ErrorKind::conflict;
    if (!never_began) return (*told)(how ? Status(Unit{}) : Status(how.error()));
    RetryRun again;
    again.run_no = run_no;
    again.beside = rows;
    const Status asked = host_.ask(std::move(again), actor_of(by), [told](const Result<Answer>& then) {
      (*told)(then ? Status(Unit{}) : Status(then.error()));
    });
    if (!asked) (*told)(asked);
  };
  const Status asked = host_.ask(std::move(clear), actor_of(by), cleared);
  if (!asked) loop_.post([told, asked] { (*told)(asked); });
}

void BackfillsOnEngine::stop_waiting(RunNo run_no) {
  host_.engine().withdraw_run(run_no, Reason::stopped);
}

void BackfillsOnEngine::write(ServiceRows rows, std::vector<AuditRow> audit, std::function<void()> done) {
  host_.engine().write({std::move(audit), [done = std::move(done)](const PartVerdict&) { done(); }, std::move(rows)});
}

void BackfillsOnEngine::lift_limit(const std::string& dag_id) { host_.engine().set_backfill_limit(dag_id, 0); }

void BackfillsOnEngine::say(const std::string& line) {
  if (say_) say_(line);
}

}  // namespace baton
