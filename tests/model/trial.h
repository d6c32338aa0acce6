// Trial: the engine's core and the reference side by side on one Plan. Every step goes to both; afterwards all states,
// counts and the run must agree and no invariant may be broken. Copyable, so that a search can branch. Test thread
// only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/model/plan.h"
#include "tests/model/reference.h"
#include "tests/support/run_watch.h"

namespace baton::model {

class Trial {
 public:
  /// `plan` outlives the trial.
  Trial(const Plan& plan, std::shared_ptr<const Dag> dag);

  /// What the step has broken, in words; empty: nothing.
  std::string apply(const Step& step);

  [[nodiscard]] const Reference& reference() const { return reference_; }
  [[nodiscard]] const std::vector<Step>& steps() const { return steps_; }
  [[nodiscard]] const Plan& plan() const { return *plan_; }
  /// Whether the last step left the engine exactly as it was.
  [[nodiscard]] bool was_idle() const { return idle_; }
  /// Nothing can happen any more: the run and its hooks have ended.
  [[nodiscard]] bool is_finished() const { return run_.is_finished(); }
  /// The instances that stand in `state`, as steps without a letter.
  [[nodiscard]] std::vector<Step> standing_in(TaskState state) const;

 private:
  void tell_engine(const Step& step, InstanceNo i, int epoch);
  void feed(const Event& event);
  [[nodiscard]] std::string difference() const;
  [[nodiscard]] std::string difference_of(InstanceNo i, const Life& life) const;

  const Plan* plan_;
  CoreSettings settings_;
  Moment now_;
  DagRun run_;
  Reference reference_;
  test::RunWatch watch_;
  StepOutcome out_;
  std::vector<Step> steps_;
  std::string broken_;
  bool idle_ = false;
};

/// Runs a whole case; what broke, or empty. Steps that do not fit are ignored by both sides.
std::string run_case(const Case& c);

/// The smallest case like `c` that still breaks, by leaving out steps, tasks, edges and features one at a time.
Case shrink(Case c);

/// Prints the case that is being tried when the process is aborted (a broken BATON_CHECK). Once a process.
void print_case_on_abort();

/// For a failed case: what broke, the smallest such case, and how to replay it.
std::string report(const Case& c, const std::string& broken);

}  // namespace baton::model
