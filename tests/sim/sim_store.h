// SimStore: the Store of one simulated scheduler over the Disk that outlives it. Commits take time, come in groups, fail
// with a full disk, or end so that nobody knows; what was not written when the process dies is gone.
#pragma once

#include <deque>
#include <string>

#include "scheduler/engine/service_store.h"
#include "scheduler/engine/store.h"
#include "tests/sim/disk.h"

namespace baton::sim {

class SimStore final : public Store, public ServiceStore {
 public:
  /// `process`: the scheduler that opens the store.
  SimStore(Ground& ground, Disk& disk, ProcessId process);

  void commit(Batch batch, OnCommitted done) override;
  RunNo next_run_no() override { return disk_.next_run_no(); }
  [[nodiscard]] const std::string& store_id() const override { return store_id_; }
  [[nodiscard]] std::int64_t leader_epoch() const override { return epoch_; }
  [[nodiscard]] Result<std::vector<RunNo>> unfinished_runs() override;
  [[nodiscard]] Status waiting_runs(const OnRow& each) override;
  [[nodiscard]] Status live_runs(const OnRun& each) override;
  [[nodiscard]] Result<std::vector<BreakerRow>> breakers() override;
  [[nodiscard]] Result<std::vector<ChildRow>> owed_children() override;
  [[nodiscard]] Result<std::vector<TaskStateRow>> task_states() override;
  [[nodiscard]] Result<std::int64_t> last_asset_event() override;
  [[nodiscard]] Result<AssetTimes> last_asset_times() override { return disk_.assets().last_times(); }
  [[nodiscard]] Result<RunSnapshot> load_run(RunNo run_no) override;
  [[nodiscard]] Result<std::unordered_map<std::string, DurationUs>> mean_durations(const std::string& dag_id) override;
  /// What a server finds of its DAGs and their ticks.
  [[nodiscard]] Result<ServiceSnapshot> load_service() override;
  /// Every version that is needed lies on the shelf.
  [[nodiscard]] Result<VersionRow> load_version(const std::string& dag_id, const std::string& version) override;
  void find_past(const std::string& dag_id, WallUs date, std::vector<std::string> tasks, OnPast done) override;
  void find_cached(const std::string& dag_id, const std::string& task_id, const std::string& key,
                   const std::string& spec_hash, WallUs now,
                   std::function<void(std::optional<CacheRow>)> done) override;

  /// The scheduler is killed: what is under way is written or not, as chance has it.
  void crash();
  void fill_disk_until(MonoUs at) { full_until_ = at; }
  void be_slow_until(MonoUs at) { slow_until_ = at; }
  /// The next commit ends so that nobody knows.
  void break_next() { break_next_ = true; }
  /// It has heard that another has taken over.
  [[nodiscard]] bool is_fenced() const { return is_fenced_; }
  [[nodiscard]] bool is_full() const { return full_until_ > ground_.loop.now(); }

 private:
  struct Queued {
    Batch batch;
    OnCommitted done;
  };
  [[nodiscard]] RunSnapshot snapshot_of(const DiskRun& run) const;
  void check_beside(const RunSnapshot& there);
  void begin();
  void finish();
  void answer(OnCommitted done, CommitDone how);

  Ground& ground_;
  Disk& disk_;
  ProcessId process_;
  std::int64_t epoch_;
  std::string store_id_ = "00000000-0000-4000-8000-000000000000";
  std::deque<Queued> queue_;
  std::size_t group_ = 0;            ///< batches of the transaction under way
  MonoUs full_until_ = 0, slow_until_ = 0;
  bool break_next_ = false, is_broken_ = false, is_fenced_ = false;
};

}  // namespace baton::sim
