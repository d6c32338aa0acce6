#include "cli/worker_probe.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "scheduler/host/folders.h"
#include "worker/protocol/frames.h"

namespace baton::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kWaitMs = 3'000;

/// A folder that goes with its owner.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (fs::temp_directory_path() / "baton-doctor-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// The worker and our end of its link; its end comes with ours.
class Probe {
 public:
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  explicit Probe(const std::string& program, const std::string& state) {
    std::array<int, 2> ends{-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) return;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    const std::string fd = std::to_string(ends[1]);
    pid_ = fork();
    if (pid_ == 0) {
      execl(program.c_str(), program.c_str(), "--state", state.c_str(), "--fd", fd.c_str(),
            static_cast<char*>(nullptr));
      _exit(127);
    }
    close(ends[1]);
    fd_ = ends[0];
  }
  ~Probe() {
    if (fd_ >= 0) close(fd_);  // a lost scheduler: it stops
    if (pid_ <= 0) return;
    for (int i = 0; i < 50; ++i) {
      if (waitpid(pid_, nullptr, WNOHANG) != 0) return;
      usleep(20'000);
    }
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  Result<wire::WorkerHello> ask() {
    std::string out;
    wire::Hello hello;
    hello.scheduler_id = "doctor";
    hello.scheduler_epoch = 1;
    if (fd_ < 0 || pid_ < 0 || !wire::append_frame(out, hello))
      return Error{"a worker could not be started", ErrorKind::storage};
    if (send(fd_, out.data(), out.size(), MSG_NOSIGNAL) < 0) return Error{"the worker ended at once",
                                                                          ErrorKind::storage};
    wire::FrameReader frames;
    std::array<char, 4096> buffer{};
    pollfd wanted{fd_, POLLIN, 0};
    while (poll(&wanted, 1, kWaitMs) > 0) {
      const ssize_t n = read(fd_, buffer.data(), buffer.size());
      if (n <= 0) break;
      frames.feed({buffer.data(), static_cast<std::size_t>(n)});
      while (const auto frame = frames.next()) {
        const auto message = wire::decode_from_worker(*frame);
        if (!message) continue;
        if (const auto* answer = std::get_if<wire::WorkerHello>(&*message)) return *answer;
      }
    }
    return Error{"the worker did not answer", ErrorKind::storage};
  }

 private:
  int fd_ = -1;
  pid_t pid_ = -1;
};

}  // namespace

Result<WorkerProbe> probe_worker() {
  const std::string program = worker_program();
  if (access(program.c_str(), X_OK) != 0) return Error{"there is no baton-worker at " + program, ErrorKind::storage};
  const ScratchFolder scratch;
  if (scratch.path().empty()) return Error{"no folder could be made in " + fs::temp_directory_path().string(),
                                           ErrorKind::storage};
  Result<wire::WorkerHello> hello = Probe(program, scratch.path()).ask();
  if (!hello) return hello.error();
  return WorkerProbe{program, std::move(*hello)};
}

}  // namespace baton::cli
