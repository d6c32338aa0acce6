// WorkerProcess: a worker as a process of this machine: how one is started, found again, and made sure to be dead. Its end
// is proved by its pidfd and by the lock of its folder, never by parenthood: a kept worker is nobody's child. Loop thread.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/loop/asio_loop.h"
#include "scheduler/model/result.h"

namespace baton {

/// A worker that listens in its folder, <state>/workers/<no>.
struct ListeningWorker {
  int no = 0;
  pid_t pid = 0;
  bool has_attempts = false;  ///< it has children: something runs there, or has not been reaped
};

/// Those of a state folder that live now.
[[nodiscard]] std::vector<ListeningWorker> listening_workers(const std::string& state_folder);
/// The lowest number of a folder in which a worker has worked that is dead now. None: there is none.
[[nodiscard]] std::optional<int> abandoned_folder(const std::string& state_folder);
[[nodiscard]] std::string worker_folder(const std::string& state_folder, int no);

/// A worker process and the scheduler's end of a stream to it.
struct WorkerConnection {
  pid_t pid = -1;
  int socket = -1;
};

struct WorkerStart {
  std::string program;       ///< absolute path of baton-worker
  std::string state_folder;  ///< absolute
  int no = 1;
  bool listens = false;      ///< a later scheduler can connect to it
};

/// Starts the process, with an environment that holds nothing of ours but what programs need; it comes up while the
/// caller goes on. This process becomes the one that adopts what the worker's tasks leave behind.
Result<WorkerConnection> start_worker(const WorkerStart& start);
/// Connects to one that listens; `pid` is what the kernel says of the other end.
Result<WorkerConnection> connect_worker(const std::string& state_folder, int no);

/// SIGKILL; then `dead`, on the loop, once the process is gone and what its tasks left to this process (children that
/// carry the mark of `worker_id`, or are of the worker's session) has been killed too. Nobody else's process is touched.
void end_worker(AsioLoop& loop, pid_t pid, const std::string& worker_id, std::function<void()> dead);
/// Waits for its end, blocking, at most `wait_us`; kills it then, and what its tasks left to us.
void await_worker(pid_t pid, const std::string& worker_id, DurationUs wait_us);

}  // namespace baton
