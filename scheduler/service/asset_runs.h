// AssetRuns: makes the runs that asset events ask for. Which events a run takes is decided by asset_triggers.h; the
// run, what it takes and the cursors are one part, so that an event is taken once whatever dies in between.
//
//   events, durable ──▶ AssetTriggers ──▶ does it wait already? may it run? ──▶ AssetHost::make_run
//                            ▲                                                    │ run, cursors, what it takes
//                            └──────────── durable, or struck: asked again ◀──────┘
//
// Of each DAG one run that asset events have made waits to begin at most; the events behind it wait as events, and the
// next run is made when that one has begun. A DAG that is paused, drains or is gone, and a frozen server, keep their
// events. Owned by who serves; loop thread only.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/dagfile/assets.h"
#include "scheduler/engine/batch.h"
#include "scheduler/engine/loop.h"
#include "scheduler/engine/service_store.h"
#include "scheduler/service/asset_triggers.h"

namespace baton {

/// A run that asset events ask for. Its id is asset_triggered__<time>_<its last event>.
struct AssetRun {
  std::string dag_id, version;
  std::int64_t last_event_no = 0;
};

/// What a DAG is to its events now.
struct ConsumingDag {
  std::string version;
  bool may_run = false;
};

/// What the service stands on: the rest of the scheduler. No callback comes from within its call.
class AssetHost {
 public:
  virtual ~AssetHost() = default;
  [[nodiscard]] virtual ConsumingDag dag(const std::string& dag_id) = 0;
  /// The number of the last event, durable or not.
  [[nodiscard]] virtual std::int64_t last_event() = 0;
  /// Makes the run, with `rows` in its part; those of what it takes get its number. A struck part leaves nothing of
  /// both.
  virtual void make_run(const AssetRun& run, ServiceRows rows, std::function<void(const PartVerdict&)> done) = 0;
  using OnEvents = std::function<void(const Result<std::vector<std::int64_t>>&)>;
  /// The first `limit` events of an asset after one, by number.
  virtual void find_events(const std::string& asset, std::int64_t after, std::size_t limit, OnEvents done) = 0;
  virtual void write(ServiceRows rows, std::vector<AuditRow> audit, std::function<void()> done) = 0;
  virtual void say(const std::string& line) = 0;
};

class AssetRuns {
 public:
  AssetRuns(Loop& loop, AssetHost& host) : loop_(loop), host_(host) {}
  ~AssetRuns() { stop(); }
  AssetRuns(const AssetRuns&) = delete;
  AssetRuns& operator=(const AssetRuns&) = delete;

  /// Goes on where it was left. The runs that wait are told before, by run_opened().
  void start(const ServiceSnapshot& found);
  /// No more runs. What is on its way is carried out and not heard any more. Idempotent.
  void stop();

  /// Assets of baton.yaml, as they are declared.
  void declare(const std::string& assets_json);
  /// The newest version of a DAG: what it says of assets holds from now on. One that runs on assets begins with the
  /// events after this; of what it ran on before it misses none.
  void put_dag(const Dag& dag);

  /// Its rows go with the next that is written: should it come again, it is new.
  void forget_dag(const std::string& dag_id);

  /// Events that have become durable, in their order.
  void events(const std::vector<AssetEventRow>& events);
  /// Runs, as the engine tells of them. Others than those that wait because of asset events are of no matter.
  void run_opened(const RunRow& run);
  void run_begins(const RunRow& run);
  void run_gone(const RunRow& run);
  /// DAGs may run that could not.
  void look();

  using OnDone = std::function<void(const Status&)>;
  /// What waits for a DAG, of one asset or (empty) of all, is past: no run is made for it. not_found: the DAG does not
  /// run on it. `done` when it is durable; that there was nothing is no error.
  void skip(const std::string& dag_id, const std::string& asset, AuditRow audit, OnDone done);
  /// What checks hold back or let go on, durable; before the events of the same batch. What others hold stays held.
  void quarantined(const std::vector<AssetQuarantineRow>& rows);
  /// A person, or a check, holds an asset back, or (`by` empty) lets it go on.
  void quarantine(const AssetQuarantineRow& row, AuditRow audit, OnDone done);

  [[nodiscard]] const AssetTriggers& triggers() const { return triggers_; }

 private:
  struct Making {
    std::deque<std::function<void()>> afterwards;  ///< what waits for the run that is on its way
  };

  void go_on();
  void look_at(const std::string& dag_id);
  void made(const std::string& dag_id, const AssetTake& take, const PartVerdict& verdict);
  void load(const AssetLoad& what);
  void write_skipped(const std::string& dag_id, const std::vector<AssetCursor>& cursors, AuditRow audit, OnDone done);

  template <typename F>
  auto guarded(F f) {
    return [alive = is_alive_, f = std::move(f)](auto&&... args) {
      if (*alive) f(std::forward<decltype(args)>(args)...);
    };
  }

  Loop& loop_;
  AssetHost& host_;
  AssetTriggers triggers_;
  std::map<std::string, Making> making_;            ///< DAGs of which a run is on its way
  std::map<std::string, std::set<RunNo>> waiting_;  ///< runs that asset events have made and that have not begun
  std::set<std::string> held_;                      ///< DAGs that have something to run and may not
  std::set<std::string> linked_;                    ///< DAGs of which rows say something about assets
  std::map<std::string, std::string> holders_;      ///< assets that are held back, and by whom
  bool is_started_ = false;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace baton
