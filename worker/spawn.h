// Starting processes as cheaply as the kernel allows: a child that shares our memory until exec (clone with VM), on a
// small stack of its own. It makes system calls only. An ungated child suspends us until it has executed (VFORK), a
// gated one waits at a futex just before exec. Main thread only: the death signal follows the thread that started it.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace baton::worker {

/// Which step of a start failed, for the message.
enum class SpawnStep : std::uint32_t { kClone, kCgroup, kStdio, kFolder, kExec };

/// All that the child needs. Nothing is copied: what it points to must live until the child has executed or died.
struct SpawnPlan {
  const char* program = nullptr;
  char* const* argv = nullptr;
  char* const* env = nullptr;
  const char* cwd = nullptr;
  int stdin_fd = -1;
  int output_fd = -1;  ///< Becomes stdout and stderr.
  int cgroup_fd = -1;  ///< Folder of a cgroup to be created in, or -1.
  int nice = 0;        ///< Absolute; set if `set_nice`.
  bool set_nice = false;
  const rlimit* files = nullptr;  ///< The limit of open files that the program gets, or null for ours.
  bool new_session = true;  ///< Else a process group of its own in our session, which has no terminal.
};

/// How a start went. `pid` > 0: the child is there. `error` != 0 with a pid: it could not execute and has ended; reap
/// it.
struct SpawnResult {
  pid_t pid = -1;
  int error = 0;
  SpawnStep step = SpawnStep::kClone;
};

/// Shared with a gated child until it has executed or died; spawn() fills it, release() opens it.
class Gate {
 public:
  Gate();
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  /// Lets the child go on to exec.
  void open();
  /// The child is done with this memory: it has executed, or died.
  [[nodiscard]] bool finished() const { return tid_.load(std::memory_order_acquire) == 0; }
  /// Why it did not execute (0: it did, or was killed); valid once finished().
  [[nodiscard]] int error() const { return error_.load(std::memory_order_acquire); }
  [[nodiscard]] SpawnStep step() const { return static_cast<SpawnStep>(step_.load(std::memory_order_acquire)); }

 private:
  friend class Spawner;
  struct Child;
  std::atomic<std::uint32_t> open_{0};
  std::atomic<std::int32_t> tid_{0};  // Set and cleared by the kernel (CHILD_CLEARTID).
  std::atomic<int> error_{0};
  std::atomic<std::uint32_t> step_{0};
  std::unique_ptr<Child> child_;
};

class Spawner {
 public:
  Spawner();
  ~Spawner();
  Spawner(const Spawner&) = delete;
  Spawner& operator=(const Spawner&) = delete;

  /// Starts the program and returns when it has been executed, or could not be.
  [[nodiscard]] SpawnResult spawn(const SpawnPlan& plan);
  /// Prepares everything up to exec and returns at once. `plan` and `gate` must live until gate.finished().
  [[nodiscard]] SpawnResult spawn_gated(const SpawnPlan& plan, Gate& gate);
  /// Creates a process in this cgroup that does nothing. 0, or why that cannot be done here (an errno).
  [[nodiscard]] int try_cgroup(int cgroup_fd);

 private:
  struct Stack;
  std::unique_ptr<Stack> stack_;
};

}  // namespace baton::worker
