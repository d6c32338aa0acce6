// Control: the one door for what a person or a program may ask for. A request is a value that names its actor; whoever
// has one gives it to ask(), from any thread, and hears of it on the loop's thread when it is durable.
//
//   ask() ──post──▶ the run is in memory ────────────────▶ checked, decided, written ──durable──▶ answer
//     │                 └─ no: its mailbox; a reader ──loaded──▶ ┘   │
//     └▶ busy           │   brings the run (run_loader.h)            └▶ refused: answered at once, nothing has changed
//                       └▶ not_found, busy
//
// A process that is started for one request (`decide_at_start`) has read the run by itself, and adopts it.
//
// The change, the row of the audit and the answer's key are one part of a batch (batch.h): there is no change without who
// made it, and no answer before both are on the disk. What cannot be is refused with the reason, and nothing is written.
//
// Each request is a file of its own (trigger_run.h, stop_run.h, retry_run.h, resume_run.h, clear_tasks.h,
// mark_tasks.h, mark_run.h, pause_run.h, delete_run.h, write_records.h, change_breaker.h, change_state.h, redrive_letters.h,
// asset_event.h, answer_approval.h, put_output.h): what it says, its checks, what it changes, its audit. Requests about
// one run are decided in the order in which they came, also while it is being loaded.
//
// Owned by who owns the engine; all but ask() on the loop's thread. It must go before the loop and the engine.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <variant>

#include "scheduler/control/actor.h"
#include "scheduler/control/answer_approval.h"
#include "scheduler/control/asset_event.h"
#include "scheduler/control/change_breaker.h"
#include "scheduler/control/change_state.h"
#include "scheduler/control/clear_tasks.h"
#include "scheduler/control/delete_run.h"
#include "scheduler/control/idempotency.h"
#include "scheduler/control/mark_run.h"
#include "scheduler/control/mark_tasks.h"
#include "scheduler/control/pause_run.h"
#include "scheduler/control/put_output.h"
#include "scheduler/control/redrive_letters.h"
#include "scheduler/control/resume_run.h"
#include "scheduler/control/retry_run.h"
#include "scheduler/control/run_loader.h"
#include "scheduler/control/stop_run.h"
#include "scheduler/control/trigger_run.h"
#include "scheduler/control/write_records.h"
#include "scheduler/engine/engine.h"

namespace baton {

using Request = std::variant<TriggerRun, StopRun, PauseRun, RetryRun, ResumeRun, ClearTasks, MarkTasks, MarkRun, WriteRecords, DeleteRun,
                             ChangeBreaker, ChangeState, RedriveLetters, RaiseAssetEvent, AnswerApproval, PutOutput>;

/// The run that a request is about; 0: one that does not exist yet.
[[nodiscard]] RunNo run_of(const Request& request);

/// What a request came to.
struct Answer {
  RunNo run_no = 0;
  bool has_changed = true;             ///< false: there was nothing to do, and nothing has been written
  RunState state = RunState::running;  ///< of the run, when it was decided
  std::size_t cleared = 0;             ///< instances that will run again
  std::size_t letters = 0;             ///< dead letters that were redriven
  std::vector<TouchedInstance> instances;  ///< of retry, clear and mark: what they change, or would (dry_run)
  std::int64_t asset_event_no = 0;     ///< of the event that was raised
  std::shared_ptr<const BulkJobRow> job;  ///< that has begun with a deletion; null: none
  std::int32_t repeated_status = 0;    ///< not 0: its key is known, this is what was answered then, and nothing changed
};

/// What the owner of the engine wants to know or to say. Each may be empty. Called on the loop's thread.
struct ControlHooks {
  /// Asked for a stored run that is to go on, before anything is changed: an Error refuses it. `wanted`: by TaskNo,
  /// what has not ended yet or will run again.
  std::function<Status(const Dag&, const std::vector<bool>& wanted)> check_tasks;
  /// Who knows the keys of earlier requests. Null: a request with a key is refused, unavailable.
  KeyFinder* keys = nullptr;
  /// What an output that a person puts must not hold.
  SecretsOf secrets_of = nullptr;
};

struct ControlLimits {
  std::size_t open_max = 1'024;   ///< requests that have not been answered, over all runs
  std::size_t mailbox_max = 64;   ///< of one run that is being loaded
};

class Control {
 public:
  /// Called once for each request that was taken, on the loop's thread. Kinds of Error: not_found, conflict (the run is
  /// not in a state for this, or exists already), invalid, busy, storage.
  using OnAnswer = std::function<void(const Result<Answer>&)>;

