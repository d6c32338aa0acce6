// What /proc says about processes: parents, children, start times, and to which attempt a process belongs. Read only.
// Main thread of the worker.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "worker/posix.h"
#include "worker/protocol/messages.h"

namespace baton::worker {

inline constexpr const char* kAttemptVariable = "BATON_ATTEMPT";
inline constexpr const char* kWorkerVariable = "BATON_WORKER";

/// "run_no.task_no.map_index.epoch", the value of BATON_ATTEMPT.
[[nodiscard]] std::string attempt_text(const wire::AttemptKey& key);
[[nodiscard]] std::optional<wire::AttemptKey> parse_attempt(std::string_view text);

/// From /proc/PID/stat.
struct ProcessStat {
  char state = '?';
  pid_t parent = 0;
  pid_t session = 0;
  std::int64_t start_ticks = 0;
};
[[nodiscard]] std::optional<ProcessStat> process_stat(pid_t pid);

/// The marks that the worker puts into the environment of what it starts, as the process was executed with them.
struct ProcessMarks {
  std::string worker;
  std::optional<wire::AttemptKey> attempt;
};
[[nodiscard]] ProcessMarks process_marks(pid_t pid);

/// Every process whose environment names this worker, but the caller. Reads all of /proc: not for the hot path.
[[nodiscard]] std::vector<pid_t> processes_of_worker(const std::string& worker_id);

/// The calling thread's children, zombies included, cheaply from the kernel's own list where there is one.
class ChildrenFile {
 public:
  ChildrenFile();
  /// There is a list; otherwise children() reads all of /proc.
  [[nodiscard]] bool listed() const { return static_cast<bool>(file_); }
  void children(std::vector<pid_t>& pids) const;

 private:
  Fd file_;
};

[[nodiscard]] std::string boot_id();

/// Clock ticks since boot for a time of CLOCK_BOOTTIME, as in /proc/PID/stat.
[[nodiscard]] std::int64_t ticks_of(std::int64_t boottime_us);

}  // namespace baton::worker
