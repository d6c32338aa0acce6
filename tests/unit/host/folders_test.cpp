// What this process knows of where it is: the worker's program, and the task that it may be part of.
#include "scheduler/host/folders.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "scheduler/host/run_ids.h"

namespace baton {
namespace {

/// Sets a variable for one test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    setenv(name, value, 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() {
    if (old_) {
      setenv(name_, old_->c_str(), 1);
    } else {
      unsetenv(name_);
    }
  }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

TEST(Folders, TheWorkersMarkIsNoSetting) {
  const Variable attempt("BATON_ATTEMPT", "1/0/-1/1");
  const Variable mark("BATON_WORKER", "4f0c9a12b7");
  EXPECT_EQ(std::filesystem::path(worker_program()).filename(), "baton-worker");
  EXPECT_TRUE(std::filesystem::path(worker_program()).is_absolute());
}

TEST(Folders, AProgramThatIsNamedIsTakenInsideOfATaskToo) {
  const Variable attempt("BATON_ATTEMPT", "1/0/-1/1");
  const Variable program("BATON_WORKER", "/opt/baton/baton-worker");
  EXPECT_EQ(worker_program(), "/opt/baton/baton-worker");
}

TEST(Folders, TheMarksOfAnAttemptNameItsStateFolder) {
  const Variable work("BATON_WORK_DIR", "/srv/x/.baton/work/12");
  {
    const Variable attempt("BATON_ATTEMPT", "12/0/-1/1");
    EXPECT_EQ(enclosing_state_folder(), std::filesystem::path("/srv/x/.baton"));
  }
  const Variable none("BATON_ATTEMPT", "");
  EXPECT_EQ(enclosing_state_folder(), std::nullopt);
}

TEST(Folders, ParentsAreKnownAsFarAsTheyGo) {
  EXPECT_TRUE(is_ancestor(getppid()));
  EXPECT_FALSE(is_ancestor(getpid()));
  EXPECT_FALSE(is_ancestor(0));
}

TEST(RunIds, AreMadeFromTheTimeAndChance) {
  EXPECT_EQ(manual_run_id(1'767'268'800'000'001, 0), "manual__2026-01-01T12:00:00.000001+00:00_aaaaaa");
  EXPECT_NE(manual_run_id(0, 1), manual_run_id(0, 2));
  EXPECT_TRUE(is_run_id(manual_run_id(1'767'268'800'000'001, 4'711)));
}

TEST(RunIds, AreShortAndPlain) {
  EXPECT_TRUE(is_run_id("nightly-1_a.b~c:d+e"));
  EXPECT_FALSE(is_run_id(""));
  EXPECT_FALSE(is_run_id("."));
  EXPECT_FALSE(is_run_id(".."));
  EXPECT_TRUE(is_run_id("a..b"));
  EXPECT_FALSE(is_run_id("a b"));
  EXPECT_FALSE(is_run_id("a/b"));
  EXPECT_TRUE(is_run_id(std::string(250, 'a')));
  EXPECT_FALSE(is_run_id(std::string(251, 'a')));
}

}  // namespace
}  // namespace baton
