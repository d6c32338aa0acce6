// What the worker reads from its host: programs in PATH, patterns of files, mount tables, processes, log files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "worker/attempts.h"
#include "worker/cgroup.h"
#include "worker/files.h"
#include "worker/log_spool.h"
#include "worker/orphans.h"
#include "worker/proc.h"
#include "worker/program.h"

namespace baton::worker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(OomKills, EachKillExplainsOneDeathThatIsHeardOfSoon) {
  constexpr std::int64_t kSecondUs = 1'000'000;
  OomKills kills(7);
  EXPECT_FALSE(kills.explain(7, kSecondUs)) << "nobody was killed since";
  EXPECT_TRUE(kills.explain(9, 2 * kSecondUs));  // two at once
  EXPECT_TRUE(kills.explain(10, 2 * kSecondUs + 10)) << "and one more, before the second was looked at";
  EXPECT_TRUE(kills.explain(10, 2 * kSecondUs + 20)) << "the second";
  EXPECT_FALSE(kills.explain(10, 2 * kSecondUs + 30));
  EXPECT_TRUE(kills.explain(12, 10 * kSecondUs));
  EXPECT_FALSE(kills.explain(12, 12 * kSecondUs)) << "too late for what was killed then";
}

class HostTest : public testing::Test {
 protected:
  HostTest() {
    char pattern[] = "/tmp/baton-test.XXXXXX";
    folder_ = ::mkdtemp(pattern);
  }
  ~HostTest() override { std::filesystem::remove_all(folder_); }

  std::string touch(const std::string& name, mode_t mode = 0600) const {
    const std::string path = folder_ + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << name;
    ::chmod(path.c_str(), mode);
    return path;
  }

  std::string folder_;
};

TEST_F(HostTest, AProgramIsTheFirstExecutableFileInPath) {
  touch("one/tool", 0600);  // Not executable: passed over.
  const std::string two = touch("two/tool", 0700);
  touch("three/tool", 0700);
  std::filesystem::create_directories(folder_ + "/zero/tool");  // A folder is no program.
  const auto path = [&](const std::string& names) {
    std::string value = "PATH=";
    for (const char c : names)
      value += folder_ + (c == '0' ? "/zero:" : c == '1' ? "/one:" : c == '2' ? "/two:" : "/three:");
    return wire::StringList{"A=b", value};
  };
  EXPECT_EQ(find_program("tool", path("0123")), two);
  EXPECT_EQ(find_program("tool", path("01")), "");
  EXPECT_EQ(find_program("./tool", path("0123")), "./tool");
  EXPECT_EQ(find_program("sh", {}), find_program("sh", {"PATH=/usr/bin:/bin"}));
}

TEST_F(HostTest, AProgramIsRememberedUntilItGoesAway) {
  const wire::StringList env{"PATH=" + folder_ + "/one:" + folder_ + "/two"};
  ProgramCache cache;
  EXPECT_EQ(cache.find("tool", env), "");
  const std::string two = touch("two/tool", 0700);
  EXPECT_EQ(cache.find("tool", env), two) << "what is not found is not remembered";
  const std::string one = touch("one/tool", 0700);
  EXPECT_EQ(cache.find("tool", env), two);
  EXPECT_EQ(cache.find("tool", {"PATH=" + folder_ + "/one"}), one) << "another PATH";
  std::filesystem::remove(two);
  EXPECT_EQ(cache.find("tool", env), one);
}

