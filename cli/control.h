// control.sock of a run in a terminal: how one process asks the one that holds the folder to stop it, or answers what its
// approvals ask. One line each way.
// (That of a server speaks the REST API: server_client.h.)
// The socket is 0600 in a 0700 folder; nobody but its user and root gets in, and the kernel says which of the two it is.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "scheduler/control/answer_approval.h"
#include "scheduler/control/stop_run.h"
#include "scheduler/loop/asio_loop.h"
#include "scheduler/model/result.h"

namespace baton {

/// The holder's end. Loop thread.
class ControlServer {
 public:
  /// Called once, on the loop's thread; the line goes back as it is.
  using Reply = std::function<void(const std::string& line)>;
  /// Asked for each stop, with who wants it. It may answer later.
  using Stop = std::function<void(StopRun request, Actor actor, Reply reply)>;
  /// The same for each answer.
  using Answers = std::function<void(AnswerApproval request, Actor actor, Reply reply)>;
  static Result<std::unique_ptr<ControlServer>> listen(AsioLoop& loop, const std::string& state_folder, Stop stop,
                                                       Answers answers = nullptr);
  ~ControlServer();

 private:
  class Impl;
  explicit ControlServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// What a stop is asked with, as one line without its end.
[[nodiscard]] std::string line_of(const StopRun& request);
/// What an answer is given with: `answer {"run_no": …}`. Who is asked, and by whom, the holder knows.
[[nodiscard]] std::string line_of(const AnswerApproval& request);

/// The asker's end: sends one line, waits at most `wait_us` for the answer. `unavailable` when nobody listens.
Result<std::string> ask_holder(const std::string& state_folder, const std::string& line, DurationUs wait_us);

}  // namespace baton
