// Retention: which finished runs go, and their deletion in limited transactions. The writer's thread.
#pragma once

#include <cstdint>
#include <string>

#include "scheduler/engine/rows.h"
#include "scheduler/model/result.h"
#include "scheduler/store/sqlite_db.h"

namespace baton {

/// A finished run goes when both hold. Runs that are queued or running always stay.
struct PruneRule {
  std::string dag_id;             ///< empty: all DAGs
  WallUs ended_before = kNoTime;  ///< kNoTime: at any time
  std::int64_t keep_per_dag = 0;  ///< the newest so many of each DAG stay; 0: this asks for none
  /// Not 0: this run alone, whatever its state and whether or not its rows can be read; the rest of the rule is void.
  RunNo run_no = 0;
};

struct PruneResult {
  std::int64_t runs = 0, versions = 0;  ///< deleted
};

namespace sqlite {
/// One limited transaction of it; `runs` is 0 when nothing is left to delete. `seq` and `last_run_no` are written to
/// the store's row, so that no number of a deleted row is given again. `code` gets SQLite's.
Result<PruneResult> prune_some(Database& db, const PruneRule& rule, std::int64_t seq, RunNo last_run_no, int& code);
}  // namespace sqlite

}  // namespace baton
