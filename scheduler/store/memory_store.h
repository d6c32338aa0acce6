// MemoryStore: the Store of tests and of the simulator. Keeps what a database would keep, row by row, and nothing more;
// deterministic; loop thread only. What commits come to, and when, can be prescribed.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "scheduler/engine/loop.h"
#include "scheduler/engine/store.h"

namespace baton {

/// What survives a restart: give the same one to the next MemoryStore, as a file would be opened again.
struct MemoryState {
  struct Run {
    RunRow row;
    std::shared_ptr<const VersionRow> version;
    std::vector<TaskRow> instances;
    std::map<std::pair<InstanceNo, Epoch>, TryRow> tries;
  };
  std::string store_id;
  std::int64_t leader_epoch = 0, seq = 0;
  RunNo last_run_no = 0;
  std::map<RunNo, Run> runs;
  std::map<std::pair<std::string, std::string>, RunNo> by_run_id;                            ///< (dag, run id)
  std::map<std::pair<std::string, WallUs>, RunNo> by_logical_date;                           ///< (dag, logical date)
  std::map<std::string, std::map<std::string, std::shared_ptr<const VersionRow>>> versions;  ///< dag, version
  std::map<std::tuple<std::string, std::string, std::string, std::string>, CacheRow> cache;
  struct Mean {
    DurationUs mean_us = 0;
    std::int64_t samples = 0;
  };
  std::unordered_map<std::string, std::unordered_map<std::string, Mean>> durations;
  std::vector<AuditRow> audit;
};

class MemoryStore final : public Store {
 public:
  /// A fault of one commit. `unknown` comes in two kinds: what was written may be there or not.
  struct Fault {
    CommitOutcome outcome = CommitOutcome::durable;
    bool written = false;     ///< with `unknown`: whether it was written all the same
    DurationUs delay_us = 0;  ///< how long the commit takes; those behind it wait
  };
  /// Asked once for each group of batches, just before it is written.
  using FaultSource = std::function<Fault()>;

  /// `loop` outlives the store. `state`: what an earlier store left; null: a new one.
  explicit MemoryStore(Loop& loop, std::shared_ptr<MemoryState> state = nullptr);
  ~MemoryStore() override;
  MemoryStore(const MemoryStore&) = delete;
  MemoryStore& operator=(const MemoryStore&) = delete;

  void set_faults(FaultSource faults) { faults_ = std::move(faults); }
  /// Applies all that is queued now and calls each `done`, in order. Without it that happens in a posted call.
  void flush();
  [[nodiscard]] const std::shared_ptr<MemoryState>& state() const { return state_; }

  void commit(Batch batch, CommitDone done) override;
  RunNo next_run_no() override;
  [[nodiscard]] const std::string& store_id() const override { return state_->store_id; }
  [[nodiscard]] std::int64_t leader_epoch() const override { return leader_epoch_; }
  [[nodiscard]] Result<std::vector<RunNo>> unfinished_runs() override;
  [[nodiscard]] Result<RunSnapshot> load_run(RunNo run_no) override;
  [[nodiscard]] Result<std::unordered_map<std::string, DurationUs>> mean_durations(const std::string& dag_id) override;
  void find_cached(const std::string& dag_id, const std::string& task_id, const std::string& key,
                   const std::string& spec_hash, WallUs now,
                   std::function<void(std::optional<CacheRow>)> done) override;

 private:
  struct Queued {
    Batch batch;
    CommitDone done;
  };
  void schedule();
  void begin_group();
  void finish_group(const Fault& fault);
  CommitOutcome apply(Batch& batch);
  [[nodiscard]] bool creations_fit(const Batch& batch) const;
  [[nodiscard]] bool changes_fit(const Batch& batch) const;
  [[nodiscard]] bool instance_fits(const Batch& batch, const TaskRow& row) const;
  void create(const RunCreation& creation);
  void apply_rows(Batch& batch);
  std::shared_ptr<const VersionRow> version_of(const RunCreation& creation);

  Loop& loop_;
  std::shared_ptr<MemoryState> state_;
  const std::int64_t leader_epoch_;
  FaultSource faults_;
  std::deque<Queued> queue_;
  std::shared_ptr<bool> is_alive_;
  std::size_t group_size_ = 0;  ///< of the commit under way: the first so many of the queue
  bool is_scheduled_ = false;
  bool is_broken_ = false;  ///< after `unknown`: every commit is unknown
};

}  // namespace baton
