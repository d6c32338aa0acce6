#include "scheduler/engine/trigger_rule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

namespace baton {
namespace {

// Ends as letters: s success, f failed, u upstream_failed, k skipped.
using Ends = std::string;

long count(const Ends& ends, const std::string& of) {
  return std::count_if(ends.begin(), ends.end(), [&](char c) { return of.find(c) != std::string::npos; });
}
bool all(const Ends& ends, const std::string& of) {
  return count(ends, of) == static_cast<long>(ends.size());
}
bool any(const Ends& ends, const std::string& of) {
  return count(ends, of) > 0;
}

/// One row of the table in docs/dag-language.md: when it runs, what becomes of it otherwise, and whether one end is
/// enough.
struct Row {
  TriggerRule rule;
  bool as_soon_as;
  std::function<bool(const Ends&)> runs;
  std::function<Verdict(const Ends&)> otherwise;
};

Verdict skip(const Ends&) {
  return Verdict::skip;
}
Verdict upstream_failure(const Ends&) {
  return Verdict::upstream_failed;
}
Verdict failed_if_any_f(const Ends& e) {
  return any(e, "fu") ? Verdict::upstream_failed : Verdict::skip;
}

const std::vector<Row>& table() {
  using R = TriggerRule;
  static const std::vector<Row> rows = {
      {R::all_success, false, [](const Ends& e) { return all(e, "s"); }, failed_if_any_f},
      {R::all_failed, false, [](const Ends& e) { return all(e, "fu"); }, skip},
      {R::all_skipped, false, [](const Ends& e) { return all(e, "k"); }, skip},
      {R::all_done, false, [](const Ends&) { return true; }, skip},
      {R::always, true, [](const Ends&) { return true; }, skip},
      {R::all_done_min_one_success, false, [](const Ends& e) { return !any(e, "k") && any(e, "s"); },
       [](const Ends& e) { return any(e, "k") ? Verdict::skip : Verdict::upstream_failed; }},
      {R::one_success, true, [](const Ends& e) { return any(e, "s"); },
       [](const Ends& e) { return all(e, "k") ? Verdict::skip : Verdict::upstream_failed; }},
      {R::one_failed, true, [](const Ends& e) { return any(e, "fu"); }, skip},
      {R::one_done, true, [](const Ends& e) { return any(e, "sf"); }, skip},
      {R::none_failed, false, [](const Ends& e) { return !any(e, "fu"); }, upstream_failure},
      {R::none_failed_min_one_success, false, [](const Ends& e) { return !any(e, "fu") && any(e, "s"); },
       failed_if_any_f},
      {R::none_skipped, false, [](const Ends& e) { return !any(e, "k"); }, skip},
  };
  return rows;
}

Verdict final_verdict(const Row& row, const Ends& ends) {
  return row.runs(ends) ? Verdict::run : row.otherwise(ends);
}

UpstreamCounts counts_of(const Ends& ends, std::size_t open) {
  UpstreamCounts c;
  c.open = static_cast<std::int32_t>(open);
  c.success = static_cast<std::int32_t>(count(ends, "s"));
  c.failed = static_cast<std::int32_t>(count(ends, "f"));
  c.upstream_failed = static_cast<std::int32_t>(count(ends, "u"));
  c.skipped = static_cast<std::int32_t>(count(ends, "k"));
  return c;
}

/// Every word over the four ends, of `length` letters.
std::vector<Ends> words(std::size_t length) {
  std::vector<Ends> out = {""};
  for (std::size_t i = 0; i < length; ++i) {
    std::vector<Ends> longer;
    for (const Ends& w : out) {
      for (const char c : {'s', 'f', 'u', 'k'}) longer.push_back(w + c);
    }
    out = std::move(longer);
  }
  return out;
}

std::string name(const Row& row, const Ends& ends) {
  return std::string(to_string(row.rule)) + " after " + ends;
}

TEST(TriggerRule, TheTableHasEveryRuleOnce) {
  std::vector<TriggerRule> rules;
  for (const Row& row : table()) rules.push_back(row.rule);
  std::sort(rules.begin(), rules.end());
  EXPECT_EQ(std::unique(rules.begin(), rules.end()), rules.end());
  EXPECT_EQ(rules.size(), 12U);
}

TEST(TriggerRule, WithoutUpstreamsEveryRuleRuns) {
  for (const Row& row : table()) EXPECT_EQ(judge(row.rule, {}), Verdict::run) << to_string(row.rule);
}

TEST(TriggerRule, EveryCombinationOfUpToFiveEndsFollowsTheTable) {
  for (std::size_t n = 1; n <= 5; ++n) {
    for (const Ends& ends : words(n)) {
      for (const Row& row : table()) {
        ASSERT_EQ(judge(row.rule, counts_of(ends, 0)), final_verdict(row, ends)) << name(row, ends);
      }
    }
  }
}

// Words are orders: each word of three ends is looked at after each of its letters.
TEST(TriggerRule, NoEarlyVerdictIsEverContradictedInAnyOrderOfEnds) {
  for (const Row& row : table()) {
    for (const Ends& ends : words(3)) {
      const Verdict last = final_verdict(row, ends);
      for (std::size_t ended = 0; ended < 3; ++ended) {
        const Verdict early = judge(row.rule, counts_of(ends.substr(0, ended), 3 - ended));
        if (early != Verdict::wait) {
          ASSERT_EQ(early, last) << name(row, ends) << " at " << ended;
        }
      }
    }
  }
}

TEST(TriggerRule, AVerdictIsGivenAsSoonAsNoLaterEndCanChangeIt) {
  for (const Row& row : table()) {
    for (std::size_t ended = 0; ended < 3; ++ended) {
      for (const Ends& so_far : words(ended)) {
        bool certain = true;
        Verdict common = Verdict::wait;
        for (const Ends& rest : words(3 - ended)) {
          const Verdict v = final_verdict(row, so_far + rest);
          certain = certain && (common == Verdict::wait || common == v);
          common = v;
        }
        // "all have ended" stands in the table even where the verdict is certain before.
        const bool waits = !certain || (common == Verdict::run && !row.as_soon_as);
        const Verdict expected = waits ? Verdict::wait : common;
        ASSERT_EQ(judge(row.rule, counts_of(so_far, 3 - ended)), expected) << name(row, so_far);
      }
    }
  }
}

TEST(TriggerRule, AFailureBesideASkipWinsWhicheverEndedFirst) {
  EXPECT_EQ(judge(TriggerRule::all_success, counts_of("k", 1)), Verdict::wait);
  EXPECT_EQ(judge(TriggerRule::all_success, counts_of("kf", 0)), Verdict::upstream_failed);
  EXPECT_EQ(judge(TriggerRule::all_success, counts_of("f", 1)), Verdict::upstream_failed);
}

}  // namespace
}  // namespace baton
