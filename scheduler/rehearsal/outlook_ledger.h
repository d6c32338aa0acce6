// OutlookLedger: keeps account of what a simulation writes and of the slots that its attempts hold, and says at the end
// what it comes to. It sees rows and attempts, and changes nothing. Loop thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "scheduler/engine/batch.h"
#include "scheduler/engine/dag_run.h"
#include "scheduler/rehearsal/scripted_executor.h"
#include "scheduler/rehearsal/simulation.h"

namespace baton::rehearsal {

/// Slots × time as it passes. Time never goes back.
class SlotMeter {
 public:
  /// `part_us`: the length of each of `points` parts that are told one by one.
  void begin(std::string name, std::int64_t slots, WallUs from, std::size_t points, DurationUs part_us);
  void change(std::int64_t by, WallUs now);
  /// Up to `to`.
  SlotUse end(WallUs to);
  [[nodiscard]] std::int64_t held() const { return held_; }

 private:
  void pass(WallUs now);
  UsePoint& point_at(WallUs at);
  SlotUse use_;
  WallUs from_ = 0;
  DurationUs part_us_ = 0;
  std::int64_t held_ = 0;
  WallUs seen_ = kNoTime;
};

class OutlookLedger final : public AttemptWatch {
 public:
  using FindRun = std::function<const DagRun*(RunNo)>;
  /// `now` is asked for the time of what attempts do.
  OutlookLedger(const SimulationPlan& plan, FindRun find_run, std::function<WallUs()> now);

  void see(const Part& part);
  void attempt_begins(AttemptKey key) override { hold(key, +1); }
  void attempt_ends(AttemptKey key) override { hold(key, -1); }
  void say(const std::string& line);
  /// Runs and task instances that have ended, so far.
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(runs_.size()) + ended_; }
  /// `slots_of` as the scheduler had them at the end, by pool.
  Outlook close(const std::function<std::int64_t(const std::string& pool)>& slots_of);

 private:
  void see_created(const RunRow& row);
  void see_run(const RunRow& row);
  void see_instance(const TaskRow& row);
  void see_try(const TryRow& row);
  void see_service(const ServiceRows& rows);
  void see_asset(const std::string& asset, WallUs at);
  void add_times(const DagRun& run, TaskNo t, InstanceNo instance, const std::string& times_json);
  SimulatedTask& listed(const DagRun& run, TaskNo t, InstanceNo instance);
  void hold(AttemptKey key, std::int64_t sign);
  void pass_hours(WallUs now);
  void take_runs(Outlook& out);
  void take_ticks(Outlook& out);

  const SimulationPlan& plan_;
  const FindRun find_run_;
  const std::function<WallUs()> now_;
  std::map<std::string, DagOutlook> dags_;
  std::unordered_map<RunNo, std::size_t> places_;     ///< in runs_
  std::map<std::pair<RunNo, InstanceNo>, SimulatedTask> listed_;
  std::int64_t ended_ = 0;
  std::vector<SimulatedRun> runs_;
  std::map<std::pair<const Dag*, TaskNo>, TaskWaits> waits_;
  std::map<std::pair<std::string, WallUs>, TickRecordRow> ticks_;
  struct FreshAsset {
    FreshnessRule rule;
    WallUs last = kNoTime;   ///< its last event, or where it has none the begin of what is simulated
    bool has_event = false;
  };
  std::map<std::string, FreshAsset> fresh_;  ///< assets that are to be fresh
  std::map<std::string, SlotMeter> pools_;
  SlotMeter slots_;
  WallUs hours_seen_;
  std::vector<HourLoad> hours_ = std::vector<HourLoad>(24);
  std::vector<Miss> misses_;
  std::vector<std::string> said_;
  std::map<std::string, bool> empty_maps_;
};

}  // namespace baton::rehearsal
