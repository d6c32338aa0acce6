// RunDriver: takes one DagRun through the pure core, event by event, with a clock of its own. Every step is held
// against the invariants; a broken one is a failure of the running test. Test thread only.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/engine/decide.h"
#include "tests/support/run_watch.h"

namespace baton::test {

/// How an attempt ends; the key is the driver's.
AttemptEnd exited(int code, std::string output = {});
AttemptEnd ended(AttemptEnd::Outcome outcome);

class RunDriver {
 public:
  explicit RunDriver(std::shared_ptr<const Dag> dag, CoreSettings settings = {},
                     const std::vector<TaskState>& initial_states = {}, Value params = {});

  // One event each; time passes before it (1 ms, and up to the timer before a timer).
  void begin() { step(RunBegins{}); }
  void admit(InstanceNo i) { step(Admitted{i, {}}); }
  void start(InstanceNo i);
  /// As its live attempt, or as the one of `epoch`.
  void end(InstanceNo i, AttemptEnd how, bool counts_as_loss = true);
  void end_of_epoch(InstanceNo i, AttemptEnd how, Epoch epoch);
  void timer(InstanceNo i);
  void stop(Reason reason = Reason::stopped, bool kill = false) { step(StopRequested{reason, kill}); }
  void step(const Event& event);
  /// admit, start and end in one.
  void run_to(InstanceNo i, AttemptEnd how);
  void pass(DurationUs us);
  /// The wall clock is set.
  void step_wall(DurationUs by) { now_.wall += by; }

  [[nodiscard]] const DagRun& run() const { return run_; }
  /// Of the last step.
  [[nodiscard]] const StepOutcome& out() const { return out_; }
  [[nodiscard]] Moment now() const { return now_; }
  /// The instance `task` or `task[2]`.
  [[nodiscard]] InstanceNo no(std::string_view name) const;
  [[nodiscard]] const Instance& at(std::string_view name) const { return run_.at(no(name)); }
  [[nodiscard]] TaskState state(std::string_view name) const { return at(name).state; }
  [[nodiscard]] std::size_t commands(Command::Kind kind) const;
  /// The invariant that a step broke first; empty: none.
  [[nodiscard]] const std::string& broken() const { return broken_; }

 private:
  CoreSettings settings_;
  Moment now_;
  DagRun run_;
  RunWatch watch_;
  StepOutcome out_;
  std::string broken_;
};

}  // namespace baton::test
