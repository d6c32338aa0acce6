// WorkerClient: a test's end of the link to a real baton-worker, with a state folder of its own. Everything waits for
// messages, with a generous limit that only a broken worker reaches.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "worker/protocol/frames.h"

namespace baton::test {

/// A folder in /tmp that goes when the test does.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

class WorkerClient {
 public:
  enum class Way { kInheritedSocket, kListening };

  /// Starts a worker on `state_folder`; it has neither hello nor link yet when it listens.
  /// `files_max`: how many files it may have open; 0: as many as this process.
  WorkerClient(std::string state_folder, Way way, bool cgroups = true, unsigned files_max = 0);
  /// Kills the worker if it still runs.
  ~WorkerClient();
  WorkerClient(const WorkerClient&) = delete;
  WorkerClient& operator=(const WorkerClient&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::string folder() const { return state_folder_ + "/workers/1"; }
  [[nodiscard]] std::string socket_path() const { return folder() + "/sock"; }
  /// A launch of `sh -c script` with all paths inside the state folder.
  [[nodiscard]] wire::Launch shell(const std::string& script) const;
  [[nodiscard]] wire::Launch argv(std::initializer_list<std::string_view> words) const;
  [[nodiscard]] std::string log_of(const wire::Launch& launch) const;

  /// Connects to the listening worker, replacing what was there before.
  void connect();
  void disconnect();
  /// Sends hello, waits for the answer and the inventory.
  wire::WorkerHello hello(std::int64_t epoch = 1, std::uint32_t slots = 2);
  [[nodiscard]] const wire::Inventory& inventory() const { return inventory_; }

  template <typename Message>
  void send(const Message& message) {
    std::string bytes;
    if (!wire::append_frame(bytes, message)) fail("frame too large");
    send_bytes(bytes);
  }
  void send_bytes(const std::string& bytes);

  /// The next message; none at the end of the stream.
  [[nodiscard]] std::optional<wire::FromWorker> receive();
  /// Waits for this kind of message about `key`, dropping others.
  wire::Started started(const wire::AttemptKey& key);
  wire::Ended ended(const wire::AttemptKey& key);
  /// Launch, wait for the end, acknowledge.
  wire::Ended run(const wire::Launch& launch);
  /// Waits until the worker has gone; its exit code, or minus the signal.
  int wait_exit();
  void kill_worker(int signal);

 private:
  [[noreturn]] static void fail(const std::string& what);

  std::string state_folder_;
  pid_t pid_ = -1;
  int fd_ = -1;
  wire::FrameReader reader_;
  wire::Inventory inventory_;
};

/// All processes whose environment has BATON_ATTEMPT and whose BATON_WORKER is `worker_id` (zombies have none).
[[nodiscard]] std::vector<pid_t> processes_of(const std::string& worker_id);
/// Waits until `path` exists, by inotify.
void wait_for_file(const std::string& path);
[[nodiscard]] std::string file_text(const std::string& path);

}  // namespace baton::test
