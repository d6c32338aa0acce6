// Reference: what a run should do, told a second time and in another way. It keeps no counters, no queues and no
// states: each task instance has a life, the letters of what befell it, and everything else is read off the letters.
// After each step all tasks are looked at again until nothing changes. Shares no code with the engine but names of
// states and rules. Letters: o offered · C claimed · P process runs · F failed · X lost · x lost, not counted · L
// looked in vain · ! stop asked for · c, m, M it is stopped, and cleared or marked once it has ended · | cleared: as if it had
// not lived before, but for the numbers · and the ends S success, E failed, K skipped, U upstream failed.
#pragma once

#include <string>
#include <vector>

#include "tests/model/plan.h"

namespace baton::model {

struct Life {
  std::string letters;
  Reason reason = Reason::none;  ///< of its end
};

TaskState state_of(const Life& life);
int epoch_of(const Life& life);
int try_of(const Life& life);
int failures_of(const Life& life);
int losses_of(const Life& life);

class Reference {
 public:
  explicit Reference(const Plan& plan)
      : plan_(&plan),
        lives_(plan.tasks.size(), std::vector<Life>(1)),
        expanded_(plan.tasks.size(), false),
        gone_(plan.tasks.size()),
        expands_anew_(plan.tasks.size(), false) {}
  /// `epoch` is of the attempt that an end speaks of.
  void apply(const Step& step, int epoch);
  /// The instances of a task; one as long as it has not expanded.
  [[nodiscard]] const std::vector<Life>& lives(int task) const { return lives_[static_cast<std::size_t>(task)]; }
  [[nodiscard]] bool expanded(int task) const { return expanded_[static_cast<std::size_t>(task)]; }
  [[nodiscard]] RunState run_state() const { return run_; }
  /// Of its end.
  [[nodiscard]] Reason run_reason() const { return run_reason_; }

 private:
  [[nodiscard]] bool is_hook(std::size_t t) const { return plan_->tasks[t].hook != Hook::none; }
  [[nodiscard]] bool counts(std::size_t t) const;
  [[nodiscard]] bool all_ended(bool hooks_too) const;
  [[nodiscard]] char verdict(std::size_t t) const;
  void apply_to(std::size_t t, Life& life, char what, int epoch);
  using Chosen = std::vector<std::vector<bool>>;  ///< by task and index
  [[nodiscard]] Chosen none_chosen() const;
  [[nodiscard]] static bool any_of(const Chosen& chosen, std::size_t t);
  void choose_what_follows(Chosen& chosen) const;
  void choose_what_began(Chosen& chosen, const Chosen& spared) const;
  void clear(const Step& step);
  void clear(const Chosen& chosen, const Chosen& marked);
  void mark(const Step& step);
  void mark_run(RunState to);
  void go_on(bool in_any_case);
  void collapse(std::size_t t);
  void begin_hooks();
  [[nodiscard]] RunState outcome() const;
  [[nodiscard]] Reason reason_of_outcome() const;
  void end_attempt(std::size_t t, Life& life, char how);
  void finish(std::size_t t, Life& life, char letter, Reason reason);
  void stop(Reason reason, bool kill);
  void begin(std::size_t t, Life& life);
  [[nodiscard]] bool is_behind_barrier(std::size_t t) const;
  bool settle_task(std::size_t t);
  void end_run();

  const Plan* plan_;
  std::vector<std::vector<Life>> lives_;
  std::vector<bool> expanded_;
  std::vector<std::vector<Life>> gone_;  ///< by task: instances that wait for it to expand anew, from index 1
  std::vector<bool> expands_anew_;       ///< once nothing of it lives
  RunState run_ = RunState::running;
  Reason run_reason_ = Reason::none;
  Reason stopping_ = Reason::none;
  bool killing_ = false;
  bool marked_ = false;  ///< a person has said the outcome
};

}  // namespace baton::model
