// RunSocket: control.sock of a run in a terminal: the REST API as a server speaks it, with the operations that touch this
// one run, for those whom the kernel knows as the folder's user or root. Nothing of the API is made before somebody
// comes: a run in a terminal begins and ends in milliseconds, and mostly nobody does.
#pragma once

#include <memory>
#include <string>

#include "scheduler/engine/observer.h"
#include "scheduler/host/local/local_host.h"
#include "scheduler/model/result.h"

namespace baton {

class RunSocket {
 public:
  /// Loop thread. Takes the place of a file that a dead process left. `observer` is told, on the loop, where the API
  /// cannot be made. storage or unavailable: nobody can ask this run anything.
  static Result<std::shared_ptr<RunSocket>> listen(LocalHost& host, const std::string& state_folder,
                                                   RunObserver& observer);
  /// Before the loop and the host go. Who still waits for an answer finds the connection closed.
  ~RunSocket();
  RunSocket(const RunSocket&) = delete;
  RunSocket& operator=(const RunSocket&) = delete;

 private:
  class Impl;
  explicit RunSocket(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace baton
