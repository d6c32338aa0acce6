#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "scheduler/logs/line_index.h"
#include "scheduler/logs/line_search.h"
#include "scheduler/logs/log_place.h"

namespace baton::logs {
namespace {

namespace fs = std::filesystem;
const GoesOn kAlways = [] { return true; };
const GoesOn kNever = [] { return false; };

class Lines : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "baton-lines-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    path_ = (folder_ / "x.log").string();
    append("");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void append(std::string_view text) {
    std::ofstream out(path_, std::ios::app | std::ios::binary);
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    text_ += text;
  }
  void cut(std::int64_t begin, std::int64_t end) {
    const std::int64_t ends[] = {begin, end};
    std::ofstream(cut_path(path_), std::ios::binary).write(reinterpret_cast<const char*>(ends), sizeof ends);
    std::fstream log(path_, std::ios::in | std::ios::out | std::ios::binary);
    log.seekp(begin);
    const std::string zeros(static_cast<std::size_t>(end - begin), '\0');
    log.write(zeros.data(), static_cast<std::streamsize>(zeros.size()));
    cut_ = {begin, end};
  }
  LogFile log() const {
    auto opened = LogFile::open(path_);
    return std::move(*opened);
  }

  static void split(std::string_view text, bool gives_rest, std::vector<std::string>& out) {
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      if (end == text.npos && !gives_rest) return;
      out.emplace_back(text.substr(0, end));
      text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
  }
  /// What its lines are, thought of in the simplest way.
  std::vector<std::string> expected(bool has_ended) const {
    std::vector<std::string> out;
    const std::string_view text = text_;
    if (cut_.end == 0) {
      split(text, has_ended, out);
      return out;
    }
    split(text.substr(0, static_cast<std::size_t>(cut_.begin)), true, out);
    out.push_back("CUT " + std::to_string(cut_.end - cut_.begin));
    split(text.substr(static_cast<std::size_t>(cut_.end)), has_ended, out);
    return out;
  }

