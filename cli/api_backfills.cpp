#include "cli/api_backfills.h"

#include <string>
#include <utility>

#include "scheduler/control/actor.h"

namespace baton {
namespace {

BackfillAsk ask_of(const api::BackfillWanted& wanted) {
  BackfillAsk ask;
  ask.dag_id = wanted.dag_id;
  ask.wish.from = wanted.from;
  ask.wish.to = wanted.to;
  ask.wish.intervals_per_run = wanted.intervals_per_run;
  ask.wish.runs_backwards = wanted.runs_backwards;
  if (wanted.reprocess == "failed") ask.wish.reprocess = Reprocess::failed;
  if (wanted.reprocess == "completed") ask.wish.reprocess = Reprocess::completed;
  ask.max_active_runs = wanted.max_active_runs;
  ask.conf_json = wanted.conf_json;
  ask.note = wanted.note;
  ask.labels = wanted.labels;
  return ask;
}

std::string name_of(BackfillStep step) {
  switch (step) {
    case BackfillStep::create: return "create";
    case BackfillStep::clear: return "clear";
    case BackfillStep::done_before: return "done_before";
    case BackfillStep::in_flight: return "in_flight";
  }
  return {};
}

std::string action_of(api::BackfillDoor::Change change) {
  switch (change) {
    case api::BackfillDoor::Change::pause: return "pause_backfill";
    case api::BackfillDoor::Change::resume: return "resume_backfill";
    case api::BackfillDoor::Change::cancel: return "cancel_backfill";
  }
  return {};
}

api::BackfillSize size_of_extent(const BackfillExtent& extent) {
  return {extent.pieces, extent.intervals, extent.left_out};
}

AuditRow audit_of(const std::string& action, const std::string& dag_id, const api::Asker& asker, WallUs at) {
  RunRow of;
  of.dag_id = dag_id;
  return audit_row({asker.name, asker.address, asker.via}, action, of, "", at);
}

}  // namespace

void ApiBackfills::create(api::BackfillWanted wanted, api::Asker asker, OnMade done) {
  on_loop([this, wanted = std::move(wanted), asker = std::move(asker), done = std::move(done)] {
    AuditRow audit = audit_of("create_backfill", wanted.dag_id, asker, loop_.wall_now());
    backfills_.create(ask_of(wanted), asker.name, std::move(audit), done);
  });
}

void ApiBackfills::plan(api::BackfillWanted wanted, OnPlan done) {
  on_loop([this, wanted = std::move(wanted), done = std::move(done)] {
    backfills_.plan(ask_of(wanted), [done](const Result<BackfillPlan>& plan) {
      if (!plan) return done(plan.error());
      api::BackfillPlan out;
      for (const BackfillDecision& one : plan->decisions) {
        out.list.push_back(
            {one.piece.logical_date, one.piece.interval.start, one.piece.interval.end, name_of(one.step)});
      }
      out.size = size_of_extent(plan->extent);
      out.is_whole = plan->is_whole;
      done(std::move(out));
    });
  });
}

std::optional<api::BackfillSize> ApiBackfills::size_of(const BackfillRow& row, const timetable::Timetable& schedule) {
  const auto extent = extent_of(schedule, wish_of(row));
  return extent ? std::optional(size_of_extent(*extent)) : std::nullopt;
}

void ApiBackfills::change(std::int64_t backfill_no, Change change, api::Asker asker, OnDone done) {
  on_loop([this, backfill_no, change, asker = std::move(asker), done = std::move(done)] {
    AuditRow audit = audit_of(action_of(change), backfills_.dag_of(backfill_no), asker, loop_.wall_now());
    switch (change) {
      case Change::pause: return backfills_.pause(backfill_no, std::move(audit), done);
      case Change::resume: return backfills_.resume(backfill_no, std::move(audit), done);
      case Change::cancel: return backfills_.cancel(backfill_no, std::move(audit), done);
    }
  });
}

}  // namespace baton
