// AssetRuns over a small scheduler of its own: parts that wait for their commit, a disk that keeps what was committed,
// runs that wait, begin and end. It can be killed between any two commits, and started again from its disk.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/service/asset_runs.h"
#include "tests/unit/service/service_bench.h"

namespace baton {

class AssetBench final : public AssetHost {
 public:
  struct Run {
    std::string dag_id;
    RunState state = RunState::queued;
    std::vector<std::int64_t> events;
  };
  /// What is durable.
  struct Disk {
    std::map<std::int64_t, std::string> events;
    std::map<std::string, DagAssetsRow> consumers;
    std::map<std::string, bool> paused;
    std::map<RunNo, Run> runs;
    bool is_quarantined = false;
  };

  AssetBench() : loop_(at("2026-01-01")) { start(); }
  ~AssetBench() override { service.reset(); }

  // ---- AssetHost ----
  ConsumingDag dag(const std::string& dag_id) override { return {"v", !memory.paused[dag_id]}; }
  std::int64_t last_event() override { return last_event_; }
  void make_run(const AssetRun& run, ServiceRows rows, std::function<void(const PartVerdict&)> done) override {
    const RunNo run_no = ++last_run_;
    Run made{run.dag_id, RunState::queued, {}};
    for (const TakenEventRow& taken : rows.taken_events) made.events.push_back(taken.event_no);
    loop_.post([this, run_no, made, rows = std::move(rows), done = std::move(done)] {
      memory.runs[run_no] = made;
      service->run_opened(row_of(run_no, made));
      if (!memory.paused[made.dag_id] && active(made.dag_id) < active_max) begin(run_no);
      const Run begun = memory.runs[run_no];
      commit([run_no, begun, rows](Disk& on) {
        on.runs[run_no] = begun;
        keep(on, rows);
      }, [done] { done({}); });
    });
  }
  void find_events(const std::string& asset, std::int64_t after, std::size_t limit, OnEvents done) override {
    std::vector<std::int64_t> found;
    for (const auto& [number, of] : disk.events) {
      if (of == asset && number > after && found.size() < limit) found.push_back(number);
    }
    loop_.post([found, done = std::move(done)] { done(found); });
  }
  void write(ServiceRows rows, std::vector<AuditRow>, std::function<void()> done) override {
    commit([rows](Disk& on) { keep(on, rows); }, std::move(done));
  }
  void say(const std::string& line) override { said.push_back(line); }

  // ---- what happens ----
  void put(const std::string& dag_id, const std::string& condition, bool merges = false) {
    Dag dag;
    dag.id = dag_id;
    timetable::ScheduleSpec schedule;
    schedule.assets = dagfile::condition_from_json(condition);
    schedule.assets_merge = merges;
    dag.schedule = std::make_shared<const timetable::ScheduleSpec>(schedule);
    service->put_dag(dag);
  }
  std::int64_t raise(const std::string& asset) {
    AssetEventRow event;
    event.event_no = ++last_event_;
    event.asset = asset;
    commit([event](Disk& on) { on.events[event.event_no] = event.asset; },
           [this, event] { service->events({event}); });
    return event.event_no;
  }
  void pause(const std::string& dag_id, bool is_paused) {
    commit([dag_id, is_paused](Disk& on) { on.paused[dag_id] = is_paused; }, [this, dag_id, is_paused] {
      memory.paused[dag_id] = is_paused;
      begin_waiting();
      service->look();
    });
  }
  void end_run(const std::string& dag_id) {
    for (auto& [run_no, run] : memory.runs) {
      if (run.dag_id != dag_id || run.state != RunState::running) continue;
      run.state = RunState::success;
      commit([number = run_no](Disk& on) { on.runs[number].state = RunState::success; }, [this] { begin_waiting(); });
      return;
    }
  }
  /// The next part becomes durable. False: there is none.
  bool commit_one() {
    loop_.settle();
    if (parts_.empty()) return false;
    const Part part = std::move(parts_.front());
    parts_.pop_front();
    part.write(disk);
    if (part.done) part.done();
    loop_.settle();
    check();
    return true;
  }
  void settle() {
    while (commit_one()) {
    }
  }
  /// kill -9: what was not durable is gone.
  void kill() {
    parts_.clear();
    loop_.posted.clear();
    loop_.timers.clear();
    start();
  }
  /// Until nothing happens any more.
  void finish() {
    for (const auto& [dag_id, row] : disk.consumers) pause(dag_id, false);
    settle();
    for (bool is_busy = true; is_busy;) {
      is_busy = false;
      for (const auto& [run_no, run] : memory.runs) {
        if (run.state != RunState::running) continue;
        end_run(run.dag_id);
        is_busy = true;
        break;
      }
      settle();
    }
  }
  /// What the runs of a DAG have taken, run by run.
  [[nodiscard]] std::vector<std::vector<std::int64_t>> taken(const std::string& dag_id) const {
    std::vector<std::vector<std::int64_t>> out;
    for (const auto& [run_no, run] : disk.runs) {
      if (run.dag_id == dag_id) out.push_back(run.events);
    }
    return out;
  }
  [[nodiscard]] int waiting(const std::string& dag_id) const {
    return static_cast<int>(std::count_if(disk.runs.begin(), disk.runs.end(), [&](const auto& run) {
      return run.second.dag_id == dag_id && run.second.state == RunState::queued;
    }));
  }

