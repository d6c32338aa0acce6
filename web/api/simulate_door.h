// SimulateDoor: what this server would do from one date to another, worked out beside it. Any thread; a call blocks for as
// long as it takes, which is bounded.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/model/result.h"
#include "scheduler/model/time.h"
#include "scheduler/model/value.h"

namespace baton::api {

inline constexpr DurationUs kSimulatedSpanMax = 31 * kDay;
inline constexpr std::int64_t kSimulatedSizeMax = 100'000;  ///< runs and task instances together
inline constexpr DurationUs kSimulatingMax = 20 * kSecond;

struct SimulationWish {
  WallUs from = 0, to = 0;          ///< ticks that are due in [from, to)
  std::int32_t slots = 0;           ///< 0: those of the workers
  std::vector<std::pair<std::string, std::int32_t>> pools;  ///< in place of what is set now
  std::vector<std::string> dag_ids;  ///< empty: all that are not stale, paused or draining
  bool is_new = false;              ///< `catchup` makes up for what was due since their `start`
  bool lists_runs = true, lists_tasks = false;
};

class SimulateDoor {
 public:
  virtual ~SimulateDoor() = default;
  /// The document of `baton simulate`, with the use of slots over time. not_found: there is no such DAG. invalid: more
  /// than the limits above.
  virtual Result<Value> simulate(const SimulationWish& wish) = 0;
};

}  // namespace baton::api
