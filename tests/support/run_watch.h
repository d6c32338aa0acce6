// RunWatch: holds what a DagRun does after each step against the invariants of docs/INVARIANTS.md, as far as one run in
// memory shows them. Remembers what it saw, so one watch belongs to one run. Test thread only.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "scheduler/engine/decide.h"

namespace baton::test {

class RunWatch {
 public:
  /// `run` is fresh from make_run().
  RunWatch(const DagRun& run, const CoreSettings& settings);

  /// What the step that led to `out` has broken, by its number; empty: nothing. Pass every step, in order.
  [[nodiscard]] std::string after(const DagRun& run, const StepOutcome& out);
  /// The next step is one in which a person clears or marks: what had ended may change, the run may go on. After a mark
  /// a task may start whose upstreams would not let it any more.
  void allow_intervention(bool marks) {
    person_ = true;
    was_marked_ = was_marked_ || marks;
  }
  /// A loss that was not held against the budget gives one try more (INV-09).
  void allow_try(InstanceNo i) { seen_[static_cast<std::size_t>(i)].tries_granted += 1; }

 private:
  struct Seen {
    TaskState state = TaskState::none;
    Reason reason = Reason::none;
    Wait wait = Wait::upstream;
    WallUs wake_at = kNoTime;
    Epoch epoch = 0, ended_epoch = 0;
    std::int32_t try_number = 0;
    std::int32_t tries_granted = 0;
    std::int32_t tries_before = 0;  ///< up to the last clear
    MonoUs since = 0, born = 0;
    DurationUs in_tries_us = 0;
  };

  std::string check_tries(const DagRun& run, const StepOutcome& out);
  void learn_clears(const DagRun& run);
  std::string check_instance(const DagRun& run, InstanceNo i) const;
  std::string check_times(const DagRun& run, InstanceNo i) const;
  std::string check_wake(const DagRun& run, InstanceNo i) const;
  std::string check_commands(const DagRun& run, const StepOutcome& out);
  std::string check_counters(const DagRun& run);
  std::string check_end(const DagRun& run, const StepOutcome& out);

  CoreSettings settings_;
  std::vector<Seen> seen_;
  std::vector<std::pair<std::int32_t, std::int32_t>> asked_;  ///< offers and timers of one step, by instance
  std::vector<std::int32_t> looked_up_;                       ///< questions to the cache of one step, by instance
  std::vector<char> written_;                                 ///< whose rows the step writes, by instance
  DagRun scratch_;
  RunState run_state_;
  int finished_count_ = 0;
  bool person_ = false;
  bool was_marked_ = false;
};

}  // namespace baton::test
