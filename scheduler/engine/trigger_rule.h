// What a trigger rule says of the upstreams' ends so far. Pure.
#pragma once

#include <cstdint>

#include "scheduler/model/states.h"

namespace baton {

/// How many instances of a task's upstreams there are and how they ended.
struct UpstreamCounts {
  std::int32_t open = 0;  ///< not final yet
  std::int32_t success = 0;
  std::int32_t failed = 0;
  std::int32_t upstream_failed = 0;
  std::int32_t skipped = 0;
  [[nodiscard]] std::int32_t total() const { return open + success + failed + upstream_failed + skipped; }
};

enum class Verdict : std::uint8_t { wait, run, skip, upstream_failed };

/// The table of docs/dag-language.md. The verdict never depends on which upstream ended first: it is given before all
/// have ended only where no later end could change it. No upstreams: run.
Verdict judge(TriggerRule rule, const UpstreamCounts& counts);

}  // namespace baton
