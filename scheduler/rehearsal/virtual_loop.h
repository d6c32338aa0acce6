// VirtualLoop: a Loop whose time passes only from one call to the next, so that a day of retries takes milliseconds.
// One thread: post() too.
#pragma once

#include <map>
#include <utility>

#include "scheduler/engine/loop.h"

namespace baton::rehearsal {

class VirtualLoop final : public Loop {
 public:
  /// The wall clock says `begin` first. What is drawn by random() is the same each time.
  explicit VirtualLoop(WallUs begin) : begin_(begin) {}

  [[nodiscard]] WallUs wall_now() const override { return begin_ + now_; }
  [[nodiscard]] MonoUs mono_now() const override { return now_; }
  [[nodiscard]] std::uint64_t random() override;
  void post(std::function<void()> f) override { call_at(now_, std::move(f)); }
  TimerId call_at(MonoUs at, std::function<void()> f) override;
  void cancel(TimerId id) override;

  /// Makes the next call and moves the time to it. False: nothing is left, or nothing before `until`.
  bool step(MonoUs until);

 private:
  using Due = std::pair<MonoUs, TimerId>;  ///< of one instant in the order in which they were asked for
  WallUs begin_;
  MonoUs now_ = 0;
  TimerId next_id_ = 1;
  std::uint64_t drawn_ = 0;
  std::map<Due, std::function<void()>> calls_;
  std::map<TimerId, MonoUs> times_;
};

}  // namespace baton::rehearsal
