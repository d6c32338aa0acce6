// A TicksService with a clock of its own and a host that keeps the rows as a store would, so that it can be started
// again.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/service/ticks_service.h"
#include "tests/unit/service/ticking.h"

namespace baton {

class ManualLoop final : public Loop {
 public:
  explicit ManualLoop(WallUs start) : wall(start) {}
  [[nodiscard]] WallUs wall_now() const override { return wall; }
  [[nodiscard]] MonoUs mono_now() const override { return mono; }
  [[nodiscard]] std::uint64_t random() override { return 4; }
  void post(std::function<void()> f) override { posted.push_back(std::move(f)); }
  TimerId call_at(MonoUs at, std::function<void()> f) override {
    timers[{at, ++last_}] = std::move(f);
    return last_;
  }
  void cancel(TimerId id) override {
    std::erase_if(timers, [&](const auto& timer) { return timer.first.second == id; });
  }

  void settle() {
    while (!posted.empty()) {
      const auto f = std::move(posted.front());
      posted.pop_front();
      f();
    }
  }
  /// Lets time pass, timer by timer.
  void run_to(WallUs until) {
    settle();
    while (!timers.empty() && timers.begin()->first.first <= mono + (until - wall)) {
      const auto timer = timers.extract(timers.begin());
      pass(std::max<DurationUs>(0, timer.key().first - mono));
      timer.mapped()();
      ++fired;
      settle();
    }
    pass(until - wall);
  }
  void pass(DurationUs span) {
    wall += span;
    mono += span;
  }

  WallUs wall;
  MonoUs mono = 1'000 * kSecond;
  std::deque<std::function<void()>> posted;
  std::map<std::pair<MonoUs, TimerId>, std::function<void()>> timers;
  int fired = 0;

 private:
  TimerId last_ = 0;
};

class RowHost final : public TickHost {
 public:
  explicit RowHost(ManualLoop& loop) : loop_(loop) {}

  void find_schedule(const std::string& dag_id, const std::string& version, OnSchedule done) override {
    ++schedules_read;
    loop_.post([this, dag_id, version, done = std::move(done)] {
      const auto found = versions.find(dag_id + "/" + version);
      found == versions.end() ? done(Error{"gone", ErrorKind::not_found}) : done(found->second);
    });
  }
  RunNo make_run(const TickRun& run, ServiceRows rows, std::function<void(const PartVerdict&)> done) override {
    const RunNo run_no = ++last_run_;
    loop_.post([this, run, run_no, rows = std::move(rows), done = std::move(done)] {
      const auto [date, is_new] = dates.insert({{run.dag_id, run.tick.logical_date}, run_no});
      if (!is_new) return done({PartVerdict::Exists::logical_date, date->second});
      runs[run_no] = {run, true};
      keep(rows);
      done({});
    });
    return run_no;
  }
  void write(ServiceRows rows, std::vector<AuditRow> more, std::function<void()> done) override {
    loop_.post([this, rows = std::move(rows), more = std::move(more), done = std::move(done)] {
      keep(rows);
      audit.insert(audit.end(), more.begin(), more.end());
      done();
    });
  }
  void stop_run(RunNo run_no) override { stopped.push_back(run_no); }
  void hold_dag(const std::string& dag_id, bool is_held) override { held[dag_id] = is_held; }
  void freeze(bool is_frozen) override { frozen = is_frozen; }
  void say(const std::string& line) override { said.push_back(line); }

  /// As load_service() would find it.
  [[nodiscard]] ServiceSnapshot snapshot() const {
    ServiceSnapshot found;
    for (const auto& [id, row] : dags) found.dags.push_back(row);
    for (const auto& [key, row] : ticks) {
      if (row.reason == TickReason::waiting) found.waiting.push_back(row);
      if (row.reason != TickReason::waiting && row.to == dags.at(row.dag_id).cursor) found.last.push_back(row);
    }
    for (const auto& [name, row] : server) found.server.push_back(row);
    return found;
  }
  [[nodiscard]] std::int64_t recorded(TickReason reason) const {
    std::int64_t n = 0;
    for (const auto& [key, row] : ticks) n += row.reason == reason ? row.ticks : 0;
    return n;
  }

