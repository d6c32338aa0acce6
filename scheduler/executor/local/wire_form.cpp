#include "scheduler/executor/local/wire_form.h"

#include <utility>

namespace baton {
namespace {

AttemptEnd::Outcome from_wire(wire::Outcome outcome) {
  switch (outcome) {
    case wire::Outcome::kExited: return AttemptEnd::Outcome::exited;
    case wire::Outcome::kSignaled: return AttemptEnd::Outcome::signaled;
    case wire::Outcome::kTimedOut: return AttemptEnd::Outcome::timed_out;
    case wire::Outcome::kStopped: return AttemptEnd::Outcome::stopped;
    case wire::Outcome::kHeartbeatLost: return AttemptEnd::Outcome::heartbeat_lost;
    case wire::Outcome::kSpawnFailed: return AttemptEnd::Outcome::spawn_failed;
    case wire::Outcome::kLost: return AttemptEnd::Outcome::lost;
  }
  return AttemptEnd::Outcome::lost;
}

/// What a person should know beside the outcome.
std::string remark_of(wire::Ended& ended) {
  std::string remark = std::move(ended.message);
  const auto add = [&](wire::EndedFlag flag, const char* sentence) {
    if ((ended.flags & flag) != 0) remark.append(remark.empty() ? "" : "; ").append(sentence);
  };
  add(wire::kLogTruncated, "the middle of its log was left out (log_limit)");
  add(wire::kLimitsNotEnforced, "its resource limits are not enforced on this host");
  add(wire::kTreeNotEmpty, "some of its processes could not be killed");
  return remark;
}

}  // namespace

wire::AttemptKey to_wire(const AttemptKey& k) { return {k.run_no, k.task_no, k.map_index, k.epoch}; }
AttemptKey from_wire(const wire::AttemptKey& k) { return {k.run_no, k.task_no, k.map_index, k.epoch}; }

wire::Launch to_wire(LaunchSpec spec) {
  wire::Launch launch;
  launch.key = to_wire(spec.key);
  for (const auto& arg : spec.argv) launch.argv.add(arg);
  launch.script = std::move(spec.script);
  for (const auto& entry : spec.env) launch.env.add(entry);
  launch.cwd = std::move(spec.cwd);
  if (!spec.stdin_text.empty()) {
    launch.stdin_kind = wire::StdinKind::kBytes;
    launch.stdin_value = std::move(spec.stdin_text);
  }
  launch.log_path = std::move(spec.log_path);
  launch.output_path = std::move(spec.output_path);
  launch.heartbeat_path = std::move(spec.heartbeat_path);
  launch.timeout_us = spec.timeout_us;
  launch.grace_us = spec.grace_us;
  launch.heartbeat_us = spec.heartbeat_us;
  launch.log_limit_bytes = spec.log_limit_bytes;
  launch.limits.memory_bytes = spec.memory_bytes;
  launch.limits.cpus_milli = spec.cpus_milli;
  for (const auto& mask : spec.masks) launch.masks.add(mask);
  launch.state_path = std::move(spec.state_path);
  launch.state = std::move(spec.state);
  launch.state_version = spec.state_version;
  return launch;
}

AttemptEnd from_wire(wire::Ended ended) {
  AttemptEnd end;
  end.key = from_wire(ended.key);
  end.outcome = from_wire(ended.outcome);
  end.exit_code = ended.exit_code;
  end.signal = ended.signal;
  end.started = ended.started_at_us != 0;
  end.oom_killed = (ended.flags & wire::kOomKilled) != 0;
  end.output_too_large = (ended.flags & wire::kOutputTooLarge) != 0;
  end.output_holds_secret = (ended.flags & wire::kOutputHoldsSecret) != 0;
  end.started_at = ended.started_at_us != 0 ? ended.started_at_us : kNoTime;
  end.ended_at = ended.ended_at_us != 0 ? ended.ended_at_us : kNoTime;
  end.run_us = ended.run_us;
  end.user_us = ended.user_us;
  end.sys_us = ended.sys_us;
  end.max_rss_bytes = ended.max_rss_bytes;
  end.log_bytes = ended.log_bytes;
  end.pid = ended.pid;
  end.output = std::move(ended.output);
  if ((ended.flags & wire::kHasState) != 0) {
    end.state.version = ended.state_version;
    end.state.json = std::move(ended.state);
    end.state.is_too_large = (ended.flags & wire::kStateTooLarge) != 0;
    end.state.holds_secret = (ended.flags & wire::kStateHoldsSecret) != 0;
  }
  end.log_tail = std::move(ended.log_tail);
  end.note = remark_of(ended);
  return end;
}

}  // namespace baton
