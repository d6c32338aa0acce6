// The engine's circuit breakers: what attempts come to is told to them, what they let through is told to admission, and
// what moves them is written in the batch of what has moved them.
#include <utility>

#include "scheduler/engine/engine.h"

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

void Engine::declare_breaker(const BreakerSpec& spec, const std::string& by) {
  breakers_.declare(spec, by);
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
  const auto& names = run.spec_of(i).breakers;
  if (names.empty()) return;
  breakers_.begin(run.key_of(i), names);
  breakers_moved();
}

void Engine::breakers_recover(const DagRun& run, InstanceNo i) {
  const auto& names = run.spec_of(i).breakers;
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
  const auto& names = run.spec_of(i).breakers;
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

/// What has moved them becomes durable with this batch.
void Engine::take_breaker_rows(Pending& pending) {
  if (!breakers_.has_rows()) return;
  ServiceRows& rows = pending.engine_part().service;
  const std::size_t before = rows.breaker_events.size();
  breakers_.take_rows(rows, now());
  if (observer_ == nullptr) return;
  for (std::size_t i = before; i < rows.breaker_events.size(); ++i) {
    const BreakerEventRow& event = rows.breaker_events[i];
    const bool is_half = event.to == BreakerState::half_open;
    const std::string state = is_half ? "half open" : std::string(to_string(event.to));
    observer_->notice("breaker " + event.name + " is " + state + ": " + event.cause);
  }
}

}  // namespace baton
