#include "scheduler/engine/fair_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <list>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace baton {
namespace {

/// Offers tasks of named DAGs, and takes whose turn it is.
class Counter {
 public:
  Candidate offer(const std::string& dag, std::int32_t weight = 1, std::int32_t priority = 0, std::int64_t path_us = 0,
                  std::int32_t hour = 0) {
    Share& share = shares_[dag];
    share = {dag, weight};
    Candidate c{.run_no = 1, .priority = priority, .path_us = path_us, .share = &share};
    c.age = ++last_age_;
    c.hour = hour;
    queue.push(c);
    return c;
  }
  Candidate next() {
    const Candidate c = queue.front().candidate;
    queue.grant(c, true);
    return c;
  }
  std::string next_dags(int n) {
    std::string names;
    for (int i = 0; i < n; ++i) names += next().share->dag_id;
    return names;
  }

  FairQueue queue;

 private:
  std::map<std::string, Share> shares_;
  std::uint64_t last_age_ = 0;
};

TEST(FairQueue, OfOneDagThePathThenAgeDecides) {
  Counter counter;
  const Candidate a = counter.offer("d", 1, 0, 5), b = counter.offer("d", 1, 0, 9), c = counter.offer("d", 1, 0, 5);
  EXPECT_EQ(counter.next().age, b.age);
  EXPECT_EQ(counter.next().age, a.age);
  EXPECT_EQ(counter.next().age, c.age);
  EXPECT_TRUE(counter.queue.empty());
}

TEST(FairQueue, DagsOfEqualWeightTakeTurns) {
  Counter counter;
  for (int i = 0; i < 4; ++i) counter.offer("a", 1, 0, 100);
  for (int i = 0; i < 3; ++i) counter.offer("b", 1, 0, 0);
  EXPECT_EQ(counter.next_dags(7), "abababa");
}

TEST(FairQueue, WeightsAreShares) {
  Counter counter;
  for (int i = 0; i < 9; ++i) counter.offer("a", 3);
  for (int i = 0; i < 3; ++i) counter.offer("b", 1);
  EXPECT_EQ(counter.next_dags(8), "abaaabaa") << "three of four, evenly spread";
}

TEST(FairQueue, APriorityGoesBeforeSharesOfALowerOne) {
  Counter counter;
  for (int i = 0; i < 2; ++i) counter.offer("a", 1, 0);
  for (int i = 0; i < 2; ++i) counter.offer("b", 1, 1);
  EXPECT_EQ(counter.next_dags(4), "bbaa");
}

TEST(FairQueue, WhoComesBackHasSavedNothing) {
  Counter counter;
  for (int i = 0; i < 100; ++i) counter.offer("a");
  counter.offer("b");
  EXPECT_EQ(counter.next_dags(42).find("bb"), std::string::npos);
  for (int i = 0; i < 10; ++i) counter.offer("b");
  const std::string next = counter.next_dags(20);
  EXPECT_EQ(std::count(next.begin(), next.end(), 'b'), 10);
  EXPECT_EQ(next.find("bb"), std::string::npos) << next;
}

TEST(FairQueue, WhoIsTakenOutHasHadNoTurn) {
  Counter counter;
  for (int i = 0; i < 3; ++i) counter.offer("b");
  const Candidate first = counter.offer("a");
  EXPECT_EQ(counter.queue.front().candidate.age, first.age);
  counter.queue.erase(first);
  EXPECT_EQ(counter.next_dags(1), "b");
  counter.offer("a");
  EXPECT_EQ(counter.next_dags(2), "ab");
}

TEST(FairQueue, APriorityRisesByOneLevelAnHour) {
  Counter counter;
  counter.offer("low", 1, 0, 0, 10);
  counter.offer("high", 1, 2, 0, 12);
  EXPECT_EQ(counter.queue.front().candidate.share->dag_id, "high") << "two hours are two levels: equal, and the higher one goes";
  EXPECT_EQ(counter.next_dags(1), "high");
  counter.offer("high", 1, 2, 0, 13);
  EXPECT_EQ(counter.next_dags(2), "lowhigh");
}

TEST(FairQueue, WhatHasRisenFallsWithTheOneThatWaitedLong) {
  Counter counter;
  counter.offer("a", 1, 0, 0, 1);
  counter.offer("b", 1, 0, 0, 9);
  counter.offer("h", 1, 1, 0, 9);
  EXPECT_EQ(counter.next_dags(3), "ahb");
  counter.offer("a", 1, 0, 0, 9);
  counter.offer("b", 1, 0, 0, 1);
  counter.offer("h", 1, 1, 0, 9);
  EXPECT_EQ(counter.next_dags(3), "abh") << "within what has risen shares decide";
}

TEST(FairQueue, OfOneDagWhoHasWaitedHoursGoesBeforeALongerPath) {
  Counter counter;
  const Candidate long_path = counter.offer("d", 1, 0, 1'000, 2), old = counter.offer("d", 1, 0, 0, 1);
  EXPECT_EQ(counter.next().age, old.age);
  EXPECT_EQ(counter.next().age, long_path.age);
}

TEST(FairQueue, WouldBeFirstChangesNothing) {
  Counter counter;
  counter.offer("b");
  Share share{"a", 1};
  Candidate c{.run_no = 1, .share = &share};
  c.age = 1'000;
  EXPECT_TRUE(counter.queue.would_be_first(c));
  c.priority = -1;
  EXPECT_FALSE(counter.queue.would_be_first(c));
  EXPECT_EQ(counter.queue.size(), 1U);
}

// ---- INV-15, over random crowds ----

struct Grant {
  int dag = -1;
  std::set<int> waiting;  ///< DAGs, before it
};

/// DAGs that come and go before one door.
std::vector<Grant> history(std::uint64_t seed, bool all_wait, const std::vector<int>& weights) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t n) { return static_cast<int>(random() % n); };
  Counter counter;
  std::vector<int> left(weights.size(), 0);
  const auto offer = [&](std::size_t d, int n) {
    for (int i = 0; i < n; ++i) counter.offer(std::string(1, static_cast<char>('a' + d)), weights[d], 0, below(3));
    left[d] += n;
  };
  for (std::size_t d = 0; all_wait && d < weights.size(); ++d) offer(d, 150);
  std::vector<Grant> grants;
  for (int step = 0; step < 120; ++step) {
    for (std::size_t d = 0; !all_wait && d < weights.size(); ++d) {
      if (below(6) == 0) offer(d, 1 + below(6));
    }
    if (counter.queue.empty()) {
      grants.emplace_back();
      continue;
    }
    Grant grant;
    for (std::size_t d = 0; d < weights.size(); ++d) {
      if (left[d] > 0) grant.waiting.insert(static_cast<int>(d));
    }
    grant.dag = counter.next().share->dag_id[0] - 'a';
    --left[static_cast<std::size_t>(grant.dag)];
    grants.push_back(std::move(grant));
  }
  return grants;
}

