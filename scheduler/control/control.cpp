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
EngineRequest Control::written(AuditRow audit, RunNo run_no, Asked& asked) {
  EngineRequest out;
  out.audit.push_back(std::move(audit));
  out.done = [this, alive = is_alive_, run_no, asked = std::make_shared<Asked>(std::move(asked))](
                 const PartVerdict& verdict) {
    if (!*alive) return;
    if (verdict.is_done()) return answer(*asked, Answer{run_no});
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
                     written(std::move(audit), run_no, asked));
}

void Control::change(const StopRun& request, Asked& asked, const DagRun& run) {
  if (Status may = check(request, run); !may) return answer(asked, may.error());
  const Event event = event_of(request);
  AuditRow audit = audit_of(request, asked.actor, run.row, loop_.wall_now());
  const RunNo run_no = request.run_no;  // `asked`, and with it `request`, moves into the answer
  engine_.change_run(run_no, event, written(std::move(audit), run_no, asked));
}

void Control::change_loaded(const StopRun& request, Asked& asked, LoadedRun& loaded) {
  if (Status may = check(request, loaded.run); !may) return answer(asked, may.error());
  answer(asked, Error{"run \"" + loaded.run.row.run_id + "\" is not run by this process; resume it first",
                      ErrorKind::conflict});
}

void Control::change(const RetryRun& request, Asked& asked, const DagRun& run) {
  const auto selected = select(request, run, engine_.admission());
  // It has ended in memory and is not forgotten yet: its end is on its way to the disk.
  answer(asked, selected ? Error{"the run is just ending; try again", ErrorKind::busy} : selected.error());
}

void Control::change_loaded(const RetryRun& request, Asked& asked, LoadedRun& loaded) {
  const auto selected = select(request, loaded.run, engine_.admission());
  if (!selected) return answer(asked, selected.error());
  const RunNo run_no = request.run_no;
  const Moment now{loop_.wall_now(), loop_.mono_now()};
  AuditRow audit = audit_of(request, asked.actor, loaded.run.row, now.wall);
  StepOutcome cleared;
  clear_instances(loaded.run, *selected, now, cleared);
  engine_.take_run(std::move(loaded.run), std::move(loaded.path_us), std::move(cleared),
                   written(std::move(audit), run_no, asked));
}

}  // namespace baton
