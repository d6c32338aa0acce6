// Shares, rates and retry budgets as admission applies them.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/engine/admission.h"
#include "scheduler/engine/decide.h"
#include "tests/support/dag_builder.h"

namespace baton {
namespace {

/// DAGs, each with one run of tasks that all want the same, before one Admission.
class Gatehouse {
 public:
  explicit Gatehouse(std::int32_t slots) : admission(slots, 0) {}

  /// A DAG with `tasks` tasks; its run's number.
  RunNo add(const std::string& dag, int tasks, std::vector<PoolUse> pools, std::vector<std::string> breakers = {}) {
    TaskSpec spec = test::run_task();
    spec.pools = std::move(pools);
    spec.breakers = std::move(breakers);
    test::DagBuilder builder;
    builder.dag().id = dag;
    for (int t = 0; t < tasks; ++t) builder.task("t" + std::to_string(t), {}, spec);
    RunRow row;
    row.run_no = static_cast<RunNo>(runs.size() + 1);
    row.dag_id = dag;
    runs.push_back(std::make_unique<DagRun>(make_run(std::move(row), builder.build(), {}, {}, {})));
    return runs.back()->row.run_no;
  }
  void offer(RunNo run_no, InstanceNo i, std::int32_t weight = 1, std::int32_t priority = 0, MonoUs since = 0) {
    Candidate c{.run_no = run_no, .instance = i, .priority = priority, .since = since};
    c.share = admission.share_of(run(run_no).row.dag_id, weight);
    admission.offer(c);
  }
  void offer_all(RunNo run_no, std::int32_t weight = 1, std::int32_t priority = 0) {
    for (std::size_t i = 0; i < run(run_no).instances.size(); ++i) {
      offer(run_no, static_cast<InstanceNo>(i), weight, priority);
    }
  }
  /// The DAGs of all that is admitted now, in order.
  std::string admit() {
    std::string names;
    const auto run_of = [this](const Candidate& c) { return ++looks, gone == c.run_no ? nullptr : &run(c.run_no); };
    const auto blocked = [this](const Candidate& c, Wait w) { waits[c.run_no] = w; };
    for (Candidate c; admission.next(c, run_of, blocked); held.push_back(c)) names += run(c.run_no).row.dag_id;
    return names;
  }
  /// All that runs ends, the oldest first, and what is free is taken at once; so often, or until nothing runs.
  std::string turns(int n) {
    std::string names;
    for (int i = 0; i < n && !held.empty(); ++i) {
      const Candidate c = held.front();
      held.erase(held.begin());
      admission.release(run(c.run_no), c.instance);
      names += admit();
    }
    return names;
  }
  DagRun& run(RunNo run_no) { return *runs[static_cast<std::size_t>(run_no - 1)]; }

