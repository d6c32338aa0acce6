#include "scheduler/rehearsal/scripted_executor.h"

#include <csignal>
#include <utility>

#include "scheduler/json/json_value.h"

namespace baton::rehearsal {
namespace {

AttemptEnd end_of(const LaunchSpec& spec, Ending ending) {
  AttemptEnd end;
  end.key = spec.key;
  end.started = true;
  end.run_us = ending.outcome.after_us;
  switch (ending.outcome.kind) {
    case Outcome::Kind::exits:
      end.outcome = AttemptEnd::Outcome::exited;
      end.exit_code = ending.outcome.number;
      if (end.exit_code == 0) end.output = std::move(ending.output);
      if (end.exit_code == 0 && ending.outcome.state && !spec.state_path.empty()) {
        end.state.version = spec.state_version;
        end.state.json = to_json(*ending.outcome.state);
      }
      break;
    case Outcome::Kind::dies:
      end.outcome = AttemptEnd::Outcome::signaled;
      end.signal = ending.outcome.number;
      break;
    case Outcome::Kind::hangs: break;  // who has no timeout never ends
    case Outcome::Kind::is_lost: end.outcome = AttemptEnd::Outcome::lost; break;
  }
  const bool times_out = spec.timeout_us > 0 &&
                         (ending.outcome.kind == Outcome::Kind::hangs || end.run_us > spec.timeout_us);
  if (times_out) {
    end.outcome = AttemptEnd::Outcome::timed_out;
    end.exit_code = -1;
    end.signal = SIGTERM;
    end.run_us = spec.timeout_us;
    end.output.clear();
  }
  return end;
}

}  // namespace

void ScriptedExecutor::connect(ExecutorEvents& events, std::int32_t slots) {
  events_ = &events;
  loop_.post([this, slots] {
    events_->worker_capacity(worker_, slots, {}, "");
    events_->worker_ready(worker_, {});
    events_->executor_settled(worker_->executor);
  });
}

void ScriptedExecutor::launch(LaunchSpec spec) {
  const AttemptKey key = spec.key;
  prepare(std::move(spec));
  release(key);
}

void ScriptedExecutor::prepare(LaunchSpec spec) {
  const AttemptKey key = spec.key;
  attempts_.try_emplace(key).first->second.spec = std::move(spec);
}

void ScriptedExecutor::release(AttemptKey key) {
  loop_.post([this, key] { start(key); });
}

void ScriptedExecutor::start(AttemptKey key) {
  const auto at = attempts_.find(key);
  if (at == attempts_.end() || at->second.is_started) return;
  Attempt& attempt = at->second;
  attempt.is_started = true;
  Ending ending = script_(attempt.spec);
  const bool never_ends = ending.outcome.kind == Outcome::Kind::hangs && attempt.spec.timeout_us == 0;
  attempt.end = end_of(attempt.spec, std::move(ending));
  attempt.end.started_at = loop_.wall_now();
  if (!never_ends) attempt.timer = loop_.call_at(loop_.mono_now() + attempt.end.run_us, [this, key] { end(key); });
  attempt.has_begun = true;
  if (watch_ != nullptr) watch_->attempt_begins(key);
  events_->attempt_started(key, worker_, 0, loop_.wall_now());
}

void ScriptedExecutor::end(AttemptKey key) {
  const auto at = attempts_.find(key);
  if (at == attempts_.end()) return;
  at->second.timer = 0;
  at->second.end.ended_at = loop_.wall_now();
  const AttemptEnd end = at->second.end;  // it may be acknowledged within
  if (watch_ != nullptr && at->second.has_begun && !std::exchange(at->second.has_ended, true)) watch_->attempt_ends(key);
  events_->attempt_ended(end);
}

void ScriptedExecutor::stop(AttemptKey key, DurationUs, bool) {
  const auto at = attempts_.find(key);
  if (at == attempts_.end()) return;
  Attempt& attempt = at->second;
  if (attempt.is_started && attempt.timer == 0 && attempt.end.ended_at != kNoTime) return;  // that was told
  if (attempt.timer != 0) loop_.cancel(attempt.timer);
  attempt.end.key = key;
  attempt.end.outcome = AttemptEnd::Outcome::stopped;
  attempt.end.exit_code = -1;
  attempt.end.started = attempt.is_started;
  attempt.is_started = true;
  attempt.timer = loop_.call_at(loop_.mono_now(), [this, key] { end(key); });
}

}  // namespace baton::rehearsal
