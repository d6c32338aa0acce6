// Attempts, third part: from the death of the main process to the report, which waits until the whole tree is gone.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "worker/attempts.h"
#include "worker/masker.h"
#include "worker/program.h"

namespace baton::worker {
namespace {

constexpr std::int64_t kDrainCheckUs = 20'000;
constexpr std::int64_t kDrainGiveUpUs = 5'000'000;
constexpr std::int64_t kStuckRetryUs = 1'000'000;
constexpr std::int64_t kOomExplainsUs = 1'000'000;

std::int64_t microseconds(const timeval& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000 + time.tv_usec;
}

/// The output file, if there is one; sets what is wrong with it. What holds a secret goes no further than this: the
/// file is removed, and neither journal nor scheduler hear of its content.
void read_output(const std::string& path, const wire::StringList& masks, Reported& reported) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  wire::Ended& ended = reported.ended;
  if (!file) {
    if (errno != ENOENT) ended.message = "output file: " + error_text(errno);
    return;
  }
  struct stat info {};
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    ended.message = "output file: not a regular file";
    return;
  }
  reported.output_path = path;
  if (info.st_size > wire::kOutputBytesMax) {
    ended.flags |= wire::kOutputTooLarge;
    ended.message = "output file: " + std::to_string(info.st_size) + " bytes; the limit is " +
                    std::to_string(wire::kOutputBytesMax);
    return;
  }
  ended.output.resize(static_cast<std::size_t>(info.st_size));
  std::size_t filled = 0;
  while (filled < ended.output.size()) {
    const ssize_t got = ::read(file.get(), ended.output.data() + filled, ended.output.size() - filled);
    if (got <= 0) break;
    filled += static_cast<std::size_t>(got);
  }
  ended.output.resize(filled);
  if (masks.empty() || !holds_secret(ended.output, masks.views())) return;
  ended.output.clear();
  ended.flags |= wire::kOutputHoldsSecret;
  ::unlink(path.c_str());
}

/// What the program has left in its state file. One that it has taken away, emptied or not touched is as it was.
void read_state(const wire::Launch& launch, wire::Ended& ended) {
  ended.flags |= wire::kHasState;
  ended.state_version = launch.state_version;
  const Fd file(::open(launch.state_path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return;
  if (info.st_size > wire::kStateBytesMax) {
    ended.flags |= wire::kStateTooLarge;
    return;
  }
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + filled, text.size() - filled);
    if (got <= 0) break;
    filled += static_cast<std::size_t>(got);
  }
  text.resize(filled);
  if (text == launch.state) return;
  if (!launch.masks.empty() && holds_secret(text, launch.masks.views())) {
    ended.flags |= wire::kStateHoldsSecret;
    return;
  }
  ended.state = std::move(text);
}

OwnerCandidate as_owner(const Attempt& attempt) {
  return {attempt.launch.key, attempt.pid, ticks_of(attempt.created_boot_us)};
}

}  // namespace

std::int64_t host_oom_kills() {
  const std::string text = read_file("/proc/vmstat", 64U << 10).value_or("");
  const std::size_t at = text.find("\noom_kill ");
  return at == std::string::npos ? 0 : std::strtoll(text.c_str() + at + 10, nullptr, 10);
}

void Attempts::reap() {
  while (true) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) break;
    const auto found = by_pid_.find(info.si_pid);
    Attempt* const attempt = found == by_pid_.end() ? nullptr : found->second;
    // As long as the main process is not reaped nobody else can have the number of its group.
    if (attempt != nullptr && !attempt->leaf && !attempt->in_grace(boottime_us())) ::kill(-attempt->pid, SIGKILL);
    int status = 0;
    rusage usage{};
    ::wait4(info.si_pid, &status, 0, &usage);
    orphans_.forget(info.si_pid);
    if (attempt != nullptr) on_main_ended(*attempt, status, usage);
  }
  const std::vector<Attempt*> draining = draining_;
  for (Attempt* const attempt : draining) drain(*attempt);
}

