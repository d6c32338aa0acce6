// BackfillBooks: the backfills of a simulated day as they lie on disk, with what they have done. Every part is held
// against what is promised of them: what a range comes to follows from the almanac alone, each date of it is one run
// whatever crashes, nothing is made that nobody wants any more, and nothing stands still. Owned by Disk.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/engine/batch.h"
#include "scheduler/engine/service_store.h"
#include "tests/sim/almanac.h"
#include "tests/sim/ground.h"
#include "tests/sim/tick_books.h"

namespace baton::sim {

struct DiskRun;

class BackfillBooks {
 public:
  BackfillBooks(Ground& ground, const std::map<RunNo, DiskRun>& runs, const TickBooks& ticks)
      : ground_(ground), runs_(runs), ticks_(ticks) {}

  /// A part is about to be written: what a backfill does again is still as it was.
  void look(const Part& part);
  /// It has been written, its runs and what is said of DAGs too.
  void take(const Part& part);
  /// The whole batch is written: what rests, rests from here on.
  void end_batch();
  /// A run that has waited begins.
  void begins(const DiskRun& run);
  /// A person was told that this is so now. `is_alone`: nobody else has asked for anything of it meanwhile.
  void accepted(std::int64_t backfill_no, BackfillState state, bool is_alone);

  /// The one of a DAG that is not through; null: there is none.
  [[nodiscard]] const BackfillRow* open_of(const std::string& dag_id) const;
  [[nodiscard]] const BackfillRow* find(std::int64_t backfill_no) const;
  /// What load_service() finds of them.
  void fill(ServiceSnapshot& found) const;
  /// Dates of a DAG in [from, to] that have runs.
  struct Dated {
    WallUs date = kNoTime;
    RunNo run_no = 0;
    std::int64_t backfill_no = 0;  ///< that has made it, or has had it run again, last
  };
  [[nodiscard]] std::vector<Dated> dates(const std::string& dag_id, WallUs from, WallUs to) const;
  /// A server has been at work since `since`, without a pause: what may go on has gone on.
  void check_standing(MonoUs since);

 private:
  struct Book {
    BackfillRow row;
    std::map<std::int64_t, BackfillIntervalRow> intervals;  ///< by ordinal
    std::set<RunNo> made, cleared;
    MonoUs moved_at = 0;        ///< when its row was written last
    MonoUs through_at = -1;     ///< since when it is completed or cancelled
    bool is_edited = false;     ///< its DAG has got another schedule: then its pieces are others than before
    std::string schedule_hash;  ///< that its DAG had
  };

  void take(const BackfillRow& row, const Part& part);
  void take(const BackfillIntervalRow& row, const Part& part);
  void begin(Book& book, const Part& part);
  void check_move(const Book& book, const BackfillRow& row, const Part& part);
  void check_made(const Book& book, const RunCreation& creation);
  void check_again(const DiskRun& run, const AuditRow& row, const Part& part) const;
  void check_completed(const Book& book);
  [[nodiscard]] std::int64_t last_of(RunNo run_no) const;
  [[nodiscard]] std::vector<Stretch> range_of(const Book& book, const Dag& dag) const;
  [[nodiscard]] std::int32_t open_runs(const Book& book, bool and_changed) const;
  [[nodiscard]] bool rests(const std::string& dag_id) const;
  void fail(const Book& book, const std::string& what) const;

  Ground& ground_;
  const std::map<RunNo, DiskRun>& runs_;
  const TickBooks& ticks_;
  std::map<std::int64_t, Book> books_;
  std::map<std::int64_t, BackfillRow> before_;  ///< of those that the batch changes, before it
  std::map<RunNo, std::int64_t> of_run_;        ///< that it has made, and nobody has wanted again
  std::map<std::pair<std::string, WallUs>, RunNo> dates_;
  std::map<std::string, MonoUs> rests_since_;   ///< DAGs that have backfills, by id
};

}  // namespace baton::sim
