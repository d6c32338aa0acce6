#include "tests/support/worker/worker_client.h"
#include "test_paths.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace baton::test {
namespace {

constexpr int kPatienceMs = 60'000;
constexpr int kGoodbyeMs = 5'000;

std::string worker_program() {
  return std::string(baton::checkout::kBinaryDir) + "/baton-worker";
}

bool connect_through(const std::string& folder, const std::string& name, int fd) {
  const int dir = ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  const std::string through = "/proc/self/fd/" + std::to_string(dir) + "/" + name;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, through.c_str(), through.size());
  const bool done = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(dir);
  return done;
}

}  // namespace

ScratchFolder::ScratchFolder() {
  char pattern[] = "/tmp/baton-test.XXXXXX";
  path_ = ::mkdtemp(pattern);
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

WorkerClient::WorkerClient(std::string state_folder, Way way, bool cgroups, unsigned files_max)
    : state_folder_(std::move(state_folder)) {
  std::filesystem::create_directories(state_folder_);
  int ends[2] = {-1, -1};
  if (way == Way::kInheritedSocket && ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    fail("socketpair");
  const std::string program = worker_program();
  const std::string fd_text = std::to_string(ends[1]);
  const bool listens = way == Way::kListening;
  const char* const arguments[] = {"baton-worker",
                                   "--state",
                                   state_folder_.c_str(),
                                   "--cgroups",
                                   cgroups ? "on" : "off",
                                   listens ? "--listen" : "--fd",
                                   listens ? nullptr : fd_text.c_str(),
                                   nullptr};
  pid_ = ::fork();
  if (pid_ == 0) {
    if (ends[1] >= 0) ::fcntl(ends[1], F_SETFD, 0);
    const rlimit files{files_max, files_max};
    if (files_max > 0) ::setrlimit(RLIMIT_NOFILE, &files);
    ::execv(program.c_str(), const_cast<char* const*>(arguments));
    ::_exit(99);
  }
  if (ends[1] >= 0) ::close(ends[1]);
  fd_ = ends[0];
}

WorkerClient::~WorkerClient() {
  if (fd_ >= 0) ::close(fd_);
  if (pid_ <= 0) return;
  // In good order if it can, so that nothing is left of it; a worker that a test has stopped or broken is killed.
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  ::kill(pid_, SIGTERM);
  pollfd wait{handle, POLLIN, 0};
  if (::poll(&wait, 1, kGoodbyeMs) != 1) ::kill(pid_, SIGKILL);
  ::close(handle);
  ::waitpid(pid_, nullptr, 0);
}

wire::Launch WorkerClient::argv(std::initializer_list<std::string_view> words) const {
  static int next_task = 1;
  wire::Launch launch;
  launch.key = {1, next_task++, -1, 1};
  launch.argv = words;
  launch.env = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"};
  const std::string stem = state_folder_ + "/logs/" + std::to_string(launch.key.task_no) + ".1";
  launch.log_path = stem + ".log";
  launch.output_path = stem + ".out";
  launch.env.add("BATON_OUTPUT=" + launch.output_path);
  launch.cwd = state_folder_;
  return launch;
}

wire::Launch WorkerClient::shell(const std::string& script) const {
  return argv({"sh", "-c", script});
}

std::string WorkerClient::log_of(const wire::Launch& launch) const {
  return file_text(launch.log_path);
}

void WorkerClient::connect() {
  disconnect();
  std::filesystem::create_directories(folder());  // To be watched; the worker makes it too.
  wait_for_file(socket_path());
  fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // Between bind and listen there is a moment in which the file exists and nobody listens.
  for (int tries = 0; !connect_through(folder(), "sock", fd_); ++tries) {
    if (tries > 1000) fail("connect");
    ::poll(nullptr, 0, 10);
  }
}

void WorkerClient::disconnect() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  reader_ = {};
}

wire::WorkerHello WorkerClient::hello(std::int64_t epoch, std::uint32_t slots) {
  wire::Hello hello;
  hello.scheduler_id = "test";
  hello.scheduler_epoch = epoch;
  hello.slots = slots;
  send(hello);
  inventory_ = {};
  const auto answer = receive();
  if (!answer || !std::holds_alternative<wire::WorkerHello>(*answer)) fail("no hello");
  const auto result = std::get<wire::WorkerHello>(*answer);
  if (result.protocol == 0) return result;
  while (true) {
    auto message = receive();
    if (!message || !std::holds_alternative<wire::Inventory>(*message)) fail("no inventory");
    auto& part = std::get<wire::Inventory>(*message);
    inventory_.live.insert(inventory_.live.end(), part.live.begin(), part.live.end());
    inventory_.ended.insert(inventory_.ended.end(), part.ended.begin(), part.ended.end());
    if (part.last) return result;
  }
}

void WorkerClient::send_bytes(const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t put = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (put <= 0) fail("send");
    sent += static_cast<std::size_t>(put);
  }
}

