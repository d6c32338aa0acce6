#include "scheduler/delivery/program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>

namespace baton::delivery {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kProgramTime{15};

std::vector<char*> words_as_pointers(const std::vector<std::string>& words) {
  std::vector<char*> out;
  for (const std::string& word : words) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> environment_with(const std::vector<std::string>& more) {
  std::vector<std::string> out = more;
  for (const char* name : {"PATH", "HOME", "LANG"}) {
    if (const char* value = std::getenv(name)) out.push_back(std::string(name) + "=" + value);
  }
  return out;
}

int left_ms(Clock::time_point until) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
  return left > 0 ? static_cast<int>(left) : 0;
}

/// Nothing more is written once it does not read any more; whether that is a failure, its end says. A socket, not a
/// pipe: what nobody reads is an error here, and no signal.
void write_all(int fd, const std::string& input, Clock::time_point until) {
  std::size_t at = 0;
  while (at < input.size() && left_ms(until) > 0) {
    const ssize_t n = send(fd, input.data() + at, input.size() - at, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) at += static_cast<std::size_t>(n);
    if (n >= 0) continue;
    if (errno != EAGAIN && errno != EINTR) return;
    pollfd wait{fd, POLLOUT, 0};
    poll(&wait, 1, left_ms(until));
  }
}

Status ended(int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return Unit{};
  const std::string how = WIFEXITED(status) ? "exit code " + std::to_string(WEXITSTATUS(status))
                                            : "killed by signal " + std::to_string(WTERMSIG(status));
  return Error{"the command failed: " + how, ErrorKind::unavailable};
}

constexpr int kLookMs = 200;

Status await_end(pid_t pid, Clock::time_point until, const std::atomic<bool>& ends) {
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  pollfd wait{pidfd, POLLIN, 0};
  bool has_ended = false;
  while (pidfd >= 0 && !has_ended && !ends && left_ms(until) > 0) {
    has_ended = poll(&wait, 1, std::min(kLookMs, left_ms(until))) > 0;
  }
  const bool is_late = !has_ended;
  if (is_late) kill(-pid, SIGKILL);  // its own group
  if (pidfd >= 0) close(pidfd);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno == EINTR) continue;
    return Error{"nobody knows how the command ended", ErrorKind::unavailable};  // told again
  }
  if (is_late) return Error{"the command took longer than 15 s", ErrorKind::unavailable};
  return ended(status);
}

}  // namespace

Status run_program(const std::vector<std::string>& words, const std::string& input,
                   const std::vector<std::string>& more, const std::atomic<bool>& ends) {
  int socket_ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socket_ends) != 0) {
    return Error{std::string("no socket for the command: ") + std::strerror(errno), ErrorKind::unavailable};
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, socket_ends[1], STDIN_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  const std::vector<std::string> environment = environment_with(more);
  const Clock::time_point until = Clock::now() + kProgramTime;
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, words[0].c_str(), &actions, &attributes, words_as_pointers(words).data(),
                                 words_as_pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  close(socket_ends[1]);
  if (error == 0) write_all(socket_ends[0], input, until);
  close(socket_ends[0]);
  if (error != 0) {
    return Error{"cannot start " + words[0] + ": " + std::strerror(error), ErrorKind::unavailable};
  }
  return await_end(pid, until, ends);
}

}  // namespace baton::delivery
