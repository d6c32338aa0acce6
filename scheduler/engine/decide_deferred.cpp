#include "scheduler/engine/decide_deferred.h"

#include <utility>

#include "scheduler/engine/approval.h"
#include "scheduler/engine/child_ask.h"
#include "scheduler/engine/computed.h"
#include "scheduler/engine/outputs.h"
#include "scheduler/engine/retry.h"
#include "scheduler/json/json_value.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

TaskChange& change_of(Decision& out, InstanceNo i, TaskState to, Reason reason = Reason::none, std::string note = {}) {
  TaskChange& c = out.changes.emplace_back();
  c.instance = i;
  c.to = to;
  c.reason = reason;
  c.note = std::move(note);
  return c;
}

/// `timeout_us`: from now on; 0: it waits for ever.
TaskChange& defer(Decision& out, InstanceNo i, Wait wait, DurationUs timeout_us, Moment now) {
  TaskChange& c = change_of(out, i, TaskState::deferred);
  c.wait = wait;
  c.new_epoch = true;
  if (timeout_us > 0) {
    c.wake_at = now.wall + timeout_us;
    out.commands.push_back({.kind = Command::Kind::timer, .instance = i, .wake_at = c.wake_at});
  }
  return c;
}

/// The outputs of a success, as those of any task: with the types that the task declares for its downstreams.
void give_outputs(const DagRun& run, TaskChange& c, const Value& outputs) {
  auto checked = check_outputs(run.spec_of(c.instance), to_json(outputs));
  if (!checked) {
    c.to = TaskState::failed;
    c.reason = Reason::outputs;
    c.note = checked.error().message;
    return;
  }
  c.outputs = std::move(checked->value);
  c.outputs_json = std::move(checked->json);
}

bool is_waiting(const DagRun& run, InstanceNo i, Epoch epoch, TaskKind kind) {
  if (i < 0 || static_cast<std::size_t>(i) >= run.instances.size()) return false;
  const Instance& instance = run.at(i);
  return instance.state == TaskState::deferred && instance.epoch == epoch && run.spec_of(i).kind == kind;
}

/// A try of a trigger_dag task has failed: what its author says of retries holds for it, with the failure as exit code 1.
void fail_child(const DagRun& run, InstanceNo i, Reason reason, std::string note, Moment now, Decision& out) {
  RetryPolicy policy = run.spec_of(i).retries;
  const std::int32_t failures = run.at(i).failures + 1;
  AttemptEnd end;
  end.outcome = reason == Reason::timeout ? AttemptEnd::Outcome::timed_out : AttemptEnd::Outcome::exited;
  end.exit_code = reason == Reason::timeout ? -1 : 1;
  TaskChange& c = change_of(out, i, TaskState::failed, reason, std::move(note));
  c.counts_failure = true;
  if (policy.computed_max.is_set()) {
    const auto retries = retries_max_of(run, i);
    policy.max = retries ? *retries : 0;
  }
  if (reason == Reason::deadlock || !retries_again(policy, end, failures)) return;  // it would wait for itself again
  const Instance& instance = run.at(i);
  const auto seed = retry_seed(run.row.run_id, run.dag->task(instance.task_no).id, instance.map_index, failures);
  c.to = TaskState::up_for_retry;
  c.wait = Wait::backoff;
  c.wake_at = now.wall + retry_delay_us(policy, failures, seed);
  out.commands.push_back({.kind = Command::Kind::timer, .instance = i, .wake_at = c.wake_at});
}

Value child_outputs(const ChildMoved& e) {
  return Value(ValueMap{{"dag", e.dag_id}, {"run_id", e.run_id}, {"state", to_string(e.state)}});
}

std::string name_of_child(const ChildMoved& e) {
  return "run " + e.run_id + " of DAG " + e.dag_id;
}

}  // namespace

void ask_person(const DagRun& run, InstanceNo i, Moment now, Decision& out) {
  const auto ask = rendered_ask(run, i);
  if (!ask) {
    change_of(out, i, TaskState::failed, Reason::expression, "approval: " + ask.error().message);
    return;
  }
  defer(out, i, Wait::approval, ask->timeout_us, now).request_json = ask_json(*ask);
}

