// Attempts, first part: from a Launch to a running process.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <utility>

#include "worker/attempts.h"
#include "worker/program.h"

namespace baton::worker {

void Attempts::launch(wire::Launch launch) {
  auto made = std::make_unique<Attempt>();
  Attempt& attempt = *made;
  attempt.launch = std::move(launch);
  attempt.serial = next_serial_++;
  std::string problem;
  if (is_fenced(attempt.launch.key, problem) || !prepare(attempt, problem)) {
    return report_not_started(attempt, std::move(problem));
  }
  const SpawnResult result = start_process(attempt);
  if (result.error != 0) {
    if (result.pid > 0) ::waitpid(result.pid, nullptr, 0);
    return report_not_started(attempt, spawn_failure_text(result.step, result.error, attempt.launch));
  }
  attempt.pid = result.pid;
  attempt.log.close_output();
  attempt.stdin_file.reset();
  if (attempt.log.pipe_fd() >= 0) poller_.watch(attempt.log.pipe_fd(), attempt.serial);
  by_pid_.emplace(attempt.pid, &attempt);
  live_.emplace(attempt.launch.key, std::move(made));
  const bool gated = attempt.launch.gated;
  if (gated) attempt.phase = Phase::kGated;
  const std::int64_t wall = wall_us();
  reports_.begun({attempt.launch.key, attempt.pid, ticks_of(attempt.created_boot_us), gated ? 0 : wall, ""});
  if (!gated) mark_running(attempt);
}

bool Attempts::is_fenced(const wire::AttemptKey& key, std::string& problem) const {
  if (live_.size() >= kLiveMax) {
    problem = "this worker runs " + std::to_string(kLiveMax) + " attempts already, and takes no more";
    return true;
  }
  // The last guard of "at most one live process tree per task instance" (docs/INVARIANTS.md, S6).
  for (const auto& [other, attempt] : live_) {
    if (other.run_no == key.run_no && other.task_no == key.task_no && other.map_index == key.map_index) {
      problem = "attempt " + attempt_text(other) + " of the same task instance still lives here";
      return true;
    }
  }
  return false;
}

bool Attempts::prepare(Attempt& attempt, std::string& problem) {
  wire::Launch& launch = attempt.launch;
  if (launch.argv.empty()) {
    problem = "there is no program to run";
    return false;
  }
  const std::string_view name(launch.argv.bytes().c_str());
  attempt.program = programs_.find(name, launch.env);
  if (attempt.program.empty()) {
    problem = "program \"" + std::string(name) + "\" not found in PATH";
    return false;
  }
  if (!open_files(attempt, problem) || !open_stdin(attempt, problem) || !write_script(attempt, problem)) return false;
  if (!write_state(launch, problem)) return false;
  launch.env.add(std::string(kAttemptVariable) + '=' + attempt_text(launch.key));
  launch.env.add(std::string(kWorkerVariable) + '=' + worker_id_);
  if (!attempt.report.path.empty()) launch.env.add(std::string(kReportVariable) + '=' + attempt.report.path);
  attempt.argv = launch.argv.pointers();
  attempt.env = launch.env.pointers();
  if (launch.cwd.empty()) launch.cwd = "/";
  attempt.plan = {attempt.program.c_str(),
                  attempt.argv.data(),
                  attempt.env.data(),
                  launch.cwd.c_str(),
                  attempt.stdin_file ? attempt.stdin_file.get() : null_file_.get(),
                  attempt.log.output_fd(),
                  -1,
                  own_nice_ + launch.nice,
                  launch.nice != 0,
                  files_.own.rlim_cur != files_.of_tasks.rlim_cur ? &files_.of_tasks : nullptr};
  take_leaf(attempt);
  return true;
}

bool Attempts::open_files(Attempt& attempt, std::string& problem) {
  const wire::Launch& launch = attempt.launch;
  const std::string& log_path = launch.log_path.empty() ? std::string("/dev/null") : launch.log_path;
  if (!attempt.log.open(log_path, launch.log_path.empty() ? 0 : launch.log_limit_bytes, launch.masks.views())) {
    problem = "log \"" + log_path + "\": " + error_text(errno);
    return false;
  }
  if (!report_folders_.take(launch.log_path, attempt.report)) {
    problem = "report folder of \"" + log_path + "\": " + error_text(errno);
    return false;
  }
  for (const std::string* path : {&launch.output_path, &launch.heartbeat_path}) {
    const std::size_t slash = path->rfind('/');
    if (slash == std::string::npos || slash == 0) continue;
    const std::string_view folder = std::string_view(*path).substr(0, slash);
    if (folder == usable_folder_) continue;  // Most attempts use the folder of the one before.
    if (::access(std::string(folder).c_str(), W_OK | X_OK) == 0) {
      usable_folder_ = folder;
      continue;
    }
    if (errno == ENOENT && make_parent_folders(*path)) continue;
    problem = "folder \"" + std::string(folder) + "\": " + error_text(errno);
    return false;
  }
  return true;
}

bool Attempts::open_stdin(Attempt& attempt, std::string& problem) {
  const wire::Launch& launch = attempt.launch;
  switch (launch.stdin_kind) {
    case wire::StdinKind::kNull:
      return true;
    case wire::StdinKind::kBytes:
      attempt.stdin_file.reset(::memfd_create("stdin", MFD_CLOEXEC));
      if (attempt.stdin_file && write_all(attempt.stdin_file.get(), launch.stdin_value) &&
          ::lseek(attempt.stdin_file.get(), 0, SEEK_SET) == 0) {
        return true;
      }
      problem = "standard input: " + error_text(errno);
      return false;
    case wire::StdinKind::kPath:
      // Not to wait for the other end of a FIFO; reading from it waits all the same.
      attempt.stdin_file = open_file(launch.stdin_value, O_RDONLY | O_NONBLOCK | O_NOCTTY);
      if (attempt.stdin_file && ::fcntl(attempt.stdin_file.get(), F_SETFL, 0) == 0) return true;
      problem = "standard input \"" + launch.stdin_value + "\": " + error_text(errno);
      return false;
  }
  return false;
}

/// What it has left in an earlier run; nobody else may read it.
bool Attempts::write_state(const wire::Launch& launch, std::string& problem) {
  if (launch.state_path.empty()) return true;
  ::unlink(launch.state_path.c_str());
  const Fd file = open_file(launch.state_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (file && write_all(file.get(), launch.state)) return true;
  problem = "state \"" + launch.state_path + "\": " + error_text(errno);
  return false;
}

bool Attempts::write_script(Attempt& attempt, std::string& problem) {
  wire::Launch& launch = attempt.launch;
  if (launch.script.empty()) return true;
  const std::string path = state_folder_ + "/scripts/" + attempt_text(launch.key);
  ::unlink(path.c_str());
  const Fd file = open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0700);
  if (!file || !write_all(file.get(), launch.script)) {
    problem = "script file \"" + path + "\": " + error_text(errno);
    ::unlink(path.c_str());
    return false;
  }
  attempt.script_path = path;
  launch.argv.add(path);
  return true;
}

void Attempts::take_leaf(Attempt& attempt) {
  const wire::Limits& limits = attempt.launch.limits;
  const bool limited = limits.memory_bytes > 0 || limits.cpus_milli > 0 || limits.pids > 0;
  attempt.leaf = cgroups_.acquire();
  attempt.limits_not_enforced = limited;
  if (!attempt.leaf) return;
  attempt.plan.cgroup_fd = attempt.leaf->dir_fd();
  attempt.plan.new_session = false;  // The leaf holds the tree; a session costs a scheduling group (sched_autogroup).
  attempt.limits_not_enforced = !attempt.leaf->set_limits(limits);
  if (limits.memory_bytes > 0) attempt.leaf_oom_kills = attempt.leaf->oom_kills();
}

SpawnResult Attempts::start_process(Attempt& attempt) {
  const auto once = [&] {
    attempt.created_boot_us = boottime_us();
    if (!attempt.launch.gated) return spawner_.spawn(attempt.plan);
    attempt.gate = std::make_unique<Gate>();
    return spawner_.spawn_gated(attempt.plan, *attempt.gate);
  };
  SpawnResult result = once();
  const bool in_leaf = attempt.plan.cgroup_fd >= 0;
  if (result.pid > 0 || !in_leaf || result.error == EAGAIN || result.error == ENOMEM) return result;
  const int error = result.error;
  attempt.plan.cgroup_fd = -1;
  attempt.plan.new_session = true;
  result = once();
  if (result.pid <= 0) return result;
  attempt.leaf.reset();
  const wire::Limits none;
  attempt.limits_not_enforced = !(attempt.launch.limits == none);
  cgroups_.disable("a process cannot be created in one (" + error_text(error) + ")");
  return result;
}

void Attempts::mark_running(Attempt& attempt) {
  wire::Launch& launch = attempt.launch;
  attempt.phase = Phase::kRunning;
  // From before the fork: on a busy machine the worker may go on only when a short task has ended.
  const std::int64_t now_us = boottime_us();
  attempt.started_boot_us = attempt.gate ? now_us : attempt.created_boot_us;
  attempt.started_wall_us = wall_us() - (now_us - attempt.started_boot_us);
  attempt.beat_at_us = attempt.started_boot_us;
  if (launch.timeout_us > 0) attempt.timeout_at_us = attempt.started_boot_us + launch.timeout_us;
  attempt.check_at_us = attempt.started_boot_us + kSpoolCheckUs;
  attempt.renice_session = sessions_are_scheduled_ && attempt.plan.new_session && launch.nice != 0;
  if (!attempt.gate) {
    launch.argv = {};
    launch.env = {};
    attempt.argv = {};
    attempt.env = {};
  }
  launch.script = {};
  launch.stdin_value = {};
  schedule(attempt);
  reports_.started({launch.key, attempt.pid, attempt.started_wall_us});
}

void Attempts::report_not_started(Attempt& attempt, std::string message) {
  cgroups_.release(std::move(attempt.leaf));
  if (!attempt.script_path.empty()) ::unlink(attempt.script_path.c_str());
  (void)report_folders_.publish(attempt.report, {});  // nothing has been started: it is empty
  Reported reported;
  reported.ended.key = attempt.launch.key;
  reported.ended.outcome = wire::Outcome::kSpawnFailed;
  reported.ended.ended_at_us = wall_us();
  reported.ended.message = std::move(message);
  reports_.ended(std::move(reported));
}

}  // namespace baton::worker
