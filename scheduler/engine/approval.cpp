#include "scheduler/engine/approval.h"

#include <algorithm>
#include <utility>

#include "scheduler/engine/body.h"
#include "scheduler/engine/run_names.h"
#include "scheduler/expr/convert.h"
#include "scheduler/json/json_value.h"
#include "scheduler/timetable/time_text.h"

namespace baton {
namespace {

std::string ask_text(const Value& body, const char* name) {
  const Value* found = body.find(name);
  return found != nullptr && found->type() == ValueType::string ? found->as_string() : std::string();
}

bool ask_flag(const Value& body, const char* name) {
  const Value* found = body.find(name);
  return found != nullptr && found->type() == ValueType::boolean && found->as_bool();
}

/// One text, or a list of some.
std::vector<std::string> ask_texts(const Value& body, const char* name) {
  std::vector<std::string> out;
  const Value* found = body.find(name);
  if (found == nullptr) return out;
  if (found->type() == ValueType::string) out.push_back(found->as_string());
  if (found->type() != ValueType::list) return out;
  for (const Value& one : found->as_list()) {
    if (one.type() == ValueType::string) out.push_back(one.as_string());
  }
  return out;
}

Value list_of_texts(const std::vector<std::string>& texts) {
  ValueList out;
  for (const std::string& text : texts) out.emplace_back(text);
  return Value(std::move(out));
}

/// Of a body of the language, and of what ask_json() writes: the names are the same.
ApprovalAsk ask_of_value(const Value& body) {
  ApprovalAsk ask;
  if (body.type() == ValueType::string) {  // the question alone
    ask.prompt = body.as_string();
  } else if (body.type() == ValueType::map) {
    ask.prompt = ask_text(body, "prompt");
    const Value* prompt = body.find("prompt");  // one expression keeps the type of its value
    if (ask.prompt.empty() && prompt != nullptr && prompt->type() != ValueType::string) ask.prompt = to_json(*prompt);
    ask.options = ask_texts(body, "options");
    ask.multiple = ask_flag(body, "multiple");
    if (const Value* params = body.find("params"); params != nullptr) ask.params = *params;
    ask.assignees = ask_texts(body, "assignees");
    ask.self = ask_flag(body, "self");
    ask.defaults = ask_texts(body, "default");
    const auto timeout = timetable::parse_duration(ask_text(body, "timeout"));
    if (timeout && *timeout > 0) ask.timeout_us = *timeout;
    const std::string silence = ask_text(body, "on_timeout");
    if (silence == "skip") ask.on_timeout = ApprovalAsk::Silence::skip;
    if (silence == "default") ask.on_timeout = ApprovalAsk::Silence::takes_default;
  }
  if (ask.params.type() != ValueType::map) ask.params = Value(ValueMap{});
  if (ask.options.empty()) ask.options = {"approve", kRejects};
  return ask;
}

/// As its author wrote it.
Value written(const TaskSpec& spec) {
  const auto body = from_json(spec.body->json, kExactJsonLimits);
  return body ? *body : Value();
}

}  // namespace

ApprovalAsk ask_of(const TaskSpec& spec) {
  return ask_of_value(written(spec));
}

Result<ApprovalAsk> rendered_ask(const DagRun& run, InstanceNo i) {
  const auto body = body_of(run, i);
  if (!body) return body.error();
  return ask_of_value(*body);
}

std::string ask_json(const ApprovalAsk& ask) {
  return to_json(Value(ValueMap{{"prompt", ask.prompt},
                                {"options", list_of_texts(ask.options)},
                                {"multiple", ask.multiple},
                                {"params", ask.params},
                                {"assignees", list_of_texts(ask.assignees)},
                                {"self", ask.self},
                                {"default", list_of_texts(ask.defaults)}}));
}

ApprovalAsk ask_from_json(const std::string& json) {
  const auto body = from_json(json, kExactJsonLimits);
  return ask_of_value(body ? *body : Value());
}

Value answer_value(const std::vector<std::string>& chosen, Value params, const std::string& by, WallUs at,
                   const std::string& note) {
  return Value(ValueMap{{"chosen", list_of_texts(chosen)},
                        {"option", chosen.empty() ? std::string() : chosen.front()},
                        {"params", std::move(params)},
                        {"by", by},
                        {"at", timetable::format_rfc3339(at, timetable::utc())},
                        {"note", note}});
}

Result<Value> form_defaults(const ApprovalAsk& ask) {
  ValueMap out;
  for (const auto& [name, schema] : ask.params.as_map()) {
    const Value* const given = schema.find("default");
    if (given == nullptr) return Error{"\"" + name.as_string() + "\" of its form has no default"};
    const Value* const type = schema.find("type");
    const bool is_number = type != nullptr && *type == Value("number") && given->type() == ValueType::integer;
    out.emplace_back(name, is_number ? Value(static_cast<double>(given->as_int())) : *given);
  }
  return Value(std::move(out));
}

bool rejects(const std::vector<std::string>& chosen) {
  return std::find(chosen.begin(), chosen.end(), kRejects) != chosen.end();
}

Status check_chosen(const ApprovalAsk& ask, const std::vector<std::string>& chosen) {
  std::string known;
  for (const std::string& option : ask.options) known += (known.empty() ? "" : ", ") + option;
  if (chosen.empty()) return Error{"say which option is chosen: " + known, ErrorKind::invalid};
  if (chosen.size() > 1 && !ask.multiple) return Error{"one option alone may be chosen of: " + known, ErrorKind::invalid};
  for (auto one = chosen.begin(); one != chosen.end(); ++one) {
    if (std::find(ask.options.begin(), ask.options.end(), *one) == ask.options.end()) {
      return Error{"\"" + *one + "\" is no option; these are: " + known, ErrorKind::invalid};
    }
    if (std::find(chosen.begin(), one, *one) != one) {
      return Error{"option \"" + *one + "\" is chosen twice", ErrorKind::invalid};
    }
  }
  return Unit{};
}

}  // namespace baton
