// QualityBooks: what checks have come to on a simulated day, and what became of the assets that wait for them, as it
// lies on disk. Every part is held against what is promised: what is made is told of once, when the checks behind it
// have ended; checks that do not hold put its asset into quarantine with their end, so that nobody runs on it before
// somebody lets it go; what was left out tells of nothing; a sensor ends when its asset has come. Owned by Disk.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/engine/batch.h"
#include "tests/sim/asset_books.h"
#include "tests/sim/ground.h"
#include "tests/sim/instance_end.h"

namespace baton::sim {

class QualityBooks {
 public:
  QualityBooks(Ground& ground, const std::map<RunNo, DiskRun>& runs, const AssetBooks& assets)
      : ground_(ground), runs_(runs), assets_(assets) {}

  /// A task instance is about to get this row in the part that is being written.
  void row_comes(const DiskRun& run, const TaskRow& old, const TaskRow& row);
  /// A part has been written, and its rows are on disk; those of assets too.
  void take(const Part& part);
  /// As recovery reads them: successes that wait for checks.
  [[nodiscard]] std::vector<InstanceNo> held_of(RunNo run_no) const;
  /// Some minutes after the last fault: no sensor waits for what has come.
  void check_quiet();

 private:
  using Place = std::pair<RunNo, InstanceNo>;

  void sensor_row_comes(const DiskRun& run, const TaskRow& old, const TaskRow& row);
  void take_held(const HeldEventRow& row);
  void check_gate(const TaskRow& row, const Part& part, bool is_changed);
  void take_event(const AssetEventRow& row, bool is_changed);
  void check_taken(const TakenEventRow& row);
  void check_told(RunNo run_no);
  [[nodiscard]] bool is_open(const DiskRun& run, TaskNo producer) const;
  [[nodiscard]] std::string name_of(const DiskRun& run, const TaskRow& row) const;
  void fail(const std::string& what) { ground_.findings.fail("QUALITY", what); }

  Ground& ground_;
  const std::map<RunNo, DiskRun>& runs_;
  const AssetBooks& assets_;
  std::set<Place> owed_;                          ///< successes whose events nobody has been told of
  std::set<Place> held_;                          ///< as the rows say
  std::map<Place, InstanceEnd> ends_;             ///< of checks, as they were last written
  std::map<std::int64_t, std::string> born_held_; ///< events that came with the quarantine of their assets
  std::map<std::string, WallUs> newest_;          ///< of each asset, by the clock of its events
};

}  // namespace baton::sim
