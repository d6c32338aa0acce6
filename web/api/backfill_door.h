// BackfillDoor: the changes of backfills that the API can ask for. As Door (door.h): any thread, no call waits, each is
// answered when it is durable.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/engine/service_rows.h"
#include "scheduler/timetable/timetable.h"
#include "web/api/door.h"

namespace baton::api {

struct BackfillWanted {
  std::string dag_id;
  WallUs from = kNoTime, to = kNoTime;  ///< logical dates, both inclusive
  std::int32_t max_active_runs = 10;
  std::int32_t intervals_per_run = 1;
  std::string reprocess = "none";       ///< none, failed, completed
  bool runs_backwards = false;
  std::string conf_json = "{}";
  std::string note;
  Labels labels;                        ///< of each of its runs
};

/// What would be done for one interval, or for several that share a run.
struct BackfillPlanned {
  WallUs logical_date = kNoTime, interval_start = kNoTime, interval_end = kNoTime;
  std::string step;                     ///< create, clear, done_before, in_flight
};

/// How much a range comes to: runs, where no date of it has one; intervals that have ended, and those that are left out
/// because they have not.
struct BackfillSize {
  std::int64_t runs = 0, intervals = 0, left_out = 0;
};

/// What a backfill would do: the first runs of it, and how many they are in all.
struct BackfillPlan {
  std::vector<BackfillPlanned> list;
  BackfillSize size;
  bool is_whole = true;                 ///< the list is all of it
};

class BackfillDoor {
 public:
  virtual ~BackfillDoor() = default;
  using OnMade = std::function<void(Result<std::int64_t>)>;
  using OnPlan = std::function<void(Result<BackfillPlan>)>;
  using OnDone = std::function<void(Status)>;
  enum class Change : std::uint8_t { pause, resume, cancel };

  /// `done` with its number. Kinds of Error: not_found, invalid, conflict (the DAG has one that is not through).
  virtual void create(BackfillWanted wanted, Asker asker, OnMade done) = 0;
  virtual void plan(BackfillWanted wanted, OnPlan done) = 0;
  /// Of one that was made, by the schedule that its DAG has now. Any thread, at once. None: it has no such intervals.
  virtual std::optional<BackfillSize> size_of(const BackfillRow& /*row*/, const timetable::Timetable& /*schedule*/) {
    return std::nullopt;
  }
  /// not_found: there is none of this number that is not through.
  virtual void change(std::int64_t backfill_no, Change change, Asker asker, OnDone done) = 0;
};

}  // namespace baton::api
