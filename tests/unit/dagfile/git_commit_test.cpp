#include "scheduler/dagfile/git_commit.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace baton {
namespace {

namespace fs = std::filesystem;

const std::string kOne(40, 'a'), kTwo(40, 'b'), kLong(64, 'c');

class GitCommit : public testing::Test {
 protected:
  GitCommit() : root_(fs::path(testing::TempDir()) / ("git_commit." + std::to_string(getpid()))) {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~GitCommit() override { fs::remove_all(root_); }

  void write(const std::string& name, const std::string& text) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }
  std::string commit(const std::string& file = "repo/dags/a.yaml") { return git_commit_of((root_ / file).string()); }

  fs::path root_;
};

TEST_F(GitCommit, IsThatOfTheBranchOfTheNearestWorkTree) {
  EXPECT_EQ(commit(), "");
  write("repo/.git/HEAD", "ref: refs/heads/main\n");
  EXPECT_EQ(commit(), "") << "nothing is committed yet";
  write("repo/.git/refs/heads/main", kOne + "\n");
  EXPECT_EQ(commit(), kOne);
  write("repo/dags/.git/HEAD", kLong + "\n");
  EXPECT_EQ(commit(), kLong) << "detached, in a repository within";
}

TEST_F(GitCommit, IsFoundAmongPackedRefs) {
  write("repo/.git/HEAD", "ref: refs/heads/main\n");
  write("repo/.git/packed-refs",
        "# pack-refs with: peeled fully-peeled sorted\n" + kOne + " refs/heads/main2\n" + kTwo + " refs/heads/main\n^" + kOne);
  EXPECT_EQ(commit(), kTwo);
  write("repo/.git/refs/heads/main", kOne + "\n");
  EXPECT_EQ(commit(), kOne) << "what is loose is newer";
}

TEST_F(GitCommit, IsThatOfALinkedWorkTree) {
  write("main/.git/refs/heads/topic", kOne + "\n");
  write("main/.git/HEAD", kTwo + "\n");
  write("main/.git/worktrees/repo/HEAD", "ref: refs/heads/topic\n");
  write("main/.git/worktrees/repo/commondir", "../..\n");
  write("repo/.git", "gitdir: " + (root_ / "main/.git/worktrees/repo").string() + "\n");
  EXPECT_EQ(commit(), kOne);
  write("repo/.git", "gitdir: ../main/.git/worktrees/repo\n");
  EXPECT_EQ(commit(), kOne);
}

TEST_F(GitCommit, TellsNothingButAHash) {
  write("secret", "password\n");
  write("repo/.git/HEAD", "ref: refs/../../../secret\n");
  EXPECT_EQ(commit(), "");
  write("repo/.git/HEAD", "password\n");
  EXPECT_EQ(commit(), "");
  write("repo/.git/HEAD", "ref: refs/heads/round\n");
  write("repo/.git/refs/heads/round", "ref: refs/heads/round\n");
  EXPECT_EQ(commit(), "") << "a link to itself ends";
  fs::remove(root_ / "repo/.git/HEAD");
  ASSERT_EQ(mkfifo((root_ / "repo/.git/HEAD").c_str(), 0600), 0);
  EXPECT_EQ(commit(), "") << "nobody waits for a pipe";
}

}  // namespace
}  // namespace baton