TEST_F(HostTest, PatternsMatchLikeAShells) {
  const std::string a = touch("a.csv");
  const std::string b = touch("x/b.csv");
  const std::string c = touch("x/y/c.csv");
  touch(".hidden.csv");
  touch("x/.git/d.csv");
  touch("x/e.txt");
  EXPECT_THAT(matching_paths(folder_ + "/*.csv", 100), ElementsAre(a));
  EXPECT_THAT(matching_paths(folder_ + "/**/*.csv", 100), ElementsAre(a, b, c));
  EXPECT_THAT(matching_paths(folder_ + "/x/?.csv", 100), ElementsAre(b));
  EXPECT_THAT(matching_paths(folder_ + "/x/[a-b].csv", 100), ElementsAre(b));
  EXPECT_THAT(matching_paths(b, 100), ElementsAre(b));
  EXPECT_THAT(matching_paths(folder_ + "/x/y/**", 100), ElementsAre(c));
  EXPECT_THAT(matching_paths(folder_ + "/none/*", 100), IsEmpty());
  EXPECT_EQ(matching_paths(folder_ + "/**/*.csv", 1).size(), 1U);
  EXPECT_THAT(matching_paths("", 100), IsEmpty());
}

TEST_F(HostTest, FoldersThatLinkInACircleDoNotHoldAPatternUp) {
  std::filesystem::create_directory_symlink(folder_, folder_ + "/loop");
  const std::string a = touch("a.csv");
  EXPECT_THAT(matching_paths(folder_ + "/**/*.csv", 100), ElementsAre(a));
}

TEST_F(HostTest, HashesDependOnNamesAndContents) {
  touch("one");
  std::string error;
  const auto first = hash_files({folder_ + "/*"}, error);
  EXPECT_EQ(hash_files({folder_ + "/*", folder_ + "/one"}, error), first);
  touch("two");
  EXPECT_NE(hash_files({folder_ + "/*"}, error), first);
  EXPECT_EQ(hash_files({folder_ + "/none"}, error), "");
}

TEST_F(HostTest, ALinkThatLeadsNowhereIsNothing) {
  const std::string one = touch("one");
  std::string error;
  const auto alone = hash_files({one}, error);
  std::filesystem::create_symlink("nowhere", folder_ + "/dangling");
  for (const char* pattern : {"/dangling", "/dang*", "/**/dangling"}) {
    EXPECT_THAT(matching_paths(folder_ + pattern, 100), IsEmpty()) << pattern;
    EXPECT_EQ(hash_files({folder_ + pattern}, error), "") << pattern;
  }
  EXPECT_THAT(matching_paths(folder_ + "/**", 100), ElementsAre(one));
  EXPECT_EQ(hash_files({folder_ + "/*"}, error), alone);
  touch("nowhere");
  EXPECT_THAT(matching_paths(folder_ + "/dang*", 100), ElementsAre(folder_ + "/dangling"));
}

TEST(Cgroup, OurFolderIsFoundInTheMountTable) {
  const std::string hybrid =
      "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
      "36 31 0:33 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
      "41 31 0:38 / /sys/fs/cgroup/uni\\040fied rw,relatime shared:5 - cgroup2 cgroup2 rw\n";
  EXPECT_EQ(own_cgroup_folder(hybrid, "4:memory:/x\n0::/a/b\n"), "/sys/fs/cgroup/uni fied/a/b");
  EXPECT_EQ(own_cgroup_folder(hybrid, "0::/\n"), "/sys/fs/cgroup/uni fied");
  EXPECT_EQ(own_cgroup_folder(hybrid, "4:memory:/x\n"), "");
  const std::string container = "30 23 0:28 /docker/1 /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
  EXPECT_EQ(own_cgroup_folder(container, "0::/docker/1/x\n"), "/sys/fs/cgroup/x");
  EXPECT_EQ(own_cgroup_folder(container, "0::/docker/12\n"), "");
  EXPECT_EQ(own_cgroup_folder("", ""), "");
}

TEST(Proc, AnAttemptsNameReadsBack) {
  const wire::AttemptKey key{1LL << 40, 2, -1, 3};
  EXPECT_EQ(parse_attempt(attempt_text(key)), key);
  for (const char* bad : {"", "1", "1.2.3", "1.2.3.", "1.2.3.4.5", "a.b.c.d", "1.2.3.4x"}) {
    EXPECT_EQ(parse_attempt(bad), std::nullopt) << bad;
  }
}

