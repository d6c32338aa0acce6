// Routing to several executors: each hears of its own attempts, and what they tell goes on to the engine.
#include "scheduler/executor/executors.h"

#include <gtest/gtest.h>

#include "tests/unit/engine/engine_bench.h"

namespace baton {
namespace {

using test::HandExecutor;
using Keys = std::vector<AttemptKey>;

struct NullEvents final : ExecutorEvents {
  void attempt_accepted(AttemptKey, const WorkerRef&, const std::string&) override {}
  void attempt_started(AttemptKey, const WorkerRef&, std::int32_t, WallUs) override {}
  void attempt_ended(const AttemptEnd& end) override { ended.push_back(end.key); }
  void worker_capacity(const WorkerRef&, std::int32_t slots, const std::vector<std::string>&,
                       const std::string&) override {
    capacity += slots;
  }
  void worker_ready(const WorkerRef&, const std::vector<AttemptKey>&) override {}
  void worker_gone(const WorkerRef&, const std::string&) override {}
  void executor_settled(const std::string& executor) override { settled.push_back(executor); }

  Keys ended;
  std::int32_t capacity = 0;
  std::vector<std::string> settled;
};

class ExecutorsTest : public testing::Test {
 protected:
  ExecutorsTest() {
    all_.add("local", here_);
    all_.add("remote", there_);
  }
  static LaunchSpec spec(TaskNo task, const WorkerRef& worker) {
    LaunchSpec launch;
    launch.key = {1, task, kUnmapped, 1};
    launch.worker = worker;
    return launch;
  }

  const WorkerRef near_ = std::make_shared<const Worker>(Worker{"local", "1", "here"});
  const WorkerRef far_ = std::make_shared<const Worker>(Worker{"remote", "1", "there"});
  HandExecutor here_, there_;
  Executors all_;
  NullEvents engine_;
};

TEST_F(ExecutorsTest, AnAttemptGoesToTheExecutorOfItsWorker) {
  all_.launch(spec(0, near_));
  all_.prepare(spec(1, far_));
  all_.launch(spec(2, nullptr));
  EXPECT_EQ(here_.launched.size(), 2U);
  ASSERT_EQ(there_.prepared.size(), 1U);
  const AttemptKey key = there_.prepared.begin()->first;
  all_.release(key);
  all_.stop(key, 0, true);
  all_.acknowledge(key);
  EXPECT_EQ(there_.released, Keys{key});
  EXPECT_EQ(there_.stopped, Keys{key});
  EXPECT_EQ(there_.acknowledged, Keys{key});
  EXPECT_TRUE(here_.stopped.empty());
}

TEST_F(ExecutorsTest, WhatAnExecutorNamesIsItsOwn) {
  ExecutorEvents& heard = all_.events("remote", engine_);
  const AttemptKey live{1, 4, kUnmapped, 1}, ended{1, 5, kUnmapped, 1}, unknown{9, 9, kUnmapped, 9};
  heard.worker_capacity(far_, 3, {}, "");
  heard.worker_ready(far_, {live});
  AttemptEnd end;
  end.key = ended;
  heard.attempt_ended(end);
  heard.executor_settled("remote");
  all_.stop(live, 0, false);
  all_.acknowledge(ended);
  all_.stop(unknown, 0, false);
  EXPECT_EQ(there_.stopped, Keys{live});
  EXPECT_EQ(there_.acknowledged, Keys{ended});
  EXPECT_EQ(here_.stopped, Keys{unknown}) << "the first one answers for what nobody knows";
  EXPECT_EQ(engine_.ended, Keys{ended});
  EXPECT_EQ(engine_.capacity, 3);
  EXPECT_EQ(engine_.settled, std::vector<std::string>{"remote"});
}

}  // namespace
}  // namespace baton
