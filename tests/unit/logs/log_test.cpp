#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "scheduler/logs/line_filter.h"
#include "scheduler/logs/line_reader.h"
#include "scheduler/logs/log_file.h"
#include "scheduler/logs/log_place.h"
#include "scheduler/logs/log_times.h"

namespace baton::logs {
namespace {

namespace fs = std::filesystem;

class Logs : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "baton-logs-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    path_ = (folder_ / "x.log").string();
  }
  void TearDown() override { fs::remove_all(folder_); }

  void append(std::string_view text) const {
    std::ofstream(path_, std::ios::app | std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
  }
  void cut(std::int64_t begin, std::int64_t end) const {
    const std::int64_t ends[] = {begin, end};
    std::ofstream(cut_path(path_), std::ios::binary).write(reinterpret_cast<const char*>(ends), sizeof ends);
    std::fstream log(path_, std::ios::in | std::ios::out | std::ios::binary);
    log.seekp(begin);
    const std::string zeros(static_cast<std::size_t>(end - begin), '\0');
    log.write(zeros.data(), static_cast<std::streamsize>(zeros.size()));
  }

  fs::path folder_;
  std::string path_;
};

std::vector<std::string> lines_of(LineReader& reader, bool is_complete) {
  std::vector<std::string> out;
  const Status read = reader.read(is_complete, [&](const Piece& piece) {
    out.push_back(piece.cut_bytes > 0 ? "CUT " + std::to_string(piece.cut_bytes) : std::string(piece.text));
  });
  EXPECT_TRUE(read);
  return out;
}

/// All pieces put together again.
std::string written(const std::string& path, std::size_t line_bytes_max = LineReader::kLineBytesMax) {
  LineReader reader(path, 0, line_bytes_max);
  std::string out;
  EXPECT_TRUE(reader.read(true, [&](const Piece& p) { out += std::string(p.text) + (p.ends_line ? "\n" : ""); }));
  return out;
}

std::string whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(LogPlace, IsMadeOfNumbers) {
  EXPECT_EQ(log_path("/s", 3, 14, 7), "/s/logs/3/14.7.log");
  EXPECT_EQ(index_path("x.log"), "x.log.idx");
  EXPECT_EQ(cut_path("x.log"), "x.log.cut");
}

TEST_F(Logs, WholeLinesComeAsTheyAreWritten) {
  LineReader reader(path_);
  EXPECT_TRUE(lines_of(reader, false).empty());
  append("one\ntw");
  EXPECT_EQ(lines_of(reader, false), (std::vector<std::string>{"one"}));
  append("o\nthree");
  EXPECT_EQ(lines_of(reader, false), (std::vector<std::string>{"two"}));
  EXPECT_EQ(lines_of(reader, true), (std::vector<std::string>{"three"}));
}

TEST_F(Logs, ZeroBytesAreTheTasksOwn) {
  using std::literals::operator""sv;
  append("\0a\0\0b\n\0\n\0"sv);
  LineReader reader(path_);
  EXPECT_EQ(lines_of(reader, true),
            (std::vector<std::string>{std::string("\0a\0\0b"sv), std::string("\0"sv), std::string("\0"sv)}));
  EXPECT_EQ(written(path_), whole(path_));
}

TEST_F(Logs, ALineOfMegabytesKeepsEveryByte) {
  std::string text;
  while (text.size() < 3'000'000) text += "é日本😀x";
  append("first\n" + text + "\nlast");
  EXPECT_EQ(written(path_), whole(path_));
  EXPECT_EQ(written(path_, 1'000), whole(path_));
}

TEST_F(Logs, APieceNeverEndsInsideACharacter) {
  std::string text;
  for (int i = 0; i < 400'000; ++i) text += "日";
  append(text + "\n");
  LineReader reader(path_, 0, 1'000);
  std::size_t pieces = 0;
  EXPECT_TRUE(reader.read(true, [&](const Piece& piece) {
    ++pieces;
    EXPECT_EQ(piece.text.size() % 3, 0U);
    EXPECT_EQ(piece.begins_line, pieces == 1);
  }));
  EXPECT_GT(pieces, 1U);
}

TEST_F(Logs, BytesThatAreNoTextPassToo) {
  std::string text(5'000, '\xFF');
  for (int i = 0; i < 256; ++i) text += static_cast<char>(i);
  append(text);
  EXPECT_EQ(written(path_, 100), whole(path_));
}

TEST_F(Logs, ACutIsOnePieceWithItsSize) {
  append("head\ncu" + std::string(100'000, 'x') + "ff\ntail\n");
  cut(7, 100'007);
  LineReader reader(path_);
  EXPECT_EQ(lines_of(reader, true), (std::vector<std::string>{"head", "cu", "CUT 100000", "ff", "tail"}));
}

TEST_F(Logs, ACutThatGrowsWhileOneReadsIsToldOnceMore) {
  append("head\n" + std::string(100, 'x') + "\n");
  LineReader reader(path_);
  EXPECT_EQ(lines_of(reader, false).size(), 2U);
  append(std::string(100, 'y') + "\ntail\n");
  cut(5, 206);
  EXPECT_EQ(lines_of(reader, false), (std::vector<std::string>{"CUT 100", "", "tail"}));
}

TEST_F(Logs, TheLastLinesAreFoundFromTheEnd) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += "line " + std::to_string(i) + "\n";
  append(text + "open");
  const Result<LogFile> log = LogFile::open(path_);
  ASSERT_TRUE(log);
  const auto from = [&](std::int64_t lines) { return whole(path_).substr(static_cast<std::size_t>(*tail_begin(*log, lines))); };
  EXPECT_EQ(from(0), "");
  EXPECT_EQ(from(1), "open");
  EXPECT_EQ(from(3), "line 49998\nline 49999\nopen");
  EXPECT_EQ(from(50'001), whole(path_));
  EXPECT_EQ(from(1'000'000), whole(path_));
}

TEST_F(Logs, TheLastLinesReachOverACut) {
  append("a\nb\n" + std::string(300'000, 'x') + "c\n");
  cut(4, 300'004);
  const Result<LogFile> log = LogFile::open(path_);
  ASSERT_TRUE(log);
  EXPECT_EQ(*tail_begin(*log, 1), 4);  // what is left of the line that was cut
  EXPECT_EQ(*tail_begin(*log, 2), 2);
}

TEST_F(Logs, AGlimpseOfTheEndBeginsWithALineAndHoldsNoCutBytes) {
  append("first\nsecond\nthird\n");
  EXPECT_EQ(read_tail(path_, 9), "third\n");
  EXPECT_EQ(read_tail(path_, 1'000), "first\nsecond\nthird\n");
  EXPECT_EQ(read_tail(folder_ / "none.log", 10), "");
  append(std::string(1'000, 'x') + "\nlast\n");
  cut(10, 1'000);
  EXPECT_EQ(read_tail(path_, 100'000), "last\n");
}

TEST_F(Logs, WhatMayNotBeReadIsDeniedAndWhatIsNoFileToo) {
  EXPECT_EQ(LogFile::open(path_).error().kind, ErrorKind::not_found);
  ASSERT_EQ(::symlink("/etc/hostname", path_.c_str()), 0);
  EXPECT_FALSE(LogFile::open(path_));
  EXPECT_EQ(LogFile::open(folder_).error().kind, ErrorKind::denied);
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  ::unlink(path_.c_str());
  append("x");
  ::chmod(path_.c_str(), 0);
  EXPECT_EQ(LogFile::open(path_).error().kind, ErrorKind::denied);
}

TEST_F(Logs, TheIndexSaysWhenALineHadBeenWritten) {
  const std::int64_t pairs[] = {10, 1'000, 20, 2'000};
  std::ofstream(index_path(path_), std::ios::binary).write(reinterpret_cast<const char*>(pairs), sizeof pairs);
  const LogTimes times = LogTimes::load(path_);
  EXPECT_EQ(times.at(5, 9), 1'000);
  EXPECT_EQ(times.at(10, 9), 1'000);
  EXPECT_EQ(times.at(11, 9), 2'000);
  EXPECT_EQ(times.at(21, 9), 9);
}

TEST(LineFilter, LetsThroughWhatMatches) {
  EXPECT_TRUE(LineFilter().wants("anything"));
  const Result<LineFilter> filter = LineFilter::matching("^no l");
  ASSERT_TRUE(filter);
  EXPECT_TRUE(filter->wants("no luck"));
  EXPECT_FALSE(filter->wants("luck"));
  EXPECT_FALSE(LineFilter::matching("("));
}

}  // namespace
}  // namespace baton::logs
