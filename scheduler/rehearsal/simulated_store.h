// SimulatedStore: a Store that says "durable" to all that it is given, shows it to one who keeps account, and keeps
// nothing. Loop thread.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "scheduler/engine/loop.h"
#include "scheduler/engine/service_store.h"
#include "scheduler/engine/store.h"

namespace baton::rehearsal {

class SimulatedStore final : public Store, public ServiceStore {
 public:
  /// `see` is shown each part before it is said to be durable.
  SimulatedStore(Loop& loop, std::function<void(const Part&)> see) : loop_(loop), see_(std::move(see)) {}

  void commit(Batch batch, OnCommitted done) override {
    for (const Part& part : batch.parts) see_(part);
    CommitDone how{CommitOutcome::durable, ++seq_, std::vector<PartVerdict>(batch.parts.size())};
    loop_.post([how = std::move(how), done = std::move(done)] { done(how); });
  }
  RunNo next_run_no() override { return ++last_run_no_; }
  [[nodiscard]] const std::string& store_id() const override { return store_id_; }
  [[nodiscard]] std::int64_t leader_epoch() const override { return 1; }
  [[nodiscard]] Result<std::vector<RunNo>> unfinished_runs() override { return std::vector<RunNo>{}; }
  [[nodiscard]] std::optional<WallUs> idle_since() override { return kNoTime; }
  [[nodiscard]] Status waiting_runs(const OnRow&) override { return Unit{}; }
  [[nodiscard]] Status live_runs(const OnRun&) override { return Unit{}; }
  [[nodiscard]] Result<RunSnapshot> load_run(RunNo) override { return nothing(); }
  [[nodiscard]] Result<std::unordered_map<std::string, DurationUs>> mean_durations(const std::string&) override {
    return std::unordered_map<std::string, DurationUs>{};
  }
  /// That what failed is mended before the next date is all that a simulation can say of it.
  void find_past(const std::string&, WallUs, std::vector<std::string>, OnPast done) override {
    loop_.post([done = std::move(done)] { done(std::vector<std::string>{}); });
  }
  void find_cached(const std::string&, const std::string&, const std::string&, const std::string&, WallUs,
                   std::function<void(std::optional<CacheRow>)> done) override {
    loop_.post([done = std::move(done)] { done(std::nullopt); });
  }
  [[nodiscard]] Result<ServiceSnapshot> load_service() override { return ServiceSnapshot{}; }
  [[nodiscard]] Result<VersionRow> load_version(const std::string&, const std::string&) override { return nothing(); }

 private:
  static Error nothing() { return Error{"a simulation keeps nothing", ErrorKind::not_found}; }

  Loop& loop_;
  const std::function<void(const Part&)> see_;
  std::int64_t seq_ = 0;
  RunNo last_run_no_ = 0;
  std::string store_id_ = "00000000-0000-4000-8000-000000000000";
};

}  // namespace baton::rehearsal
