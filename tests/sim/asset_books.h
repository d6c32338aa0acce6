// AssetBooks: the assets of a simulated day as they lie on disk: their events, which DAGs run on them, how far each has
// come, and who holds one back. Every part is held against what is promised: a success tells of what it has produced, once
// for each asset; each DAG takes each event once, in order, by the condition that it had then; none is lost between an
// event, a quarantine and its release; one run at most waits for each DAG. Owned by Disk.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "scheduler/engine/batch.h"
#include "scheduler/engine/service_store.h"
#include "scheduler/timetable/schedule_spec.h"
#include "tests/sim/ground.h"

namespace baton::sim {

struct DiskRun;
class TickBooks;

class AssetBooks {
 public:
  AssetBooks(Ground& ground, const std::map<RunNo, DiskRun>& runs, const TickBooks& dags)
      : ground_(ground), runs_(runs), dags_(dags) {}

  /// A task instance is about to get this row in the part that is being written.
  void row_comes(const DiskRun& run, const TaskRow& old, const TaskRow& row);
  /// A part has been written, and its rows are on disk.
  void take(const Part& part);
  /// The whole batch is written.
  void end_batch();
  /// As ServiceStore::load_service().
  void fill(ServiceSnapshot& found) const;
  [[nodiscard]] std::int64_t last_event() const { return events_.empty() ? 0 : events_.rbegin()->first; }
  [[nodiscard]] std::vector<std::pair<std::string, WallUs>> last_times() const;
  [[nodiscard]] std::vector<std::int64_t> events_of(const std::string& asset, std::int64_t after, std::size_t limit) const;
  /// Somebody was told that an event is on disk.
  void accepted(std::int64_t event_no, const std::string& asset);
  [[nodiscard]] const std::map<std::string, MonoUs>& held() const { return held_; }
  [[nodiscard]] const std::map<std::string, std::string>& holders() const { return holders_; }
  /// Checks have held it back, or have let it go, since then.
  [[nodiscard]] bool was_changed_by_checks(const std::string& asset, MonoUs since) const {
    const auto at = by_checks_.find(asset);
    return at != by_checks_.end() && at->second >= since;
  }
  [[nodiscard]] bool knows(const std::string& asset) const { return known_.contains(asset); }
  /// Some minutes after the last fault, with nothing held back: no DAG has events that it could run on.
  void check_quiet();

 private:
  using Condition = timetable::AssetCondition;
  struct Consumer {
    Condition condition;
    bool merges = false;
    std::string condition_json;
    std::map<std::string, std::int64_t> cursors;
    std::set<std::int64_t> taken;
  };
  /// What a condition is fulfilled by: the event that came last of those it needs, and the assets.
  using Choice = std::pair<std::int64_t, std::set<std::string>>;

  void take(const AssetEventRow& row);
  void take(const DagAssetsRow& row);
  void take(const AssetQuarantineRow& row);
  void check_produced(const Part& part);
  void check_taken(const RunCreation& creation, const Part& part);
  void move(const AssetCursorRow& row, bool with_a_run);
  [[nodiscard]] std::vector<std::int64_t> waiting(const Consumer& consumer, const std::string& asset) const;
  [[nodiscard]] std::optional<Choice> choose(const Consumer& consumer, const Condition& condition) const;
  [[nodiscard]] static bool is_fulfilled(const Condition& condition, const std::set<std::string>& by);
  void fail(const std::string& what) { ground_.findings.fail("ASSETS", what); }

  Ground& ground_;
  const std::map<RunNo, DiskRun>& runs_;
  const TickBooks& dags_;
  std::map<std::int64_t, std::string> events_;              ///< by number: their assets
  std::int64_t last_of_batch_ = 0;                          ///< that was written before
  std::map<std::string, std::vector<std::int64_t>> of_asset_;
  std::map<std::int64_t, MonoUs> came_at_;                  ///< when they were written
  std::map<std::string, WallUs> times_;
  std::map<std::string, Consumer> consumers_;
  std::map<std::string, std::set<std::string>> links_;      ///< DAGs of which something is said
  std::set<std::string> known_;                             ///< assets
  std::map<std::string, MonoUs> held_;                      ///< since when
  std::map<std::string, std::string> holders_;
  std::map<std::string, MonoUs> by_checks_;                 ///< when checks have held it back, or let it go, last
  std::map<std::string, MonoUs> gone_;                      ///< DAGs that nothing is made of, and since when
  MonoUs last_change_ = -1;                                 ///< of what is held, and of what conditions say
  /// Successes of the part that is being written, whose tasks produce something.
  std::map<std::tuple<RunNo, std::string, std::int32_t, std::string>, std::int64_t> produced_;
};

}  // namespace baton::sim
