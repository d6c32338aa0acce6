// Attempts, second part: what happens to them while they live.
#include "worker/attempts.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace baton::worker {
namespace {

bool file_says_one(const char* path) {
  return read_file(path, 16).value_or("").starts_with('1');
}

/// The process has ended and is not reaped.
bool is_zombie(pid_t pid) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

}  // namespace

FileLimit raise_file_limit() {
  FileLimit limit;
  ::getrlimit(RLIMIT_NOFILE, &limit.of_tasks);
  limit.own = limit.of_tasks;
  limit.own.rlim_cur = limit.own.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit.own) != 0) limit.own = limit.of_tasks;
  return limit;
}

Attempts::Attempts(std::string worker_id, std::string state_folder, std::string report_folder, Poller& poller,
                   CgroupTree& cgroups, FileLimit files, Reports reports)
    : worker_id_(std::move(worker_id)),
      state_folder_(std::move(state_folder)),
      files_(files),
      poller_(poller),
      cgroups_(cgroups),
      reports_(std::move(reports)),
      report_folders_(std::move(report_folder)),
      orphans_(worker_id_),
      null_file_(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
      own_nice_(::getpriority(PRIO_PROCESS, 0)),
      sessions_are_scheduled_(file_says_one("/proc/sys/kernel/sched_autogroup_enabled")),
      oom_kills_(host_oom_kills()) {
  auto leaf = cgroups_.acquire();
  if (!leaf) return;
  const int error = spawner_.try_cgroup(leaf->dir_fd());
  if (error == 0) {
    cgroups_.release(std::move(leaf));
    return;
  }
  leaf.reset();
  cgroups_.disable("no process can be created in one (" + error_text(error) + ")");
}

std::size_t Attempts::capacity() const {
  constexpr rlim_t kOurOwn = 32;      // Link, journal, lock, timers, and what is open for a moment only.
  constexpr rlim_t kEachWithLeaf = 6;  // Log, its index, the pipe of a masked one; the leaf's three.
  constexpr rlim_t kEach = 3;
  const bool leaves = (cgroups_.capabilities() & wire::kCgroupLeaf) != 0;
  const rlim_t limit = files_.own.rlim_cur;
  if (limit <= kOurOwn) return 1;
  return std::clamp<rlim_t>((limit - kOurOwn) / (leaves ? kEachWithLeaf : kEach), 1, kLiveMax);
}

Attempt* Attempts::find(const wire::AttemptKey& key) const {
  const auto found = live_.find(key);
  return found == live_.end() ? nullptr : found->second.get();
}

void Attempts::schedule(const Attempt& attempt) {
  poller_.alarm_by(std::min({attempt.timeout_at_us, attempt.kill_at_us, attempt.check_at_us, attempt.give_up_at_us}));
}

void Attempts::release(const wire::AttemptKey& key) {
  Attempt* const attempt = find(key);
  if (attempt == nullptr || attempt->phase != Phase::kGated || attempt->cause != StopCause::kNone) return;
  reports_.begun({key, attempt->pid, ticks_of(attempt->created_boot_us), wall_us(), ""});
  attempt->gate->open();
  mark_running(*attempt);
}

void Attempts::stop(const wire::AttemptKey& key, std::int64_t grace_us, bool kill_now) {
  Attempt* const attempt = find(key);
  if (attempt == nullptr) return;
  begin_stop(*attempt, StopCause::kAsked, kill_now ? 0 : grace_us < 0 ? attempt->launch.grace_us : grace_us);
}

void Attempts::stop_all(std::int64_t grace_us) {
  std::vector<wire::AttemptKey> keys;  // Stopping may end an attempt on the spot.
  for (const auto& [key, attempt] : live_) keys.push_back(key);
  for (const wire::AttemptKey& key : keys) stop(key, grace_us, false);
}

void Attempts::on_link_broken() {
  std::vector<wire::AttemptKey> keys;  // Stopping may end an attempt on the spot.
  for (const auto& [key, attempt] : live_) {
    if (attempt->phase == Phase::kGated || !attempt->launch.keep) keys.push_back(key);
  }
  for (const wire::AttemptKey& key : keys) stop(key, -1, false);
}

void Attempts::begin_stop(Attempt& attempt, StopCause cause, std::int64_t grace_us) {
  const std::int64_t now = boottime_us();
  // The main process has ended by itself and what is left is being killed already, unless a grace is running.
  if (attempt.phase == Phase::kDraining && attempt.cause == StopCause::kNone) return;
  const bool first = attempt.cause == StopCause::kNone;
  // Who has ended by itself was not stopped: its exit stands, and the signal of its death is on its way to reap(). A
  // task that has done its work is not to do it again because the stop came before we had looked.
  if (first && attempt.phase == Phase::kRunning && is_zombie(attempt.pid)) return;
  if (first) attempt.cause = cause;
  if (attempt.phase == Phase::kGated) {
    ::kill(attempt.pid, SIGKILL);
    attempt.killed = true;
    return;
  }
  if (grace_us <= 0) return kill_tree(attempt);
  if (first) terminate_tree(attempt);
  attempt.kill_at_us = std::min(attempt.kill_at_us, now + grace_us);
  schedule(attempt);
}

void Attempts::terminate_tree(Attempt& attempt) {
  if (attempt.leaf) {
    attempt.leaf->signal_all(SIGTERM);
    attempt.leaf->signal_all(SIGCONT);
  } else {
    ::kill(-attempt.pid, SIGTERM);
    ::kill(-attempt.pid, SIGCONT);  // One that is stopped would not see the signal before its death.
  }
}

void Attempts::kill_tree(Attempt& attempt) {
  attempt.killed = true;
  attempt.kill_at_us = kNever;
  if (attempt.leaf) attempt.leaf->kill_all();
  // The group exists as long as its first process is not reaped; afterwards orphans are killed one by one.
  if (!attempt.leaf && attempt.phase != Phase::kDraining) ::kill(-attempt.pid, SIGKILL);
  if (attempt.phase == Phase::kDraining) drain(attempt);
}

void Attempts::pump(std::uint64_t serial) {
  for (const auto& [key, attempt] : live_) {
    if (attempt->serial != serial) continue;
    const int fd = attempt->log.pipe_fd();
    switch (attempt->log.pump()) {
      case LogSpool::Pump::kMore:
      case LogSpool::Pump::kDrained:
        return;
      case LogSpool::Pump::kStuck:
        poller_.change(fd, serial, 0);
        attempt->log_stuck = true;
        return;
      case LogSpool::Pump::kEnded:
        return;
    }
  }
}

void Attempts::run_timers() {
  const std::int64_t now = boottime_us();
  std::vector<Attempt*> due;
  for (const auto& [key, attempt] : live_) {
    const bool late =
        now >= std::min({attempt->timeout_at_us, attempt->kill_at_us, attempt->check_at_us, attempt->give_up_at_us});
    if (late) due.push_back(attempt.get());
  }
  for (Attempt* const attempt : due) {
    if (attempt->phase == Phase::kDraining) {
      drain(*attempt);  // May end the attempt: nothing of it is touched afterwards.
      continue;
    }
    if (now >= attempt->timeout_at_us) {
      attempt->timeout_at_us = kNever;
      begin_stop(*attempt, StopCause::kTimeout, attempt->launch.grace_us);
    }
    if (now >= attempt->kill_at_us) kill_tree(*attempt);
    if (now >= attempt->check_at_us) check_running(*attempt, now);
  }
  for (const auto& [key, attempt] : live_) schedule(*attempt);
  if (now >= retry_stuck_at_us_) retry_stuck();
  poller_.alarm_by(retry_stuck_at_us_);
}

void Attempts::check_running(Attempt& attempt, std::int64_t now_us) {
  attempt.check_at_us = now_us + kSpoolCheckUs;
  if (attempt.log_stuck) {
    attempt.log_stuck = false;
    poller_.change(attempt.log.pipe_fd(), attempt.serial, EPOLLIN);
  }
  attempt.log.check(wall_us());
  if (attempt.renice_session) renice_session(attempt);
  if (attempt.launch.heartbeat_us > 0) check_heartbeat(attempt, now_us);
  // An unkillable process (waiting for a dead disk) may become killable: ask again.
  if (attempt.killed) kill_tree(attempt);
}

void Attempts::check_heartbeat(Attempt& attempt, std::int64_t now_us) {
  std::int64_t seen = attempt.log.size_bytes();
  struct stat info {};
  if (!attempt.launch.heartbeat_path.empty() && ::stat(attempt.launch.heartbeat_path.c_str(), &info) == 0) {
    // Any change of any of these will do; that two changes cancel out is no worry.
    seen = seen * 31 + info.st_size;
    seen = seen * 31 + info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec;
  }
  if (seen != attempt.beat_seen) {
    attempt.beat_seen = seen;
    attempt.beat_at_us = now_us;
  }
  const std::int64_t lost_at = attempt.beat_at_us + attempt.launch.heartbeat_us;
  if (now_us >= lost_at) {
    if (attempt.cause == StopCause::kNone) begin_stop(attempt, StopCause::kHeartbeat, attempt.launch.grace_us);
  } else {
    attempt.check_at_us = std::min(attempt.check_at_us, lost_at);
  }
}

void Attempts::renice_session(Attempt& attempt) const {
  // Those who are not root may do this ten times a second on the whole machine: try again later after EAGAIN. Short
  // attempts never come here, which is as it should be.
  const Fd file(::open(("/proc/" + std::to_string(attempt.pid) + "/autogroup").c_str(), O_WRONLY | O_CLOEXEC));
  const std::string value = std::to_string(own_nice_ + attempt.launch.nice);
  const bool done = file && ::write(file.get(), value.data(), value.size()) > 0;
  if (done || errno != EAGAIN) attempt.renice_session = false;
}

void Attempts::repeat_started(const wire::AttemptKey& key) const {
  const Attempt* const attempt = find(key);
  if (attempt == nullptr || attempt->phase == Phase::kGated) return;
  reports_.started({key, attempt->pid, attempt->started_wall_us});
}

std::vector<wire::Live> Attempts::inventory() const {
  std::vector<wire::Live> all;
  for (const auto& [key, attempt] : live_) {
    const auto stat = process_stat(attempt->pid);
    const std::int64_t ticks = stat ? stat->start_ticks : ticks_of(attempt->created_boot_us);
    all.push_back({key, attempt->pid, ticks, attempt->started_wall_us});
  }
  return all;
}

std::vector<Begun> Attempts::begun() const {
  std::vector<Begun> all;
  for (const auto& [key, attempt] : live_) {
    all.push_back({key, attempt->pid, ticks_of(attempt->created_boot_us), attempt->started_wall_us, ""});
  }
  return all;
}

}  // namespace baton::worker
