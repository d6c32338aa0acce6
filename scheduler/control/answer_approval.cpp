#include "scheduler/control/answer_approval.h"

#include <algorithm>

#include "scheduler/engine/approval.h"
#include "scheduler/json/json_value.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

/// Why nothing is asked of anybody now.
Error not_open(const DagRun& run, InstanceNo i, const std::string& name) {
  const Instance& instance = run.at(i);
  if (instance.state == TaskState::none) return {name + " asks nothing yet: it waits for its upstreams", ErrorKind::conflict};
  std::string how(to_string(instance.state));
  if (instance.reason != Reason::none) how += ", " + std::string(to_string(instance.reason));
  return {name + " asks nothing any more: it is " + how, ErrorKind::conflict};
}

/// A person who is not meant, or who would let pass what that same person has begun.
Status may_answer(const ApprovalAsk& ask, const AnswerApproval& request, const Actor& actor, const std::string& name) {
  const bool is_meant = ask.assignees.empty() ||
                        std::find(ask.assignees.begin(), ask.assignees.end(), actor.name) != ask.assignees.end();
  if (!is_meant) {
    std::string who;
    for (const std::string& one : ask.assignees) who += (who.empty() ? "" : ", ") + one;
    return Error{name + " asks " + who + ", not " + actor.name, ErrorKind::denied};
  }
  if (!ask.self && !request.requester.empty() && request.requester == actor.name) {
    return Error{actor.name + " has triggered this run: somebody else has to answer " + name, ErrorKind::denied};
  }
  return Unit{};
}

}  // namespace

Result<Answered> answer_of(const AnswerApproval& request, const DagRun& run, const Actor& actor, WallUs at,
                           bool is_with_us) {
  if (Status open = check_open_to_change(run, is_with_us); !open) return open.error();
  const auto named = instances_of(run, {request.task});
  if (!named) return named.error();
  const std::string name = "task \"" + request.task.task_id + "\"";
  if (named->size() != 1) {
    return Error{name + " has " + std::to_string(named->size()) + " instances: say which", ErrorKind::invalid};
  }
  const InstanceNo i = named->front();
  if (run.spec_of(i).kind != TaskKind::approval) return Error{name + " asks nobody", ErrorKind::invalid};
  const bool is_open = run.at(i).state == TaskState::deferred || BATON_BUG(late_answer_accepted);
  if (!is_open || (request.epoch != 0 && request.epoch != run.at(i).epoch)) return not_open(run, i, name);
  const ApprovalAsk ask = ask_of(run.spec_of(i));
  if (Status may = may_answer(ask, request, actor, name); !may) return may.error();
  if (Status fits = check_chosen(ask, request.chosen); !fits) return fits.error();
  Value params = request.params.type() == ValueType::map ? request.params : Value(ValueMap{});
  Value answer = answer_value(request.chosen, std::move(params), actor.name, at, request.note);
  return Answered{i, run.at(i).epoch, std::move(answer), actor.name, rejects(request.chosen)};
}

AuditRow audit_of(const AnswerApproval& request, const Actor& actor, const RunRow& run, WallUs at) {
  AuditRow row = audit_row(actor, "answer", run, request.note, at);
  row.task_id = request.task.task_id;
  row.map_index = request.task.map_index.value_or(kUnmapped);
  ValueList chosen;
  for (const std::string& option : request.chosen) chosen.emplace_back(option);
  row.after_json = to_json(Value(ValueMap{{"chosen", Value(std::move(chosen))}}));
  return row;
}

}  // namespace baton
