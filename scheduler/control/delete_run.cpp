// Runs that go: one that a person has named, and those that retention has chosen.
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/control/control.h"
#include "scheduler/control/run_job.h"

namespace baton {

void Control::change(const DeleteRun&, Asked& asked, const DagRun& run) {
  answer(asked, Error{"run \"" + run.row.run_id + "\" has not ended: stop it first", ErrorKind::conflict});
}

/// From here to the moment when it is durable nobody may take the run to the engine: its rows would be gone there.
void Control::change_loaded(const DeleteRun& request, Asked& asked, LoadedRun& loaded, bool) {
  if (!loaded.run.is_finished()) return change(request, asked, loaded.run);
  const RunRow& row = loaded.run.row;
  const RunNo run_no = request.run_no;
  AuditRow audit = audit_row(asked.actor, "delete", row, request.why, loop_.wall_now());
  ServiceRows rows;
  const std::string name = row.dag_id + "/" + row.run_id;
  Answer how{.run_no = run_no};
  if (request.job_no != 0) {
    const auto instances = std::ssize(loaded.run.instances);
    how.job = std::make_shared<const BulkJobRow>(
        rest_job(request.job_no, {run_no, name}, instances, asked.actor.name, audit.at));
    rows.jobs.push_back(*how.job);
  }
  const bool is_in_parts = how.job != nullptr && how.job->state == JobState::running;
  rows.deletions.push_back({run_no, name, audit.at, kNoTime, is_in_parts});
  going_.insert(run_no);
  EngineRequest what = written(std::move(audit), std::move(how), asked, std::move(rows));
  what.done = [this, alive = is_alive_, run_no, dag_id = row.dag_id,
               done = std::move(what.done)](const PartVerdict& verdict) {
    if (*alive) {
      going_.erase(run_no);
      engine_.past_changed(dag_id);
    }
    done(verdict);
  };
  engine_.write(std::move(what));
}

/// Neither the engine nor a request has anything to do with it. A run that waits to begin once more is the engine's,
/// though it is not in memory.
bool Control::is_at_rest(RunNo run_no) const {
  return engine_.run(run_no) == nullptr && !engine_.queue().may_change(run_no) && !mailboxes_.contains(run_no) &&
         !going_.contains(run_no);
}

/// Chosen from rows that may be old by now. What has happened since is either known here, or it has become durable, and
/// then the row says so: the store deletes none that has not ended, or that has ended anew.
void Control::retire(std::vector<RunDeletionRow> runs, AuditRow audit, OnRetired done, ServiceRows more) {
  EngineRequest what;
  what.service = std::move(more);
  std::vector<RunNo> gone;
  std::set<std::string> dags;
  for (RunDeletionRow& run : runs) {
    if (!is_at_rest(run.run_no)) continue;
    going_.insert(run.run_no);
    gone.push_back(run.run_no);
    dags.insert(run.name.substr(0, run.name.find('/')));
    what.service.deletions.push_back(std::move(run));
  }
  if (gone.empty()) {
    loop_.post([done = std::move(done)] { done({}); });
    return;
  }
  what.audit.push_back(std::move(audit));
  what.done = [this, alive = is_alive_, gone = std::move(gone), dags = std::move(dags),
               done = std::move(done)](const PartVerdict&) {
    if (!*alive) return;
    for (const RunNo run_no : gone) going_.erase(run_no);
    for (const std::string& dag_id : dags) engine_.past_changed(dag_id);
    done(gone);
  };
  engine_.write(std::move(what));
}

}  // namespace baton
