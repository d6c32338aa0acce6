// JobHost: what bulk jobs (bulk_jobs.h) stand on. Loop thread; nothing calls back from within.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "scheduler/control/actor.h"
#include "scheduler/control/clear_tasks.h"
#include "scheduler/control/idempotency.h"
#include "scheduler/control/mark_run.h"
#include "scheduler/control/redrive_letters.h"
#include "scheduler/control/retry_run.h"
#include "scheduler/control/stop_run.h"
#include "scheduler/engine/reader_views.h"
#include "scheduler/engine/service_rows.h"

namespace baton {

/// A change of one run that a job asks for.
using JobChange = std::variant<RedriveLetters, ClearTasks, RetryRun, StopRun, MarkRun>;

class JobHost {
 public:
  virtual ~JobHost() = default;
  using OnPage = std::function<void(const Result<LetterPage>&)>;
  /// Off the loop.
  virtual void find(LetterQuery query, OnPage done) = 0;
  using OnRuns = std::function<void(const Result<RunPage>&)>;
  virtual void find_runs(RunQuery query, OnRuns done) = 0;
  using OnChanged = std::function<void(const Result<std::size_t>&)>;
  /// `done` when it is durable, with how many objects it was: letters that were redriven, else the run. `latest_of`: the
  /// DAG whose newest version the run goes on with; empty: its own. With a key it is carried out once, and is of no object
  /// when it comes again. Kinds of Error: those of Control.
  virtual void change(JobChange request, const std::string& latest_of, Actor actor, std::optional<IdempotencyKey> key,
                      OnChanged done) = 0;
  using OnGone = std::function<void(const std::vector<RunNo>&)>;
  /// Deletes these runs with `more` in one part, but those that are not at rest; `done` when it is durable.
  virtual void retire(std::vector<RunDeletionRow> runs, AuditRow audit, ServiceRows more, OnGone done) = 0;
  /// Runs are durably gone: what lies beside the database of them goes too.
  virtual void runs_gone(const std::vector<RunNo>& runs) = 0;
  /// `done` when it is durable.
  virtual void write(ServiceRows rows, std::vector<AuditRow> audit, std::function<void()> done) = 0;
  virtual void say(const std::string& line) = 0;
};

}  // namespace baton
