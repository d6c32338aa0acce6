// LocalServer: the Host of one machine that works on all runs of a state folder and has no end of its own. It adopts what
// earlier schedulers left, with the tasks that still run, and when it ends they go on without it: the next one adopts
// them. Services and the web hang themselves on its loop. The thread that calls serve() becomes the loop thread.
//
//   serving ──SIGTERM──▶ closing ──────────────────────▶ ended   tasks go on; with `drains` it waits for them first
//      └─Ctrl-C──▶ closing, says that tasks stay ──again──▶ stopping: their runs are stopped, and it ends with them
//
// Closing: nothing is claimed any more, who hangs on the loop is told (on_closing), and what is under way becomes durable.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/host/local/machine.h"

namespace baton {

struct LocalServerOptions : MachineOptions {
  Actor actor;           ///< who has started it, and whose Ctrl-C it is
  std::string version;   ///< for server.json
  bool drains = false;   ///< ends only when no task runs any more
};

class LocalServer {
 public:
  /// As Machine::open(): conflict names who holds the folder.
  static Result<std::unique_ptr<LocalServer>> open(LocalServerOptions options, RunObserver& observer);
  ~LocalServer();
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  /// Called on the loop thread just before the loop runs, in the order given; what it returns lives until the loop has
  /// ended, and goes in reverse order.
  using Attachment = std::shared_ptr<void>;
  void on_loop(std::function<Attachment(LocalServer&)> attach);
  /// Called on the loop thread when it begins to close: no new requests, those under way are finished.
  void on_closing(std::function<void()> told);
  /// Called on the loop thread when a run and its hooks have ended, durably.
  void on_finished(std::function<void(const DagRun&)> told);

  /// Runs the loop until a signal or close() has ended it. storage: it could not go on; the next start recovers.
  Status serve();
  /// Loop thread: as SIGTERM.
  void close();
  [[nodiscard]] bool is_closing() const;

  /// Loop thread, once the server answers: <state>/server.json says where, until it ends. Written whole or not at all.
  Status announce(const std::string& url);

  [[nodiscard]] AsioLoop& loop();
  [[nodiscard]] Host& host();
  [[nodiscard]] SqliteStore& store();
  [[nodiscard]] const MachineOptions& options() const;
  /// As those of Machine.
  void set_connections(const Config& config);
  [[nodiscard]] ConnectionSource connections() const;

 private:
  class Impl;
  explicit LocalServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace baton
