// RetentionOnStore: what the retention of a server stands on: its store, its one door for changes, and the folders of
// its runs. Reads and files have a thread of their own; what is written is in its turn with all else. Made and used on
// the loop thread; it outlives the service.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "scheduler/host/host.h"
#include "scheduler/service/loader_thread.h"
#include "scheduler/service/retention.h"
#include "scheduler/store/old_runs_source.h"
#include "scheduler/store/sqlite_store.h"

namespace baton {

class RetentionOnStore final : public RetentionHost {
 public:
  /// `forget_dag`: those who know the DAG while they work let go of it; false: one cannot now. Before any run of this
  /// process is made: what has no row by then and an older number is nobody's. `upkeep` ends before the store is
  /// stopped. All of these outlive it.
  RetentionOnStore(Loop& loop, SqliteStore& store, Host& host, LoaderThread& upkeep, std::string state_folder,
                   std::function<bool(const std::string& dag_id)> forget_dag,
                   std::function<void(const std::string& line)> say);
  ~RetentionOnStore() override;
  /// A sweep that is under way ends at the next folder. Idempotent.
  void stop();

  void find_dags_over(std::int64_t runs, OnDags done) override;
  void find_old(const KeepRule& rule, const OldRunPlace& after, OnOld done) override;
  void retire(const std::vector<OldRun>& runs, const Actor& by, OnGone done) override;
  void prune_rows(const OldRows& rows, OnCount done) override;
  void prune_versions(const std::set<std::string>& dag_ids, OnCount done) override;
  void remove_folders(const std::vector<RunNo>& runs) override;
  void sweep_folders(WallUs logs_before, OnCount done) override;
  void begin_deletion(const std::string& dag_id, const Actor& by, OnDone done) override;
  void count_runs(const std::string& dag_id, OnCount done) override;
  void end_deletion(const std::string& dag_id, bool is_empty, const Actor& by, OnDone done) override;
  void say(const std::string& line) override { say_(line); }

  /// Deletions of DAGs that were begun and not ended, by what is stored.
  [[nodiscard]] static std::vector<BegunDeletion> begun(const ServiceSnapshot& found);

 private:
  void write(ServiceRows rows, AuditRow audit, OnDone done);
  struct Files;
  /// Does `work` on the thread of files, and brings what it gives to the loop.
  template <typename Work, typename Done>
  void off_loop(Work work, Done done) {
    upkeep_.post([&loop = loop_, work = std::move(work), done = std::move(done)]() mutable {
      auto result = work();
      loop.post([result = std::move(result), done = std::move(done)] { done(result); });
    });
  }

  Loop& loop_;
  SqliteStore& store_;
  Host& host_;
  LoaderThread& upkeep_;
  const std::function<bool(const std::string& dag_id)> forget_dag_;
  const std::function<void(const std::string& line)> say_;
  std::shared_ptr<Files> files_;  ///< the thread's
};

}  // namespace baton