  fs::path folder_;
  std::string path_, text_;
  Cut cut_;
};

std::string shown(const GivenLine& line) {
  return line.cut_bytes > 0 ? "CUT " + std::to_string(line.cut_bytes) : line.text;
}

std::vector<std::string> lines(const LogFile& log, const LineIndex& index, std::int64_t from, std::size_t most,
                               bool has_ended = true) {
  std::vector<std::string> out;
  const auto given = lines_from(log, index, from, most, has_ended, kAlways);
  EXPECT_TRUE(given);
  std::int64_t number = from;
  for (const GivenLine& line : *given) {
    EXPECT_EQ(line.number, number++);
    out.push_back(shown(line));
  }
  return out;
}

LineSearch search_for(const std::string& text, bool has_ended = true) {
  LineSearch out;
  auto filter = LineFilter::holding(text, {});
  out.filter = std::move(*filter);
  out.has_ended = has_ended;
  return out;
}

using Numbers = std::vector<std::int64_t>;

TEST_F(Lines, AnyLineIsFoundByItsNumber) {
  for (int i = 1; i <= 50'000; ++i) append("line " + std::to_string(i) + "\n");
  append("open");
  LineIndex index(1'000, 64);
  ASSERT_TRUE(*index.grow(log(), kAlways));
  EXPECT_EQ(index.lines(), 50'000);
  EXPECT_TRUE(index.has_open_line());
  EXPECT_EQ(lines(log(), index, 1, 2), (std::vector<std::string>{"line 1", "line 2"}));
  EXPECT_EQ(lines(log(), index, 25'001, 1), (std::vector<std::string>{"line 25001"}));
  EXPECT_EQ(lines(log(), index, 50'000, 9), (std::vector<std::string>{"line 50000", "open"}));
  EXPECT_EQ(lines(log(), index, 50'000, 9, false), (std::vector<std::string>{"line 50000"}));
  EXPECT_TRUE(lines(log(), index, 50'002, 9).empty());
  // Far fewer bytes are read than lie before it: the place before a line is near, however many marks were let go.
  EXPECT_LE(25'001 - index.place_before(25'001).number, 50'000 / 16);
}

TEST_F(Lines, ASliceGoesOnWhereTheLastOneEnded) {
  std::string text;
  for (int i = 1; i <= 100'000; ++i) text += "line " + std::to_string(i) + "\n";
  append(text);
  LineIndex index;
  int slices = 1;
  while (!*index.grow(log(), kNever)) {
    ++slices;
    EXPECT_EQ(lines(log(), index, index.lines(), 5, false),
              (std::vector<std::string>{"line " + std::to_string(index.lines())}));
  }
  EXPECT_GT(slices, 3);
  EXPECT_EQ(index.lines(), 100'000);
}

TEST_F(Lines, ALineLongerThanASliceIsGivenInPartAndGoneBy) {
  append("first\n" + std::string(3 << 20, 'x') + "needle\nlast\n");
  LineIndex index;
  while (!*index.grow(log(), kNever)) {
  }
  EXPECT_EQ(index.lines(), 3);
  const auto given = lines_from(log(), index, 2, 10, true, kNever);
  ASSERT_EQ(given->size(), 1U);
  EXPECT_EQ(given->front().number, 2);
  EXPECT_FALSE(given->front().is_whole);
  EXPECT_EQ(given->front().text.size(), kGivenTextMax);
  EXPECT_EQ(lines(log(), index, 3, 10), (std::vector<std::string>{"last"}));
  EXPECT_EQ(search_lines(log(), index, search_for("needle"), kAlways)->lines, Numbers{2});
  LineSearch search = search_for("last");
  search.from = 2;
  EXPECT_EQ(search_lines(log(), index, search, kNever)->next, 3);
}

TEST_F(Lines, GroupsAreFoundAndAnOpenOneGrows) {
  append("a\n::group:: one \nb\n::endgroup::\nc\n##[group]\x1b[1mtwo\x1b[0m\nd\n");
  LineIndex index;
  ASSERT_TRUE(*index.grow(log(), kAlways));
  auto groups = index.groups_from(1, 10);
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].name, "one");
  EXPECT_EQ(groups[0].first, 2);
  EXPECT_EQ(groups[0].last, 4);
  EXPECT_EQ(groups[1].name, "two");
  EXPECT_EQ(groups[1].last, 7);
  append("e\n::endgroup::\nf\n");
  ASSERT_TRUE(*index.grow(log(), kAlways));
  groups = index.groups_from(8, 10);
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].last, 9);
  EXPECT_EQ(index.groups_from(1, 1).size(), 1U);
}

TEST_F(Lines, ASearchSeesWhatAPersonSees) {
  append("\x1b[31mEr\x1b[0mror\nprogress 1\rprogress 2\r\n[31m\n\x1b]8;;http://x\x1b\\error\x1b]8;;\x1b\\\n");
  LineIndex index;
  ASSERT_TRUE(*index.grow(log(), kAlways));
  const auto found = [&](const std::string& text) {
    return search_lines(log(), index, search_for(text), kAlways)->lines;
  };
  EXPECT_EQ(found("ERROR"), (Numbers{1, 4}));
  EXPECT_EQ(found("progress 1"), Numbers{});
  EXPECT_EQ(found("progress 2"), Numbers{2});
  EXPECT_EQ(found("[31m"), Numbers{3});
  EXPECT_EQ(found("http"), Numbers{});
}

TEST_F(Lines, ASearchIsTextUnlessItIsToldOtherwise) {
  append("a.c\nabc\nABC\n");
  LineIndex index;
  ASSERT_TRUE(*index.grow(log(), kAlways));
  const auto found = [&](const std::string& text, LineFilter::Taken taken) {
    LineSearch search;
    auto filter = LineFilter::holding(text, taken);
    search.filter = std::move(*filter);
    return search_lines(log(), index, search, kAlways)->lines;
  };
  EXPECT_EQ(found("a.c", {}), Numbers{1});
  EXPECT_EQ(found("a.c", {true, false}), (Numbers{1, 2, 3}));
  EXPECT_EQ(found("abc", {false, true}), Numbers{2});
  EXPECT_FALSE(LineFilter::holding("a(", {true, false}));
  EXPECT_TRUE(LineFilter::holding("a(", {}));
}

TEST_F(Lines, ASearchGoesOnInSlicesAndMissesNothing) {
  std::string text;
  Numbers all;
  for (int i = 1; i <= 100'000; ++i) {
    text += i % 997 == 0 ? "needle\n" : "hay of the line " + std::to_string(i) + "\n";
    if (i % 997 == 0) all.push_back(i);
  }
  append(text);
  LineIndex index;
  Numbers found;
  LineSearch search = search_for("needle");
  for (bool is_indexed = false; search.from > 0;) {  // it is searched while it is indexed
    is_indexed = is_indexed || *index.grow(log(), kNever);
    search.is_indexed = is_indexed;
    search.has_ended = is_indexed;
    const auto part = search_lines(log(), index, search, kNever);
    ASSERT_TRUE(part);
    found.insert(found.end(), part->lines.begin(), part->lines.end());
    search.from = part->next;
  }
  EXPECT_EQ(found, all);
  search = search_for("needle");
  search.backwards = true;
  search.from = INT64_MAX;
  for (found.clear(); search.from > 0;) {
    const auto part = search_lines(log(), index, search, kNever);
    found.insert(found.end(), part->lines.begin(), part->lines.end());
    search.from = part->next;
  }
  std::ranges::reverse(all);
  EXPECT_EQ(found, all);
  search = search_for("needle");
  search.most = 0;
  const auto counted = search_lines(log(), index, search, kAlways);
  EXPECT_EQ(counted->count, static_cast<std::int64_t>(all.size()));
  EXPECT_TRUE(counted->lines.empty());
  search.most = 1;
  search.from = 50'000;
  EXPECT_EQ(search_lines(log(), index, search, kAlways)->lines, Numbers{50'847});
  search.backwards = true;
  EXPECT_EQ(search_lines(log(), index, search, kAlways)->lines, Numbers{49'850});
}

TEST_F(Lines, TheLastLinesNeedNoIndex) {
  std::string text;
  for (int i = 1; i <= 100'000; ++i) text += "line " + std::to_string(i) + "\n";
  append(text + "open");
  const auto last = last_lines(log(), 2, true, kAlways);
  ASSERT_EQ(last->size(), 2U);
  EXPECT_EQ(last->back().text, "open");
  EXPECT_EQ(last->back().number, 0);
  EXPECT_EQ(last_lines(log(), 2, false, kAlways)->back().text, "line 100000");
}

TEST_F(Lines, AShorterLogIsAnotherOne) {
  append("a\nb\nc\n");
  LineIndex index;
  ASSERT_TRUE(*index.grow(log(), kAlways));
  fs::resize_file(path_, 0);
  append("d\n");
  ASSERT_TRUE(*index.grow(log(), kAlways));
  EXPECT_EQ(index.lines(), 1);
  EXPECT_EQ(lines(log(), index, 1, 5), std::vector<std::string>{"d"});
}

/// A log that grows and is cut while it is looked at: the lines are those that a reader without an index sees.
TEST_F(Lines, WhateverHappensToALogItsNumbersAreRight) {
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](std::int64_t n) {
      return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
    };
    fs::remove(path_);
    fs::remove(cut_path(path_));
    text_.clear();
    cut_ = {};
    append("");
    LineIndex index(1 + below(5'000), static_cast<std::size_t>(2 + below(20)));
    for (int step = 0; step < 25; ++step) {
      std::string more;
      for (std::int64_t k = below(60); k > 0; --k) {
        const std::string line(static_cast<std::size_t>(below(200)), 'x');
        more += (below(9) == 0 ? "::group::g" : below(9) == 0 ? "::endgroup::" : line) + "\n";
      }
      append(more + (below(2) == 0 ? "rest" : ""));
      const auto size = static_cast<std::int64_t>(text_.size());
      if (below(5) == 0 && size > 2 && cut_.end < size - 1) {
        const std::int64_t begin = cut_.end == 0 ? below(size / 2) : cut_.begin;
        cut(begin, std::max(cut_.end, begin) + 1 + below(size - std::max(cut_.end, begin) - 1));
      }
      while (!*index.grow(log(), below(2) == 0 ? kNever : kAlways)) {
      }
      const bool has_ended = below(2) == 0;
      const std::vector<std::string> all = expected(has_ended);
      const std::int64_t open = has_ended && index.has_open_line() ? 1 : 0;
      ASSERT_EQ(index.lines() + open, static_cast<std::int64_t>(all.size())) << seed;
      ASSERT_EQ(lines(log(), index, 1, all.size() + 1, has_ended), all) << seed;
      if (all.empty()) continue;
      const std::int64_t from = 1 + below(static_cast<std::int64_t>(all.size()));
      ASSERT_EQ(lines(log(), index, from, 1, has_ended).front(), all[static_cast<std::size_t>(from - 1)]) << seed;
      Numbers begun;
      for (std::size_t k = 0; k < all.size(); ++k) {
        if (all[k].find("::group::") == 0) begun.push_back(static_cast<std::int64_t>(k) + 1);
      }
      Numbers groups;
      for (const LineGroup& group : index.groups_from(1, 10'000)) groups.push_back(group.first);
      // One that has not ended yet is none of `all`.
      ASSERT_EQ(groups, begun) << seed;
    }
  }
}

TEST(LineIndexes, ThoseThatWereLookedAtLastAreKept) {
  LineIndexes indexes(2);
  const auto a = indexes.of("a");
  indexes.of("b");
  EXPECT_EQ(indexes.of("a"), a);
  indexes.of("c");
  EXPECT_EQ(indexes.of("a"), a);
  indexes.of("b");
  indexes.of("c");
  EXPECT_NE(indexes.of("a"), a);
}

}  // namespace
}  // namespace baton::logs
