// Machine: what a scheduler on this machine stands on: a state folder with its lock, a worker, SQLite, one loop, and the
// Host over them. LocalHost works on one run with it, LocalServer on all. Loop thread only.
//
// Order: the folder's lock first, and last to go; the worker comes up while the database is opened; the store is stopped
// after the last talk with the worker, whose ends it may still have to keep.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "scheduler/executor/executors.h"
#include "scheduler/executor/local/worker_link.h"
#include "scheduler/host/host.h"
#include "scheduler/host/local/run_folders.h"
#include "scheduler/host/request_check.h"
#include "scheduler/loop/asio_loop.h"
#include "scheduler/store/sqlite_store.h"
#include "scheduler/store/state_folder.h"

namespace baton {

/// What a worker that ends with its scheduler gives its tasks between the first signal and the last, and how long it is
/// waited for then.
constexpr DurationUs kShutdownGraceUs = 2 * kSecond;
constexpr DurationUs kShutdownWaitUs = 10 * kSecond;

struct MachineOptions {
  std::string state_folder;      ///< absolute; made if it does not exist
  Config config;
  std::int32_t slots = 0;        ///< attempts at a time; 0: the CPU count
  bool wait_for_folder = false;  ///< wait for the folder's lock, and say for whom, instead of failing with a conflict
  std::string purpose;           ///< what those who are refused the folder read, e.g. "run etl.yaml"
  SecretSource secret;           ///< asked before the first task, and at each launch
};

class Machine {
 public:
  /// With `all_runs` tasks outlive this process and everything unfinished is adopted, else the one run is its own.
  /// conflict: another process holds the folder, or this process is a task of the one that does, whom it cannot wait
  /// for; storage: the folder, worker or store cannot be used.
  static Result<std::unique_ptr<Machine>> open(MachineOptions options, HostPolicy policy, RunObserver& observer);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  [[nodiscard]] AsioLoop& loop() { return loop_; }
  [[nodiscard]] Host& host() { return *host_; }
  [[nodiscard]] WorkerLink& worker() { return *worker_; }
  [[nodiscard]] SqliteStore& store() { return *store_; }
  [[nodiscard]] const MachineOptions& options() const { return options_; }
  [[nodiscard]] RunFolders& run_folders() { return run_folders_; }
  /// What baton.yaml says of connections now; launches from here on go by it.
  void set_connections(const Config& config);
  /// Lives as long as this.
  [[nodiscard]] ConnectionSource connections() const;

  /// The workers may talk from here on. `failed`: this process cannot go on; told once, or more often.
  void connect(std::function<void(Error)> failed);
  /// What was read for somebody is not answered any more, what is queued becomes durable. After the worker has gone.
  void close();

 private:
  Machine(MachineOptions options, RunObserver& observer)
      : options_(std::move(options)), observer_(observer), run_folders_(options_.state_folder) {}
  Status take(HostPolicy policy);
  Status make_loader();
  void make_host(HostPolicy policy);
  void begins(const RunRow& run);

  MachineOptions options_;
  RunObserver& observer_;
  std::vector<Connection> connections_;
  AsioLoop loop_;
  std::optional<StateFolder> folder_;
  RunFolders run_folders_;  ///< before worker_, which asks it
  std::unique_ptr<WorkerLink> worker_;
  Executors executors_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<RunReadingThread> loader_;  ///< all_runs only; before host_ by order, it goes after it
  std::unique_ptr<Host> host_;
  std::function<void(Error)> failed_;
};

/// Where the work folders of runs lie, each under the run's number.
[[nodiscard]] std::string work_base(const std::string& state_folder);
/// What a run leaves that has ended well and nobody needs: its work folder.
void remove_work_folder(const std::string& state_folder, RunNo run_no);

}  // namespace baton
