// Line diffs: held against what `patch` would make of them.
#include "scheduler/insight/line_diff.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace baton::insight {
namespace {

TEST(LineDiff, IsWhatPeopleKnow) {
  EXPECT_EQ(unified_diff("a\nb\nc\n", "a\nb\nc\n", "1", "2"), "");
  EXPECT_EQ(unified_diff("a\nb\nc\n", "a\nx\nc\n", "1", "2"), "--- 1\n+++ 2\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
  EXPECT_EQ(unified_diff("", "a\n", "1", "2"), "--- 1\n+++ 2\n@@ -0,0 +1 @@\n+a\n");
  EXPECT_EQ(unified_diff("a\n", "a", "1", "2"), "--- 1\n+++ 2\n@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n");
  const std::string far = unified_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "x\n2\n3\n4\n5\n6\n7\n8\ny\n", "1", "2", 1);
  EXPECT_EQ(far, "--- 1\n+++ 2\n@@ -1,2 +1,2 @@\n-1\n+x\n 2\n@@ -8,2 +8,2 @@\n 8\n-9\n+y\n");
}

/// `before` with `diff` applied, strictly; the text "no" where it does not fit.
std::string patched(const std::string& before, const std::string& diff) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < before.size();) {
    const std::size_t end = before.find('\n', at);
    lines.push_back(before.substr(at, end + 1 - at));
    at = end + 1;
  }
  std::string out;
  std::size_t next = 0;
  for (std::size_t at = 0; at < diff.size();) {
    const std::size_t end = diff.find('\n', at);
    const std::string line = diff.substr(at, end + 1 - at);
    at = end + 1;
    if (line.starts_with("---") || line.starts_with("+++")) continue;
    if (line.starts_with("@@")) {
      auto first = static_cast<std::size_t>(std::stoul(line.substr(4)));
      if (line.find(",0 +") == std::string::npos) --first;
      if (first < next || first > lines.size()) return "no";
      for (; next < first; ++next) out += lines[next];
      continue;
    }
    if (line[0] != '+') {
      if (next >= lines.size() || lines[next] != line.substr(1)) return "no";
      ++next;
    }
    if (line[0] != '-') out += line.substr(1);
  }
  for (; next < lines.size(); ++next) out += lines[next];
  return out;
}

TEST(LineDiff, MakesOneTextOfTheOtherAndIsNoLongerThanItMustBe) {
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string texts[2];
    std::vector<char> letters[2];
    for (int which = 0; which < 2; ++which) {
      for (auto n = random() % 12; n > 0; --n) {
        letters[which].push_back(static_cast<char>('a' + random() % 4));
        texts[which] += std::string(1, letters[which].back()) + "\n";
      }
    }
    const std::string diff = unified_diff(texts[0], texts[1], "1", "2", random() % 4);
    ASSERT_EQ(patched(texts[0], diff), texts[1]) << texts[0] << "to\n" << texts[1] << "by\n" << diff;
    // Lines that differ: both lengths less twice the longest common subsequence.
    std::vector<std::vector<int>> lcs(letters[0].size() + 1, std::vector<int>(letters[1].size() + 1, 0));
    for (std::size_t i = 0; i < letters[0].size(); ++i) {
      for (std::size_t j = 0; j < letters[1].size(); ++j) {
        lcs[i + 1][j + 1] = letters[0][i] == letters[1][j] ? lcs[i][j] + 1 : std::max(lcs[i][j + 1], lcs[i + 1][j]);
      }
    }
    int marked = 0;
    for (std::size_t at = 0; at < diff.size(); at = diff.find('\n', at) + 1) {
      marked += (diff[at] == '+' || diff[at] == '-') && diff.compare(at, 3, "---") != 0 && diff.compare(at, 3, "+++") != 0;
    }
    const int wanted = static_cast<int>(letters[0].size() + letters[1].size()) - 2 * lcs.back().back();
    ASSERT_EQ(marked, wanted) << diff;
  }
}

TEST(LineDiff, OfWhatHasNothingInCommonEndsSoon) {
  std::string before, after;
  for (int i = 0; i < 50'000; ++i) {
    before += "a" + std::to_string(i) + "\n";
    after += "b" + std::to_string(i) + "\n";
  }
  EXPECT_EQ(patched(before, unified_diff(before, after, "1", "2")), after);
}

}  // namespace
}  // namespace baton::insight
