// The engine's circuit breakers: what attempts come to is told to them, what they let through is told to admission, and
// what moves them is written in the batch of what has moved them.
#include <utility>

#include "scheduler/engine/attempt_verdict.h"
#include "scheduler/engine/engine.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

/// Of a failure, for people: `daily/run_1 load[3]: exit code 75`.
std::string cause_of(const DagRun& run, InstanceNo i, const AttemptEnd& end) {
  std::string cause = run.row.dag_id + "/" + run.row.run_id + " " + run.dag->task(run.at(i).task_no).id;
  if (run.at(i).map_index != kUnmapped) cause += "[" + std::to_string(run.at(i).map_index) + "]";
  return cause + ": " + words_of_end(end);
}

}  // namespace

void Engine::restore_breaker(const BreakerRow& row) {
  breakers_.restore(row, now());
  breakers_moved();
}

void Engine::declare_breaker(const BreakerSpec& spec, const std::string& by, DeclaredBy how) {
  breakers_.declare(spec, by, how);
  const std::int32_t budget = breakers_.find(spec.name)->spec().retry_millionths;
  admission_.set_retry_budget(Admission::Kind::breaker, spec.name, budget);
  breakers_moved();
  if (breakers_.has_rows()) schedule_turn();  // seen before anything asks it
}

Status Engine::change_breaker(const std::string& name, const BreakerWish& wish, EngineRequest request) {
  if (Status changed = breakers_.change(name, wish, now()); !changed) return changed;
  breakers_.take_rows_of(name, request.service, now());  // in the part of the request: both or neither
  write(std::move(request));
  breakers_moved();
  schedule_turn();
  return Unit{};
}

void Engine::breakers_begin(const DagRun& run, InstanceNo i) {
  const std::vector<std::string>& names = run.spec_of(i).breakers;
  if (names.empty()) return;
  breakers_.begin(run.key_of(i), names);
  breakers_moved();
}

void Engine::breakers_recover(const DagRun& run, InstanceNo i) {
  const std::vector<std::string>& names = run.spec_of(i).breakers;
  if (names.empty()) return;
  breakers_.recover(run.key_of(i), names);
  breakers_moved();
}

void Engine::breakers_end(const DagRun& run, InstanceNo i, const AttemptEnd& end) {
  const TaskSpec& spec = run.spec_of(i);
  if (spec.breakers.empty()) return;
  const bool hashes = run.at(i).reason == Reason::cache_key;
  const auto result = [&](const BreakerSpec& of) { return call_result(of, spec.kind, hashes, end); };
  breakers_.end(run.key_of(i), spec.breakers, result, cause_of(run, i, end), now());
  breakers_moved();
}

/// Its claim is not written: whatever permits it has are free again.
void Engine::breakers_withdraw(const DagRun& run, InstanceNo i) {
  const std::vector<std::string>& names = run.spec_of(i).breakers;
  if (names.empty()) return;
  breakers_.end(run.key_of(i), names, [](const BreakerSpec&) { return CallResult::neutral; }, "", now());
  breakers_moved();
}

void Engine::breakers_moved() {
  bool any = false;
  breakers_.take_moved([&](const std::string& name, std::int32_t permits) {
    any = true;
    admission_.set_gate(name, permits);
  });
  if (!any) return;
  const auto due = breakers_.due();
  if (due == breakers_due_) return;
  breakers_due_ = due;
  if (breaker_timer_ != 0) loop_.cancel(std::exchange(breaker_timer_, 0));
  if (!due) return;
  breaker_timer_ = loop_.call_at(*due, [this] {
    breaker_timer_ = 0;
    breakers_due_.reset();
    breakers_.wake(now());
    breakers_moved();
    schedule_turn();
  });
}

/// What has moved them becomes durable with this batch. In a part behind all others: what a person has asked for earlier
/// in this batch lies in a part of its own, and must not be written over what has come of it since.
void Engine::take_breaker_rows(Pending& pending) {
  if (!breakers_.has_rows()) return;
  ServiceRows rows;
  breakers_.take_rows(rows, now());
  for (const BreakerEventRow& event : rows.breaker_events) {
    if (observer_ == nullptr) break;
    const bool is_half = event.to == BreakerState::half_open;
    const std::string state = is_half ? "half open" : std::string(to_string(event.to));
    observer_->notice("breaker " + event.name + " is " + state + ": " + event.cause);
  }
  Part part;
  if (BATON_BUG(breaker_rows_out_of_order)) {
    append(pending.engine_part().service, std::move(rows));
    return;
  }
  part.service = std::move(rows);
  pending.batch.parts.push_back(std::move(part));
}

}  // namespace baton