  Admission admission;
  std::vector<std::unique_ptr<DagRun>> runs;
  std::vector<Candidate> held;
  std::map<RunNo, Wait> waits;
  RunNo gone = 0;
  std::size_t looks = 0;
};

std::ptrdiff_t count_of(const std::string& names, char dag) { return std::count(names.begin(), names.end(), dag); }

TEST(AdmissionShares, DagsTakeTurnsAtSlotsAndAtAPool) {
  for (const bool at_pool : {false, true}) {
    Gatehouse house(at_pool ? 100 : 2);
    house.admission.set_pool("p", 2);
    const std::vector<PoolUse> pools = at_pool ? std::vector<PoolUse>{{"p", 1}} : std::vector<PoolUse>{};
    const RunNo a = house.add("a", 60, pools), b = house.add("b", 60, pools);
    house.offer_all(a, 2);
    EXPECT_EQ(house.admit(), "aa");
    house.offer_all(b, 1);
    EXPECT_EQ(house.admit(), "");
    const std::string next = house.turns(60);
    EXPECT_EQ(next.size(), 60U);
    EXPECT_NEAR(static_cast<double>(count_of(next, 'b')), 20, 1) << next;
  }
}

TEST(AdmissionShares, WhatADagHasElsewhereIsNoDebtAtAPool) {
  Gatehouse house(1'000);
  house.admission.set_pool("p", 1);
  const RunNo a = house.add("a", 20, {{"p", 1}}), b = house.add("b", 20, {{"p", 1}}), c = house.add("b", 500, {});
  house.offer_all(a);
  house.offer_all(b);
  house.offer_all(c);
  EXPECT_EQ(house.admit().size(), 501U);
  std::erase_if(house.held, [&](const Candidate& one) { return one.run_no == c; });
  EXPECT_EQ(count_of(house.turns(20), 'b'), 10);
}

TEST(AdmissionShares, AWideTaskOfAPausedRunKeepsNothingForItself) {
  Gatehouse house(100);
  house.admission.set_pool("p", 2);
  const RunNo small = house.add("a", 4, {{"p", 1}}), wide = house.add("b", 1, {{"p", 2}});
  house.offer(small, 0);
  EXPECT_EQ(house.admit(), "a");
  house.offer(wide, 0, 1, 9);
  house.offer(small, 1);
  EXPECT_EQ(house.admit(), "") << "the wide one is first";
  house.admission.pause_run(wide);
  EXPECT_EQ(house.admit(), "a") << "who stood behind it";
  EXPECT_EQ(house.waits[wide], Wait::pause);
  EXPECT_EQ(house.turns(1), "");
  house.offer(small, 2);
  EXPECT_EQ(house.admit(), "a") << "who comes later";
  house.admission.unpause_run(wide);
  EXPECT_EQ(house.admit(), "");
  EXPECT_EQ(house.waits[wide], Wait::pool);
  house.offer(small, 3);
  EXPECT_EQ(house.turns(2), "b") << "it is first again";
}

/// One that is first only when another has gone.
TEST(AdmissionShares, AWideTaskOfAPausedRunKeepsNothingWhenItsTurnComes) {
  Gatehouse house(100);
  house.admission.set_pool("p", 2);
  const RunNo small = house.add("a", 4, {{"p", 1}}), wide = house.add("b", 1, {{"p", 2}});
  house.offer(small, 0);
  house.offer(small, 1);
  EXPECT_EQ(house.admit(), "aa");
  house.offer(small, 2, 1, 9);
  house.offer(wide, 0, 1, 5);
  house.offer(small, 3);
  EXPECT_EQ(house.admit(), "");
  house.admission.pause_run(wide);
  EXPECT_EQ(house.turns(2), "aa") << "one place after the other";
}

TEST(AdmissionShares, AWideTaskGetsItsSlotsWhateverComesAfterIt) {
  Gatehouse house(100);
  house.admission.set_pool("p", 4);
  const RunNo small = house.add("a", 200, {{"p", 1}}), wide = house.add("b", 1, {{"p", 4}});
  for (InstanceNo i = 0; i < 100; ++i) house.offer(small, i);
  EXPECT_EQ(house.admit(), "aaaa");
  house.offer(wide, 0);
  std::string next = house.admit();
  int ends = 0;
  for (; count_of(next, 'b') == 0 && ends < 100; ++ends) {
    house.offer(small, 100 + ends);
    next += house.turns(1);
  }
  EXPECT_LE(ends, 5) << "its turn comes after one of the others, and then what it needs is left to it";
}

/// In turn, a lower priority that has waited for hours, and what a stream of a higher one brings.
TEST(AdmissionShares, ATaskRisesByOneLevelAnHour) {
  Gatehouse house(1);
  const RunNo high = house.add("h", 100, {}), low = house.add("l", 1, {});
  house.offer(high, 0, 1, 2, 0);
  EXPECT_EQ(house.admit(), "h");
  house.offer(low, 0, 1, 0, kMinute);
  std::string names;
  for (InstanceNo i = 1; i < 20 && count_of(names, 'l') == 0; ++i) {
    house.offer(high, i, 1, 2, i * (kHour / 2));
    names += house.turns(1);
  }
  EXPECT_EQ(names, "hhhhhl") << "those that came up to two hours later went first";
}

/// Scenario: a crowd of high priority before a full pool, and one for whom a pool is free.
TEST(AdmissionScenarios, Scenario6ACrowdBeforeAFullPoolDelaysNobodyElse) {
  std::size_t looks[2] = {};
  for (const int crowd : {50, 5'000}) {
    Gatehouse house(100);
    house.admission.set_pool("full", 1);
    house.admission.set_pool("free", 1);
    const RunNo many = house.add("a", crowd, {{"full", 1}}), one = house.add("b", 1, {{"free", 1}});
    house.offer_all(many, 1, 100);
    EXPECT_EQ(house.admit(), "a");
    house.looks = 0;
    house.offer(one, 0);
    EXPECT_EQ(house.admit(), "b");
    looks[crowd == 50 ? 0 : 1] = house.looks;
  }
  EXPECT_EQ(looks[0], looks[1]) << "none of the crowd is looked at for it";
  EXPECT_LE(looks[1], 3U);
}

/// Scenario: two run, ten wait, and both that run are stopped at once; and one fails while another's worker is lost.
TEST(AdmissionScenarios, Scenario7TwoThatEndAtOnceLetTwoIn) {
  Gatehouse house(100);
  house.admission.set_pool("p", 2);
  const RunNo run = house.add("a", 12, {{"p", 1}});
  house.offer_all(run);
  EXPECT_EQ(house.admit(), "aa");
  for (int time = 0; time < 5; ++time) {
    for (const Candidate& c : std::exchange(house.held, {})) house.admission.release(house.run(c.run_no), c.instance);
    EXPECT_EQ(house.admit(), "aa");
    EXPECT_EQ(house.admission.used("p"), 2);
  }
}

/// Scenario: a pool of ten, and fifty that take turns in it: a sensor gives its slot back between two looks.
TEST(AdmissionScenarios, Scenario15FiftyBeforeAPoolOfTenAreNeverMoreThanTen) {
  Gatehouse house(100);
  house.admission.set_pool("p", 10);
  const RunNo run = house.add("s", 50, {{"p", 1}});
  house.offer_all(run);
  std::map<InstanceNo, int> looks;
  house.admit();
  for (int look = 0; look < 500; ++look) {
    ASSERT_EQ(house.held.size(), 10U);
    ASSERT_EQ(house.admission.used("p"), 10);
    const Candidate c = house.held.front();
    house.held.erase(house.held.begin());
    ++looks[c.instance];
    house.admission.release(house.run(run), c.instance);
    house.offer(run, c.instance);  // its next look
    house.admit();
  }
  EXPECT_EQ(looks.size(), 50U);
  for (const auto& [instance, n] : looks) EXPECT_EQ(n, 10) << instance;
}

/// Scenario: two groups with equal times.
TEST(AdmissionScenarios, Scenario19EqualGroupsHaveOneOrderAndEqualShares) {
  std::string orders[2];
  for (const bool a_first : {false, true}) {
    Gatehouse house(3);
    const RunNo a = house.add("a", 90, {}), b = house.add("b", 90, {});
    house.offer_all(a_first ? a : b);
    house.offer_all(a_first ? b : a);
    std::string& order = orders[a_first ? 1 : 0];
    order = house.admit() + house.turns(150);
    for (std::size_t n = 1; n <= order.size(); ++n) {
      const auto of_a = static_cast<double>(count_of(order.substr(0, n), 'a'));
      ASSERT_NEAR(of_a, static_cast<double>(n) / 2, 1);
    }
  }
  EXPECT_EQ(orders[0], orders[1]);
}

TEST(AdmissionShares, WhoIsCalledAndGoneLeavesTheCallToTheNext) {
  Gatehouse house(1);
  house.admission.set_pool("p", 1);
  const RunNo a = house.add("a", 1, {{"p", 1}}), b = house.add("b", 1, {{"p", 1}}), c = house.add("c", 1, {{"p", 1}});
  for (const RunNo run : {a, b, c}) house.offer(run, 0);
  house.admission.set_slots(2);
  EXPECT_EQ(house.admit(), "a");
  house.admission.set_slots(0);
  EXPECT_EQ(house.turns(1), "") << "b is called, and there is no slot";
  house.gone = b;
  house.admission.set_slots(1);
  EXPECT_EQ(house.admit(), "c");
}

TEST(AdmissionShares, WhoIsCalledToTheLimitOfARunThatIsForgottenIsGoneToo) {
  Gatehouse house(2);
  const RunNo a = house.add("a", 2, {});
  const_cast<Dag&>(*house.run(a).dag).max_active_tasks = 1;
  house.offer_all(a);
  EXPECT_EQ(house.admit(), "a");
  house.admission.set_slots(0);
  EXPECT_EQ(house.turns(1), "");
  house.admission.forget(house.run(a));
  house.admission.set_slots(2);
  EXPECT_EQ(house.admit(), "");
}

TEST(AdmissionRate, LetsThroughWhatComesInAndSaysWhenTheNextMay) {
  Gatehouse house(100);
  house.admission.set_pool("p", 50);
  house.admission.set_rate("p", {2, kSecond}, 0);
  const RunNo a = house.add("a", 10, {{"p", 1}}), b = house.add("b", 1, {});
  house.offer_all(a, 1, 9);
  house.offer(b, 0);
  house.admission.tick(0);
  EXPECT_EQ(house.admit(), "b") << "who waits for a rate stands in nobody's way";
  EXPECT_EQ(house.waits[a], Wait::rate);
  EXPECT_EQ(house.admission.used("p"), 0) << "and holds nothing";
  MonoUs now = 0;
  for (int n = 1; n <= 10; ++n) {
    ASSERT_TRUE(house.admission.due().has_value());
    EXPECT_EQ(*house.admission.due(), now + 500 * kMillisecond);
    now = *house.admission.due();
    house.admission.tick(now - 1);
    EXPECT_EQ(house.admit(), "");
    house.admission.tick(now);
    EXPECT_EQ(house.admit(), "a");
  }
  EXPECT_EQ(house.admission.due(), std::nullopt) << "nobody waits";
  EXPECT_EQ(house.admission.used("p"), 10);
}

TEST(AdmissionRate, IsSetAndTakenAwayWhileTasksWait) {
  Gatehouse house(100);
  house.admission.set_pool("p", 50);
  house.admission.set_rate("p", {1, kHour}, 0);
  const RunNo a = house.add("a", 10, {{"p", 1}});
  house.offer_all(a);
  house.admission.tick(0);
  EXPECT_EQ(house.admit(), "");
  EXPECT_EQ(house.admission.rate_of("p", 0)->waiting, 10U);
  EXPECT_EQ(house.admission.rate_of("p", 0)->next_at, kHour);
  house.admission.set_rate("p", {}, 0);
  house.admission.tick(kSecond);
  EXPECT_EQ(house.admit().size(), 10U);
}

TEST(AdmissionRate, NobodyGoesAheadOfASlotThroughOne) {
  Gatehouse house(1);
  house.admission.set_pool("p", 50);
  house.admission.set_rate("p", {100, kSecond}, 0);
  house.admission.set_ahead(5);
  const RunNo a = house.add("a", 10, {{"p", 1}});
  house.offer_all(a);
  house.admission.tick(kMinute);
  EXPECT_EQ(house.admit(), "a") << "it would start when its turn comes, and others with it";
}

TEST(AdmissionRetries, WaitBeyondTheirBudgetAndFirstTriesDoNot) {
  for (const bool of_pool : {true, false}) {
    Gatehouse house(1'000);
    house.admission.set_pool("p", 500);
    house.admission.set_retry_budget(of_pool ? Admission::Kind::pool : Admission::Kind::breaker, "p", 200'000);
    const RunNo a = of_pool ? house.add("a", 30, {{"p", 1}}) : house.add("a", 30, {}, {"p"});
    const RunNo b = of_pool ? house.add("b", 75, {{"p", 1}}) : house.add("b", 75, {}, {"p"});
    for (Instance& instance : house.run(a).instances) instance.failures = 1;
    house.offer_all(a, 1, 5);
    house.admission.tick(0);
    EXPECT_EQ(house.admit(), "aaaaaaaaaa");
    EXPECT_EQ(house.waits[a], Wait::rate);
    house.offer_all(b);
    house.admission.tick(kSecond);
    const std::string next = house.admit();
    EXPECT_EQ(count_of(next, 'b'), 75);
    house.admission.tick(2 * kSecond);
    EXPECT_EQ(count_of(next + house.admit(), 'a'), 5) << "fifteen are a fifth of 75";
    ASSERT_TRUE(house.admission.due().has_value());
    house.admission.tick(*house.admission.due());
    EXPECT_EQ(count_of(house.admit(), 'a'), 5) << "the first ten are of another minute";
  }
}

}  // namespace
}  // namespace baton
