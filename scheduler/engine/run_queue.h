// RunQueue: which of the runs that wait may begin, and in what order. It knows of a run its number and what its turn
// hangs on, nothing else: a run that waits is a row of the store and an entry of some hundred bytes here.
//
//   add() ──▶ later ──run_after──▶ waits ──take()──▶ taken ──begun()──▶ active ──remove()
//                                    ▲                  │
//                                    └────put_back()────┘
//
// Who is taken or active holds a place under the limit of its DAG; backfills have a limit of their own, and of the runs
// of a schedule one lives at a time where the DAG says no limit (`overlap` is decided before). A run waits for
// its time (run_after), for a hold (its DAG is paused, the server frozen), for a place, and, where the DAG goes in order,
// for every run of an earlier date to have ended. Who has begun and stands still for its past gives way to the earliest
// date that is open, or neither would ever go on. Among those who may begin: what people ask for, then schedules and
// assets, then backfills; of these the one that is due longest. Nothing here looks at all runs: a change costs O(log n).
// Pure: no clock, no store. Owned by the engine; loop thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/engine/rows.h"
#include "scheduler/engine/run_limits.h"

namespace baton {

class RunQueue {
 public:
  /// `said_by`: the run whose version says so; what a later run has said stands. Where nobody has said the limits of a
  /// DAG, one of its runs is taken at a time: loading that one brings them. Whether they are others than before.
  bool set_limits(const std::string& dag_id, RunLimits limits, RunNo said_by);
  /// Backfills of a DAG at a time, beside its other runs; without it, as many as max_active_runs says. 0: no limit.
  void set_backfill_limit(const std::string& dag_id, std::int32_t runs);
  /// A DAG that is paused begins nothing but backfills.
  void hold(const std::string& dag_id, bool is_held);
  /// A server that is frozen begins nothing.
  void freeze(bool is_frozen) { is_frozen_ = is_frozen; }
  [[nodiscard]] bool is_frozen() const { return is_frozen_; }

  /// Whether `run`, which is not in here, could begin at once: nothing holds it and nobody waits in front of it.
  [[nodiscard]] bool may_begin(const RunRow& run, WallUs now);
  /// It waits. Not `is_durable`: its row is still being written; it keeps its place in the order, and is not taken
  /// before note_durable().
  void add(const RunRow& run, bool is_durable, WallUs now);
  void note_durable(RunNo run_no);
  /// It has begun without waiting, or lives since before this process. Counts whatever the limit says.
  void add_active(const RunRow& run);

  /// The next one that may begin; it holds its place from now on.
  [[nodiscard]] std::optional<RunNo> take(WallUs now);
  /// One that was taken cannot begin yet after all: it waits where it stood.
  void put_back(RunNo run_no);
  void begun(RunNo run_no);
  /// Of one that has begun: nothing of it can go on before its past is well. Its place is its own against all but the
  /// earliest date that is open.
  void note_standing(RunNo run_no, bool stands);
  /// Whether one that stands still may go on: not before those that it gave way to are through.
  [[nodiscard]] bool may_go_on(RunNo run_no) const;
  /// It has ended, or is gone; whatever it was.
  void remove(RunNo run_no);

  /// All that are in here, waiting or begun, by number.
  [[nodiscard]] std::vector<RunNo> runs() const;
  [[nodiscard]] bool is_empty() const { return runs_.empty(); }
  [[nodiscard]] bool has(RunNo run_no) const { return runs_.contains(run_no); }
  /// Neither begun nor gone.
  [[nodiscard]] bool is_waiting(RunNo run_no) const;
  /// It waits, and its row is durable: somebody may end it.
  [[nodiscard]] bool may_change(RunNo run_no) const;
  /// Whether there is a place for it and for all of its DAG that wait before it: it begins within the next turns.
  [[nodiscard]] bool is_next(RunNo run_no) const;
  /// What keeps it; `turn`: nothing but those before it. `none`: it is not waiting.
  [[nodiscard]] QueueWait why(RunNo run_no, WallUs now) const;
  /// Whether take() would find one.
  [[nodiscard]] bool has_next(WallUs now) const;
  /// When the first of those becomes due whose time has not come; kNoTime: there is none.
  [[nodiscard]] WallUs next_due() const { return later_.empty() ? kNoTime : later_.begin()->first; }
  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  /// All that are in here, waiting or begun.
  [[nodiscard]] std::size_t size() const { return runs_.size(); }
  /// Runs of a DAG that hold a place: backfills, or all others.
  [[nodiscard]] std::int32_t active(const std::string& dag_id, bool backfills) const;

  /// The runs that hold all the places that a DAG has for what people and programs ask for; none: a place is free.
  [[nodiscard]] std::vector<RunNo> full_of(const std::string& dag_id) const;

 private:
  /// Which limit a run stands under; what people and assets ask for shares that of the schedule, which has one more.
  enum LaneNo : std::size_t { kAsked, kScheduled, kBackfills, kLanes };
  struct Order {
    std::int8_t rank = 0;  ///< by type
    WallUs run_after = kNoTime;
    RunNo run_no = 0;
    auto operator<=>(const Order&) const = default;
  };
  /// The runs of a DAG that stand under one limit.
  struct Lane {
    std::set<Order> dated, undated;  ///< due, and waiting
    std::int32_t held = 0;           ///< places that are taken
    std::int32_t standing = 0;       ///< of these, by runs that stand still for their past
    std::optional<Order> head;       ///< as it stands in heads_
  };
  struct DagQueue {
    RunLimits limits;
    RunNo said_by = 0;                             ///< the limits; 0: nobody
    bool is_held = false;
    std::optional<std::int32_t> backfill_limit;
    std::int32_t taken = 0;                        ///< and not begun
    std::set<RunNo> holders;                       ///< of its places, but for backfills
    std::set<std::pair<WallUs, RunNo>> dates;      ///< of all runs that have not ended and have one
    std::array<Lane, kLanes> lanes;
  };
  enum class State : std::uint8_t { later, waits, taken, active };
  struct Entry {
    DagQueue* dag = nullptr;
    Order order;
    WallUs logical_date = kNoTime;
    LaneNo lane = kAsked;
    State state = State::waits;
    bool is_durable = true;
    bool stands = false;
  };

  Entry& insert(const RunRow& run, State state);
  static LaneNo lane_of(RunType type);
  static Lane& lane_of(Entry& entry) { return entry.dag->lanes[entry.lane]; }
  static std::int32_t held(const DagQueue& dag, LaneNo lane);
  static std::int32_t limit_of(const DagQueue& dag, LaneNo lane);
  static std::int32_t standing(const DagQueue& dag, LaneNo lane);
  static bool has_room(const DagQueue& dag, LaneNo lane, bool beside_standing);
  static bool is_first_date(const DagQueue& dag, WallUs date);
  void list(Entry& entry);
  void unlist(Entry& entry);
  [[nodiscard]] std::optional<Order> head_of(const DagQueue& dag, LaneNo lane) const;
  void refresh(DagQueue& dag);
  void promote_due(WallUs now);

  std::map<std::string, DagQueue> dags_;
  std::map<RunNo, Entry> runs_;
  std::set<std::pair<WallUs, RunNo>> later_;
  std::set<Order> heads_;  ///< of each lane the one that may begin
  std::size_t waiting_ = 0;
  bool is_frozen_ = false;
};

}  // namespace baton