TEST(Proc, TheStatOfAProcessIsRead) {
  const auto stat = process_stat(::getpid());
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->parent, ::getppid());
  EXPECT_EQ(stat->session, ::getsid(0));
  EXPECT_LE(stat->start_ticks, ticks_of(boottime_us()));
  EXPECT_EQ(process_stat(-5), std::nullopt);
}

TEST(Orphans, OneWithoutMarksIsTheLastPossibleOwners) {
  // This process stands for an orphan: it has no marks, and no candidate leads its session.
  Orphans orphans("w1");
  const auto born = process_stat(::getpid())->start_ticks;
  const OwnerCandidate owner{{1, 1, -1, 1}, 1'000'001, born - 10};
  const OwnerCandidate older{{1, 2, -1, 1}, 1'000'002, born - 5};
  const OwnerCandidate younger{{1, 3, -1, 1}, 1'000'003, born + 5};
  EXPECT_TRUE(orphans.belongs(::getpid(), owner, {}));
  EXPECT_TRUE(orphans.belongs(::getpid(), owner, {younger}));
  EXPECT_FALSE(orphans.belongs(::getpid(), owner, {older}));
  const OwnerCandidate leader{{1, 4, -1, 1}, ::getsid(0), born + 5};
  EXPECT_TRUE(orphans.belongs(::getpid(), leader, {older}));
  EXPECT_FALSE(orphans.belongs(::getpid(), owner, {leader}));
}

TEST_F(HostTest, ALogIsCutInTheMiddleAndOnlyBeyondItsLimit) {
  const std::string path = folder_ + "/deep/er/log";
  constexpr std::int64_t kLimit = 64 << 10;
  LogSpool spool;
  ASSERT_TRUE(spool.open(path, kLimit, {}));
  const auto write = [&](std::int64_t bytes) {
    ASSERT_TRUE(write_all(spool.output_fd(), std::string(static_cast<std::size_t>(bytes), 'x')));
  };
  write(kLimit);
  spool.finish(1);
  EXPECT_FALSE(spool.truncated());
  for (int i = 0; i < 40; ++i) {
    write(100 << 10);
    spool.check(2);
  }
  spool.finish(3);
  EXPECT_TRUE(spool.truncated());
  const std::int64_t total = kLimit + 40 * (100 << 10);
  EXPECT_EQ(spool.size_bytes(), total);
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_size, total);
  EXPECT_LE(info.st_blocks * 512, kLimit + 16384);
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  // Nothing stands in it but what was written; what was cut, and nothing else, reads as zeros.
  LogCut cut;
  std::ifstream mark(path + ".cut", std::ios::binary);
  ASSERT_TRUE(mark.read(reinterpret_cast<char*>(&cut), sizeof(cut)));
  EXPECT_EQ(mark.peek(), std::char_traits<char>::eof());
  EXPECT_EQ(cut.begin, kLimit / 2);
  EXPECT_EQ(cut.end, (total - kLimit / 2) / 4096 * 4096);
  const auto begin = static_cast<std::size_t>(cut.begin);
  const auto end = static_cast<std::size_t>(cut.end);
  EXPECT_EQ(text.substr(0, begin), std::string(begin, 'x'));
  EXPECT_EQ(text.substr(begin, end - begin), std::string(end - begin, '\0'));
  EXPECT_EQ(text.substr(end), std::string(text.size() - end, 'x'));
}

TEST_F(HostTest, ZerosThatTheTaskWroteAreNoCut) {
  LogSpool spool;
  ASSERT_TRUE(spool.open(folder_ + "/log", 64 << 10, {}));
  ASSERT_TRUE(write_all(spool.output_fd(), std::string(60 << 10, '\0')));
  spool.finish(1);
  EXPECT_FALSE(spool.truncated());
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/log.cut"));
}

TEST_F(HostTest, NoLimitMeansNone) {
  LogSpool spool;
  ASSERT_TRUE(spool.open(folder_ + "/log", 0, {}));
  ASSERT_TRUE(write_all(spool.output_fd(), std::string(8 << 20, 'x')));
  spool.finish(1);
  EXPECT_FALSE(spool.truncated());
}

}  // namespace
}  // namespace baton::worker
