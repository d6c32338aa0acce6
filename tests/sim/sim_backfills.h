// SimBackfills: what a simulated server does for backfills: the real Backfills on the real BackfillsOnEngine, looked
// after as a server does, over the dates that the disk holds. One per scheduler that serves.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "scheduler/host/backfills_on_engine.h"
#include "scheduler/host/run_makers.h"
#include "scheduler/service/backfills.h"
#include "tests/sim/disk.h"
#include "tests/sim/sim_store.h"

namespace baton::sim {

class SimBackfills {
 public:
  SimBackfills(Ground& ground, Disk& disk, ProcessLoop& loop, SimStore& store, Host& host, RunMakers& makers);

  void start(const ServiceSnapshot& found);
  void stop() { backfills_.stop(); }
  void run_ended(RunNo run_no) { backfills_.run_ended(run_no); }

  void create(BackfillAsk ask, Backfills::OnMade done);
  void change(std::int64_t backfill_no, BackfillState wish, Backfills::OnDone done);
  /// Told when the dates of a DAG have just been read: what somebody asks now comes at the most unkind moment.
  std::function<void(const std::string& dag_id)> on_dates;

 private:
  void beat();
  void find_dates(const std::string& dag_id, WallUs from, WallUs to, BackfillHost::OnDates done);
  [[nodiscard]] AuditRow audit_of(const char* action, const std::string& dag_id) const;

  Ground& ground_;
  Disk& disk_;
  ProcessLoop& loop_;
  const SimStore& store_;
  BackfillsOnEngine host_;
  Backfills backfills_;
  std::map<std::int64_t, int> asked_;  ///< changes that have not been answered, by backfill
};

}  // namespace baton::sim
