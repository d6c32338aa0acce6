// Every short string of events on one task with retries, on a sensor, and on small chains with a teardown, with
// fail_fast, with hooks and with a mapped task, against the reference. An event that changes nothing is not gone on
// from: whatever followed it has been tried without it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "tests/model/trial.h"
#include "tests/model/volume.h"

namespace baton::model {
namespace {

class Strings {
 public:
  /// `letters`: events tried on each instance and on the run. s, f, … on a task that is not claimed are duplicates.
  Strings(Plan plan, std::string letters) : plan_(std::move(plan)), letters_(std::move(letters)) {}

  /// All strings of up to `length` events after the begin.
  void try_all(int length, const char* what) {
    Trial trial(plan_, dag_of(plan_));
    ASSERT_EQ(trial.apply({'b'}), "");
    descend(trial, length);
    volume_.print(what);
  }

 private:
  /// A start is three steps of the engine: the claim, the launch, the process.
  static std::vector<Step> steps_of(char letter, int task, int index) {
    if (letter == 'a') return {{'a', task, index}, {'p', task, index}};
    return {{letter, task, index}};
  }
  bool descend(const Trial& at, int left) {
    if (left == 0) return true;
    for (const char letter : letters_) {
      if (is_of_run(letter)) {
        if (!branch(at, {{letter}}, left)) return false;
        continue;
      }
      for (std::size_t t = 0; t < plan_.tasks.size(); ++t) {
        const auto task = static_cast<int>(t);
        const auto count = static_cast<int>(at.reference().lives(task).size());
        for (int k = 0; k < count; ++k) {
          if (!branch(at, steps_of(letter, task, k), left)) return false;
        }
      }
    }
    return true;
  }
  bool branch(const Trial& at, const std::vector<Step>& steps, int left) {
    Trial next = at;
    bool idle = true;
    ++volume_.cases;
    for (const Step& step : steps) {
      ++volume_.steps;
      const std::string broken = next.apply(step);
      idle = idle && next.was_idle();
      if (broken.empty()) continue;
      ADD_FAILURE() << report({plan_, next.steps()}, broken);
      return false;
    }
    return idle || descend(next, left - 1);
  }

  Plan plan_;
  std::string letters_;
  Volume volume_;
};

PlanTask after(std::vector<int> ups) {
  PlanTask task;
  task.ups = std::move(ups);
  return task;
}

/// Depth in this build: all of it where the build is optimised.
int depth(int full) {
  return stride() == 1 ? full : full - 2;
}

class Events : public ::testing::Test {
 protected:
  Events() { print_case_on_abort(); }
};

TEST_F(Events, OnOneTaskWithRetries) {
  for (int retries = 0; retries <= 2; ++retries) {
    for (int losses = 0; losses <= 2; ++losses) {
      Plan plan;
      plan.losses_max = losses;
      plan.tasks.resize(1);
      plan.tasks[0].retries = retries;
      Strings(plan, "asfktgxyzodTLSKR").try_all(depth(8), "one task");
    }
  }
}

TEST_F(Events, OnASensor) {
  Plan plan;
  plan.losses_max = 1;
  plan.tasks.resize(1);
  plan.tasks[0].retries = 1;
  plan.tasks[0].sensor = true;
  Strings(plan, "asfktgxyodTSK").try_all(depth(10), "a sensor");
}

TEST_F(Events, OnAChainWithATeardown) {
  Plan plan;
  plan.losses_max = 1;
  plan.tasks = {PlanTask{}, after({0}), after({0, 1})};
  plan.tasks[1].retries = 1;
  plan.tasks[2].setups = {0};
  plan.tasks[2].retries = 1;
  Strings(plan, "asfktxodTSK").try_all(depth(11), "setup, work, teardown");
}

TEST_F(Events, OnASetupWithATeardownThatCounts) {
  Plan plan;
  plan.losses_max = 1;
  plan.tasks = {PlanTask{}, after({0})};
  plan.tasks[0].retries = 1;
  plan.tasks[1].setups = {0};
  plan.tasks[1].retries = 1;
  plan.tasks[1].teardown_counts = true;
  Strings(plan, "asfktxodTSKR").try_all(depth(10), "setup, teardown that counts");
}

TEST_F(Events, OnTwoTasksThatFailFastWithATeardownAndHooks) {
  Plan plan;
  plan.fail_fast = true;
  plan.tasks = {PlanTask{}, PlanTask{}, after({0, 1}), PlanTask{}};
  plan.tasks[0].retries = 1;
  plan.tasks[1].allow_failure = true;
  plan.tasks[2].setups = {1};
  plan.tasks[3].hook = Hook::on_failure;
  Strings(plan, "asfxTSK").try_all(depth(9), "fail_fast, teardown, hook");
}

TEST_F(Events, OnAMappedTaskAndItsBarrier) {
  Plan plan;
  plan.tasks = {PlanTask{}, after({0})};
  plan.tasks[0].items = 2;
  plan.tasks[0].retries = 1;
  Strings(plan, "asfkTSK").try_all(depth(9), "mapped task and barrier");
}

TEST_F(Events, OnAChainThatAPersonClearsAndMarks) {
  Plan plan;
  plan.tasks = {PlanTask{}, after({0}), PlanTask{}};
  plan.tasks[0].retries = 1;
  plan.tasks[2].hook = Hook::on_failure;
  Strings(plan, "asfTcCmMASW").try_all(depth(4), "chain and hook, cleared and marked");
}

TEST_F(Events, OnAMappedTaskThatAPersonClearsAndMarks) {
  Plan plan;
  plan.tasks = {PlanTask{}, after({0}), after({1})};
  plan.tasks[1].items = 2;
  Strings(plan, "asfcmASV").try_all(depth(5), "mapped task, cleared and marked");
}

TEST_F(Events, OnATeardownThatAPersonClearsAndMarks) {
  Plan plan;
  plan.tasks = {PlanTask{}, after({0}), after({0, 1})};
  plan.tasks[2].setups = {0};
  Strings(plan, "asfcCmMSKWV").try_all(depth(4), "setup, work, teardown, cleared and marked");
}

}  // namespace
}  // namespace baton::model
