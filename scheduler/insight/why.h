// Why a task instance does not run, or why it ended so: every reason, in the order in which they count
// (docs/ARCHITECTURE.md). Pure over what it is given.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/engine/reader_views.h"
#include "scheduler/engine/service_rows.h"
#include "scheduler/model/dag.h"
#include "scheduler/model/value.h"

namespace baton::insight {

struct WhyInput {
  const Dag* dag = nullptr;
  RunView run;
  InstanceView instance;
  std::vector<InstanceView> instances;  ///< all of the run
  std::vector<TryView> tries;           ///< of the instance
  LiveView live;                        ///< of the whole state folder
  bool somebody_runs = false;           ///< the state folder is held
  std::vector<PoolSpec> pools;          ///< over those of the DAG: of the settings, or of the store
  std::vector<BreakerRow> breakers;     ///< those that the task names, as far as they are known
  std::vector<ServerStateRow> server;   ///< what is said of the server: `frozen`
  WallUs now = 0;
};

/// What whoever asks could do about it: each surface has words of its own for it.
enum class Remedy : std::uint8_t {
  none,
  go_on,        ///< somebody runs the engine for this folder
  more_slots,
  follow_log,   ///< read the log as it grows
  read_log,
  ask_about,    ///< ask the same of `about`
  add_retries,
};

struct WhyReason {
  std::string reason;   ///< a name of Wait or Reason: machine-readable
  std::string message;  ///< for a person
  std::string advice;   ///< what would mend it, in words of no command; may be empty
  Remedy remedy = Remedy::none;
  std::string about;    ///< the instance that the remedy is about
  ValueMap details;     ///< tasks, times, numbers, by reason
};

/// Never empty.
std::vector<WhyReason> reasons_of(const WhyInput& input);

}  // namespace baton::insight