  Control(Loop& loop, Engine& engine, RunLoader& loader, ControlLimits limits = {}, ControlHooks hooks = {});
  ~Control() { *is_alive_ = false; }
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  /// Any thread; does not block. busy: too many are open, ask again later; `answer` is never called then. A request that
  /// was taken when the process dies before its answer may have been carried out or not: what is on the disk says.
  [[nodiscard]] Status ask(Request request, Actor actor, OnAnswer answer) {
    return ask(std::move(request), std::move(actor), std::nullopt, std::move(answer));
  }
  /// With a key it is carried out once (idempotency.h). Kinds as well: conflict, the key is under way; invalid, it was
  /// used for another request.
  [[nodiscard]] Status ask(Request request, Actor actor, std::optional<IdempotencyKey> key, OnAnswer answer);
  /// Loop's thread, before any worker is ready: decided before it returns, and answered within where it is refused or
  /// there is nothing to do. `run`: what the request is about, as recovery restores it, where it is about one; an
  /// unfinished one is adopted with its attempts.
  void decide_at_start(Request request, Actor actor, std::optional<LoadedRun> run, OnAnswer answer);

  using OnRetired = std::function<void(const std::vector<RunNo>& gone)>;
  /// Loop's thread: runs that have ended, and that nobody needs any more, go, in one part. Those with the engine, and
  /// those that somebody has asked about, stay: `gone`, told when it is durable, are the others. `more` is written with
  /// them, where there are any.
  void retire(std::vector<RunDeletionRow> runs, AuditRow audit, OnRetired done, ServiceRows more = {});

  /// Loop's thread: what a person has set, slots (fewer than 0: no limit) and rate, goes before what files say.
  void set_pool(const std::string& name, std::int64_t slots, const std::string& rate = {});
  /// Loop's thread: pools of baton.yaml go before those of DAGs, and behind what a person has set.
  void declare_pools(const std::vector<PoolSpec>& pools);
  /// Loop's thread: whether a file says something of a pool, whatever a person has set.
  [[nodiscard]] bool is_pool_of_files(const std::string& name) const {
    return pools_declared_.contains(name) || pools_of_dags_.contains(name);
  }
  /// Loop's thread: the pools of a DAG whose file has been read, or of which a run is about to be with the engine.
  void know_pools(const Dag& dag, DeclaredBy how = DeclaredBy::old_version);

 private:
  struct Asked {
    Request request;
    Actor actor;
    std::optional<IdempotencyKey> key;
    OnAnswer answer;
  };
  /// Requests about a run that is not in memory.
  struct Mailbox {
    std::deque<Asked> waiting;
    bool is_settling = false;  ///< it was changed, and that is not durable
  };
  using KeyName = std::tuple<std::string, std::string, std::string>;

  void come(Asked asked);
  void key_found(Asked asked, const Result<std::optional<IdempotencyRow>>& found);
  void decide(Asked asked);
  void decide_about(RunNo run_no, Asked asked);
  void load(RunNo run_no);
  void loaded(RunNo run_no, Result<LoadedRun> loaded);
  void stop_unreadable(Asked asked, const Error& why);
  void settled(RunNo run_no);
  void answer(const Asked& asked, const Result<Answer>& how);

