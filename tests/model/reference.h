// Reference: what a run should do, told a second time and in another way. It keeps no counters, no queues and no
// states: each task instance has a life, the letters of what befell it, and everything else is read off the letters.
// After each step all tasks are looked at again until nothing changes. Shares no code with the engine but names of
// states and rules. See docs/dag-language.md and docs/ARCHITECTURE.md.
//
// Letters: o offered · C claimed · P process runs · F failed · X lost · x lost, not counted · L looked in vain ·
// ! stop asked for · and the ends S success, E failed, K skipped, U upstream failed.
#pragma once

#include <string>
#include <vector>

#include "tests/model/plan.h"

namespace baton::model {

struct Life {
  std::string letters;
  Reason reason = Reason::none;  ///< of its end
};

class Reference {
 public:
  explicit Reference(const Plan& plan);

  /// `epoch` is of the attempt that an end speaks of.
  void apply(const Step& step, int epoch);

  /// The instances of a task; one as long as it has not expanded.
  [[nodiscard]] const std::vector<Life>& lives(int task) const { return lives_[static_cast<std::size_t>(task)]; }
  [[nodiscard]] bool expanded(int task) const { return expanded_[static_cast<std::size_t>(task)]; }
  [[nodiscard]] RunState run_state() const { return run_; }
  [[nodiscard]] Reason run_reason() const;

  static TaskState state_of(const Life& life);
  static int epoch_of(const Life& life);
  static int try_of(const Life& life);
  static int failures_of(const Life& life);
  static int losses_of(const Life& life);

 private:
  using Letters = std::string_view;
  [[nodiscard]] bool is_hook(std::size_t t) const { return plan_->tasks[t].hook != Hook::none; }
  void end_attempt(std::size_t t, Life& life, char how);
  void fail(std::size_t t, Life& life, Reason reason);
  void finish(std::size_t t, Life& life, char letter, Reason reason);
  void stop(Reason reason, bool kill);
  void settle();
  bool settle_task(std::size_t t);
  void begin(std::size_t t, Life& life);
  [[nodiscard]] char verdict(std::size_t t) const;
  [[nodiscard]] bool all_ended(bool hooks) const;
  void end_run();

  const Plan* plan_;
  std::vector<std::vector<Life>> lives_;
  std::vector<bool> expanded_;
  RunState run_ = RunState::running;
  Reason stopping_ = Reason::none;
  bool killing_ = false;
};

}  // namespace baton::model
