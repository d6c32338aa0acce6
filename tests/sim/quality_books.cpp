#include "tests/sim/quality_books.h"

#include <fmt/format.h>

#include <algorithm>

#include "scheduler/engine/checks.h"
#include "tests/sim/check_truth.h"
#include "tests/sim/disk.h"

namespace baton::sim {
namespace {

bool has_gates(const Dag& dag) { return dag.id.front() == 'q'; }

/// Its author leaves it out: that says nothing of the data.
bool is_passed_over(const TaskRow& row) {
  return row.state == TaskState::skipped && (row.reason == Reason::condition || row.reason == Reason::no_items);
}

bool is_changed_by_person(const Part& part) {
  return std::ranges::any_of(part.audit, [](const AuditRow& row) {
    return row.action.starts_with("mark_") || row.action == "clear" || row.action == "retry" ||
           row.action == "redrive_dead_letters";
  });
}

}  // namespace

std::string QualityBooks::name_of(const DiskRun& run, const TaskRow& row) const {
  const std::string& id = run.dag->task(row.task_no).id;
  return fmt::format("{}/{} ({} {})", row.run_no, id, to_string(row.state), to_string(row.reason));
}

/// A success of its own is owed to those who run on what it has made; not what a person says. Once it is to run again,
/// what it had made before is told by nobody any more.
void QualityBooks::row_comes(const DiskRun& run, const TaskRow& old, const TaskRow& row) {
  if (!has_gates(*run.dag)) return;
  sensor_row_comes(run, old, row);
  if (run.dag->spec(row.task_no).produces.empty()) return;
  const Place place{row.run_no, row.instance_no};
  const bool is_new = old.state != TaskState::success || old.epoch != row.epoch || old.ended_at != row.ended_at;
  if (row.state != TaskState::success || row.reason == Reason::marked) {
    owed_.erase(place);
  } else if (is_new) {
    owed_.insert(place);
  }
  if (row.state == TaskState::skipped && row.reason == Reason::exit_skip && old.state != row.state) {
    ground_.strike(Fault::producer_skipped);
  }
}

/// By the newest of all events: the clock may have stepped back since.
void QualityBooks::sensor_row_comes(const DiskRun& run, const TaskRow& old, const TaskRow& row) {
  const TaskSpec& spec = run.dag->spec(row.task_no);
  const bool is_of_asset = spec.kind == TaskKind::sensor && spec.sensor->kind == Sensor::Kind::asset;
  if (!is_of_asset || row.state == old.state || row.reason == Reason::marked) return;
  if (row.state == TaskState::failed && row.reason == Reason::timeout) ground_.strike(Fault::asset_sensor_timed_out);
  if (row.state != TaskState::success) return;
  ground_.strike(Fault::asset_sensor_saw);
  const auto newest = newest_.find(spec.sensor->asset);
  if (newest == newest_.end() || newest->second < run.row.interval_start) {
    fail(name_of(run, row) + " has waited for " + spec.sensor->asset + ", and nothing of it has come");
  }
}

void QualityBooks::take(const Part& part) {
  const bool is_changed = is_changed_by_person(part);
  for (const AssetEventRow& row : part.service.asset_events) {
    const auto [newest, is_first] = newest_.emplace(row.asset, row.at);
    newest->second = std::max(newest->second, row.at);
  }
  for (const HeldEventRow& row : part.service.held_events) take_held(row);
  for (const CheckRow& row : part.service.checks) {
    if (row.state == CheckState::warned) ground_.strike(Fault::check_warned);
  }
  for (const TaskRow& row : part.instances) check_gate(row, part, is_changed);
  for (const TaskRow& row : part.new_instances) check_gate(row, part, is_changed);
  for (const AssetQuarantineRow& row : part.service.quarantines) {
    const bool is_let_go = !assets_.held().contains(row.asset);
    if (is_let_go) std::erase_if(born_held_, [&](const auto& one) { return one.second == row.asset; });
  }
  for (const AssetEventRow& row : part.service.asset_events) take_event(row, is_changed);
  for (const TakenEventRow& row : part.service.taken_events) check_taken(row);
  std::set<RunNo> touched;
  for (const TaskRow& row : part.instances) touched.insert(row.run_no);
  for (const RunNo run_no : touched) check_told(run_no);
}

void QualityBooks::take_held(const HeldEventRow& row) {
  const Place place{row.run_no, row.instance_no};
  if (row.is_gone) {
    held_.erase(place);
    return;
  }
  held_.insert(place);
  ground_.strike(Fault::event_held);
}

std::vector<InstanceNo> QualityBooks::held_of(RunNo run_no) const {
  std::vector<InstanceNo> out;
  for (auto at = held_.lower_bound({run_no, 0}); at != held_.end() && at->first == run_no; ++at) {
    out.push_back(at->second);
  }
  return out;
}

/// With their end, checks that do not hold put into quarantine what was made before them, and others nothing.
void QualityBooks::check_gate(const TaskRow& row, const Part& part, bool is_changed) {
  const DiskRun& run = runs_.at(row.run_no);
  if (!has_gates(*run.dag) || run.dag->spec(row.task_no).kind != TaskKind::checks) return;
  const TaskRow& now = run.at(row.instance_no);
  const InstanceEnd end = InstanceEnd::of(now);
  const bool is_new = std::exchange(ends_[{now.run_no, now.instance_no}], end) != end;
  if (!is_new || !is_final(now.state) || is_changed || now.reason == Reason::marked) return;
  const bool did_not_hold = now.state == TaskState::failed && now.reason == Reason::checks;
  CheckTruth truth;
  if (now.state == TaskState::success || did_not_hold) {
    truth = truth_of_checks(ground_.options.seed, run, now, did_not_hold ? now.failures - 1 : now.failures);
    if (truth.fails != did_not_hold) fail(name_of(run, now) + ": its checks have come to something else");
  }
  if (did_not_hold) ground_.strike(Fault::check_failed);
  const std::string by = fmt::format("checks {}/{} {}", run.row.dag_id, run.row.run_id, run.dag->task(now.task_no).id);
  for (const std::string& asset : produced_before(*run.dag, now.task_no)) {
    const bool is_owed = std::ranges::any_of(owed_, [&](const Place& place) {
      const DiskRun& of = runs_.at(place.first);
      const TaskNo producer = of.at(place.second).task_no;
      const auto& made = of.dag->spec(producer).produces;
      const auto gates = gates_of(*of.dag, producer);  // what another one makes of it beside them is not theirs
      return place.first == now.run_no && std::ranges::find(made, asset) != made.end() &&
             std::ranges::find(gates, now.task_no) != gates.end();
    });
    const bool is_bad = now.state != TaskState::success && !is_passed_over(now) && is_owed;
    const bool holds_back = std::ranges::any_of(part.service.quarantines, [&](const AssetQuarantineRow& one) {
      return one.asset == asset && one.by == by && one.only_of == by;
    });
    if (truth.quarantines || is_bad) ground_.strike(Fault::check_quarantined);
    if ((truth.quarantines || is_bad) && !holds_back) fail(name_of(run, now) + " does not hold " + asset + " back");
    const bool is_good = now.state == TaskState::success && !truth.quarantines;
    if (is_good && holds_back) fail(name_of(run, now) + " holds " + asset + " back, and its checks have held");
  }
}

bool QualityBooks::is_open(const DiskRun& run, TaskNo producer) const {
  const std::set<TaskNo> gates = gates_behind(*run.dag, producer);
  return std::ranges::any_of(gates, [&](TaskNo t) { return !is_final(run.at(t).state); });
}

void QualityBooks::take_event(const AssetEventRow& row, bool is_changed) {
  const auto at = runs_.find(row.run_no);
  if (!row.actor.empty() || at == runs_.end() || !has_gates(*at->second.dag)) return;
  const DiskRun& run = at->second;
  const TaskNo producer = *run.dag->find(row.task_id);
  const TaskRow& now = run.at(producer);
  if (owed_.erase({row.run_no, now.instance_no}) == 0 && !is_changed) {
    return fail(name_of(run, now) + " tells of " + row.asset + " and has told of it already, or has not made it");
  }
  if (is_open(run, producer) && !is_changed) fail(name_of(run, now) + " tells of " + row.asset + " before its checks");
  if (assets_.held().contains(row.asset)) born_held_[row.event_no] = row.asset;
}

/// Whoever let it go did so in an earlier part, or in this one.
void QualityBooks::check_taken(const TakenEventRow& row) {
  if (!born_held_.contains(row.event_no)) return;
  fail(fmt::format("run {} is made of event {}, which checks hold back", row.run_no, row.event_no));
}

/// What was made is told of with the end of the last checks behind it.
void QualityBooks::check_told(RunNo run_no) {
  const auto at = runs_.find(run_no);
  if (at == runs_.end()) return;
  for (auto owed = owed_.lower_bound({run_no, 0}); owed != owed_.end() && owed->first == run_no; ++owed) {
    const TaskRow& now = at->second.at(owed->second);
    if (!is_open(at->second, now.task_no)) {
      return fail(name_of(at->second, now) + " and its checks have ended, and nobody is told of what it has made");
    }
  }
}

void QualityBooks::check_quiet() {
  for (const auto& [run_no, run] : runs_) {
    if (!has_gates(*run.dag) || run.row.state != RunState::running) continue;
    for (const TaskRow& row : run.instances) {
      const TaskSpec& spec = run.dag->spec(row.task_no);
      const bool waits = row.state == TaskState::up_for_reschedule && spec.kind == TaskKind::sensor &&
                         spec.sensor->kind == Sensor::Kind::asset;
      if (!waits) continue;
      for (const auto& [asset, last] : assets_.last_times()) {
        const bool has_come = asset == spec.sensor->asset && last >= run.row.interval_start;
        if (has_come) fail(name_of(run, row) + " waits for " + asset + ", which has come");
      }
    }
  }
}

}  // namespace baton::sim