  void trigger(Asked asked);
  void write(Asked asked);
  void change_breaker(Asked asked);
  void change_state(Asked asked);
  void raise_asset_event(Asked asked);
  template <typename Asks>
  void clear_loaded(const Asks& request, Asked& asked, LoadedRun& loaded, bool at_start);
  // A run in memory; and one that is not, which is adopted where it has not ended and `at_start`.
  void change(const StopRun& request, Asked& asked, const DagRun& run);
  void change_loaded(const StopRun& request, Asked& asked, LoadedRun& loaded, bool at_start);
  void change(const PauseRun& request, Asked& asked, const DagRun& run);
  void change_loaded(const PauseRun& request, Asked& asked, LoadedRun& loaded, bool at_start);
  void change(const RetryRun& request, Asked& asked, const DagRun& run);
  void change_loaded(const RetryRun& request, Asked& asked, LoadedRun& loaded, bool at_start);
  void change(const ResumeRun& request, Asked& asked, const DagRun& run);
  void change_loaded(const ResumeRun& request, Asked& asked, LoadedRun& loaded, bool at_start);
  void change(const ClearTasks& request, Asked& asked, const DagRun& run);
  void change_loaded(const ClearTasks& request, Asked& asked, LoadedRun& loaded, bool at_start);
  void change(const MarkTasks& request, Asked& asked, const DagRun& run);
  void change_loaded(const MarkTasks& request, Asked& asked, LoadedRun& loaded, bool at_start);
  void change(const MarkRun& request, Asked& asked, const DagRun& run);
  void change_loaded(const MarkRun& request, Asked& asked, LoadedRun& loaded, bool at_start);
  void change(const AnswerApproval& request, Asked& asked, const DagRun& run);
  void change_loaded(const AnswerApproval& request, Asked& asked, LoadedRun& loaded, bool at_start);
  void forget_states(const DagRun& run, const std::vector<InstanceNo>& cleared, const Actor& actor, WallUs at,
                     ServiceRows& rows);
  // put_output.cpp
  void change(const PutOutput& request, Asked& asked, const DagRun& run);
  void change_loaded(const PutOutput& request, Asked& asked, LoadedRun& loaded, bool at_start);
  // redrive_letters.cpp
  void change(const RedriveLetters& request, Asked& asked, const DagRun& run);
  void change_loaded(const RedriveLetters& request, Asked& asked, LoadedRun& loaded, bool at_start);
  void change(const DeleteRun& request, Asked& asked, const DagRun& run);
  void change_loaded(const DeleteRun& request, Asked& asked, LoadedRun& loaded, bool at_start);
  /// A run that is not with the engine, and may be taken there.
  struct Taking {
    LoadedRun& loaded;
    bool at_start = false;
    std::shared_ptr<const VersionRow> version;  ///< another one for it; null: it stays on its own
  };
  // Clears and marks alike: `taking` is null where the run is with the engine.
  template <typename Asks>
  void clear(const Asks& request, Asked& asked, const DagRun& run, Taking* taking);
  void want_again(const RetryRun& request, Asked& asked, Taking& taking);
  void redrive(const RedriveLetters& request, Asked& asked, const DagRun& run, Taking* taking);
  void take_answer(const AnswerApproval& request, Asked& asked, const DagRun& run, Taking* taking);
  void mark(const MarkTasks& request, Asked& asked, const DagRun& run, Taking* taking);
  void mark(const MarkRun& request, Asked& asked, const DagRun& run, Taking* taking);
  void mark_waiting(const MarkRun& request, AuditRow audit, Asked& asked, Taking& taking, ServiceRows notes);
  void carry_out(const Event& event, AuditRow audit, Answer answer, Asked& asked, Taking* taking, ServiceRows rows);
  [[nodiscard]] bool is_at_rest(RunNo run_no) const;
  [[nodiscard]] bool is_ours(const Taking* taking, RunNo run_no) const;
  [[nodiscard]] Status may_take(const DagRun& run, bool at_start) const;
  [[nodiscard]] Status may_go_on(const DagRun& run, const std::vector<InstanceNo>& cleared) const;
  void adopt(LoadedRun loaded, StepOutcome cleared, EngineRequest request,
             std::shared_ptr<const VersionRow> version = nullptr);
  [[nodiscard]] EngineRequest written(AuditRow audit, Answer how, Asked& asked, ServiceRows rows = {});
  void write_alone(AuditRow audit, Answer how, Asked& asked, ServiceRows rows);

  Loop& loop_;
  Engine& engine_;
  RunLoader& loader_;
  const ControlLimits limits_;
  const ControlHooks hooks_;
  std::atomic<std::size_t> open_ = 0;
  std::map<RunNo, Mailbox> mailboxes_;            ///< of the runs that are being loaded, or settle
  RunNo has_written_ = 0;                         ///< the run that the request at hand has changed
  std::set<RunNo> going_;                         ///< runs whose deletion is being written
  void apply_pool(const std::string& name);

  struct PoolOfDag {
    std::string dag_id;
    PoolSpec pool;
  };
  std::map<std::string, PoolSpec> pools_set_;      ///< by a person
  std::map<std::string, PoolSpec> pools_declared_; ///< by baton.yaml
  std::map<std::string, PoolOfDag> pools_of_dags_; ///< by the first DAG that has said something
  std::set<KeyName> keys_under_way_;
  std::shared_ptr<bool> is_alive_;                ///< loop thread: guards what is posted
};

}  // namespace baton
