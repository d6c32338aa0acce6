#include "cli/api_upkeep.h"

#include <utility>

namespace baton {
namespace {

api::RemovedCounts counts_of(const RetentionCounts& counts) {
  return {counts.runs, counts.rows, counts.versions, counts.folders};
}

}  // namespace

void ApiUpkeep::prune(api::PruneWanted wanted, api::Asker asker, OnJob done) {
  on_loop([this, wanted = std::move(wanted), asker = std::move(asker), done = std::move(done)] {
    done(retention_.prune({wanted.dag_id, wanted.ended_before, 0}, {asker.name, asker.address, asker.via}));
  });
}

void ApiUpkeep::retention(OnNow done) {
  on_loop([this, done = std::move(done)] {
    const RetentionStatus& status = retention_.status();
    api::RetentionNow now{status.kept, status.is_busy, {}, counts_of(status.total)};
    for (const RetentionJob& job : status.jobs) {
      now.jobs.push_back({job.job, job.by, job.began, job.ended, counts_of(job.removed), job.error});
    }
    done(std::move(now));
  });
}

void ApiUpkeep::delete_dag(std::string dag_id, api::Asker asker, OnDone done) {
  on_loop([this, dag_id = std::move(dag_id), asker = std::move(asker), done = std::move(done)] {
    const DagRow* dag = ticks_.dag(dag_id);
    if (dag != nullptr && !dag->file.empty()) {
      return done(Error{"the file of DAG \"" + dag_id + "\" is there: remove it first, or the DAG would come back",
                        ErrorKind::conflict});
    }
    retention_.delete_dag(dag_id, {asker.name, asker.address, asker.via}, done);
  });
}

void ApiUpkeep::run_deleted(RunNo run_no) {
  on_loop([this, run_no] { retention_.run_deleted(run_no); });
}

}  // namespace baton
