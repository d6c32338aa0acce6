// System calls without libc: they touch neither errno nor anything else that a child sharing its parent's memory would
// share too. For spawn.cpp alone.
#pragma once

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace baton::worker {

/// Arguments of clone3(2), as far as version 2 of the structure (Linux 5.7) has them.
struct CloneArguments {
  std::uint64_t flags = 0;
  std::uint64_t pidfd = 0;
  std::uint64_t child_tid = 0;
  std::uint64_t parent_tid = 0;
  std::uint64_t exit_signal = 0;
  std::uint64_t stack = 0;
  std::uint64_t stack_size = 0;
  std::uint64_t tls = 0;
  std::uint64_t set_tid = 0;
  std::uint64_t set_tid_size = 0;
  std::uint64_t cgroup = 0;
};

#if defined(__x86_64__)

inline long raw_syscall(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0) {
  long result = 0;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
               : "rcx", "r11", "memory");
  return result;
}

/// clone3 with a stack of its own for the child, which calls entry(argument) there and must not return.
inline long raw_clone3(CloneArguments* arguments, void (*entry)(void*), void* argument) {
  long result = 0;
  register void (*r12)(void*) asm("r12") = entry;
  register void* r13 asm("r13") = argument;
  asm volatile(
      "syscall\n"
      "test %%rax, %%rax\n"
      "jnz 1f\n"
      "xor %%ebp, %%ebp\n"
      "mov %%r13, %%rdi\n"
      "call *%%r12\n"
      "ud2\n"
      "1:\n"
      : "=a"(result)
      : "a"(long{SYS_clone3}), "D"(arguments), "S"(sizeof(CloneArguments)), "r"(r12), "r"(r13)
      : "rcx", "r11", "memory");
  return result;
}

#elif defined(__aarch64__)

inline long raw_syscall(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0) {
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register long x3 asm("x3") = d;
  register long x4 asm("x4") = e;
  asm volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return x0;
}

inline long raw_clone3(CloneArguments* arguments, void (*entry)(void*), void* argument) {
  register long x8 asm("x8") = SYS_clone3;
  register void* x0 asm("x0") = arguments;
  register long x1 asm("x1") = sizeof(CloneArguments);
  register void (*x20)(void*) asm("x20") = entry;
  register void* x21 asm("x21") = argument;
  asm volatile(
      "svc #0\n"
      "cbnz x0, 1f\n"
      "mov x29, #0\n"
      "mov x0, x21\n"
      "blr x20\n"
      "brk #0\n"
      "1:\n"
      : "+r"(x0)
      : "r"(x8), "r"(x1), "r"(x20), "r"(x21)
      : "memory");
  return reinterpret_cast<long>(x0);
}

#else
#error "baton-worker starts processes with system calls of its own: add raw_syscall and raw_clone3 for this machine"
#endif

}  // namespace baton::worker