  Disk disk, memory;
  std::unique_ptr<AssetRuns> service;
  std::vector<std::string> said;
  int active_max = 1;

 private:
  struct Part {
    std::function<void(Disk&)> write;
    std::function<void()> done;
  };

  void commit(std::function<void(Disk&)> write, std::function<void()> done) {
    parts_.push_back({std::move(write), std::move(done)});
  }
  static void keep(Disk& on, const ServiceRows& rows) {
    for (const DagAssetsRow& row : rows.dag_assets) {
      const DagAssetsRow before = on.consumers[row.dag_id];
      DagAssetsRow& now = on.consumers[row.dag_id] = row;
      for (AssetCursor& cursor : now.cursors) {
        for (const AssetCursor& old : before.cursors) {
          if (old.asset == cursor.asset) cursor = old;
        }
      }
    }
    for (const AssetCursorRow& row : rows.asset_cursors) {
      for (AssetCursor& cursor : on.consumers[row.dag_id].cursors) {
        if (cursor.asset == row.cursor.asset) cursor.event_no = std::max(cursor.event_no, row.cursor.event_no);
      }
    }
  }
  static RunRow row_of(RunNo run_no, const Run& run) {
    RunRow row;
    row.run_no = run_no;
    row.dag_id = run.dag_id;
    row.type = RunType::asset_triggered;
    row.state = run.state;
    if (run.state != RunState::queued) row.begun_at = 1;
    return row;
  }
  [[nodiscard]] int active(const std::string& dag_id) const {
    return static_cast<int>(std::count_if(memory.runs.begin(), memory.runs.end(), [&](const auto& run) {
      return run.second.dag_id == dag_id && run.second.state == RunState::running;
    }));
  }
  void begin(RunNo run_no) {
    memory.runs[run_no].state = RunState::running;
    service->run_begins(row_of(run_no, memory.runs[run_no]));
  }
  void begin_waiting() {
    for (auto& [run_no, run] : memory.runs) {
      const bool may = run.state == RunState::queued && disk.runs.contains(run_no) && !memory.paused[run.dag_id] &&
                       active(run.dag_id) < active_max;
      if (!may) continue;
      begin(run_no);
      commit([number = run_no](Disk& on) { on.runs[number].state = RunState::running; }, nullptr);
    }
  }
  void start() {
    memory = disk;
    last_run_ = disk.runs.empty() ? 0 : disk.runs.rbegin()->first;
    last_event_ = disk.events.empty() ? 0 : disk.events.rbegin()->first;
    service = std::make_unique<AssetRuns>(loop_, *this);
    ServiceSnapshot found;
    std::map<std::string, std::int64_t> last;
    for (const auto& [number, asset] : disk.events) last[asset] = number;
    for (const auto& [asset, number] : last) found.last_events.push_back({asset, number});
    for (const auto& [dag_id, row] : disk.consumers) {
      if (!row.condition_json.empty()) found.asset_consumers.push_back(row);
      found.asset_dags.push_back(dag_id);
    }
    for (const auto& [run_no, run] : disk.runs) service->run_opened(row_of(run_no, run));
    service->start(found);
    loop_.settle();
    begin_waiting();
    loop_.settle();
  }
  void check() {
    for (const auto& [dag_id, row] : disk.consumers) ASSERT_LE(waiting(dag_id), 1) << dag_id;
  }

  ManualLoop loop_;
  std::deque<Part> parts_;
  RunNo last_run_ = 0;
  std::int64_t last_event_ = 0;
};

}  // namespace baton