void Attempts::on_main_ended(Attempt& attempt, int status, const rusage& usage) {
  by_pid_.erase(attempt.pid);
  attempt.wait_status = status;
  attempt.usage = usage;
  attempt.ended_boot_us = boottime_us();
  attempt.ended_wall_us = wall_us();
  attempt.phase = Phase::kDraining;
  attempt.timeout_at_us = kNever;
  attempt.check_at_us = kNever;
  draining_.push_back(&attempt);
  // Those who left the group and have lost their parent only now have not heard that they should end.
  if (!attempt.leaf && attempt.in_grace(attempt.ended_boot_us)) {
    visit_orphans(as_owner(attempt), [](pid_t pid) {
      ::kill(pid, SIGTERM);
      return true;
    });
  }
}

/// Calls `visit` with each living orphan of `owner` until it says false. True if there was any.
template <typename Visit>
bool Attempts::visit_orphans(const OwnerCandidate& owner, Visit visit) {
  orphans_.list(children_);
  std::erase_if(children_, [&](pid_t pid) { return by_pid_.contains(pid); });
  if (children_.empty()) return false;
  std::vector<OwnerCandidate> others;
  for (const auto& [key, other] : live_) {
    if (key != owner.key && !other->leaf) others.push_back(as_owner(*other));
  }
  bool any = false;
  for (const pid_t pid : children_) {
    if (!orphans_.belongs(pid, owner, others)) continue;
    any = true;
    if (!visit(pid)) break;
  }
  return any;
}

bool Attempts::tree_gone(const Attempt& attempt) {
  if (attempt.leaf) return !attempt.leaf->populated();
  return !visit_orphans(as_owner(attempt), [](pid_t) { return false; });
}

void Attempts::drain(Attempt& attempt) {
  if (tree_gone(attempt)) return finish(attempt, 0);
  const std::int64_t now = boottime_us();
  if (attempt.in_grace(now)) {
    // Deaths of orphans wake us; those of their children do not, so look now and then.
    attempt.check_at_us = now + kDrainCheckUs;
    return schedule(attempt);
  }
  if (now >= attempt.give_up_at_us) return finish(attempt, wire::kTreeNotEmpty);
  attempt.killed = true;
  attempt.kill_at_us = kNever;
  if (attempt.give_up_at_us == kNever) attempt.give_up_at_us = now + kDrainGiveUpUs;
  if (attempt.leaf) {
    attempt.leaf->kill_all();
  } else {
    visit_orphans(as_owner(attempt), [](pid_t pid) {
      ::kill(pid, SIGKILL);
      return true;
    });
  }
  attempt.check_at_us = now + kDrainCheckUs;
  schedule(attempt);
}

void Attempts::finish(Attempt& attempt, std::uint32_t flags) {
  const int pipe = attempt.log.pipe_fd();
  if (pipe >= 0) poller_.forget(pipe);
  attempt.log.finish(attempt.ended_wall_us);
  Reported reported;
  wire::Ended& ended = reported.ended;
  ended.flags = flags;
  describe_end(attempt, ended);
  const bool succeeded = ended.outcome == wire::Outcome::kExited && ended.exit_code == 0;
  if (succeeded && !attempt.launch.output_path.empty()) {
    read_output(attempt.launch.output_path, attempt.launch.masks, reported);
  }
  if (!attempt.launch.state_path.empty()) {
    if (succeeded) read_state(attempt.launch, ended);
    ::unlink(attempt.launch.state_path.c_str());
  }
  if (!attempt.script_path.empty()) ::unlink(attempt.script_path.c_str());
  // Who could not be killed may still write: what was held against the secrets would not be what is shown.
  if ((flags & wire::kTreeNotEmpty) == 0) {
    const std::string said = report_folders_.publish(attempt.report, attempt.launch.masks.views());
    if (!said.empty()) ended.message += (ended.message.empty() ? "" : "; ") + said;
  }
  if ((flags & wire::kTreeNotEmpty) != 0) set_aside(attempt);
  cgroups_.release(std::move(attempt.leaf));
  std::erase(draining_, &attempt);
  live_.erase(wire::AttemptKey(attempt.launch.key));  // A copy: the key dies with the attempt.
  reports_.ended(std::move(reported));
}

