// Checks: holds what the engine believes and does against the disk, the witness and the reference, after every event.
// The numbers are those of docs/INVARIANTS.md. One per day.
#pragma once

#include <map>
#include <set>

#include "tests/sim/reference.h"
#include "tests/sim/scheduler.h"
#include "tests/sim/shares.h"

namespace baton::sim {

class Checks {
 public:
  Checks(Ground& ground, Disk& disk, Witness& witness, SimWorker& worker, const Behaviours& behaviours,
         const Workload& workload, SchedulerSettings settings)
      : ground_(ground), disk_(disk), witness_(witness), worker_(worker), behaviours_(behaviours), workload_(workload),
        settings_(settings), shares_(ground, workload) {}

  /// A process is about to start.
  void check_start(const AttemptKey& key);
  /// An instance has ended on disk.
  void check_ended(const DiskRun& run, InstanceNo i);
  /// A person has cleared or marked something of a run, on disk: nothing runs on above which something runs again.
  void check_change(const DiskRun& run);
  void check_kept(const DiskRun& run);
  /// After an event; `whole`: every run instead of one of them.
  void check_event(Scheduler* scheduler, bool whole);
  /// Before the next event, which comes at `next`: nothing that may go on has stood still until then.
  void check_idle(MonoUs next);
  /// Some minutes after the last fault: nothing is due that has not been done.
  void check_quiet(Scheduler* scheduler);
  /// When nothing happens any more.
  void check_end(Scheduler* scheduler);

  /// A stop of this run is durable: nothing of it is claimed any more but teardowns and hooks, until it is retried.
  void expect_stopped(RunNo run_no);
  void expect_running(RunNo run_no) { stopped_.erase(run_no); }
  /// A retry with another version of the DAG is durable.
  void expect_version(RunNo run_no, const Dag& dag);
  /// A run was accepted.
  void expect_present(RunNo run_no) { accepted_.insert(run_no); }

 private:
  [[nodiscard]] const DagPlan& plan_of(const DiskRun& run) const;
  void check_run(const DagRun& run);
  void check_holds(Scheduler& scheduler);
  void check_permits(Scheduler& scheduler);
  void find_standing(Scheduler& scheduler);
  void fail(const std::string& invariant, const std::string& what) { ground_.findings.fail(invariant, what); }

  Ground& ground_;
  Disk& disk_;
  Witness& witness_;
  SimWorker& worker_;
  const Behaviours& behaviours_;
  const Workload& workload_;
  SchedulerSettings settings_;
  Shares shares_;
  std::map<RunNo, std::vector<Epoch>> stopped_;  ///< and the epochs that its instances had
  std::set<RunNo> accepted_;
  std::string standing_;      ///< a task instance that could start now; empty: none
  MonoUs standing_since_ = 0;
  RunNo last_checked_ = 0;
};

}  // namespace baton::sim
