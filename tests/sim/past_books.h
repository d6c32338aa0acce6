// PastBooks: what DAGs with `depends_on_past` promise, told from the rows alone: dates begin in their order, a task
// starts once it has succeeded or was skipped in the run of the date before, and an earlier run that somebody has
// brought back goes before the one that stands still for it. Owned by Disk.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/engine/batch.h"
#include "tests/sim/ground.h"

namespace baton::sim {

struct DiskRun;

/// Whether runs of the DAG go in the order of their dates.
bool looks_back(const Dag& dag);

class PastBooks {
 public:
  PastBooks(Ground& ground, const std::map<RunNo, DiskRun>& runs) : ground_(ground), runs_(runs) {}

  /// A run is made; dates that it covers are its own.
  void take(const RunCreation& creation);
  /// One more run is about to live, as number `live` of `limit` that may; 0: there is none.
  void begins(const DiskRun& run, std::int32_t live, std::int32_t limit);
  /// A task of it starts, with or without an attempt.
  void starts(const DiskRun& run, TaskNo t);
  /// The whole batch is written; people have changed these runs with it.
  void end_batch(const std::set<RunNo>& changed);

  /// As Store::find_past() answers.
  [[nodiscard]] std::vector<std::string> held(const std::string& dag_id, WallUs date,
                                              const std::vector<std::string>& tasks) const;
  /// Whether this task waits, now, for the run of the date before.
  [[nodiscard]] bool is_held(const DiskRun& run, TaskNo t) const;
  /// The run of the date before; null: there is none.
  [[nodiscard]] const DiskRun* before(const DiskRun& run) const;
  /// Whether nothing of it can go on before the run of the date before is well.
  [[nodiscard]] bool stands(const DiskRun& run) const;
  /// Whether it has given way to others, which go first though its own past may be well.
  [[nodiscard]] bool gives_way(const DiskRun& run) const;
  /// Some minutes after the last fault: nobody waits for the place of one that stands still for it.
  void check_quiet() const;

 private:
  [[nodiscard]] bool may_be_let_go(const DiskRun& run, TaskNo t) const;
  [[nodiscard]] bool may_be_at_work(const DiskRun& run) const;
  [[nodiscard]] std::int32_t others_at_work(const DiskRun& run, bool perhaps) const;
  void fail(const DiskRun& run, const std::string& what) const;

  Ground& ground_;
  const std::map<RunNo, DiskRun>& runs_;
  std::map<std::pair<std::string, WallUs>, RunNo> dates_;
  std::set<RunNo> dated_;                               ///< runs of DAGs that look back
  using Tasks = std::map<std::pair<RunNo, TaskNo>, std::int64_t>;  ///< in which batch
  Tasks well_in_;                                       ///< the past of a task was well last
  Tasks ready_in_;                                      ///< nothing but its past has kept it from then on
  std::int64_t batch_ = 0;                              ///< that is being written
  std::set<std::pair<RunNo, TaskNo>> has_waited_;
  std::vector<std::pair<RunNo, TaskNo>> early_;         ///< started in this batch, as it seems before their time
  std::map<RunNo, std::int32_t> crowded_;               ///< begun with this batch beyond their limits
};

}  // namespace baton::sim
