#include "scheduler/rehearsal/virtual_loop.h"

#include <algorithm>

namespace baton::rehearsal {

/// splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014), from a fixed seed.
std::uint64_t VirtualLoop::random() {
  std::uint64_t z = drawn_ += 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31U);
}

Loop::TimerId VirtualLoop::call_at(MonoUs at, std::function<void()> f) {
  const TimerId id = next_id_++;
  const MonoUs due = std::max(at, now_);
  calls_.emplace(Due{due, id}, std::move(f));
  times_.emplace(id, due);
  return id;
}

void VirtualLoop::cancel(TimerId id) {
  const auto at = times_.find(id);
  if (at == times_.end()) return;
  calls_.erase({at->second, id});
  times_.erase(at);
}

bool VirtualLoop::step(MonoUs until) {
  if (calls_.empty() || calls_.begin()->first.first > until) return false;
  const auto next = calls_.extract(calls_.begin());
  now_ = next.key().first;
  times_.erase(next.key().second);
  next.mapped()();
  return true;
}

}  // namespace baton::rehearsal
