// MemoryStore: a Store that says "durable" to all that it is given and keeps of it what a report needs. Nothing can be
// recovered from it: it holds one run, for as long as that is rehearsed. Loop thread.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "scheduler/engine/loop.h"
#include "scheduler/engine/store.h"
#include "scheduler/engine/wait_times.h"

namespace baton::rehearsal {

class MemoryStore final : public Store {
 public:
  MemoryStore(Loop& loop, std::vector<BreakerRow> breakers) : loop_(loop), breakers_(std::move(breakers)) {}

  [[nodiscard]] const std::vector<TryRow>& tries() const { return tries_; }
  /// When an instance ended; kNoTime: it has not.
  [[nodiscard]] WallUs ended_at(InstanceNo i) const;
  /// Where the time of an instance went, as far as that was written.
  [[nodiscard]] WaitTimes times_of(InstanceNo i) const;
  /// What was to be told others, and what has happened to assets, in the order in which it was written.
  [[nodiscard]] const std::vector<OutboxRow>& alerts() const { return alerts_; }
  [[nodiscard]] const std::vector<AssetEventRow>& asset_events() const { return asset_events_; }
  [[nodiscard]] const std::vector<TaskStateRow>& states() const { return states_; }
  [[nodiscard]] const std::vector<CheckRow>& checks() const { return checks_; }
  /// Assets that are held back, and by whom.
  [[nodiscard]] const std::map<std::string, std::string>& held() const { return held_; }

  void commit(Batch batch, OnCommitted done) override;
  RunNo next_run_no() override { return ++last_run_no_; }
  [[nodiscard]] const std::string& store_id() const override { return store_id_; }
  [[nodiscard]] std::int64_t leader_epoch() const override { return 1; }
  [[nodiscard]] Result<std::vector<RunNo>> unfinished_runs() override { return std::vector<RunNo>{}; }
  [[nodiscard]] std::optional<WallUs> idle_since() override { return kNoTime; }
  [[nodiscard]] Status waiting_runs(const OnRow&) override { return Unit{}; }
  [[nodiscard]] Status live_runs(const OnRun&) override { return Unit{}; }
  [[nodiscard]] Result<RunSnapshot> load_run(RunNo) override;
  [[nodiscard]] Result<std::unordered_map<std::string, DurationUs>> mean_durations(const std::string&) override {
    return std::unordered_map<std::string, DurationUs>{};
  }
  [[nodiscard]] Result<std::vector<BreakerRow>> breakers() override { return breakers_; }
  [[nodiscard]] Result<std::vector<TaskStateRow>> task_states() override { return states_; }
  /// What earlier runs have left; before anything asks for it.
  void leave_state(TaskStateRow row) { states_.push_back(std::move(row)); }
  void find_past(const std::string&, WallUs, std::vector<std::string>, OnPast done) override {
    loop_.post([done = std::move(done)] { done(std::vector<std::string>{}); });
  }
  /// Nothing has run before.
  void find_cached(const std::string& dag_id, const std::string& task_id, const std::string& key,
                   const std::string& spec_hash, WallUs now, std::function<void(std::optional<CacheRow>)> done) override;

 private:
  Loop& loop_;
  std::vector<BreakerRow> breakers_;
  std::vector<TryRow> tries_;
  std::unordered_map<InstanceNo, WallUs> ended_at_;
  std::unordered_map<InstanceNo, std::string> outside_tries_;  ///< times_json
  std::vector<OutboxRow> alerts_;
  std::vector<AssetEventRow> asset_events_;
  std::vector<TaskStateRow> states_;
  std::vector<CheckRow> checks_;
  std::map<std::string, std::string> held_;
  std::int64_t seq_ = 0;
  RunNo last_run_no_ = 0;
  std::string store_id_ = "00000000-0000-4000-8000-000000000000";
};

}  // namespace baton::rehearsal
