// ServiceStore: what a server reads of its own rows when it starts, and of a version when it is needed. They are
// written like all others, in parts of batches (batch.h). Implemented over SQLite;
// tests/unit/store/schedule_rows_test.cpp holds it to this.
#pragma once

#include <string>
#include <vector>

#include "scheduler/engine/service_rows.h"
#include "scheduler/model/result.h"

namespace baton {

/// The state of the service as it was left, in a handful of queries however many DAGs and runs there are.
struct ServiceSnapshot {
  std::vector<DagRow> dags;             ///< by id; also those that have nothing but runs
  std::vector<DagFileRow> files;        ///< by path
  std::vector<TickRecordRow> waiting;   ///< by DAG and time: ticks to be caught up
  std::vector<TickRecordRow> last;      ///< of each DAG the record that ends at its cursor, where there is one
  std::vector<ServerStateRow> server;   ///< by name
  std::vector<BackfillRow> backfills;   ///< by number: those that are not through
  std::vector<BackfillIntervalRow> open_intervals;  ///< of these, those whose run has not ended
  std::int64_t last_backfill_no = 0;
  std::vector<BulkJobRow> jobs;         ///< by number: those that are not through
  std::int64_t last_job_no = 0;
  std::vector<DagAssetsRow> asset_consumers;  ///< by DAG: those that run on assets, with their cursors; without links
  std::vector<std::string> asset_dags;        ///< by id: of which anything is said about assets
  std::vector<AssetCursor> last_events;       ///< of each asset, by name; 0: it has none
  std::vector<std::pair<std::string, std::string>> quarantined;  ///< assets, by name, and who holds them back
  WallUs newest = kNoTime;              ///< the latest time at which a run was queued or ended; kNoTime: there is none
};

class ServiceStore {
 public:
  virtual ~ServiceStore() = default;
  /// Blocks: before the loop takes events. storage: it cannot be read.
  [[nodiscard]] virtual Result<ServiceSnapshot> load_service() = 0;
  /// Blocks: on another thread than the loop's, or before it takes events. not_found: the DAG has no such version.
  [[nodiscard]] virtual Result<VersionRow> load_version(const std::string& dag_id, const std::string& version) = 0;
};

}  // namespace baton
