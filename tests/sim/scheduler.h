// Scheduler: one simulated scheduler process: the real Engine with its loop, store and link, put together as cli/session
// does it. It recovers what the disk holds, and dies in an instant.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "scheduler/engine/engine.h"
#include "tests/sim/sim_link.h"
#include "tests/sim/sim_store.h"

namespace baton::sim {

/// What a person asked for while no scheduler could do it: a retry is a start of its own.
struct RetryWish {
  RunNo run_no = 0;
  std::optional<TaskNo> from;  ///< none: what failed and what follows
  std::shared_ptr<const Dag> latest;  ///< the DAG file as it is now; null: as it was
};

struct SchedulerSettings {
  std::int32_t slots = 2;
  std::int32_t ahead_max = 0;
};

/// The row of a version, as far as a store needs it.
std::shared_ptr<const VersionRow> version_row_of(const Dag& dag);

class Scheduler {
 public:
  Scheduler(Ground& ground, Disk& disk, SimWorker& worker, const Workload& workload, SchedulerSettings settings);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// Recovers all that is unfinished, clears what is to be retried, and begins.
  void start(const std::vector<RetryWish>& wishes);
  /// `done` hears whether the run is made or was there already, if this scheduler lives to tell.
  void create(RunCreation creation, Value params, std::function<void(const PartVerdict&)> done);

  [[nodiscard]] Engine& engine() { return *engine_; }
  [[nodiscard]] SimStore& store() { return store_; }
  [[nodiscard]] SimLink& link() { return link_; }
  [[nodiscard]] ProcessId process() const { return process_; }
  /// Runs that the engine was given and has not finished.
  [[nodiscard]] const std::set<RunNo>& runs() const { return runs_; }
  /// Runs that it took over with another version of their DAG.
  [[nodiscard]] const std::map<RunNo, std::shared_ptr<const Dag>>& reversions() const { return reversions_; }
  [[nodiscard]] bool is_fatal() const { return fatal_; }
  [[nodiscard]] bool claims_held() const { return claims_held_; }
  void hold_claims();
  void resume_claims();

 private:
  void adopt(RunNo run_no, const RetryWish* wish);

  Ground& ground_;
  Disk& disk_;
  const Workload& workload_;
  ProcessId process_;
  ProcessLoop loop_;
  SimStore store_;
  SimLink link_;
  std::unique_ptr<Engine> engine_;
  std::set<RunNo> runs_;
  std::map<RunNo, std::shared_ptr<const Dag>> reversions_;
  bool fatal_ = false;
  bool claims_held_ = false;
};

}  // namespace baton::sim
