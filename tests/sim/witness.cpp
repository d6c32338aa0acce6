#include "tests/sim/witness.h"

#include <fmt/format.h>

namespace baton::sim {

void Witness::starts(const AttemptKey& key, std::int32_t generation) {
  ground_.say("process starts " + text_of(key));
  if (on_start) on_start(key);
  const InstanceKey instance = instance_of(key);
  if (const auto at = live_.find(instance); at != live_.end()) {
    ground_.findings.fail("INV-06",
                          fmt::format("{} starts while epoch {} of it still lives", text_of(key), at->second));
    return;
  }
  if (lives_.contains(key)) {
    ground_.findings.fail("INV-04", text_of(key) + " was started twice");
    return;
  }
  live_[instance] = key.epoch;
  Life life;
  life.started_at = ground_.loop.now();
  life.generation = generation;
  lives_[key] = life;
}

void Witness::ends(const AttemptKey& key, std::int32_t exit_code, std::int32_t signal) {
  Life& life = lives_.at(key);
  life.ended_at = ground_.loop.now();
  life.exit_code = exit_code;
  life.signal = signal;
  live_.erase(instance_of(key));
  ground_.say(fmt::format("process ends {} exit {} signal {}", text_of(key), exit_code, signal));
}

Life* Witness::find(const AttemptKey& key) {
  const auto at = lives_.find(key);
  return at == lives_.end() ? nullptr : &at->second;
}

std::int32_t Witness::looks(const InstanceKey& key, std::int32_t generation) const {
  std::int32_t n = 0;
  for (auto at = lives_.lower_bound({key.run_no, key.task_no, key.map_index, 0});
       at != lives_.end() && instance_of(at->first) == key; ++at) {
    if (at->second.generation == generation && at->second.exit_code == 1) ++n;
  }
  return n;
}

}  // namespace baton::sim
