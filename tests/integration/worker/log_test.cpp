// What the real baton-worker does with logs: the cap, the time index, secrets.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "tests/support/worker/worker_client.h"

namespace baton {
namespace {

using test::WorkerClient;
using testing::HasSubstr;
using testing::Not;

/// What the worker may grow by while hundreds of megabytes pass; sanitizers keep freed memory for a while.
#ifdef __SANITIZE_ADDRESS__
constexpr std::int64_t kGrowthBytesMax = 64 << 20;
#else
constexpr std::int64_t kGrowthBytesMax = 2 << 20;
#endif

class LogTest : public testing::Test {
 protected:
  LogTest() { worker_.hello(); }

  /// Resident memory of the worker, in bytes.
  [[nodiscard]] std::int64_t worker_rss() const {
    const std::string statm = test::file_text("/proc/" + std::to_string(worker_.pid()) + "/statm");
    long long pages = 0;
    std::sscanf(statm.c_str(), "%*d %lld", &pages);
    return pages * ::sysconf(_SC_PAGESIZE);
  }

  test::ScratchFolder folder_;
  WorkerClient worker_{folder_ / "state", WorkerClient::Way::kInheritedSocket};
};

TEST_F(LogTest, AFloodKeepsHeadAndTailWithinTheLimit) {
  auto launch = worker_.shell("echo first; head -c 300000000 /dev/zero | tr '\\0' 'x'; echo; echo last");
  launch.log_limit_bytes = 8 << 20;
  const std::int64_t before = worker_rss();
  const auto end = worker_.run(launch);
  EXPECT_EQ(end.flags & wire::kLogTruncated, wire::kLogTruncated);
  EXPECT_EQ(end.log_bytes, 300000000 + 12);  // Offsets stay as they were written.
  struct stat info {};
  ASSERT_EQ(::stat(launch.log_path.c_str(), &info), 0);
  EXPECT_EQ(info.st_size, end.log_bytes);
  EXPECT_LE(info.st_blocks * 512, launch.log_limit_bytes + (64 << 10));
  EXPECT_LT(worker_rss() - before, kGrowthBytesMax);
  const int file = ::open(launch.log_path.c_str(), O_RDONLY);
  char text[4096];
  ASSERT_EQ(::pread(file, text, 6, 0), 6);
  EXPECT_EQ(std::string(text, 6), "first\n");
  ASSERT_EQ(::pread(file, text, 5, info.st_size - 5), 5);
  EXPECT_EQ(std::string(text, 5), "last\n");
  ::close(file);
  std::int64_t cut[2] = {};
  const std::string mark = test::file_text(launch.log_path + ".cut");
  ASSERT_EQ(mark.size(), sizeof(cut));
  std::memcpy(cut, mark.data(), sizeof(cut));
  EXPECT_EQ(cut[0], launch.log_limit_bytes / 2);
  EXPECT_EQ(cut[1], (end.log_bytes - launch.log_limit_bytes / 2) / 4096 * 4096);
}

TEST_F(LogTest, AShortTaskHasNoTimeIndexAndALongerOneHas) {
  const auto brief = worker_.shell("echo x");
  const auto brief_end = worker_.run(brief);
  // On a machine that is busy enough even this one is not short.
  EXPECT_TRUE(brief_end.run_us > 200'000 || !std::filesystem::exists(brief.log_path + ".idx"));
  const auto longer = worker_.shell("for i in 1 2 3 4; do echo line $i; sleep 0.3; done");
  const auto end = worker_.run(longer);
  const std::string index = test::file_text(longer.log_path + ".idx");
  ASSERT_GE(index.size(), 32U);
  ASSERT_EQ(index.size() % 16, 0U);
  std::int64_t offset = 0;
  std::int64_t time_us = 0;
  for (std::size_t at = 0; at < index.size(); at += 16) {
    std::int64_t pair[2];
    std::memcpy(pair, index.data() + at, sizeof(pair));
    EXPECT_GT(pair[0], offset);
    EXPECT_GT(pair[1], time_us);
    EXPECT_GE(pair[1], end.started_at_us);
    EXPECT_LE(pair[1], end.ended_at_us + 1'000'000);
    offset = pair[0];
    time_us = pair[1];
  }
  EXPECT_EQ(offset, end.log_bytes);
}

TEST_F(LogTest, TheEndBringsTheLastKibibyteOfTheLog) {
  EXPECT_EQ(worker_.run(worker_.shell("true")).log_tail, "");
  EXPECT_EQ(worker_.run(worker_.shell("echo one; echo two >&2")).log_tail, "one\ntwo\n");
  const auto tail = worker_.run(worker_.shell("for i in $(seq 600); do printf é; done; echo .")).log_tail;
  EXPECT_EQ(tail.size(), 1024U);
  EXPECT_THAT(tail, testing::StartsWith("é"));
  const auto odd = worker_.run(worker_.shell("for i in $(seq 600); do printf é; done; echo")).log_tail;
  EXPECT_EQ(odd.size(), 1023U);
  EXPECT_THAT(odd, testing::StartsWith("é"));
  auto masked = worker_.shell("echo hunter2-secret");
  masked.masks = {"hunter2-secret"};
  EXPECT_EQ(worker_.run(masked).log_tail, "***\n");
}

TEST_F(LogTest, SecretsDoNotReachTheLogInAnyForm) {
  auto launch = worker_.shell(
      "echo plain hunter2-secret!; printf 'hunter2-'; sleep 0.1; printf 'secret!\\n'; "
      "printf 'hunter2-secret!' | base64; printf 'user:hunter2-secret!' | base64; echo 'hunter2-secret%21'; echo end");
  launch.masks = {"hunter2-secret!"};
  const auto end = worker_.run(launch);
  const std::string log = worker_.log_of(launch);
  EXPECT_THAT(log, testing::StartsWith("plain ***\n***\n"));
  EXPECT_THAT(log, testing::EndsWith("\n***\nend\n"));
  EXPECT_THAT(log, Not(HasSubstr("hunter2")));
  EXPECT_THAT(log, Not(HasSubstr("aHVudGVyMi1zZWNyZXQh")));
  EXPECT_EQ(end.log_bytes, static_cast<std::int64_t>(log.size()));
}

TEST_F(LogTest, MaskedFloodsArriveWholeAndDoNotFillTheWorker) {
  auto launch =
      worker_.shell("head -c 30000000 /dev/zero | tr '\\0' 'y'; echo secret-value; (sleep 0.1; echo late) & echo end");
  launch.masks = {"secret-value"};
  const std::int64_t before = worker_rss();
  const auto end = worker_.run(launch);
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_EQ(end.log_bytes, 30000000 + 4 + 4);
  EXPECT_LT(worker_rss() - before, kGrowthBytesMax);
}

}  // namespace
}  // namespace baton
