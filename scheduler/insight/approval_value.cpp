#include "scheduler/insight/approval_value.h"

#include <utility>

#include "scheduler/engine/approval.h"
#include "scheduler/json/json_value.h"
#include "scheduler/timetable/time_text.h"

namespace baton::insight {
namespace {

Value approval_time(WallUs at) {
  return at == kNoTime ? Value() : Value(timetable::format_rfc3339(at, timetable::utc()));
}

Value texts_value(const std::vector<std::string>& texts) {
  ValueList out;
  for (const std::string& text : texts) out.emplace_back(text);
  return Value(std::move(out));
}

Value user_value(const std::string& name) {
  return Value(ValueMap{{"id", name}, {"name", name}});
}

/// The first line, and what follows it.
std::pair<std::string, std::string> parts_of(const std::string& prompt) {
  const std::size_t end = prompt.find('\n');
  if (end == std::string::npos) return {prompt, ""};
  std::string rest = prompt.substr(end + 1);
  while (!rest.empty() && rest.back() == '\n') rest.pop_back();
  return {prompt.substr(0, end), std::move(rest)};
}

/// As Airflow writes params: what each is beforehand, what it is for, and its schema.
Value form_value(const Value& params) {
  ValueMap out;
  if (params.type() != ValueType::map) return Value(std::move(out));
  for (const auto& [name, schema] : params.as_map()) {
    const Value* given = schema.find("default");
    const Value* about = schema.find("description");
    out.emplace_back(name, Value(ValueMap{{"value", given != nullptr ? *given : Value()},
                                          {"description", about != nullptr ? *about : Value()},
                                          {"schema", schema}}));
  }
  return Value(std::move(out));
}

Value answer_member(const Value& answer, const char* name) {
  const Value* found = answer.find(name);
  return found != nullptr ? *found : Value();
}

}  // namespace

ValueMap approval_value(const ApprovalRow& row) {
  const ApprovalAsk ask = ask_from_json(row.form_json);
  const auto [subject, body] = parts_of(ask.prompt);
  const auto parsed = row.answer_json.empty() ? Result<Value>(Value(ValueMap{})) : from_json(row.answer_json);
  const Value answer = parsed && parsed->type() == ValueType::map ? *parsed : Value(ValueMap{});
  const bool is_answered = row.state == ApprovalState::answered;
  const Value params = answer_member(answer, "params");
  const Value note = answer_member(answer, "note");
  const bool has_note = note.type() == ValueType::string && !note.as_string().empty();
  ValueList assigned;
  for (const std::string& name : ask.assignees) assigned.push_back(user_value(name));
  return {{"id", row.approval_no},
          {"options", texts_value(ask.options)},
          {"subject", subject},
          {"body", body.empty() ? Value() : Value(body)},
          {"defaults", ask.defaults.empty() ? Value() : texts_value(ask.defaults)},
          {"multiple", ask.multiple},
          {"params", form_value(ask.params)},
          {"assigned_users", Value(std::move(assigned))},
          {"created_at", approval_time(row.created_at)},
          {"responded_by_user", is_answered ? user_value(row.closed_by) : Value()},
          {"responded_at", is_answered ? approval_time(row.closed_at) : Value()},
          {"chosen_options", answer_member(answer, "chosen")},
          {"params_input", params.type() == ValueType::map ? params : Value(ValueMap{})},
          {"response_received", is_answered},
          {"state", to_string(row.state)},
          {"state_reason", row.reason == Reason::none ? Value() : Value(to_string(row.reason))},
          {"closed_at", approval_time(row.closed_at)},
          {"deadline", approval_time(row.deadline)},
          {"requester", row.requester.empty() ? Value() : Value(row.requester)},
          {"self_allowed", ask.self},
          {"note", has_note ? note : Value()}};
}

ValueMap approval_brief(const ApprovalRow& row) {
  const ApprovalAsk ask = ask_from_json(row.form_json);
  return {{"id", row.approval_no},
          {"dag_id", row.dag_id},
          {"dag_run_id", row.run_id},
          {"task_id", row.task_id},
          {"map_index", std::int64_t{row.map_index}},
          {"subject", parts_of(ask.prompt).first},
          {"options", texts_value(ask.options)},
          {"assigned_users", texts_value(ask.assignees)},
          {"created_at", approval_time(row.created_at)},
          {"deadline", approval_time(row.deadline)}};
}

std::string words_of_close(const ApprovalRow& row) {
  const std::string at =
      row.closed_at == kNoTime ? std::string() : " at " + timetable::format_rfc3339(row.closed_at, timetable::utc());
  switch (row.state) {
    case ApprovalState::open: return "it is open";
    case ApprovalState::answered: {
      const auto answer = from_json(row.answer_json);
      std::string chosen;
      const Value list = answer ? answer_member(*answer, "chosen") : Value();
      for (std::size_t k = 0; list.type() == ValueType::list && k < list.as_list().size(); ++k) {
        const Value& one = list.as_list()[k];
        if (one.type() == ValueType::string) chosen += (chosen.empty() ? ": " : ", ") + one.as_string();
      }
      return "it was answered by " + row.closed_by + at + chosen;
    }
    case ApprovalState::withdrawn: {
      const std::string why = row.reason == Reason::none ? std::string() : " (" + std::string(to_string(row.reason)) + ")";
      return "it was withdrawn" + at + why;
    }
    case ApprovalState::expired: return "its deadline passed" + at;
  }
  return {};
}

}  // namespace baton::insight
