// What every Loop promises (scheduler/engine/loop.h), over the one of the program and the one of the simulator.
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "scheduler/loop/asio_loop.h"
#include "tests/sim/sim_loop.h"

namespace baton {
namespace {

/// A Loop and a way to let it run.
class Runner {
 public:
  virtual ~Runner() = default;
  virtual Loop& loop() = 0;
  /// Returns after stop().
  virtual void run() = 0;
  virtual void stop() = 0;
  [[nodiscard]] virtual bool takes_other_threads() const = 0;
};

class AsioRunner final : public Runner {
 public:
  Loop& loop() override { return loop_; }
  void run() override { loop_.run(); }
  void stop() override { loop_.stop(); }
  [[nodiscard]] bool takes_other_threads() const override { return true; }

 private:
  AsioLoop loop_;
};

class SimRunner final : public Runner {
 public:
  Loop& loop() override { return process_; }
  void run() override {
    while (!stopped_ && time_.step()) {
    }
  }
  void stop() override { stopped_ = true; }
  [[nodiscard]] bool takes_other_threads() const override { return false; }

 private:
  sim::SimLoop time_;
  sim::ProcessLoop process_{time_, time_.spawn(), 7};
  bool stopped_ = false;
};

struct Kind {
  const char* name;
  std::unique_ptr<Runner> (*make)();
};

class LoopConformance : public testing::TestWithParam<Kind> {
 protected:
  Loop& loop() { return runner_->loop(); }
  /// Runs until `us` from now have passed and all that was due in them has run.
  void run_for(DurationUs us) {
    loop().call_at(loop().mono_now() + us, [this] { runner_->stop(); });
    runner_->run();
  }
  std::function<void()> note(std::string word) {
    return [this, word = std::move(word)] { told_ += word; };
  }

  const std::unique_ptr<Runner> runner_ = GetParam().make();
  std::string told_;
};

TEST_P(LoopConformance, WhatIsPostedRunsInOrderAndNeverAtOnce) {
  loop().post(note("a"));
  loop().post([this] {
    told_ += "b";
    loop().post(note("d"));
    told_ += "c";
  });
  loop().post(note("-"));
  EXPECT_EQ(told_, "");
  run_for(kMillisecond);
  EXPECT_EQ(told_, "abc-d");
}

TEST_P(LoopConformance, TimersFireByInstantAndThenAsTheyWereAskedFor) {
  const MonoUs now = loop().mono_now();
  loop().call_at(now + 3 * kMillisecond, note("d"));
  loop().call_at(now + 2 * kMillisecond, note("b"));
  loop().call_at(now + 2 * kMillisecond, note("c"));
  loop().call_at(now + kMillisecond, note("a"));
  run_for(5 * kMillisecond);
  EXPECT_EQ(told_, "abcd");
}

TEST_P(LoopConformance, ATimerFiresOnceAndNotBeforeItsTime) {
  std::vector<MonoUs> fired;
  const MonoUs at = loop().mono_now() + 2 * kMillisecond;
  loop().call_at(at, [&] { fired.push_back(loop().mono_now()); });
  run_for(8 * kMillisecond);
  ASSERT_EQ(fired.size(), 1U);
  EXPECT_GE(fired[0], at);
}

TEST_P(LoopConformance, ATimerOfThePastFiresSoonButNotAtOnce) {
  loop().call_at(loop().mono_now() - kHour, note("late"));
  loop().call_at(0, note(" first"));
  EXPECT_EQ(told_, "");
  run_for(kMillisecond);
  EXPECT_NE(told_.find("late"), std::string::npos);
  EXPECT_NE(told_.find(" first"), std::string::npos);
}

TEST_P(LoopConformance, ACancelledTimerNeverFires) {
  const MonoUs now = loop().mono_now();
  const auto later = loop().call_at(now + 2 * kMillisecond, note("later"));
  loop().call_at(now + kMillisecond, [this, later] {
    told_ += "first";
    loop().cancel(later);
  });
  const auto before = loop().call_at(now + kMillisecond, note("before"));
  loop().cancel(before);
  run_for(4 * kMillisecond);
  EXPECT_EQ(told_, "first");
}

TEST_P(LoopConformance, ATimerIsCancelledByOneOfTheSameInstant) {
  const MonoUs at = loop().mono_now() + kMillisecond;
  Loop::TimerId second = 0;
  loop().call_at(at, [&] { loop().cancel(second); });
  second = loop().call_at(at, note("second"));
  run_for(3 * kMillisecond);
  EXPECT_EQ(told_, "");
}

TEST_P(LoopConformance, CancellingWhatHasFiredOrNeverWasDoesNothing) {
  Loop::TimerId own = 0;
  own = loop().call_at(loop().mono_now(), [&] {
    told_ += "a";
    loop().cancel(own);
  });
  loop().post([&] {
    loop().cancel(0);
    loop().call_at(loop().mono_now() + kMillisecond, [&] {
      loop().cancel(own);
      told_ += "b";
    });
  });
  run_for(4 * kMillisecond);
  EXPECT_EQ(told_, "ab");
}

TEST_P(LoopConformance, ATimerMayAskForTheNext) {
  int left = 5;
  std::function<void()> again = [&] {
    told_ += "x";
    if (--left > 0) loop().call_at(loop().mono_now(), again);
  };
  loop().call_at(loop().mono_now(), again);
  run_for(3 * kMillisecond);
  EXPECT_EQ(told_, "xxxxx");
}

TEST_P(LoopConformance, NumbersOfTimersAreNeverZeroAndNeverUsedAgain) {
  std::set<Loop::TimerId> seen;
  for (int i = 0; i < 100; ++i) {
    const auto id = loop().call_at(loop().mono_now() + kHour, [] {});
    EXPECT_NE(id, 0U);
    EXPECT_TRUE(seen.insert(id).second);
    loop().cancel(id);
  }
}

TEST_P(LoopConformance, TheMonotonicClockNeverGoesBackAndChanceDiffers) {
  std::vector<MonoUs> times;
  for (int i = 1; i <= 5; ++i) {
    loop().call_at(loop().mono_now() + i * 300, [&] { times.push_back(loop().mono_now()); });
  }
  const WallUs before = loop().wall_now();
  run_for(3 * kMillisecond);
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
  EXPECT_EQ(times.size(), 5U);
  EXPECT_GE(loop().wall_now() - before, 2 * kMillisecond);
  EXPECT_NE(loop().random(), loop().random());
}

TEST_P(LoopConformance, AnyThreadMayPost) {
  if (!runner_->takes_other_threads()) GTEST_SKIP() << "the simulator has one thread";
  const auto own = std::this_thread::get_id();
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) {
      loop().post([&, i] {
        EXPECT_EQ(std::this_thread::get_id(), own);
        told_ += i == 0 ? "first" : "";
        if (i == 99) runner_->stop();
      });
    }
  });
  runner_->run();
  other.join();
  EXPECT_EQ(told_, "first");
}

INSTANTIATE_TEST_SUITE_P(
    All, LoopConformance,
    testing::Values(Kind{"asio", []() -> std::unique_ptr<Runner> { return std::make_unique<AsioRunner>(); }},
                    Kind{"simulated", []() -> std::unique_ptr<Runner> { return std::make_unique<SimRunner>(); }}),
    [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace baton
