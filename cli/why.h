// Why a task instance does not run, or why it ended so: every reason, in the order in which they count (docs/ARCHITECTURE.md). Pure over what it is given.
#pragma once

#include <string>
#include <vector>

#include "cli/text/document_text.h"
#include "scheduler/model/dag.h"
#include "scheduler/model/value.h"
#include "scheduler/engine/reader.h"

namespace baton::cli {

struct WhyInput {
  const Dag* dag = nullptr;
  RunView run;
  InstanceView instance;
  std::vector<InstanceView> instances;  ///< all of the run
  std::vector<TryView> tries;           ///< of the instance
  LiveView live;                        ///< of the whole state folder
  bool somebody_runs = false;           ///< the state folder is held
  std::vector<PoolSpec> pools;          ///< of baton.yaml
  WallUs now = 0;
};

struct WhyReason {
  std::string reason;   ///< a name of Wait or Reason: machine-readable
  std::string message;  ///< for a person
  std::string next;     ///< what would change it; may be empty
  ValueMap details;     ///< tasks, times, numbers, by reason
};

/// Never empty.
std::vector<WhyReason> reasons_of(const WhyInput& input);

}  // namespace baton::cli
