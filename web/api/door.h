// Door: the changes that the API can ask for, as values. Who serves carries them out through the one door for changes
// (scheduler/control), where each is audited and answered when it is durable. Any thread; no call waits.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "scheduler/control/answer_approval.h"
#include "scheduler/control/asset_event.h"
#include "scheduler/control/change_breaker.h"
#include "scheduler/control/change_state.h"
#include "scheduler/control/clear_tasks.h"
#include "scheduler/control/delete_run.h"
#include "scheduler/control/mark_run.h"
#include "scheduler/control/mark_tasks.h"
#include "scheduler/control/pause_run.h"
#include "scheduler/control/put_output.h"
#include "scheduler/control/redrive_letters.h"
#include "scheduler/control/retry_run.h"
#include "scheduler/control/stop_run.h"
#include "scheduler/control/write_records.h"
#include "scheduler/engine/run_limits.h"
#include "scheduler/model/attempt_key.h"
#include "scheduler/model/labels.h"
#include "scheduler/model/result.h"
#include "scheduler/model/time.h"

namespace baton::api {

/// Who asks.
struct Asker {
  std::string name, address, via;
};

/// A repetition of a request with the same key finds what the first one made. Empty `key`: none was given.
struct Once {
  std::string key, route, body_hash;
};

/// A change of what is there. Of a RetryRun, a ClearTasks and a RedriveLetters, `latest` is found by the Door.
struct ChangeAsk {
  std::variant<StopRun, PauseRun, RetryRun, ClearTasks, MarkTasks, MarkRun, WriteRecords, DeleteRun, ChangeBreaker, ChangeState,
               RedriveLetters, RaiseAssetEvent, PutOutput>
      what;
  std::string latest_of;  ///< a DAG: the run goes on with the version that it has now; empty: with its own
  std::int32_t status = 200;  ///< of the answer where it succeeds
};

/// What a change came to.
struct Changed {
  RunNo run_no = 0;
  std::vector<TouchedInstance> instances;
  std::int64_t asset_event_no = 0;  ///< of the event that was raised
  std::int64_t job_no = 0;          ///< of the job that deletes what is left; 0: none
};

/// An answer to an approval, and the form of the question as it was asked: the Door holds `what.params` against it.
struct AnswerAsk {
  AnswerApproval what;
  std::string form_json;
};

struct TriggerAsk {
  std::string dag_id;
  std::string run_id;  ///< empty: one is made
  WallUs logical_date = kNoTime, interval_start = kNoTime, interval_end = kNoTime, run_after = kNoTime;
  std::string conf_json = "{}";
  std::string note;
  Labels labels;
};

struct DagHold {
  enum class Wish : std::uint8_t { pause, drain, resume, end_drain };
  std::string dag_id;
  Wish wish = Wish::pause;
  std::string why;
};

/// kNoTime: it is not frozen.
struct ServerHold {
  WallUs since = kNoTime;
  std::string actor, reason;
};

class Door {
 public:
  virtual ~Door() = default;
  /// Called once, on any thread, when what was asked for is durable or refused. Kinds of Error: not_found, invalid,
  /// conflict (there is such a run, or it is not in a state for this), busy, storage.
  using OnRun = std::function<void(Result<RunNo>)>;
  using OnDone = std::function<void(Status)>;

  virtual void trigger(TriggerAsk ask, Asker asker, Once once, OnRun done) = 0;
  using OnChanged = std::function<void(Result<Changed>)>;
  virtual void change(ChangeAsk ask, Asker asker, Once once, OnChanged done) = 0;
  virtual void answer(AnswerAsk, Asker, Once, OnChanged done) {
    done(Error{"nobody here takes answers", ErrorKind::unavailable});
  }
  /// Looks at the folder of DAGs now. unavailable: there is none.
  virtual void look_at_folder(OnDone done) { done(Error{"there is no folder of DAGs", ErrorKind::unavailable}); }
  virtual void set_paused(std::string dag_id, bool is_paused, Asker asker, OnDone done) = 0;

  /// Pause, drain or resume, with a reason. What holds already is no error.
  virtual void hold_dag(DagHold wish, Asker asker, OnDone done) = 0;
  /// Freeze, or thaw. What is frozen already keeps who froze it, and why.
  virtual void hold_server(bool freeze, std::string why, Asker asker, OnDone done) = 0;
  using OnHolds = std::function<void(ServerHold)>;
  virtual void server_hold(OnHolds done) = 0;
  /// What runs is killed: no grace, no teardowns.
  virtual void kill_run(RunNo run_no, std::string why, Asker asker, OnRun done) = 0;
  /// Why a run that is queued has not begun; `none`: the scheduler has none such that waits.
  using OnWait = std::function<void(QueueWait)>;
  virtual void find_wait(RunNo /*run_no*/, OnWait done) { done(QueueWait::turn); }
};

}  // namespace baton::api
