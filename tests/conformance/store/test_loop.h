// TestLoop: a Loop for tests of stores. Its clock moves only when a test moves it; post() may be called from any
// thread; the test's thread runs what was posted.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <random>

#include "scheduler/engine/loop.h"

namespace baton {

class TestLoop final : public Loop {
 public:
  explicit TestLoop(std::uint64_t seed = 1) : random_(seed) {}

  [[nodiscard]] WallUs wall_now() const override { return 1'700'000'000'000'000 + now_; }
  [[nodiscard]] MonoUs mono_now() const override { return now_; }
  [[nodiscard]] std::uint64_t random() override { return random_(); }

  void post(std::function<void()> f) override {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(f));
    arrived_.notify_one();
  }
  TimerId call_at(MonoUs at, std::function<void()> f) override {
    timers_.emplace(std::make_pair(at, ++last_timer_), std::move(f));
    return last_timer_;
  }
  void cancel(TimerId id) override {
    std::erase_if(timers_, [id](const auto& timer) { return timer.first.second == id; });
  }

  /// Runs what is posted, now and by what runs.
  void run_posted() {
    while (run_one()) {
    }
  }
  /// Waits for posts and runs them until `done()`.
  void run_until(const std::function<bool()>& done) {
    while (!done()) {
      if (run_one()) continue;
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [this] { return !posted_.empty(); });
    }
  }
  /// Moves the clock, calling the timers that come due, and runs what is posted.
  void advance(DurationUs by) {
    const MonoUs end = now_ + by;
    run_posted();
    while (!timers_.empty() && timers_.begin()->first.first <= end) {
      now_ = std::max(now_, timers_.begin()->first.first);
      auto f = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      f();
      run_posted();
    }
    now_ = end;
  }

 private:
  bool run_one() {
    std::unique_lock lock(mutex_);
    if (posted_.empty()) return false;
    auto f = std::move(posted_.front());
    posted_.pop_front();
    lock.unlock();
    f();
    return true;
  }

  MonoUs now_ = 1'000'000;
  std::mt19937_64 random_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::function<void()>> posted_;
  std::map<std::pair<MonoUs, TimerId>, std::function<void()>> timers_;
  TimerId last_timer_ = 0;
};

}  // namespace baton