void Attempts::describe_end(const Attempt& attempt, wire::Ended& ended) {
  ended.key = attempt.launch.key;
  ended.started_at_us = attempt.started_wall_us;
  ended.ended_at_us = attempt.ended_wall_us;
  if (attempt.started_wall_us != 0) ended.pid = attempt.pid;
  if (attempt.started_boot_us > 0) ended.run_us = attempt.ended_boot_us - attempt.started_boot_us;
  ended.user_us = microseconds(attempt.usage.ru_utime);
  ended.sys_us = microseconds(attempt.usage.ru_stime);
  ended.max_rss_bytes = static_cast<std::int64_t>(attempt.usage.ru_maxrss) * 1024;
  ended.log_bytes = attempt.log.size_bytes();
  ended.log_tail = attempt.log.tail(wire::kLogTailBytes);
  if (attempt.log.truncated()) ended.flags |= wire::kLogTruncated;
  if (attempt.limits_not_enforced) ended.flags |= wire::kLimitsNotEnforced;
  if (WIFSIGNALED(attempt.wait_status)) {
    ended.signal = WTERMSIG(attempt.wait_status);
  } else {
    ended.exit_code = WEXITSTATUS(attempt.wait_status);
  }
  switch (attempt.cause) {
    case StopCause::kNone:
      ended.outcome = ended.signal != 0 ? wire::Outcome::kSignaled : wire::Outcome::kExited;
      if (ended.signal == SIGKILL && killed_for_memory(attempt)) ended.flags |= wire::kOomKilled;
      break;
    case StopCause::kAsked:
      ended.outcome = wire::Outcome::kStopped;
      break;
    case StopCause::kTimeout:
      ended.outcome = wire::Outcome::kTimedOut;
      break;
    case StopCause::kHeartbeat:
      ended.outcome = wire::Outcome::kHeartbeatLost;
      break;
  }
  if (attempt.gate && attempt.gate->error() != 0) {
    ended.outcome = wire::Outcome::kSpawnFailed;
    ended.exit_code = 0;
    ended.message = spawn_failure_text(attempt.gate->step(), attempt.gate->error(), attempt.launch);
  }
}

bool Attempts::killed_for_memory(const Attempt& attempt) {
  if (attempt.leaf && attempt.launch.limits.memory_bytes > 0 && !attempt.limits_not_enforced) {
    return attempt.leaf->oom_kills() > attempt.leaf_oom_kills;
  }
  return oom_kills_.explain(host_oom_kills(), boottime_us());
}

bool OomKills::explain(std::int64_t count, std::int64_t now_us) {
  if (now_us - seen_at_us_ > kOomExplainsUs) unexplained_ = 0;
  if (count > count_) {
    unexplained_ += count - count_;  // those before may still be waiting for the death that they explain
    seen_at_us_ = now_us;
  }
  count_ = count;
  if (unexplained_ == 0) return false;
  --unexplained_;
  return true;
}

void Attempts::set_aside(Attempt& attempt) {
  if (attempt.leaf) {
    stuck_leaves_.push_back(std::move(attempt.leaf));
  } else {
    stuck_owners_.push_back(as_owner(attempt));
  }
  retry_stuck_at_us_ = boottime_us() + kStuckRetryUs;
  poller_.alarm_by(retry_stuck_at_us_);
}

void Attempts::retry_stuck() {
  std::erase_if(stuck_leaves_, [](const std::unique_ptr<CgroupLeaf>& leaf) {
    if (!leaf->populated()) return true;
    leaf->kill_all();
    return false;
  });
  std::erase_if(stuck_owners_, [&](const OwnerCandidate& owner) {
    return !visit_orphans(owner, [](pid_t pid) {
      ::kill(pid, SIGKILL);
      return true;
    });
  });
  const bool none = stuck_leaves_.empty() && stuck_owners_.empty();
  retry_stuck_at_us_ = none ? kNever : boottime_us() + kStuckRetryUs;
}

}  // namespace baton::worker
