#include "scheduler/control/control.h"

#include <string>
#include <utility>

#include "scheduler/engine/clear.h"

namespace baton {

Control::Control(Loop& loop, Engine& engine, RunLoader& loader, ControlLimits limits)
    : loop_(loop), engine_(engine), loader_(loader), limits_(limits), is_alive_(std::make_shared<bool>(true)) {}

Status Control::ask(Request request, Actor actor, OnAnswer answer) {
  if (open_.fetch_add(1) >= limits_.open_max) {
    open_.fetch_sub(1);
    return Error{"too many requests are open; try again", ErrorKind::busy};
  }
  auto asked = std::make_shared<Asked>(Asked{std::move(request), std::move(actor), std::move(answer)});
  loop_.post([this, alive = is_alive_, asked] {
    if (*alive) decide(std::move(*asked));
  });
  return Unit{};
}

void Control::answer(const Asked& asked, const Result<Answer>& how) {
  open_.fetch_sub(1);
  if (asked.answer) asked.answer(how);
}

void Control::decide(Asked asked) {
  if (std::holds_alternative<TriggerRun>(asked.request)) return trigger(std::move(asked));
  const RunNo run_no = std::visit(
      [](const auto& request) -> RunNo {
        if constexpr (requires { request.run_no; }) return request.run_no;
        return 0;
      },
      asked.request);
  decide_about(run_no, std::move(asked));
}

void Control::decide_about(RunNo run_no, Asked asked) {
  const auto mailbox = mailboxes_.find(run_no);
  if (mailbox != mailboxes_.end()) {  // behind those who came before, also when the run has come to life meanwhile
    if (mailbox->second.size() < limits_.mailbox_max) return mailbox->second.push_back(std::move(asked));
    return answer(asked, Error{"too many requests wait for this run; try again", ErrorKind::busy});
  }
  if (const DagRun* run = engine_.run(run_no)) {
    return std::visit(
        [&](const auto& request) {
          if constexpr (requires { request.run_no; }) change(request, asked, *run);
        },
        asked.request);
  }
  mailboxes_[run_no].push_back(std::move(asked));
  loader_.load(run_no, {loop_.wall_now(), loop_.mono_now()},
               [this, alive = is_alive_, run_no](Result<LoadedRun> result) {
                 if (*alive) loaded(run_no, std::move(result));
               });
}

/// The run is here: those who waited for it are decided in their order. The first that changes it gives it to the
/// engine, and the others meet it there; where none does, it is dropped again.
void Control::loaded(RunNo run_no, Result<LoadedRun> result) {
  std::deque<Asked> waiting = std::move(mailboxes_.extract(run_no).mapped());
  for (Asked& asked : waiting) {
    if (!result) {
      answer(asked, result.error());
      continue;
    }
    std::visit(
        [&](const auto& request) {
          if constexpr (requires { request.run_no; }) {
            const DagRun* run = engine_.run(run_no);
            run != nullptr ? change(request, asked, *run) : change_loaded(request, asked, *result);
          }
        },
        asked.request);
  }
}

/// What goes with a change of the engine's: it answers when that is durable.
EngineRequest Control::written(AuditRow audit, Answer how, Asked& asked) {
  EngineRequest out;
  out.audit.push_back(std::move(audit));
  out.done = [this, alive = is_alive_, how = std::move(how), asked = std::make_shared<Asked>(std::move(asked))](
                 const PartVerdict& verdict) {
    if (!*alive) return;
    if (verdict.is_done()) return answer(*asked, how);
    const auto* trigger = std::get_if<TriggerRun>(&asked->request);
    answer(*asked, trigger != nullptr ? why_struck(trigger->creation.run, verdict)
                                      : Error{"the run was never made: another one has its place", ErrorKind::not_found});
  };
  return out;
}

// ── each request ────────────────────────────────────────────────────────────────────────────────────────────────────

void Control::trigger(Asked asked) {
  auto& request = std::get<TriggerRun>(asked.request);
  if (Status fits = check(request, engine_.admission()); !fits) return answer(asked, fits.error());
  RunCreation creation = request.creation;  // what the answer may have to name stays
  Value params = std::move(request.params);
  auto path_us = std::move(request.path_us);
  AuditRow audit = audit_of(request, asked.actor, loop_.wall_now());
  const RunNo run_no = creation.run.run_no;
  engine_.create_run(std::move(creation), std::move(params), std::move(path_us),
                     written(std::move(audit), {run_no, {}}, asked));
}

void Control::change(const StopRun& request, Asked& asked, const DagRun& run) {
  if (Status may = check(request, run); !may) return answer(asked, may.error());
  const Event event = event_of(request);
  AuditRow audit = audit_of(request, asked.actor, run.row, loop_.wall_now());
  const RunNo run_no = request.run_no;  // `asked`, and with it `request`, moves into the answer
  engine_.change_run(run_no, event, written(std::move(audit), {run_no, {}}, asked));
}

void Control::change_loaded(const StopRun& request, Asked& asked, LoadedRun& loaded) {
  if (Status may = check(request, loaded.run); !may) return answer(asked, may.error());
  answer(asked, Error{"run \"" + loaded.run.row.run_id + "\" is not run by this process; resume it first",
                      ErrorKind::conflict});
}

void Control::change(const RetryRun& request, Asked& asked, const DagRun& run) { clear(request, asked, run, nullptr); }
void Control::change_loaded(const RetryRun& request, Asked& asked, LoadedRun& loaded) {
  clear(request, asked, loaded.run, &loaded);
}
void Control::change(const ClearTasks& request, Asked& asked, const DagRun& run) {
  clear(request, asked, run, nullptr);
}
void Control::change_loaded(const ClearTasks& request, Asked& asked, LoadedRun& loaded) {
  clear(request, asked, loaded.run, &loaded);
}
void Control::change(const MarkTasks& request, Asked& asked, const DagRun& run) { mark(request, asked, run, nullptr); }
void Control::change_loaded(const MarkTasks& request, Asked& asked, LoadedRun& loaded) {
  mark(request, asked, loaded.run, &loaded);
}
void Control::change(const MarkRun& request, Asked& asked, const DagRun& run) { mark(request, asked, run, nullptr); }
void Control::change_loaded(const MarkRun& request, Asked& asked, LoadedRun& loaded) {
  mark(request, asked, loaded.run, &loaded);
}

template <typename Asks>
void Control::clear(const Asks& request, Asked& asked, const DagRun& run, LoadedRun* loaded) {
  auto selected = select(request, run, loaded == nullptr, engine_.admission());
  if (!selected) return answer(asked, selected.error());
  Answer how{request.run_no, describe(run, *selected)};
  bool is_wanted = !selected->empty();
  if constexpr (requires { request.dry_run; }) is_wanted = is_wanted && !request.dry_run;
  if (!is_wanted) return answer(asked, how);
  AuditRow audit = [&] {
    if constexpr (requires { request.dry_run; }) {
      return audit_of(request, asked.actor, run.row, how.instances, loop_.wall_now());
    } else {
      return audit_of(request, asked.actor, run.row, loop_.wall_now());
    }
  }();
  carry_out(Cleared{std::move(*selected)}, std::move(audit), std::move(how), asked, loaded);
}

void Control::mark(const MarkTasks& request, Asked& asked, const DagRun& run, LoadedRun* loaded) {
  auto selected = select(request, run, loaded == nullptr);
  if (!selected) return answer(asked, selected.error());
  Answer how{request.run_no, describe(run, *selected)};
  if (request.dry_run || selected->empty()) return answer(asked, how);
  AuditRow audit = audit_of(request, asked.actor, run.row, how.instances, loop_.wall_now());
  carry_out(event_of(request, std::move(*selected)), std::move(audit), std::move(how), asked, loaded);
}

void Control::mark(const MarkRun& request, Asked& asked, const DagRun& run, LoadedRun* loaded) {
  const auto changes = check(request, run, loaded == nullptr);
  if (!changes) return answer(asked, changes.error());
  if (!*changes) return answer(asked, Answer{request.run_no, {}});
  AuditRow audit = audit_of(request, asked.actor, run.row, loop_.wall_now());
  carry_out(event_of(request), std::move(audit), {request.run_no, {}}, asked, loaded);
}

/// A run that was loaded is given to the engine with the change made; it goes on there, or is forgotten when that is
/// durable.
void Control::carry_out(const Event& event, AuditRow audit, Answer how, Asked& asked, LoadedRun* loaded) {
  const RunNo run_no = how.run_no;
  EngineRequest request = written(std::move(audit), std::move(how), asked);
  if (loaded == nullptr) {
    engine_.change_run(run_no, event, std::move(request));
    return;
  }
  StepOutcome changed;
  change_unattended(loaded->run, event, {loop_.wall_now(), loop_.mono_now()}, changed);
  engine_.take_run(std::move(loaded->run), std::move(loaded->path_us), std::move(changed), std::move(request));
}

}  // namespace baton
