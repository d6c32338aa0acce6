#include "scheduler/executor/local/worker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string_view>
#include <utility>

extern char** environ;

namespace baton {

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

constexpr DurationUs kSweepPauseUs = 5 * kMillisecond;
constexpr int kSweepRounds = 2000;

/// What the worker has for an environment, which each of its tasks can read in /proc: what programs need to find
/// themselves and to speak, never what a person has given to this process alone (BATON_SECRET_*, tokens).
std::vector<std::string> clean_environment() {
  constexpr std::string_view kNames[] = {"PATH",        "HOME",         "USER",         "LANG",         "TZ", "TMPDIR",
                                         "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"};
  std::vector<std::string> kept;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('='));
    const bool is_known = std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
    if (is_known || name.starts_with("LC_")) kept.emplace_back(text);
  }
  return kept;
}

/// The words as C pointers into them, ended by a null pointer.
std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  result.reserve(words.size() + 1);
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

std::string text_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<pid_t> children_of(pid_t pid) {
  std::istringstream children(text_of_file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children"));
  std::vector<pid_t> pids;
  for (pid_t child = 0; children >> child;) pids.push_back(child);
  return pids;
}

struct ChildState {
  char state = '?';
  pid_t session = 0;
};

/// Fields 3 and 6 of /proc/PID/stat; the name before them may hold anything.
ChildState child_state(pid_t pid) {
  const std::string stat = text_of_file("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t paren = stat.rfind(')');
  ChildState found;
  if (paren == std::string::npos) return found;
  std::istringstream fields(stat.substr(paren + 1));
  pid_t parent = 0, group = 0;
  fields >> found.state >> parent >> group >> found.session;
  return found;
}

bool carries_mark(pid_t pid, const std::string& worker_id) {
  const std::string block = std::string(1, '\0') + text_of_file("/proc/" + std::to_string(pid) + "/environ");
  const std::string mark = std::string(1, '\0') + "BATON_WORKER=" + worker_id + '\0';
  return !worker_id.empty() && block.find(mark) != std::string::npos;
}

/// Kills what the dead worker's tasks left to us, and reaps what has died. False once nothing of it lives. Children that
/// are not its own (this process may have been executed by a shell that had some) are left alone.
bool sweep_once(pid_t worker, const std::string& worker_id) {
  bool any = false;
  for (const pid_t child : children_of(getpid())) {
    const ChildState is = child_state(child);
    if (is.state == 'Z') {
      waitpid(child, nullptr, WNOHANG);
      continue;
    }
    if (child == worker || (is.session != worker && !carries_mark(child, worker_id))) continue;
    kill(child, SIGKILL);
    any = true;
  }
  return any;
}

void sweep(AsioLoop& loop, pid_t worker, const std::string& worker_id, int rounds, std::function<void()> done) {
  if (!sweep_once(worker, worker_id) || rounds == 0) return done();
  loop.call_at(loop.mono_now() + kSweepPauseUs, [&loop, worker, worker_id, rounds, done = std::move(done)]() mutable {
    sweep(loop, worker, worker_id, rounds - 1, std::move(done));
  });
}

int open_pidfd(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

/// Somebody holds the lock of the folder.
bool is_held(const std::string& folder) {
  const int lock = open((folder + "/lock").c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (lock < 0) return false;
  const bool held = flock(lock, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  close(lock);
  return held;
}

/// Of all folders that workers have or had, in their order.
std::vector<int> worker_numbers(const std::string& state_folder) {
  std::vector<int> numbers;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(state_folder + "/workers", error)) {
    const std::string name = entry.path().filename().string();
    if (name.empty() || name.size() > 6 || name.find_first_not_of("0123456789") != std::string::npos) continue;
    numbers.push_back(std::stoi(name));
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Error cannot(const std::string& what) {
  return Error{"cannot " + what + ": " + std::strerror(errno), ErrorKind::storage};
}

}  // namespace

std::string worker_folder(const std::string& state_folder, int no) {
  return state_folder + "/workers/" + std::to_string(no);
}

std::vector<ListeningWorker> listening_workers(const std::string& state_folder) {
  std::vector<ListeningWorker> found;
  std::error_code error;
  for (const int no : worker_numbers(state_folder)) {
    const std::string folder = worker_folder(state_folder, no);
    if (!fs::exists(folder + "/sock", error) || !is_held(folder)) continue;
    const pid_t pid = std::atoi(text_of_file(folder + "/lock").c_str());
    found.push_back({no, pid, pid > 0 && !children_of(pid).empty()});
  }
  return found;
}

std::optional<int> abandoned_folder(const std::string& state_folder) {
  for (const int no : worker_numbers(state_folder)) {
    const std::string folder = worker_folder(state_folder, no);
    std::error_code error;
    const auto journal_bytes = fs::file_size(folder + "/journal", error);
    if (!error && journal_bytes > 0 && !is_held(folder)) return no;
  }
  return std::nullopt;
}

Result<WorkerConnection> start_worker(const WorkerStart& start) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return cannot("make a socket for the worker");
  constexpr int kWorkerFd = 3;
  // dup2 onto itself keeps CLOEXEC (POSIX); the descriptor is moved away first when it happens to be 3.
  if (ends[1] == kWorkerFd) {
    const int moved = fcntl(ends[1], F_DUPFD_CLOEXEC, kWorkerFd + 1);
    close(ends[1]);
    ends[1] = moved;
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], kWorkerFd);
  if (start.listens) {  // it outlives us: whoever reads what we say must see our end, and not wait for its
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  }
  std::vector<std::string> words = {start.program,      "--fd",     std::to_string(kWorkerFd), "--state",
                                    start.state_folder, "--worker", std::to_string(start.no)};
  if (start.listens) words.emplace_back("--listen");
  std::vector<std::string> environment = clean_environment();
  WorkerConnection made;
  const int error = posix_spawn(&made.pid, start.program.c_str(), &actions, nullptr, pointers(words).data(),
                                pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  made.socket = ends[0];
  if (error == 0) return made;
  close(ends[0]);
  return Error{"cannot start the worker " + start.program + ": " + std::strerror(error), ErrorKind::storage};
}

Result<WorkerConnection> connect_worker(const std::string& state_folder, int no) {
  const int folder = open(worker_folder(state_folder, no).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return cannot("open the worker's folder");
  // sockaddr_un ends at 108 bytes; a folder by its descriptor has always a short name.
  const std::string through = "/proc/self/fd/" + std::to_string(folder) + "/sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, through.c_str(), through.size());
  WorkerConnection made;
  made.socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const bool connected = connect(made.socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ucred who{};
  socklen_t size = sizeof(who);
  const bool known = connected && getsockopt(made.socket, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0;
  const Error error = cannot("connect to worker " + std::to_string(no));
  close(folder);
  if (known) {
    made.pid = who.pid;
    return made;
  }
  close(made.socket);
  return error;
}

void end_worker(AsioLoop& loop, pid_t pid, const std::string& worker_id, std::function<void()> dead) {
  const int pidfd = pid > 0 ? open_pidfd(pid) : -1;
  auto then_sweep = [&loop, pid, worker_id, dead = std::move(dead)]() mutable {
    if (pid > 0) waitpid(pid, nullptr, WNOHANG);
    sweep(loop, pid, worker_id, kSweepRounds, std::move(dead));
  };
  if (pidfd < 0) return loop.post(std::move(then_sweep));
  syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0);
  // One that waits for a dead disk dies late, and the loop goes on meanwhile.
  auto handle = std::make_shared<asio::posix::stream_descriptor>(loop.context(), pidfd);
  handle->async_wait(asio::posix::stream_descriptor::wait_read,
                     [handle, then_sweep = std::move(then_sweep)](const boost::system::error_code&) mutable {
                       then_sweep();
                     });
}

void await_worker(pid_t pid, const std::string& worker_id, DurationUs wait_us) {
  const int pidfd = open_pidfd(pid);
  pollfd wait{pidfd, POLLIN, 0};
  if (pidfd >= 0 && poll(&wait, 1, static_cast<int>(wait_us / kMillisecond)) == 0) {
    constexpr int kDeathMs = 2000;
    syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0);
    poll(&wait, 1, kDeathMs);
  }
  if (pidfd >= 0) close(pidfd);
  waitpid(pid, nullptr, WNOHANG);
  for (int round = 0; round < kSweepRounds && sweep_once(pid, worker_id); ++round) poll(nullptr, 0, 1);
}

}  // namespace baton
