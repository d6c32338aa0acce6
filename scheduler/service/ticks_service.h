// TicksService: makes the runs of all schedules on time. One timer stands for the earliest tick of all DAGs; what a
// tick comes to is decided by ticks.h, written by the host in the part of the run, and believed once it is durable.
// Of each DAG one plan is on its way at a time, so that its ticks end in order; plans of many DAGs share a commit.
//
//   timer ─▶ look at the clock ─▶ each DAG that is due ─▶ its schedule (loaded when first needed) ─▶ plan_ticks()
//              ▲                                                                                        │ run, records
//              └──────────── the next tick ◀── ask again ◀── durable, or struck: `exists` ◀── TickHost ◀┘
//
// Loop thread only. Nothing here scans the DAGs while it runs: who is due lies in front. start(), thaw() and a clock
// that is set look at each once.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/engine/loop.h"
#include "scheduler/engine/service_store.h"
#include "scheduler/engine/store.h"
#include "scheduler/service/clock_watch.h"
#include "scheduler/service/dag_gate.h"
#include "scheduler/service/ticks.h"

namespace baton {

/// A run that a tick makes. Its id is scheduled__<logical date>.
struct TickRun {
  std::string dag_id;
  std::string version;   ///< the DAG's now
  timetable::Tick tick;
};

/// What the service knows of a version of a DAG.
struct ScheduledDag {
  std::optional<TickSchedule> schedule;  ///< none: manual
};

/// What the service stands on: the rest of the scheduler.
class TickHost {
 public:
  virtual ~TickHost() = default;
  using OnSchedule = std::function<void(Result<ScheduledDag>)>;
  /// The schedule of a version; may come later, on the loop, once. Never from within the call.
  virtual void find_schedule(const std::string& dag_id, const std::string& version, OnSchedule done) = 0;
  /// Makes the run, with `rows` in its part; returns its number at once. `done` hears the verdict, never from within
  /// the call: a struck part leaves nothing of both.
  virtual RunNo make_run(const TickRun& run, ServiceRows rows, std::function<void(const PartVerdict&)> done) = 0;
  /// Writes `rows` with what the audit says of them; `done` once that is durable, never from within the call.
  virtual void write(ServiceRows rows, std::vector<AuditRow> audit, std::function<void()> done) = 0;
  /// Stops a run of a schedule (`overlap: cancel_running`).
  virtual void stop_run(RunNo run_no) = 0;
  /// From now on runs of the DAG that wait do not begin, or do again.
  virtual void hold_dag(const std::string& dag_id, bool is_held) = 0;
  virtual void freeze(bool is_frozen) = 0;
  /// A version of a DAG has come: what it says of pools and circuit breakers holds from now on.
  virtual void declare_shared(const Dag& dag) { (void)dag; }
  /// What it says of assets, likewise.
  virtual void declare_assets(const Dag& dag) { (void)dag; }
  /// One line for a person: what the service does by itself (pauses a DAG, does not trust the clock).
  virtual void say(const std::string& line) = 0;
};

class TicksService {
 public:
  TicksService(Loop& loop, TickHost& host) : loop_(loop), host_(host) {}
  ~TicksService() { stop(); }
  TicksService(const TicksService&) = delete;
  TicksService& operator=(const TicksService&) = delete;

  /// Goes on where `found` says that it was left: what was due since then was missed. The open runs of schedules are
  /// told before, by run_opened().
  void start(const ServiceSnapshot& found);
  /// No more ticks. What is on its way is carried out and not heard any more. Idempotent.
  void stop();

  /// A DAG is there: new, or with another version. `rows` (its file, the version, tags) are written with what follows:
  /// its row, and where `schedule_hash` differs, the end of the old schedule. `done` once all of it is durable; may be
  /// empty.
  void put_dag(const std::string& dag_id, const std::string& file, const std::string& version,
               const std::string& schedule_hash, ScheduledDag dag, ServiceRows rows, std::function<void()> done = {});
  /// Its file is gone, or does not hold it any more: no ticks, until put_dag(). What was due before ends in records.
  /// `done` once all of it is durable: until then the row of the file must not say so. May be empty.
  void lose_dag(const std::string& dag_id, const std::string& why, ServiceRows rows, std::function<void()> done = {});
  /// Its rows go with the next that is written: nothing more is kept of it here. False: its file is there, it has runs,
  /// or something of it is on its way.
  bool forget_dag(const std::string& dag_id);

