// Control: the one door for what a person or a program may ask for. A request is a value that names its actor; whoever
// has one gives it to ask(), from any thread, and hears of it on the loop's thread when it is durable.
//
//   ask() ──post──▶ the run is in memory ────────────────▶ checked, decided, written ──durable──▶ answer
//     │                 └─ no: its mailbox; a reader ──loaded──▶ ┘   │
//     └▶ busy           │   brings the run (run_loader.h)            └▶ refused: answered at once, nothing has changed
//                       └▶ not_found, busy
//
// The change, the row of the audit and the answer's key are one part of a batch (batch.h): there is no change without who
// made it, and no answer before both are on the disk. What cannot be is refused with the reason, and nothing is written.
//
// Each request is a file of its own (trigger_run.h, stop_run.h, retry_run.h): what it says, its checks, what it changes,
// its audit. Requests about one run are decided in the order in which they came, also while it is being loaded.
//
// Owned by who owns the engine; all but ask() on the loop's thread. It must go before the loop and the engine.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <variant>

#include "scheduler/control/actor.h"
#include "scheduler/control/clear_tasks.h"
#include "scheduler/control/mark_run.h"
#include "scheduler/control/mark_tasks.h"
#include "scheduler/control/retry_run.h"
#include "scheduler/control/run_loader.h"
#include "scheduler/control/stop_run.h"
#include "scheduler/control/trigger_run.h"
#include "scheduler/engine/engine.h"

namespace baton {

using Request = std::variant<TriggerRun, StopRun, RetryRun, ClearTasks, MarkTasks, MarkRun>;

/// What a request came to.
struct Answer {
  RunNo run_no = 0;
  std::vector<TouchedInstance> instances;  ///< of retry, clear and mark: what they change, or would (dry_run)
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

  Control(Loop& loop, Engine& engine, RunLoader& loader, ControlLimits limits = {});
  ~Control() { *is_alive_ = false; }
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  /// Any thread; does not block. busy: too many are open, ask again later; `answer` is never called then. A request that
  /// was taken when the process dies before its answer may have been carried out or not: what is on the disk says.
  [[nodiscard]] Status ask(Request request, Actor actor, OnAnswer answer);

 private:
  struct Asked {
    Request request;
    Actor actor;
    OnAnswer answer;
  };

  void decide(Asked asked);
  void decide_about(RunNo run_no, Asked asked);
  void loaded(RunNo run_no, Result<LoadedRun> loaded);
  void answer(const Asked& asked, const Result<Answer>& how);

  void trigger(Asked asked);
  void change(const StopRun& request, Asked& asked, const DagRun& run);
  void change_loaded(const StopRun& request, Asked& asked, LoadedRun& loaded);
  void change(const RetryRun& request, Asked& asked, const DagRun& run);
  void change_loaded(const RetryRun& request, Asked& asked, LoadedRun& loaded);
  void change(const ClearTasks& request, Asked& asked, const DagRun& run);
  void change_loaded(const ClearTasks& request, Asked& asked, LoadedRun& loaded);
  void change(const MarkTasks& request, Asked& asked, const DagRun& run);
  void change_loaded(const MarkTasks& request, Asked& asked, LoadedRun& loaded);
  void change(const MarkRun& request, Asked& asked, const DagRun& run);
  void change_loaded(const MarkRun& request, Asked& asked, LoadedRun& loaded);
  /// Clears and marks alike: `loaded` is null where the run is with the engine.
  template <typename Asks>
  void clear(const Asks& request, Asked& asked, const DagRun& run, LoadedRun* loaded);
  void mark(const MarkTasks& request, Asked& asked, const DagRun& run, LoadedRun* loaded);
  void mark(const MarkRun& request, Asked& asked, const DagRun& run, LoadedRun* loaded);
  void carry_out(const Event& event, AuditRow audit, Answer answer, Asked& asked, LoadedRun* loaded);
  [[nodiscard]] EngineRequest written(AuditRow audit, Answer how, Asked& asked);

  Loop& loop_;
  Engine& engine_;
  RunLoader& loader_;
  const ControlLimits limits_;
  std::atomic<std::size_t> open_ = 0;
  std::map<RunNo, std::deque<Asked>> mailboxes_;  ///< of the runs that are being loaded
  std::shared_ptr<bool> is_alive_;                ///< loop thread: guards what is posted
};

}  // namespace baton
