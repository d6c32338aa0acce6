// SimLoop: time itself. One heap of calls ordered by instant and by when they were asked for; each belongs to a process,
// and what a dead process asked for never comes. ProcessLoop is the Loop that a simulated scheduler gets. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <unordered_set>
#include <vector>

#include "scheduler/engine/loop.h"
#include "tests/sim/rng.h"

namespace baton::sim {

/// A process of the simulated machine; 0 is the machine itself (kernel, disk, people), which never dies.
using ProcessId = std::uint32_t;
inline constexpr ProcessId kMachine = 0;
/// The wall clock at the beginning of simulated days: Thursdays of January, of April and of October 2026. At 22:00 UTC of
/// the second clocks in Cairo go forward, at 21:00 UTC of the third back.
inline constexpr std::array kMidnights = {1'767'225'600 * kSecond, 1'776'902'400 * kSecond, 1'793'232'000 * kSecond};
/// Of the day of a seed: half of them in winter.
inline WallUs midnight_of(std::uint64_t seed) {
  static constexpr std::array<std::size_t, 4> kTurns = {0, 1, 0, 2};
  return kMidnights.at(kTurns.at(seed % kTurns.size()));
}

class SimLoop {
 public:
  explicit SimLoop(WallUs midnight = kMidnights[0]) : midnight_(midnight) {}
  [[nodiscard]] MonoUs now() const { return now_; }
  [[nodiscard]] WallUs wall() const { return midnight_ + now_ + step_us_; }
  [[nodiscard]] WallUs midnight() const { return midnight_; }
  /// Moves the wall clock, as a person or NTP may.
  void step_wall(DurationUs by);
  [[nodiscard]] MonoUs last_wall_step() const { return last_step_; }

  ProcessId spawn();
  void kill(ProcessId process) { alive_[process] = false; }
  [[nodiscard]] bool is_alive(ProcessId process) const { return alive_[process]; }
  /// SIGSTOP until then: what is due comes later, in order.
  void stall(ProcessId process, MonoUs until);
  [[nodiscard]] bool is_stalled(ProcessId process) const { return stalled_until_[process] > now_; }

  std::uint64_t call(ProcessId process, MonoUs at, std::function<void()> f);
  void cancel(std::uint64_t id) { cancelled_.insert(id); }
  /// Runs the next call; false when nothing is left.
  bool step();
  /// When the next call comes, if there is one: what stands between `now` and it is idle time.
  [[nodiscard]] bool peek(MonoUs& at);
  /// Whose call ran last.
  [[nodiscard]] ProcessId current() const { return current_; }

 private:
  struct Call {
    MonoUs at;
    std::uint64_t id;
    ProcessId process;
    std::function<void()> f;
  };
  struct Later {
    bool operator()(const Call& a, const Call& b) const { return a.at != b.at ? a.at > b.at : a.id > b.id; }
  };
  void drop_dead();

  const WallUs midnight_;
  MonoUs now_ = 0;
  DurationUs step_us_ = 0;
  MonoUs last_step_ = -1;
  std::uint64_t next_id_ = 1;
  ProcessId current_ = kMachine;
  std::vector<Call> heap_;
  std::vector<bool> alive_ = {true};
  std::vector<MonoUs> stalled_until_ = {0};
  std::unordered_set<std::uint64_t> cancelled_;
};

class ProcessLoop final : public Loop {
 public:
  ProcessLoop(SimLoop& loop, ProcessId process, std::uint64_t seed) : loop_(loop), process_(process), rng_(seed) {}

  [[nodiscard]] WallUs wall_now() const override { return loop_.wall(); }
  [[nodiscard]] MonoUs mono_now() const override { return loop_.now(); }
  [[nodiscard]] std::uint64_t random() override { return rng_.next(); }
  void post(std::function<void()> f) override { loop_.call(process_, loop_.now(), std::move(f)); }
  TimerId call_at(MonoUs at, std::function<void()> f) override { return loop_.call(process_, at, std::move(f)); }
  void cancel(TimerId id) override { loop_.cancel(id); }
  [[nodiscard]] ProcessId process() const { return process_; }

 private:
  SimLoop& loop_;
  ProcessId process_;
  Rng rng_;
};

}  // namespace baton::sim