/// Every window in which a DAG waits all along: n grants give it at least ⌊n·w/W⌋ − 1, W being all who wait in it.
void expect_bound(const std::vector<Grant>& grants, const std::vector<int>& weights) {
  for (int dag = 0; dag < static_cast<int>(weights.size()); ++dag) {
    const std::int64_t weight = weights[static_cast<std::size_t>(dag)];
    for (std::size_t from = 0; from < grants.size(); ++from) {
      std::set<int> seen;
      std::int64_t all = 0, got = 0, n = 0;
      for (std::size_t at = from; at < grants.size() && grants[at].waiting.contains(dag); ++at) {
        for (const int other : grants[at].waiting) {
          if (seen.insert(other).second) all += weights[static_cast<std::size_t>(other)];
        }
        ++n;
        got += grants[at].dag == dag ? 1 : 0;
        ASSERT_GE(got, n * weight / all - 1) << "DAG " << dag << ", grants " << from << " to " << at;
      }
    }
  }
}

TEST(FairQueue, NGrantsGiveAWaitingDagItsShareLessOne) {
  constexpr int kWeights[] = {1, 1, 1, 2, 3, 5, 7, 10, 17, 100, 1'000};
  for (std::uint64_t seed = 1; seed <= 120 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    std::vector<int> weights(1 + random() % 7);
    for (int& weight : weights) weight = kWeights[random() % std::size(kWeights)];
    expect_bound(history(seed, seed % 2 == 0, weights), weights);
  }
}

// ---- against a reference that is written in another way: no list is sorted, all is asked of all, in fractions ----

class Reference {
 public:
  void offer(const Candidate& c) {
    if (!waits(c.share)) starts_[c.share] = std::max(starts_[c.share], now_);
    all_.push_back(c);
  }
  Candidate next() {
    double soonest = 1e300;
    for (const Candidate& c : all_) soonest = std::min(soonest, starts_[c.share]);
    now_ = std::max(now_, soonest);
    const auto rank = [&](const Candidate& c) {
      const double start = starts_[c.share];
      const bool is_late = start > now_ + 1e-9;
      return std::tuple(is_late, std::round((start + 1.0 / c.share->weight) * 1e10), c.share->dag_id, -c.path_us, c.age);
    };
    const auto best = std::min_element(all_.begin(), all_.end(), [&](auto& a, auto& b) { return rank(a) < rank(b); });
    const Candidate c = *best;
    std::set<const Share*> shares;
    double weight = 0;
    for (const Candidate& one : all_) weight += shares.insert(one.share).second ? one.share->weight : 0;
    all_.erase(best);
    now_ += 1.0 / weight;
    starts_[c.share] += 1.0 / c.share->weight;
    if (all_.empty()) now_ = 0, starts_.clear();
    return c;
  }

 private:
  [[nodiscard]] bool waits(const Share* share) const {
    return std::any_of(all_.begin(), all_.end(), [&](const Candidate& c) { return c.share == share; });
  }
  std::list<Candidate> all_;
  std::map<const Share*, double> starts_;
  double now_ = 0;
};

TEST(FairQueue, GoesAsAnUnsortedReferenceGoes) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    Counter counter;
    Reference reference;
    constexpr int kWeights[] = {1, 1, 2, 3, 4, 6};  // whose sums divide a turn mostly: no rounding decides
    std::vector<int> weights(1 + random() % 3);
    for (int& weight : weights) weight = kWeights[random() % std::size(kWeights)];
    for (int step = 0; step < 120; ++step) {
      if (random() % 2 == 0) {
        const auto d = random() % weights.size();
        reference.offer(counter.offer(std::string(1, static_cast<char>('a' + d)), weights[d], 0,
                                      static_cast<std::int64_t>(random() % 3)));
      } else if (!counter.queue.empty()) {
        ASSERT_EQ(counter.next().age, reference.next().age) << "step " << step;
      }
    }
  }
}

/// Two groups with equal times: one total order, and the same again.
TEST(FairQueue, TiesGoByTheNameOfTheDagWhateverTheOrderOfOffers) {
  std::set<std::string> orders;
  for (const bool a_first : {true, false}) {
    Counter counter;
    for (int i = 0; i < 50; ++i) {
      counter.offer(a_first ? "a" : "b");
      counter.offer(a_first ? "b" : "a");
    }
    orders.insert(counter.next_dags(100));
  }
  ASSERT_EQ(orders.size(), 1U);
  EXPECT_EQ(orders.begin()->find("aa"), std::string::npos);
  EXPECT_EQ(orders.begin()->find("bb"), std::string::npos);
}

}  // namespace
}  // namespace baton
