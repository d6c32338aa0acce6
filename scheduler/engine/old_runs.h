// Runs that have ended and may go: what is asked of a store, and what it answers. Plain values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/model/attempt_key.h"
#include "scheduler/model/time.h"

namespace baton {

/// A finished run goes when both hold.
struct KeepRule {
  std::string dag_id;             ///< empty: all DAGs
  WallUs ended_before = kNoTime;  ///< kNoTime: at any time
  std::int64_t keep_per_dag = 0;  ///< the newest so many stay, where `dag_id` names one; 0: this asks for none

  friend bool operator==(const KeepRule&, const KeepRule&) = default;
};

/// A finished run without open hooks that a rule lets go.
struct OldRun {
  RunNo run_no = 0;
  std::string dag_id, run_id;
  WallUs ended_at = kNoTime;
  std::int64_t rows = 0;   ///< of instances and tries, counted up to 10,000: what its deletion costs
  bool is_needed = false;  ///< by a backfill that is not through, or by the run of the next date, which has not ended
};

/// How far a walk over old runs has come.
struct OldRunPlace {
  WallUs ended_at = 0;
  RunNo run_no = 0;
};

struct OldRunPage {
  std::vector<OldRun> runs;
  OldRunPlace next;
  bool is_last = true;
};

/// Rows of a service that are over. kNoTime: none of these goes.
struct OldRows {
  WallUs history_before = kNoTime;     ///< audit, ticks, backfills that are through, jobs, what was told to others
  WallUs access_before = kNoTime;      ///< tokens and sessions that have expired
  WallUs keys_before = kNoTime;        ///< of requests
  WallUs tombstones_before = kNoTime;

  static OldRows all_before(WallUs at) { return {at, at, at, at}; }
};

}  // namespace baton
