// TickBooks: the DAGs with schedules as they lie on disk, what holds them, and what their ticks came to. Every part is
// held against what is promised of it: a tick that is due ends in a run or a record, once (almanac.h says which are
// due), in the time and by the schedule that the DAG had then; what is held makes and begins nothing. Owned by Disk.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/engine/batch.h"
#include "scheduler/engine/service_store.h"
#include "scheduler/timetable/schedule_spec.h"
#include "tests/sim/ground.h"

namespace baton::sim {

struct DiskRun;

class TickBooks {
 public:
  explicit TickBooks(Ground& ground, const std::map<RunNo, DiskRun>& runs) : ground_(ground), runs_(runs) {}

  /// A part has been written, its runs too.
  void take(const Part& part);
  /// The whole batch is written: what it holds is held from here on.
  void end_batch();
  /// A run that has waited begins.
  void begins(const DiskRun& run);
  /// An attempt is claimed.
  void claimed(const AttemptKey& key);
  /// The wall clock was set, from `before` to what it shows now.
  void clock_was_set(WallUs before);

  [[nodiscard]] const DagRow* dag(const std::string& dag_id) const;
  /// A version of a DAG that its file has brought; null: none has.
  [[nodiscard]] std::shared_ptr<const Dag> version(const std::string& dag_id, const std::string& version) const;
  [[nodiscard]] bool is_frozen() const { return server_.contains("frozen"); }
  /// What load_service() finds of it.
  void fill(ServiceSnapshot& found) const;
  /// When the run of a DAG that is due next would be dated; kNoTime: it has no schedule, or is never due again.
  [[nodiscard]] WallUs next_date(const std::string& dag_id) const;
  /// Some minutes after the last fault, and while nobody holds anything: all that is due is done, and there is a next.
  void check_quiet();

 private:
  /// A stretch of time in which a DAG had one schedule.
  struct Epoch {
    WallUs from = kNoTime;  ///< ticks after this; kNoTime: from the start of the schedule on
    std::shared_ptr<const Dag> dag;
  };
  struct Book {
    DagRow row;
    bool was_paused = false, was_draining = false;  ///< before the batch that is being written
    std::map<WallUs, TickRecordRow> records;        ///< by `from`
    std::map<WallUs, std::set<RunNo>> runs;         ///< that ticks have made, by when they were due
    Epoch epoch;
    bool has_epoch = false;
  };
  using Told = std::pair<WallUs, WallUs>;

  /// Whether it begins a schedule anew.
  bool take(const DagRow& row);
  void take(const TickRecordRow& row);
  void take(const RunCreation& creation, const Part& part);
  void check_run(const Book& book, const RunRow& run);
  void check_overlap(const Book& book, const RunRow& run);
  void check_lateness(const Book& book, const RunRow& run);
  void check_epoch(const Book& book, WallUs to);
  [[nodiscard]] bool is_recorded(const Book& book, WallUs due) const;
  [[nodiscard]] bool may_be_told_again(WallUs due) const;
  [[nodiscard]] bool clock_holds(DurationUs span) const;
  [[nodiscard]] const timetable::ScheduleSpec* schedule_of(const Book& book) const;
  void fail(const std::string& dag_id, const std::string& what) { ground_.findings.fail("TICKS", dag_id + ": " + what); }

  Ground& ground_;
  const std::map<RunNo, DiskRun>& runs_;
  std::map<std::string, Book> books_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const Dag>> versions_;
  std::map<std::string, ServerStateRow> server_;
  bool was_frozen_ = false;
  std::vector<Told> again_;      ///< times that came twice, because the clock was set back far
  WallUs peak_ = kNoTime;        ///< the latest that the wall clock ever showed
  WallUs peak_since_ = kNoTime;  ///< since it was last set back far
  WallUs believed_ = kNoTime;  ///< the latest time by a clock that has not been set back by more than an hour since
};

}  // namespace baton::sim
