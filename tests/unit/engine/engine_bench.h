// EngineBench: an Engine between a loop, a store and an executor that do only what the test says: a commit ends when it
// is told to, time passes when it is told to, and what was launched, stopped and acknowledged stands in lists. Test
// thread only.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/engine/engine.h"
#include "scheduler/engine/run_loader.h"
#include "tests/support/dag_builder.h"

namespace baton::test {

class HandLoop final : public Loop {
 public:
  [[nodiscard]] WallUs wall_now() const override { return kNoon + now_; }
  [[nodiscard]] MonoUs mono_now() const override { return now_; }
  [[nodiscard]] std::uint64_t random() override { return 4; }
  void post(std::function<void()> f) override { posted_.push_back(std::move(f)); }
  TimerId call_at(MonoUs at, std::function<void()> f) override {
    timers_.emplace(std::make_pair(at, ++last_), std::move(f));
    return last_;
  }
  void cancel(TimerId id) override {
    std::erase_if(timers_, [&](const auto& timer) { return timer.first.second == id; });
  }

  [[nodiscard]] std::size_t timers() const { return timers_.size(); }
  /// Runs what was posted, and what that posts.
  void drain() {
    while (!posted_.empty()) {
      const auto f = std::move(posted_.front());
      posted_.pop_front();
      f();
    }
  }
  void pass(DurationUs us) {
    const MonoUs until = now_ + us;
    for (drain(); !timers_.empty() && timers_.begin()->first.first <= until; drain()) {
      now_ = std::max(now_, timers_.begin()->first.first);
      const auto f = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      f();
    }
    now_ = until;
  }

 private:
  static constexpr WallUs kNoon = 1'767'268'800 * kSecond;
  MonoUs now_ = kHour;
  TimerId last_ = 0;
  std::deque<std::function<void()>> posted_;
  std::map<std::pair<MonoUs, TimerId>, std::function<void()>> timers_;
};

class HandStore final : public Store {
 public:
  void commit(Batch batch, OnCommitted done) override { offered.emplace_back(std::move(batch), std::move(done)); }
  RunNo next_run_no() override { return ++last_run_no_; }
  [[nodiscard]] const std::string& store_id() const override { return id_; }
  [[nodiscard]] std::int64_t leader_epoch() const override { return 1; }
  [[nodiscard]] Epoch attempts_above() const override { return above; }
  [[nodiscard]] Result<std::vector<RunNo>> unfinished_runs() override { return std::vector<RunNo>{}; }
  [[nodiscard]] Status waiting_runs(const OnRow&) override { return Unit{}; }
  [[nodiscard]] Status live_runs(const OnRun&) override { return Unit{}; }
  [[nodiscard]] Result<RunSnapshot> load_run(RunNo) override { return Error{"nothing is kept here"}; }
  [[nodiscard]] Result<std::unordered_map<std::string, DurationUs>> mean_durations(const std::string&) override {
    return std::unordered_map<std::string, DurationUs>{};
  }
  void find_past(const std::string&, WallUs date, std::vector<std::string> tasks, OnPast done) override {
    past.push_back({date, std::move(tasks), std::move(done)});
  }
  void find_cached(const std::string&, const std::string&, const std::string&, const std::string&, WallUs,
                   std::function<void(std::optional<CacheRow>)>) override {}

  struct PastAsked {
    WallUs date = kNoTime;
    std::vector<std::string> tasks;
    OnPast done;
  };
  std::vector<PastAsked> past;
  Epoch above = 0;  ///< as of a folder that was put back from a copy
  std::deque<std::pair<Batch, OnCommitted>> offered;  ///< and not ended yet

 private:
  RunNo last_run_no_ = 0;
  std::string id_ = "store";
};

class HandExecutor final : public Executor {
 public:
  void launch(LaunchSpec spec) override { launched.push_back(std::move(spec)); }
  void prepare(LaunchSpec spec) override { prepared.emplace(spec.key, std::move(spec)); }
  void release(AttemptKey key) override {
    released.push_back(key);
    if (auto spec = prepared.extract(key)) launched.push_back(std::move(spec.mapped()));
  }
  void stop(AttemptKey key, DurationUs, bool) override { stopped.push_back(key); }
  void acknowledge(AttemptKey key) override { acknowledged.push_back(key); }
  void flush() override {}

  std::vector<LaunchSpec> launched;  ///< and may start
  std::vector<AttemptKey> released, stopped, acknowledged;
  std::map<AttemptKey, LaunchSpec> prepared;  ///< and not released yet
};

/// Gives what it is told to give, when it is told to.
class HandLoader final : public RunLoader {
 public:
  void load(RunNo run_no, Moment, OnLoaded done) override { wishes.emplace_back(run_no, std::move(done)); }
  void load_row(RunNo run_no, OnRow done) override { row_wishes.emplace_back(run_no, std::move(done)); }
  void answer(Result<LoadedRun> with) {
    auto done = std::move(wishes.front().second);
    wishes.pop_front();
    done(std::move(with));
  }
  void answer_row(Result<RunRow> with) {
    auto done = std::move(row_wishes.front().second);
    row_wishes.pop_front();
    done(std::move(with));
  }
  std::deque<std::pair<RunNo, OnLoaded>> wishes;
  std::deque<std::pair<RunNo, OnRow>> row_wishes;
};

class EngineBench {
 public:
  explicit EngineBench(std::shared_ptr<const Dag> dag, std::int32_t slots = 4);

  /// The one worker is ready, holds `live`, and nobody else will be heard.
  void ready(const std::vector<AttemptKey>& live = {});
  void gone() { engine.worker_gone(worker, "gone"); }
  /// Creates run 1, which is durable then. The worker is ready where `executor` says so.
  void begin(bool executor = true);
  /// Runs what is due and lets every commit become durable.
  void settle();
  /// The oldest commit becomes durable, with these verdicts of its first parts; the others are done.
  void answer(std::vector<PartVerdict> verdicts);
  void end(const LaunchSpec& of, AttemptEnd how);
  [[nodiscard]] const DagRun& run() const { return *engine.run(1); }
  [[nodiscard]] TaskState state(const char* task) const { return run().at(*dag->find(task)).state; }

  const WorkerRef worker = std::make_shared<const Worker>(Worker{"local", "1", "here"});
  const std::int32_t slots;
  std::shared_ptr<const Dag> dag;
  HandLoop loop;
  HandStore store;
  HandExecutor executor;
  Engine engine;

 private:
  std::int64_t seq_ = 0;
};

}  // namespace baton::test