  using OnHeld = std::function<void(const Status&)>;
  /// Pause, drain, and neither. `done` once it is durable; not_found: no such DAG. What holds already is no error.
  void pause(const std::string& dag_id, const Held& held, AuditRow audit, OnHeld done);
  void drain(const std::string& dag_id, const Held& held, AuditRow audit, OnHeld done);
  void resume(const std::string& dag_id, AuditRow audit, OnHeld done);
  void freeze(const Held& held, const std::string& why, AuditRow audit, OnHeld done);
  void thaw(AuditRow audit, OnHeld done);
  /// An operator's word that the clock is right.
  void trust_clock();

  /// A run that has not ended: of an earlier scheduler, asked for, cleared. Those of ticks are known.
  void run_opened(const RunRow& run);
  /// A run that was opened is not there after all: it was never made, or has ended as before.
  void run_dropped(const RunRow& run);
  /// A run has ended, and that is durable. `failed_runs_max`: what its DAG says of runs that fail in a row.
  void run_ended(const RunRow& run, std::int32_t failed_runs_max);

  [[nodiscard]] const DagRow* dag(const std::string& dag_id) const;
  [[nodiscard]] const ServerGate& gate() const { return gate_; }
  /// When something is due next, by the wall clock; none: nothing ever.
  [[nodiscard]] std::optional<WallUs> next_wake() const;
  [[nodiscard]] std::size_t dag_count() const { return dags_.size(); }

 private:
  struct Scheduled {
    DagRow row;
    TickState state;
    std::optional<ScheduledDag> known;            ///< none: not loaded since the start
    std::map<RunNo, bool> open;                   ///< its unfinished runs; true: of the schedule
    std::deque<std::function<void()>> afterwards;  ///< what waits for the plan on its way
    WallUs wake = kNoTime;                        ///< its place among those that are due; kNoTime: none
    bool is_busy = false;                         ///< a plan is on its way, or its schedule
  };

  /// Those that are due at one time go by name: which of them is first hangs on nothing else.
  struct ByTime {
    bool operator()(const std::pair<WallUs, Scheduled*>& a, const std::pair<WallUs, Scheduled*>& b) const {
      return a.first != b.first ? a.first < b.first : a.second->row.dag_id < b.second->row.dag_id;
    }
  };

  // ticks_service.cpp: time, plans.
  void look();
  void take_step(Scheduled& dag);
  void learn_schedule(Scheduled& dag);
  void carry_out(Scheduled& dag, const TickPlan& plan);
  void run_made(Scheduled& dag, const TickPlan& plan, RunNo run_no, const PartVerdict& verdict);
  void written(Scheduled& dag, const TickPlan& plan);
  void settled(Scheduled& dag);
  void wake_dag(Scheduled& dag, WallUs at);
  void forget_wake(Scheduled& dag);
  void set_timer();
  void clock_seen(const ClockWatch::Seen& seen);
  void miss_all(WallUs now, TickReason reason);
  void take_back(Scheduled& dag, WallUs now);
  [[nodiscard]] ServiceRows rows_of(const Scheduled& dag, const TickPlan& plan) const;
  [[nodiscard]] std::int32_t open_scheduled(const Scheduled& dag) const;

  // ticks_holds.cpp: DAGs that come, change, go; pause, drain, freeze, failures.
  struct Arrival;
  void arrive(Scheduled& dag, Arrival arrival);
  void first_seen(Scheduled& dag, Arrival arrival);
  void end_schedule(Scheduled& dag, WallUs now, std::function<void()> then);
  void take_version(Scheduled& dag, Arrival arrival);
  void change_holds(Scheduled& dag, const Held& paused, const Held& draining, AuditRow audit,
                    std::function<void()> done);
  void write_dag(const Scheduled& dag, ServiceRows rows, std::vector<AuditRow> audit, std::function<void()> done);
  void pause_drained(Scheduled& dag);
  void tell_durable(OnHeld done);
  void count_failure(Scheduled& dag, const RunRow& run, std::int32_t failed_runs_max);
  [[nodiscard]] WallUs next_tick_of(const Scheduled& dag) const;
  [[nodiscard]] Result<Scheduled*> find(const std::string& dag_id);
  void when_settled(Scheduled& dag, std::function<void()> then);
  Scheduled& dag_named(const std::string& dag_id);

  /// Wraps what comes back later: it is not heard after the end.
  template <typename F>
  auto guarded(F f) {
    return [alive = is_alive_, f = std::move(f)](auto&&... args) {
      if (*alive) f(std::forward<decltype(args)>(args)...);
    };
  }

  Loop& loop_;
  TickHost& host_;
  std::map<std::string, Scheduled> dags_;              ///< by id; entries stay where they are
  std::set<std::pair<WallUs, Scheduled*>, ByTime> due_;  ///< the earliest in front
  std::optional<ClockWatch> clock_;
  ServerGate gate_;
  Loop::TimerId timer_ = 0;                            ///< 0: none is set
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace baton
