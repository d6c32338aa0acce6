#include "scheduler/host/local/folder_sweeper.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace baton {
namespace {

namespace fs = std::filesystem;

class FolderSweeperTest : public testing::Test {
 protected:
  FolderSweeperTest() {
    std::string text = testing::TempDir() + "sweeper.XXXXXX";
    base_ = mkdtemp(text.data());
  }
  ~FolderSweeperTest() override { fs::remove_all(base_); }

  void make(const std::string& name) {
    fs::create_directories(base_ / name / "deeper");
    std::ofstream(base_ / name / "deeper" / "file") << "x";
  }
  [[nodiscard]] std::ptrdiff_t entries() const {
    return std::distance(fs::directory_iterator(base_), fs::directory_iterator());
  }
  void until_entries(std::ptrdiff_t count) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (entries() != count && std::chrono::steady_clock::now() < end) usleep(1000);
    EXPECT_EQ(entries(), count);
  }

  fs::path base_;
};

TEST_F(FolderSweeperTest, TheNameIsFreeAtOnceAndTheFolderGoesSoon) {
  FolderSweeper sweeper(base_);
  for (int i = 0; i < 20; ++i) {
    make("7");
    sweeper.remove("7");
    EXPECT_FALSE(fs::exists(base_ / "7")) << "a run that is cleared makes it again while the old one still goes";
  }
  make("7");
  until_entries(1);
  EXPECT_TRUE(fs::exists(base_ / "7" / "deeper" / "file"));
}

TEST_F(FolderSweeperTest, WhatAProcessThatWasKilledMovedAsideGoesWithTheFirst) {
  make("gone.1.0");
  make("8");
  FolderSweeper sweeper(base_);
  sweeper.remove("8");
  until_entries(0);
}

TEST_F(FolderSweeperTest, WhatIsNotThereIsNothing) {
  FolderSweeper sweeper(base_);
  sweeper.remove("9");
  EXPECT_EQ(entries(), 0);
}

}  // namespace
}  // namespace baton
