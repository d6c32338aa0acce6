#include "tests/sim/sim_loop.h"

#include <algorithm>
#include <utility>

namespace baton::sim {

void SimLoop::step_wall(DurationUs by) {
  step_us_ += by;
  last_step_ = now_;
}

ProcessId SimLoop::spawn() {
  alive_.push_back(true);
  stalled_until_.push_back(0);
  return static_cast<ProcessId>(alive_.size() - 1);
}

void SimLoop::stall(ProcessId process, MonoUs until) {
  stalled_until_[process] = std::max(stalled_until_[process], until);
}

std::uint64_t SimLoop::call(ProcessId process, MonoUs at, std::function<void()> f) {
  const std::uint64_t id = next_id_++;
  heap_.push_back({std::max(at, now_), id, process, std::move(f)});
  std::push_heap(heap_.begin(), heap_.end(), Later{});
  return id;
}

/// Takes away what will never run and puts off what waits for a stopped process, until the top is due as it stands.
void SimLoop::drop_dead() {
  while (!heap_.empty()) {
    const Call& top = heap_.front();
    const bool gone = !alive_[top.process] || (!cancelled_.empty() && cancelled_.contains(top.id));
    const bool put_off = stalled_until_[top.process] > top.at;
    if (!gone && !put_off) return;
    std::pop_heap(heap_.begin(), heap_.end(), Later{});
    if (gone) {
      cancelled_.erase(heap_.back().id);
      heap_.pop_back();
    } else {
      heap_.back().at = stalled_until_[heap_.back().process];
      std::push_heap(heap_.begin(), heap_.end(), Later{});
    }
  }
}

bool SimLoop::peek(MonoUs& at) {
  drop_dead();
  if (heap_.empty()) return false;
  at = heap_.front().at;
  return true;
}

bool SimLoop::step() {
  drop_dead();
  if (heap_.empty()) return false;
  std::pop_heap(heap_.begin(), heap_.end(), Later{});
  Call call = std::move(heap_.back());
  heap_.pop_back();
  now_ = std::max(now_, call.at);
  current_ = call.process;
  call.f();
  return true;
}

}  // namespace baton::sim
