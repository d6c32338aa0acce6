// What keeps a run from beginning, and what a DAG says of how many may: for RunQueue, which decides, and for who tells of
// it without deciding. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "scheduler/model/dag.h"

namespace baton {

/// What a DAG's version says of its runs.
struct RunLimits {
  std::int32_t max_active_runs = 0;  ///< 0: no limit
  bool in_order = false;             ///< a dated run begins after those of earlier dates have ended (depends_on_past)

  /// Runs of the schedule at a time.
  [[nodiscard]] std::int32_t scheduled() const { return max_active_runs > 0 ? max_active_runs : 1; }

  friend bool operator==(const RunLimits&, const RunLimits&) = default;
};
[[nodiscard]] RunLimits limits_of(const Dag& dag);

/// Why a run has not begun.
enum class QueueWait : std::uint8_t { none, run_after, frozen, paused, past, limit, turn };
/// `run_after`, `limit`, …, as the API and the command line name them.
[[nodiscard]] std::string_view to_string(QueueWait wait);

}  // namespace baton
