// Pending: the rows that wait for one commit, and what follows once they are durable. Gathered by the engine, held by the
// commit pipeline. Values; no behaviour but strip().
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "scheduler/engine/executor.h"
#include "scheduler/engine/store.h"

namespace baton {

struct Pending {
  struct Stop {
    AttemptKey key;
    DurationUs grace_us = 0;
    bool kill_now = false;
  };
  struct TryTold {
    RunNo run_no = 0;
    TryRow row;
  };
  struct ChangeTold {
    RunNo run_no = 0;
    TaskRow row;
  };

  Batch batch;
  std::vector<LaunchSpec> launches;
  std::vector<AttemptKey> releases;  ///< prepared attempts whose claims are in `batch`
  std::vector<Stop> stops;
  std::vector<AttemptKey> acknowledgements;
  std::vector<TryTold> tries_told;
  std::vector<ChangeTold> told;
  std::vector<RunNo> begun, ended, finished;
  std::vector<std::function<void(CommitOutcome)>> created;
};

/// Takes out all that belongs to a run that was refused.
void strip(Pending& pending, RunNo run_no);

}  // namespace baton
