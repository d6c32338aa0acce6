// control.sock in a state folder: how one process asks the one that holds the folder to stop a run. One line each way.
// The socket is 0600 in a 0700 folder; nobody but its user gets in.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "scheduler/loop/asio_loop.h"
#include "scheduler/model/result.h"
#include "scheduler/model/attempt_key.h"

namespace baton {

/// The holder's end. Loop thread.
class ControlServer {
 public:
  /// `stop`: asked for run and kill; its answer goes back as it is ("ok …" or "error CODE …").
  using Stop = std::function<std::string(RunNo run_no, bool kill)>;
  static Result<std::unique_ptr<ControlServer>> listen(AsioLoop& loop, const std::string& state_folder, Stop stop);
  ~ControlServer();

 private:
  class Impl;
  explicit ControlServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The asker's end: sends one line, waits at most `wait_us` for the answer. `unavailable` when nobody listens.
Result<std::string> ask_holder(const std::string& state_folder, const std::string& line, DurationUs wait_us);

}  // namespace baton
