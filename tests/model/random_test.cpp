// Random runs of up to twelve tasks with everything at once: retries, losses, mapped tasks, sensors, teardowns,
// fail_fast, conditions, hooks, stops at any time, stale and repeated reports, people who clear and mark what lives and
// what has ended. A seed is a case.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/model/trial.h"
#include "tests/model/volume.h"

namespace baton::model {
namespace {

/// splitmix64: small, and the same everywhere.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ULL + 1) {}
  int below(int n) {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t x = state_;
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
    return static_cast<int>((x ^ (x >> 31U)) % static_cast<std::uint64_t>(n));
  }
  bool one_in(int n) { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

PlanTask random_task(Dice& dice, const std::vector<PlanTask>& before, bool fail_fast) {
  PlanTask task;
  const auto n = static_cast<int>(before.size());
  const int density = 1 + dice.below(4);
  for (int u = 0; u < n; ++u) {
    if (dice.one_in(density + 1)) task.ups.push_back(u);
  }
  if (!dice.one_in(3)) task.rule = static_cast<TriggerRule>(dice.below(12));
  if (dice.one_in(3)) task.retries = dice.below(4);
  if (dice.one_in(5)) task.items = dice.below(4);
  task.allow_failure = dice.one_in(6);
  task.noop = dice.one_in(8);
  task.sensor = !task.noop && dice.one_in(8);
  if (dice.one_in(8)) task.condition = "10e"[dice.below(fail_fast ? 2 : 3)];
  if (!task.ups.empty() && dice.one_in(5)) {
    for (const int u : task.ups) {
      if (task.setups.empty() || dice.one_in(2)) task.setups.push_back(u);
    }
    task.teardown_counts = dice.one_in(3);
  }
  return task;
}

Plan random_plan(Dice& dice) {
  Plan plan;
  plan.fail_fast = dice.one_in(3);
  plan.losses_max = dice.below(4);
  const int n = 1 + std::max(dice.below(12), dice.below(12));
  for (int t = 0; t < n; ++t) plan.tasks.push_back(random_task(dice, plan.tasks, plan.fail_fast));
  for (const Hook hook : {Hook::on_success, Hook::on_failure, Hook::on_finish}) {
    if (!dice.one_in(5)) continue;
    PlanTask task;
    task.hook = hook;
    task.retries = dice.below(2);
    task.noop = dice.one_in(4);
    plan.tasks.push_back(task);
  }
  return plan;
}

/// What happens next: mostly what moves the run on, sometimes what does not fit, now and then a stop.
class Weather {
 public:
  Weather(Dice& dice, const Plan& plan) : dice_(dice), task_count_(static_cast<int>(plan.tasks.size())) {
    is_stopped_ = !dice.one_in(4);  // most runs see no stop
    interventions_left_ = dice.one_in(3) ? 1 + dice.below(5) : 0;
  }

  [[nodiscard]] bool has_plans() const { return interventions_left_ > 0; }

  Step next(const Trial& trial) {
    if (!is_stopped_ && dice_.one_in(15)) {
      is_stopped_ = dice_.one_in(2);
      return {"SKR"[dice_.below(3)]};
    }
    if (has_plans() && (trial.is_finished() || dice_.one_in(12))) return intervention(trial);
    if (dice_.one_in(12)) return anything(trial);
    std::vector<Step> possible;
    add(possible, trial, TaskState::scheduled, 'a');
    add(possible, trial, TaskState::queued, 'p');
    add(possible, trial, TaskState::running, 's');
    add(possible, trial, TaskState::up_for_retry, 'T');
    add(possible, trial, TaskState::up_for_reschedule, 'T');
    if (possible.empty()) return anything(trial);
    Step step = possible[static_cast<std::size_t>(dice_.below(static_cast<int>(possible.size())))];
    if (step.what == 's') step.what = "ssssffkktghxyz"[dice_.below(14)];
    if (step.what == 'p' && dice_.one_in(10)) step.what = "snkfx"[dice_.below(5)];
    if (step.what == 'a' && dice_.one_in(40)) step.what = 'L';
    return step;
  }

 private:
  static void add(std::vector<Step>& possible, const Trial& trial, TaskState state, char what) {
    for (Step s : trial.standing_in(state)) {
      s.what = what;
      possible.push_back(s);
    }
  }
  Step intervention(const Trial& trial) {
    --interventions_left_;
    Step step{"ccccCCCmmmMMMAAAWV"[dice_.below(18)], dice_.below(task_count_)};
    if (is_of_run(step.what)) return {step.what};
    step.index = dice_.below(static_cast<int>(trial.reference().lives(step.task).size()));
    return step;
  }
  Step anything(const Trial& trial) {
    Step step{"apsfktghnxyzodTL"[dice_.below(16)], dice_.below(task_count_)};
    step.index = dice_.below(static_cast<int>(trial.reference().lives(step.task).size()));
    return step;
  }

  Dice& dice_;
  int task_count_;
  bool is_stopped_;
  int interventions_left_;
};

constexpr int kStepsMax = 2000;

/// What broke, or empty; the steps are in `trial`.
std::string play(Dice& dice, Trial& trial) {
  Weather weather(dice, trial.plan());
  std::string broken = trial.apply({'b'});
  const auto goes_on = [&] { return broken.empty() && (!trial.is_finished() || weather.has_plans()); };
  for (int s = 0; s < kStepsMax && goes_on(); ++s) broken = trial.apply(weather.next(trial));
  if (broken.empty() && !trial.is_finished()) return "INV-14: stuck";
  for (int late = 0; late < 3 && broken.empty(); ++late) broken = trial.apply(weather.next(trial));
  return broken;
}

TEST(RandomRuns, AgreeWithTheReferenceAndKeepTheInvariants) {
  print_case_on_abort();
  const char* seed_text = std::getenv("BATON_SEED");
  const std::uint64_t first = seed_text == nullptr ? 1 : std::strtoull(seed_text, nullptr, 10);
  const std::int64_t cases = random_cases(250'000);
  Volume volume;
  for (std::uint64_t seed = first; seed < first + static_cast<std::uint64_t>(cases); ++seed) {
    Dice dice(seed);
    const Plan plan = random_plan(dice);
    Trial trial(plan, dag_of(plan));
    const std::string broken = play(dice, trial);
    ++volume.cases;
    volume.steps += static_cast<std::int64_t>(trial.steps().size());
    ASSERT_EQ(broken, "") << "seed " << seed << ": " << report({plan, trial.steps()}, broken);
  }
  volume.print("random runs");
}

}  // namespace
}  // namespace baton::model
