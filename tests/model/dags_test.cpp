// Every DAG of up to four tasks, with every trigger rule and every way in which its tasks end, and a sample of those of
// five tasks, step by step against the reference.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

#include "tests/model/trial.h"
#include "tests/model/volume.h"

namespace baton::model {
namespace {

constexpr char kOutcomes[] = {'s', 'f', 'k'};

std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 31U)) * 0x7fb5d329728ea185ULL;
  x = (x ^ (x >> 27U)) * 0x81dadef4bc2dd44dULL;
  return x ^ (x >> 33U);
}

/// The DAG of `n` tasks whose edges are the bits of `shape`: (0,1), (0,2), (1,2), (0,3), …
Plan plan_of(int n, unsigned shape) {
  Plan plan;
  plan.tasks.resize(static_cast<std::size_t>(n));
  for (int to = 1, bit = 0; to < n; ++to) {
    for (int from = 0; from < to; ++from, ++bit) {
      if ((shape >> bit & 1U) != 0) plan.tasks[static_cast<std::size_t>(to)].ups.push_back(from);
    }
  }
  return plan;
}

/// Walks through all ways in which the tasks of one plan can end.
class Search {
 public:
  Search(const Plan& plan, Volume& volume) : plan_(plan), volume_(volume) {}

  /// In every order of ends.
  bool every_order() {
    Trial trial(plan_, dag_of(plan_));
    return step(trial, {'b'}) && descend(trial, 0, true);
  }
  /// In one order for each: whichever `seed` picks among those that run.
  bool one_order(std::uint64_t seed) {
    Trial trial(plan_, dag_of(plan_));
    return step(trial, {'b'}) && descend(trial, seed, false);
  }

 private:
  bool step(Trial& trial, Step s) {
    ++volume_.steps;
    const std::string broken = trial.apply(s);
    if (broken.empty()) return true;
    ADD_FAILURE() << report({plan_, trial.steps()}, broken);
    return false;
  }
  bool end(Trial& trial, Step s, char how) {
    s.what = 'a';
    if (!step(trial, s)) return false;
    s.what = how;
    return step(trial, s);
  }
  bool descend(const Trial& at, std::uint64_t seed, bool every) {
    const std::vector<Step> ready = at.standing_in(TaskState::scheduled);
    if (ready.empty()) {
      ++volume_.cases;
      if (!at.is_finished()) ADD_FAILURE() << "stuck: " << to_text(Case{plan_, at.steps()});
      return at.is_finished();
    }
    const std::size_t pick = static_cast<std::size_t>(mixed(seed) % ready.size());
    for (std::size_t r = 0; r < ready.size(); ++r) {
      if (!every && r != pick) continue;
      for (const char how : kOutcomes) {
        Trial next = at;
        if (!end(next, ready[r], how) || !descend(next, mixed(seed + static_cast<unsigned char>(how)), every))
          return false;
      }
    }
    return true;
  }

  const Plan& plan_;
  Volume& volume_;
};

/// Sets the rules to the next combination; tasks without upstreams keep theirs. False after the last.
bool next_rules(Plan& plan) {
  for (PlanTask& task : plan.tasks) {
    if (task.ups.empty()) continue;
    const auto rule = static_cast<unsigned>(task.rule) + 1;
    task.rule = static_cast<TriggerRule>(rule % 12);
    if (rule < 12) return true;
  }
  return false;
}

class Dags : public ::testing::Test {
 protected:
  Dags() { print_case_on_abort(); }
};

TEST_F(Dags, OfUpToThreeTasksWithEveryRuleEveryOutcomeAndEveryOrderOfEnds) {
  Volume volume;
  std::int64_t number = 0;
  for (int n = 1; n <= 3; ++n) {
    for (unsigned shape = 0; shape < 1U << (n * (n - 1) / 2); ++shape) {
      Plan plan = plan_of(n, shape);
      do {
        if (number++ % stride() != 0) continue;
        ASSERT_TRUE(Search(plan, volume).every_order());
      } while (next_rules(plan));
    }
  }
  volume.print("1-3 tasks, every order");
}

TEST_F(Dags, OfFourTasksWithEveryRuleAndEveryOutcome) {
  Volume volume;
  std::int64_t number = 0;
  for (unsigned shape = 0; shape < 1U << 6U; ++shape) {
    Plan plan = plan_of(4, shape);
    do {
      if (number++ % stride() != 0) continue;
      ASSERT_TRUE(Search(plan, volume).one_order(static_cast<std::uint64_t>(number)));
    } while (next_rules(plan));
  }
  volume.print("4 tasks");
}

TEST_F(Dags, OfFiveTasksInEveryShapeWithSampledRulesAndEveryOutcome) {
  Volume volume;
  std::mt19937_64 random(5);
  const int samples = stride() == 1 ? 4 : 1;
  for (unsigned shape = 0; shape < 1U << 10U; ++shape) {
    for (int s = 0; s < samples; ++s) {
      Plan plan = plan_of(5, shape);
      for (PlanTask& task : plan.tasks) task.rule = static_cast<TriggerRule>(random() % 12);
      ASSERT_TRUE(Search(plan, volume).one_order(random()));
    }
  }
  volume.print("5 tasks");
}

}  // namespace
}  // namespace baton::model
