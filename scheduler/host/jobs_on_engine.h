// JobsOnEngine: what bulk jobs stand on, over a Host, its ticks and a shelf of DAGs. Loop thread only, but for what reads;
// it outlives the BulkJobs that it serves.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/host/host.h"
#include "scheduler/service/bulk_jobs.h"
#include "scheduler/service/dag_shelf.h"
#include "scheduler/service/ticks_service.h"

namespace baton {

/// Pages off the loop. Each posts `done` to the loop, never from within the call. `remove_files`: what lies beside the
/// database of runs that are gone.
struct JobSources {
  std::function<void(LetterQuery query, JobHost::OnPage done)> letters;
  std::function<void(RunQuery query, JobHost::OnRuns done)> runs;
  std::function<void(const std::vector<RunNo>& runs)> remove_files;
  std::function<void(const std::string& line)> say;  ///< one line for a person; may be empty
};

class JobsOnEngine final : public JobHost {
 public:
  /// All of these outlive it.
  JobsOnEngine(Loop& loop, Host& host, TicksService& ticks, DagShelf& shelf, JobSources sources)
      : loop_(loop), host_(host), ticks_(ticks), shelf_(shelf), sources_(std::move(sources)) {}
  ~JobsOnEngine() override { *is_alive_ = false; }

  void find(LetterQuery query, OnPage done) override;
  void find_runs(RunQuery query, OnRuns done) override;
  void change(JobChange request, const std::string& latest_of, Actor actor, std::optional<IdempotencyKey> key,
              OnChanged done) override;
  void retire(std::vector<RunDeletionRow> runs, AuditRow audit, ServiceRows more, OnGone done) override;
  void runs_gone(const std::vector<RunNo>& runs) override;
  void write(ServiceRows rows, std::vector<AuditRow> audit, std::function<void()> done) override;
  void say(const std::string& line) override;

 private:
  void ask(JobChange request, Actor actor, std::optional<IdempotencyKey> key, const OnChanged& done);

  Loop& loop_;
  Host& host_;
  TicksService& ticks_;
  DagShelf& shelf_;
  const JobSources sources_;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace baton
