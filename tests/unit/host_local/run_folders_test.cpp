#include "scheduler/host/local/run_folders.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/conformance/store/sample.h"

namespace baton {
namespace {

namespace fs = std::filesystem;

class RunFoldersOfAState : public testing::Test {
 protected:
  [[nodiscard]] std::string made(RunNo run_no) const {
    std::string out;
    for (const char* part : {"work", "logs", "outputs"}) {
      const fs::path path = folder_.path() / part / std::to_string(run_no);
      if (fs::is_directory(path)) out += std::string(out.empty() ? "" : " ") + part;
    }
    return out;
  }

  sample::Folder folder_;
  RunFolders folders_{folder_.path().string()};
};

TEST_F(RunFoldersOfAState, ARunThatLaunchesNothingHasNone) {
  folders_.begins(7);
  folders_.ends(7);
  folders_.launches(7);
  EXPECT_FALSE(fs::exists(folder_.path() / "work"));
}

TEST_F(RunFoldersOfAState, TheyAreThereBeforeTheFirstAttempt) {
  folders_.begins(7);
  folders_.begins(8);
  folders_.launches(7);
  EXPECT_EQ(made(7), "work logs outputs");
  EXPECT_EQ(made(8), "");
  folders_.launches(8);
  EXPECT_EQ(made(8), "work logs outputs");
}

/// What a run that ended well has left is removed; a clear brings it back.
TEST_F(RunFoldersOfAState, ARunThatGoesOnGetsAgainWhatWasRemoved) {
  folders_.begins(7);
  folders_.launches(7);
  fs::remove_all(folder_.path() / "work" / "7");
  folders_.ends(7);
  folders_.launches(7);
  EXPECT_EQ(made(7), "logs outputs") << "it has not gone on";
  folders_.begins(7);
  folders_.launches(7);
  EXPECT_EQ(made(7), "work logs outputs");
}

}  // namespace
}  // namespace baton