  std::map<std::string, ScheduledDag> versions;
  std::map<std::string, DagRow> dags;
  std::map<std::pair<std::string, WallUs>, TickRecordRow> ticks;
  std::map<std::string, ServerStateRow> server;
  std::map<std::pair<std::string, WallUs>, RunNo> dates;
  std::map<RunNo, std::pair<TickRun, bool>> runs;  ///< true: open
  std::vector<AuditRow> audit;
  std::vector<RunNo> stopped;
  std::map<std::string, bool> held;
  std::vector<std::string> said;
  bool frozen = false;
  int schedules_read = 0;

 private:
  void keep(const ServiceRows& rows) {
    for (DagRow row : rows.dags) {
      row.cursor = dags[row.dag_id].cursor;
      row.next_tick = dags[row.dag_id].next_tick;
      dags[row.dag_id] = row;
    }
    for (const CursorRow& row : rows.cursors) {
      dags[row.dag_id].dag_id = row.dag_id;
      dags[row.dag_id].cursor = row.cursor;
      dags[row.dag_id].next_tick = row.next_tick;
    }
    for (const TickRecordRow& row : rows.ticks) {
      if (row.ticks == 0) {
        std::erase_if(ticks, [&](const auto& one) {
          return one.first.first == row.dag_id && one.first.second >= row.from && one.first.second <= row.to;
        });
      } else {
        ticks[{row.dag_id, row.from}] = row;
      }
    }
    for (const ServerStateRow& row : rows.server) {
      row.value.empty() ? static_cast<void>(server.erase(row.name)) : static_cast<void>(server[row.name] = row);
    }
  }

  ManualLoop& loop_;
  RunNo last_run_ = 0;
};

class ServiceBench : public testing::Test {
 protected:
  void start() {
    service_ = std::make_unique<TicksService>(loop_, host_);
    for (const auto& [run_no, run] : host_.runs) {
      if (run.second) service_->run_opened(row_of(run_no));
    }
    service_->start(host_.snapshot());
    loop_.run_to(loop_.wall);
  }
  /// The scheduler dies: what it has not written is gone.
  void die() {
    service_.reset();
    loop_.posted.clear();
    loop_.timers.clear();
  }
  void put(const std::string& id, const timetable::ScheduleSpec& spec, std::int32_t max_active_runs = 0) {
    const std::string version = std::to_string(++version_);
    ScheduledDag dag{*tick_schedule(spec, id, {}, max_active_runs)};
    host_.versions[id + "/" + version] = dag;
    service_->put_dag(id, "/dags/" + id, version, schedule_hash(spec, {}), dag, {});
    loop_.settle();
  }
  void run_to(const std::string& text) { loop_.run_to(at(text)); }
  RunRow row_of(RunNo run_no) {
    RunRow row;
    row.run_no = run_no;
    row.dag_id = host_.runs.at(run_no).first.dag_id;
    row.type = RunType::scheduled;
    row.state = RunState::running;
    return row;
  }
  void end(RunNo run_no, RunState state = RunState::success, std::int32_t failed_runs_max = 0) {
    host_.runs.at(run_no).second = false;
    RunRow row = row_of(run_no);
    row.state = state;
    service_->run_ended(row, failed_runs_max);
    loop_.settle();
  }
  void end_all() {
    for (auto& [run_no, run] : host_.runs) {
      if (run.second) end(run_no);
    }
  }
  TicksService::OnHeld ok() {
    return [](const Status& status) { EXPECT_TRUE(status.ok()); };
  }

  ManualLoop loop_{at("2026-03-01T00:30:00Z")};
  RowHost host_{loop_};
  std::unique_ptr<TicksService> service_;
  int version_ = 0;
};

}  // namespace baton