std::optional<wire::FromWorker> WorkerClient::receive() {
  while (true) {
    if (const auto frame = reader_.next()) {
      auto message = wire::decode_from_worker(*frame);
      if (!message) fail("undecodable message");
      return message;
    }
    pollfd wait{fd_, POLLIN, 0};
    if (::poll(&wait, 1, kPatienceMs) != 1) fail("the worker says nothing");
    char chunk[16384];
    const ssize_t got = ::read(fd_, chunk, sizeof(chunk));
    if (got <= 0) return std::nullopt;
    reader_.feed({chunk, static_cast<std::size_t>(got)});
  }
}

wire::Started WorkerClient::started(const wire::AttemptKey& key) {
  while (true) {
    const auto message = receive();
    if (!message) fail("link closed before started");
    if (const auto* one = std::get_if<wire::Started>(&*message); one != nullptr && one->key == key) return *one;
    if (const auto* one = std::get_if<wire::Ended>(&*message); one != nullptr && one->key == key) {
      fail("ended before started: " + one->message);
    }
  }
}

wire::Ended WorkerClient::ended(const wire::AttemptKey& key) {
  while (true) {
    const auto message = receive();
    if (!message) fail("link closed before ended");
    if (const auto* one = std::get_if<wire::Ended>(&*message); one != nullptr && one->key == key) return *one;
  }
}

wire::Ended WorkerClient::run(const wire::Launch& launch) {
  send(launch);
  const wire::Ended end = ended(launch.key);
  send(wire::Ack{launch.key});
  return end;
}

int WorkerClient::wait_exit() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void WorkerClient::kill_worker(int signal) {
  ::kill(pid_, signal);
}

void WorkerClient::fail(const std::string& what) {
  throw std::runtime_error("WorkerClient: " + what);
}

std::vector<pid_t> processes_of(const std::string& worker_id) {
  std::vector<pid_t> pids;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string block = '\0' + file_text("/proc/" + name + "/environ") + '\0';
    const bool ours = block.find('\0' + ("BATON_WORKER=" + worker_id) + '\0') != std::string::npos;
    if (ours && block.find('\0' + std::string("BATON_ATTEMPT=")) != std::string::npos) pids.push_back(std::stoi(name));
  }
  return pids;
}

void wait_for_file(const std::string& path) {
  const int watch = ::inotify_init1(IN_CLOEXEC);
  const std::string folder = std::filesystem::path(path).parent_path();
  ::inotify_add_watch(watch, folder.c_str(), IN_CREATE | IN_MOVED_TO);
  char events[4096];
  while (::access(path.c_str(), F_OK) != 0) {
    pollfd wait{watch, POLLIN, 0};
    if (::poll(&wait, 1, kPatienceMs) != 1 || ::read(watch, events, sizeof(events)) <= 0) {
      ::close(watch);
      throw std::runtime_error("no file " + path);
    }
  }
  ::close(watch);
}

std::string file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace baton::test
