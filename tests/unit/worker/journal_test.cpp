#include "worker/journal.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "scheduler/checksum/crc32c.h"

namespace baton::worker {
namespace {

class JournalTest : public testing::Test {
 protected:
  JournalTest() {
    char pattern[] = "/tmp/baton-test.XXXXXX";
    folder_ = ::mkdtemp(pattern);
  }
  ~JournalTest() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path() const { return folder_ + "/worker.journal"; }
  [[nodiscard]] std::string bytes() const {
    std::ifstream file(path(), std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  std::string folder_;
};

Begun begun(int task) {
  return {{1, task, -1, 1}, 100 + task, 5, 6, "/out"};
}

Reported reported(int task) {
  Reported result;
  result.ended.key = {1, task, -1, 1};
  result.ended.exit_code = task;
  result.ended.output = "{}";
  result.output_path = "/out";
  return result;
}

JournalContent with_worker() {
  JournalContent content;
  content.worker = {3, 42, "boot", "/cgroup/baton-42"};
  return content;
}

TEST_F(JournalTest, AnAttemptThatBeganAgainIsNotEndedAsWell) {
  Journal journal;
  ASSERT_TRUE(journal.start(path(), with_worker()));
  journal.begin(begun(1));
  journal.end(reported(1));
  journal.begin(begun(1));
  journal.flush();
  const auto content = replay_journal(bytes());
  EXPECT_EQ(content.live, std::vector<Begun>{begun(1)});
  EXPECT_TRUE(content.ended.empty());
}

TEST_F(JournalTest, OneOfTheFirstProtocolIsRead) {
  Journal journal;
  ASSERT_TRUE(journal.start(path(), with_worker()));
  journal.end(reported(1));
  journal.flush();
  // The record of the end without its last fields, an empty string and a number, under the first magic.
  constexpr std::uint32_t kLater = 8;
  std::string old = bytes();
  old.replace(0, 8, "BATONWJ1");
  old.resize(old.size() - kLater);
  std::uint32_t length = 0;
  const std::size_t header = old.rfind("/out") - 4 - 1 - 8;
  std::memcpy(&length, old.data() + header, 4);
  length -= kLater;
  std::memcpy(old.data() + header, &length, 4);
  std::uint32_t inner = 0;
  std::memcpy(&inner, old.data() + header + 8 + 1 + 4 + 4, 4);
  inner -= kLater;
  std::memcpy(old.data() + header + 8 + 1 + 4 + 4, &inner, 4);
  const std::uint32_t crc = crc32c(std::string_view(old).substr(header + 8));
  std::memcpy(old.data() + header + 4, &crc, 4);
  const auto content = replay_journal(old);
  ASSERT_EQ(content.ended.size(), 1U);
  EXPECT_EQ(content.ended.front().ended, reported(1).ended);
}

TEST_F(JournalTest, SaysWhatIsLiveAndWhatIsNotAcknowledged) {
  Journal journal;
  ASSERT_TRUE(journal.start(path(), with_worker()));
  for (int task = 1; task <= 3; ++task) journal.begin(begun(task));
  journal.end(reported(2));
  journal.end(reported(3));
  journal.ack({1, 3, -1, 1});
  journal.flush();
  const auto content = replay_journal(bytes());
  EXPECT_EQ(content.worker.epoch, 3);
  EXPECT_EQ(content.worker.pid, 42);
  EXPECT_EQ(content.worker.boot_id, "boot");
  EXPECT_EQ(content.worker.cgroup, "/cgroup/baton-42");
  EXPECT_FALSE(content.closed);
  ASSERT_EQ(content.live.size(), 1U);
  EXPECT_EQ(content.live[0], begun(1));
  ASSERT_EQ(content.ended.size(), 1U);
  EXPECT_EQ(content.ended[0].ended, reported(2).ended);
  EXPECT_EQ(content.ended[0].output_path, "/out");
}

TEST_F(JournalTest, SaysWhichSchedulerHasComeLast) {
  Journal journal;
  ASSERT_TRUE(journal.start(path(), with_worker()));
  EXPECT_EQ(replay_journal(bytes()).scheduler_epoch, 0);
  journal.scheduler(5);
  journal.flush();
  EXPECT_EQ(replay_journal(bytes()).scheduler_epoch, 5);
  ASSERT_TRUE(journal.start(path(), replay_journal(bytes())));
  EXPECT_EQ(replay_journal(bytes()).scheduler_epoch, 5);
}

TEST_F(JournalTest, ARewriteKeepsWhatCounts) {
  Journal journal;
  ASSERT_TRUE(journal.start(path(), with_worker()));
  journal.begin(begun(1));
  journal.end(reported(2));
  journal.flush();
  auto content = replay_journal(bytes());
  ASSERT_TRUE(journal.start(path(), content));
  journal.begin(begun(4));
  journal.flush();
  content = replay_journal(bytes());
  EXPECT_EQ(content.live.size(), 2U);
  EXPECT_EQ(content.ended.size(), 1U);
}

TEST_F(JournalTest, AnOrderlyEndIsKnownAsSuch) {
  Journal journal;
  ASSERT_TRUE(journal.start(path(), with_worker()));
  journal.flush();
  EXPECT_FALSE(replay_journal(bytes()).closed);
  journal.closed();
  journal.flush();
  EXPECT_TRUE(replay_journal(bytes()).closed);
  EXPECT_TRUE(replay_journal("").closed);
}

TEST_F(JournalTest, ATornTailCostsOnlyItself) {
  Journal journal;
  ASSERT_TRUE(journal.start(path(), with_worker()));
  journal.begin(begun(1));
  journal.begin(begun(2));
  journal.closed();
  journal.flush();
  const std::string whole = bytes();
  std::size_t most = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto content = replay_journal(std::string_view(whole).substr(0, size));
    EXPECT_GE(content.live.size(), most);
    EXPECT_TRUE(size <= 8 || !content.closed) << size;
    most = content.live.size();
  }
  EXPECT_EQ(most, 2U);
}

TEST_F(JournalTest, ACorruptRecordEndsTheReading) {
  Journal journal;
  ASSERT_TRUE(journal.start(path(), with_worker()));
  journal.begin(begun(1));
  journal.flush();
  const std::size_t first = bytes().size();
  journal.begin(begun(2));
  journal.flush();
  std::string damaged = bytes();
  damaged[first + 20] = static_cast<char>(damaged[first + 20] ^ 1);
  const auto content = replay_journal(damaged);
  EXPECT_EQ(content.live.size(), 1U);
  EXPECT_FALSE(content.closed);
}

TEST_F(JournalTest, GarbageNeverCrashes) {
  Journal journal;
  ASSERT_TRUE(journal.start(path(), with_worker()));
  journal.begin(begun(1));
  journal.end(reported(1));
  journal.flush();
  const std::string whole = bytes();
  std::mt19937 random(3);
  for (int round = 0; round < 5000; ++round) {
    std::string damaged = whole;
    for (int i = 0; i < 4; ++i) damaged[random() % damaged.size()] = static_cast<char>(random());
    static_cast<void>(replay_journal(damaged));
  }
}

TEST_F(JournalTest, GrowsUntilARewriteIsWorthIt) {
  Journal journal;
  ASSERT_TRUE(journal.start(path(), with_worker()));
  EXPECT_FALSE(journal.wants_rewrite());
  auto large = reported(1);
  large.ended.output.assign(1 << 20, 'x');
  for (int i = 0; i < 5; ++i) journal.end(large);
  journal.flush();
  EXPECT_TRUE(journal.wants_rewrite());
  ASSERT_TRUE(journal.start(path(), with_worker()));
  EXPECT_FALSE(journal.wants_rewrite());
}

}  // namespace
}  // namespace baton::worker
