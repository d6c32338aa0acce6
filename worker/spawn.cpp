#include "worker/spawn.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <new>

#include "worker/raw_syscall.h"

// The child runs on a stack that sanitizers know nothing of, in memory that it shares with its parent.
#define BATON_CHILD_CODE __attribute__((no_sanitize("address", "undefined", "thread"), no_stack_protector))

namespace baton::worker {

/// What the child reads and where it says what went wrong. (Not in the unnamed namespace: Gate::Child has one.)
struct ChildContext {
  const SpawnPlan* plan = nullptr;
  pid_t parent = 0;
  std::atomic<std::uint32_t>* gate = nullptr;  // Null: do not wait.
  std::atomic<int>* error = nullptr;
  std::atomic<std::uint32_t>* step = nullptr;
};

namespace {

constexpr std::uint64_t kStackBytes = 64U << 10;
constexpr std::uint64_t kCloneIntoCgroup = 0x200000000ULL;
constexpr long kCloseRangeCloexec = 4;
constexpr long kSignalSetBytes = 8;
constexpr int kExitNotExecuted = 127;

BATON_CHILD_CODE void fail(const ChildContext& context, SpawnStep step, long result) {
  context.step->store(static_cast<std::uint32_t>(step), std::memory_order_relaxed);
  context.error->store(static_cast<int>(-result), std::memory_order_release);
  while (true) raw_syscall(SYS_exit_group, kExitNotExecuted);
}

BATON_CHILD_CODE void wait_for_gate(std::atomic<std::uint32_t>& gate) {
  while (gate.load(std::memory_order_acquire) == 0) {
    raw_syscall(SYS_futex, reinterpret_cast<long>(&gate), FUTEX_WAIT, 0, 0);
  }
}

BATON_CHILD_CODE void child_main(void* argument) {
  const ChildContext& context = *static_cast<const ChildContext*>(argument);
  const SpawnPlan& plan = *context.plan;
  if (plan.new_session) {
    raw_syscall(SYS_setsid);
  } else {
    raw_syscall(SYS_setpgid, 0, 0);
  }
  raw_syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have died before the line above: then nobody is left who would send the signal.
  if (raw_syscall(SYS_getppid) != context.parent) raw_syscall(SYS_exit_group, kExitNotExecuted);
  if (const long r = raw_syscall(SYS_dup3, plan.stdin_fd, 0, 0); r < 0) fail(context, SpawnStep::kStdio, r);
  if (const long r = raw_syscall(SYS_dup3, plan.output_fd, 1, 0); r < 0) fail(context, SpawnStep::kStdio, r);
  if (const long r = raw_syscall(SYS_dup3, plan.output_fd, 2, 0); r < 0) fail(context, SpawnStep::kStdio, r);
  raw_syscall(SYS_close_range, 3, ~0U, kCloseRangeCloexec);
  if (const long r = raw_syscall(SYS_chdir, reinterpret_cast<long>(plan.cwd)); r < 0) {
    fail(context, SpawnStep::kFolder, r);
  }
  if (plan.set_nice) raw_syscall(SYS_setpriority, PRIO_PROCESS, 0, plan.nice);
  const rlimit no_core{0, 0};
  raw_syscall(SYS_prlimit64, 0, RLIMIT_CORE, reinterpret_cast<long>(&no_core), 0);
  if (plan.files != nullptr) raw_syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, reinterpret_cast<long>(plan.files), 0);
  if (context.gate != nullptr) wait_for_gate(*context.gate);
  const std::uint64_t no_signals = 0;
  raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<long>(&no_signals), 0, kSignalSetBytes);
  const long r = raw_syscall(SYS_execve, reinterpret_cast<long>(plan.program), reinterpret_cast<long>(plan.argv),
                             reinterpret_cast<long>(plan.env));
  fail(context, SpawnStep::kExec, r);
}

BATON_CHILD_CODE void do_nothing(void* /*argument*/) {
  while (true) raw_syscall(SYS_exit_group, 0);
}