void start_child(const DagRun& run, InstanceNo i, Moment now, Decision& out) {
  const bool waits = child_ask_of(run.spec_of(i)).waits;
  const auto timeout = waits ? timeout_of(run, i) : Result<DurationUs>(DurationUs{0});
  if (!timeout) {
    change_of(out, i, TaskState::failed, Reason::expression, timeout.error().message);
    return;
  }
  defer(out, i, Wait::child, *timeout, now);
  out.commands.push_back({.kind = Command::Kind::start_child, .instance = i});
}

void deadline_passed(const DagRun& run, InstanceNo i, Moment now, Decision& out) {
  if (run.spec_of(i).kind != TaskKind::approval) {
    fail_child(run, i, Reason::timeout, "the run that it has started did not end before its timeout", now, out);
    return;
  }
  const auto rendered = rendered_ask(run, i);  // the form as it was shown
  const ApprovalAsk ask = rendered ? *rendered : ask_of(run.spec_of(i));
  switch (ask.on_timeout) {
    case ApprovalAsk::Silence::skip:
      change_of(out, i, TaskState::skipped, Reason::timeout, "nobody has answered before its deadline");
      break;
    case ApprovalAsk::Silence::fail:
      change_of(out, i, TaskState::failed, Reason::timeout, "nobody has answered before its deadline");
      break;
    case ApprovalAsk::Silence::takes_default: {
      const bool fails = rejects(ask.defaults) && !BATON_BUG(default_that_rejects_approves);
      auto params = form_defaults(ask);
      if (!params && !fails) {
        change_of(
            out, i, TaskState::failed, Reason::timeout,
            "nobody has answered before its deadline, and the default cannot be taken: " + params.error().message);
        break;
      }
      const Value answer =
          answer_value(ask.defaults, params ? std::move(*params) : Value(ValueMap{}), "", now.wall, "");
      TaskChange& c = change_of(out, i, fails ? TaskState::failed : TaskState::success, Reason::timeout,
                                "nobody has answered before its deadline: the default was taken");
      c.request_json = to_json(answer);
      if (!fails) {
        c.reason = Reason::none;
        give_outputs(run, c, answer);
      }
      break;
    }
  }
  out.changes.back().request_end = ApprovalState::expired;
}

void answered(const DagRun& run, const Answered& e, Moment, Decision& out) {
  if (!is_waiting(run, e.instance, e.epoch, TaskKind::approval)) return;
  TaskChange& c = change_of(out, e.instance, TaskState::success);
  c.request_end = ApprovalState::answered;
  c.request_json = to_json(e.answer);
  c.by = e.by;
  if (!e.rejects) return give_outputs(run, c, e.answer);
  c.to = TaskState::failed;
  c.reason = Reason::rejected;
  c.note = "rejected by " + e.by;
  const Value* note = e.answer.find("note");
  if (note != nullptr && note->type() == ValueType::string && !note->as_string().empty()) {
    c.note += ": " + note->as_string();
  }
}

void child_moved(const DagRun& run, const ChildMoved& e, Moment now, Decision& out) {
  if (!is_waiting(run, e.instance, e.epoch, TaskKind::trigger_dag)) return;
  const ChildAsk ask = child_ask_of(run.spec_of(e.instance));
  if (e.kind == ChildMoved::Kind::refused) return fail_child(run, e.instance, e.reason, e.note, now, out);
  if (e.kind == ChildMoved::Kind::made && ask.waits) return;  // its end is what counts
  const bool failed = ask.waits && e.kind == ChildMoved::Kind::ended && e.state != RunState::success;
  if (failed && !ask.ignores_failure) {
    std::string note = name_of_child(e) + " failed";
    if (!e.note.empty()) note += ": " + e.note;
    fail_child(run, e.instance, Reason::upstream_failed, std::move(note), now, out);
    out.changes.back().request_end = ApprovalState::answered;
    return;
  }
  TaskChange& c = change_of(out, e.instance, TaskState::success);
  if (failed) c.note = name_of_child(e) + " failed, which is let pass";
  c.request_end = ApprovalState::answered;
  give_outputs(run, c, child_outputs(e));
}

}  // namespace baton
