#include "worker/recovery.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "worker/cgroup.h"
#include "worker/proc.h"

namespace baton::worker {
namespace {

constexpr std::int64_t kSweepUs = 10'000'000;
constexpr int kWaitMs = 1000;

/// The main process of an attempt still lives: same number, same start.
bool main_lives(const Begun& begun) {
  const auto stat = process_stat(begun.pid);
  if (!stat || stat->state == 'Z' || stat->state == 'X') return false;
  return stat->start_ticks >= begun.start_ticks && stat->start_ticks <= begun.start_ticks + 1;
}

/// SIGKILL to each, then waits until they are gone or kWaitMs have passed.
void kill_and_wait(const std::vector<pid_t>& pids) {
  std::vector<Fd> handles;
  std::vector<pollfd> waits;
  for (const pid_t pid : pids) {
    Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    ::kill(pid, SIGKILL);
    if (!handle) continue;
    waits.push_back({handle.get(), POLLIN, 0});
    handles.push_back(std::move(handle));
  }
  const std::int64_t until = boottime_us() + kWaitMs * 1000;
  while (!waits.empty() && boottime_us() < until) {
    if (::poll(waits.data(), waits.size(), kWaitMs) < 0 && errno != EINTR) return;
    std::erase_if(waits, [](const pollfd& wait) { return wait.revents != 0; });
  }
}

/// Kills every process of the dead worker that can be found. False if some could not be killed in time.
bool sweep(const JournalContent& old, const std::string& worker_id) {
  const std::int64_t until = boottime_us() + kSweepUs;
  // Twice, since a process has no environment to be read just while it executes another program.
  for (int clean_looks = 0; clean_looks < 2;) {
    if (!old.worker.cgroup.empty()) destroy_cgroup(old.worker.cgroup);
    std::vector<pid_t> pids = processes_of_worker(worker_id);
    for (const Begun& begun : old.live) {
      if (main_lives(begun)) pids.push_back(begun.pid);
    }
    clean_looks = pids.empty() ? clean_looks + 1 : 0;
    if (boottime_us() > until) return false;
    kill_and_wait(pids);
  }
  return true;
}

}  // namespace

JournalContent recover(JournalContent old, const std::string& worker_id, const std::string& boot) {
  const bool rebooted = old.worker.boot_id != boot;
  bool clean = true;
  if (!rebooted && (!old.closed || !old.live.empty())) clean = sweep(old, worker_id);
  for (Begun& begun : old.live) {
    Reported reported;
    reported.ended.key = begun.key;
    reported.ended.outcome = wire::Outcome::kLost;
    reported.ended.started_at_us = begun.started_at_us;
    reported.ended.ended_at_us = wall_us();
    reported.ended.message = rebooted ? "the machine was restarted" : "the worker ended under it";
    if (!clean && main_lives(begun)) reported.ended.flags |= wire::kTreeNotEmpty;
    old.ended.push_back(std::move(reported));
  }
  old.live.clear();
  return old;
}

}  // namespace baton::worker
