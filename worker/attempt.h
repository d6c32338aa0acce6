// Attempt: one running task as the worker sees it: its main process, the tree around that, its log and its deadlines.
// Plain state; attempts.cpp changes it. Main thread.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "worker/cgroup.h"
#include "worker/log_spool.h"
#include "worker/poller.h"
#include "worker/protocol/messages.h"
#include "worker/report.h"
#include "worker/spawn.h"

namespace baton::worker {

enum class Phase : std::uint8_t {
  kGated,  ///< Prepared, held just before exec.
  kRunning,
  kDraining,  ///< The main process has ended; others of its tree have not.
};

/// Why the worker stops an attempt; the first cause stays.
enum class StopCause : std::uint8_t { kNone, kAsked, kTimeout, kHeartbeat };

struct Attempt {
  /// Without argv, env, script and stdin once the program has been executed; masks are held against the output too.
  wire::Launch launch;
  std::uint64_t serial = 0;
  Phase phase = Phase::kRunning;
  StopCause cause = StopCause::kNone;

  pid_t pid = 0;
  std::int64_t created_boot_us = 0;  ///< Just before the process was made.
  std::int64_t started_boot_us = 0;  ///< Of exec, as near as we know it.
  std::int64_t started_wall_us = 0;
  std::unique_ptr<Gate> gate;
  SpawnPlan plan;
  std::string program;
  std::vector<char*> argv;
  std::vector<char*> env;
  Fd stdin_file;
  std::string script_path;

  std::unique_ptr<CgroupLeaf> leaf;
  std::int64_t leaf_oom_kills = 0;  ///< Of the leaf, before this attempt.
  LogSpool log;
  ReportFolder report;
  bool log_stuck = false;  ///< The pipe is not watched: the log took nothing.
  bool limits_not_enforced = false;

  // Deadlines on CLOCK_BOOTTIME.
  std::int64_t timeout_at_us = kNever;
  std::int64_t kill_at_us = kNever;     ///< Grace ends: SIGKILL. Set once SIGTERM has been sent.
  std::int64_t check_at_us = kNever;    ///< Running: log and heartbeat. Draining: is the tree gone?
  std::int64_t give_up_at_us = kNever;  ///< Draining: report a tree that cannot be killed.
  bool killed = false;
  bool renice_session = false;  ///< The scheduler groups by session here; its nice is still to be set.

  // Signs of life: what was seen last, and when it last differed.
  std::int64_t beat_at_us = 0;
  std::int64_t beat_seen = 0;

  // Of the main process, once it has ended.
  int wait_status = 0;
  rusage usage{};
  std::int64_t ended_boot_us = 0;
  std::int64_t ended_wall_us = 0;

  [[nodiscard]] bool in_grace(std::int64_t now_us) const {
    return cause != StopCause::kNone && !killed && kill_at_us > now_us;
  }
};

}  // namespace baton::worker
