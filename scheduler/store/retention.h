// Retention: which finished runs go, and their deletion in limited transactions. The writer's thread.
#pragma once

#include <cstdint>
#include <string>

#include "scheduler/engine/old_runs.h"
#include "scheduler/engine/rows.h"
#include "scheduler/engine/service_rows.h"
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
/// What a tombstone stands for: its `object_no` is the run's number, its `object` is DAG/RUN.
enum class Deleted : std::uint8_t { run, dag };

/// What a deletion is marked with. Both numbers are written to the store's row, so that none of a deleted row is given
/// again.
struct Numbers {
  std::int64_t seq;  ///< a new one: of the tombstones
  RunNo last_run_no;
  WallUs now;
};
/// One limited transaction of it; `runs` is 0 when nothing is left to delete. `code` gets SQLite's.
Result<PruneResult> prune_some(Database& db, const PruneRule& rule, const Numbers& given, int& code);

/// Within a transaction: this run, whose number is not given again; one that has not ended, or ended at another time
/// than the row says, stays. SQLite's code.
int delete_finished_run(Database& db, const RunDeletionRow& run, std::int64_t seq);

/// Within a transaction: a part of what a run has left that went in parts; nothing of a run that is whole. SQLite's code.
int delete_rest(Database& db, const RunRestRow& rest);

/// Within a transaction: all that is kept of a DAG without runs whose file is gone. SQLite's code.
int delete_dag(Database& db, const DagDeletionRow& dag, std::int64_t seq);

/// One limited transaction over what a service leaves behind: rows of audit, ticks, backfills, tokens, sessions,
/// idempotency, jobs, outbox and tombstones that are over. How many went; 0: nothing is left.
Result<std::int64_t> prune_service(Database& db, const OldRows& old, int& code);

/// One limited transaction: versions of a DAG that nothing refers to. How many went; 0: nothing is left.
Result<std::int64_t> prune_versions(Database& db, const std::string& dag_id, int& code);
}  // namespace sqlite

}  // namespace baton