int child_main_for_clone(void* argument) {
  child_main(argument);
  return kExitNotExecuted;
}

/// clone3, or where a sandbox forbids it, clone. The pid, or a negative errno.
long clone_child(std::uint64_t flags, char* stack, int cgroup_fd, std::atomic<std::int32_t>* tid,
                 ChildContext& context) {
  CloneArguments arguments;
  arguments.flags = flags;
  arguments.exit_signal = SIGCHLD;
  arguments.stack = reinterpret_cast<std::uint64_t>(stack);
  arguments.stack_size = kStackBytes;
  if (tid != nullptr) {
    arguments.flags |= CLONE_CHILD_CLEARTID;
    arguments.child_tid = reinterpret_cast<std::uint64_t>(tid);
  }
  if (cgroup_fd >= 0) {
    arguments.flags |= kCloneIntoCgroup;
    arguments.cgroup = static_cast<std::uint64_t>(cgroup_fd);
  }
  const long result = raw_clone3(&arguments, &child_main, &context);
  if ((result != -ENOSYS && result != -EPERM) || cgroup_fd >= 0) return result;
  const int pid = ::clone(&child_main_for_clone, stack + kStackBytes, static_cast<int>(arguments.flags) | SIGCHLD,
                          &context, nullptr, nullptr, tid);
  return pid < 0 ? -errno : pid;
}

}  // namespace

struct Spawner::Stack {
  alignas(64) char bytes[kStackBytes];
};

struct Gate::Child {
  ChildContext context;
  alignas(64) char stack[kStackBytes];
};

Gate::Gate() : child_(new Child) {}
Gate::~Gate() = default;

void Gate::open() {
  open_.store(1, std::memory_order_release);
  raw_syscall(SYS_futex, reinterpret_cast<long>(&open_), FUTEX_WAKE, 1);
}

Spawner::Spawner() : stack_(new Stack) {}
Spawner::~Spawner() = default;

SpawnResult Spawner::spawn(const SpawnPlan& plan) {
  std::atomic<int> error{0};
  std::atomic<std::uint32_t> step{0};
  ChildContext context{&plan, ::getpid(), nullptr, &error, &step};
  const long pid = clone_child(CLONE_VM | CLONE_VFORK, stack_->bytes, plan.cgroup_fd, nullptr, context);
  if (pid < 0) return {-1, static_cast<int>(-pid), SpawnStep::kClone};
  return {static_cast<pid_t>(pid), error.load(std::memory_order_acquire),
          static_cast<SpawnStep>(step.load(std::memory_order_relaxed))};
}

SpawnResult Spawner::spawn_gated(const SpawnPlan& plan, Gate& gate) {
  gate.child_->context = {&plan, ::getpid(), &gate.open_, &gate.error_, &gate.step_};
  gate.tid_.store(1, std::memory_order_release);
  const long pid = clone_child(CLONE_VM, gate.child_->stack, plan.cgroup_fd, &gate.tid_, gate.child_->context);
  if (pid < 0) {
    gate.tid_.store(0, std::memory_order_release);
    return {-1, static_cast<int>(-pid), SpawnStep::kClone};
  }
  return {static_cast<pid_t>(pid), 0, SpawnStep::kClone};
}

int Spawner::try_cgroup(int cgroup_fd) {
  CloneArguments arguments;
  arguments.flags = CLONE_VM | CLONE_VFORK | kCloneIntoCgroup;
  arguments.exit_signal = SIGCHLD;
  arguments.stack = reinterpret_cast<std::uint64_t>(stack_->bytes);
  arguments.stack_size = kStackBytes;
  arguments.cgroup = static_cast<std::uint64_t>(cgroup_fd);
  const long pid = raw_clone3(&arguments, &do_nothing, nullptr);
  if (pid < 0) return static_cast<int>(-pid);
  int status = 0;
  ::waitpid(static_cast<pid_t>(pid), &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : EINTR;
}

}  // namespace baton::worker
