#include "scheduler/dagfile/params.h"

#include <algorithm>

#include "scheduler/dagfile/json_schema.h"
#include "scheduler/dagfile/reporter.h"
#include "scheduler/json/json_value.h"
#include "scheduler/model/number.h"

namespace baton {
namespace {

using dagfile::in_quotes;

const ParamSpec* find_param(const Dag& dag, std::string_view name) {
  const auto at =
      std::find_if(dag.params.begin(), dag.params.end(), [&](const ParamSpec& p) { return p.name == name; });
  return at == dag.params.end() ? nullptr : &*at;
}

std::string unknown_param(const Dag& dag, std::string_view name) {
  std::vector<std::string_view> known;
  for (const ParamSpec& p : dag.params) known.emplace_back(p.name);
  std::string message = "DAG " + in_quotes(dag.id) + " has no param " + in_quotes(name);
  const std::string hint = dagfile::did_you_mean_hint(name, known);
  if (!hint.empty()) return message + "; " + hint;
  if (known.empty()) return message + "; it has none";
  message += "; it has ";
  for (std::size_t i = 0; i < known.size(); ++i) message += (i > 0 ? ", " : "") + std::string(known[i]);
  return message;
}

Value schema_of(const ParamSpec& param) {
  const auto parsed = from_exact_json(param.schema_json);
  return parsed ? *parsed : Value(ValueMap());
}

bool is_string_only(const Value& schema) {
  return dagfile::single_type(schema) == "string";
}

/// An item of `a,b`: text where the items are text, else JSON.
Result<Value> item_of_text(const Value& item_schema, std::string_view text) {
  if (is_string_only(item_schema)) return Value(text);
  auto parsed = from_json(text);
  if (parsed) return parsed;
  if (dagfile::allows_type(item_schema, "string")) return Value(text);
  return parsed;
}

Result<Value> list_of_text(const Value& schema, std::string_view text) {
  const Value* const items = schema.find("items");
  const Value any{ValueMap()};
  ValueList list;
  if (text.empty()) return Value(std::move(list));
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    auto item = item_of_text(items != nullptr ? *items : any, text.substr(begin, end - begin));
    if (!item) return item;
    list.push_back(std::move(item).value());
    begin = end + 1;
  }
  return Value(std::move(list));
}

Result<Value> value_of_text(const Value& schema, std::string_view text) {
  const std::string type = dagfile::single_type(schema);
  if (type == "string") return Value(text);
  auto parsed = from_json(text);
  if (type == "array" && (!parsed || parsed->type() != ValueType::list)) return list_of_text(schema, text);
  if (!parsed && type.empty() && dagfile::allows_type(schema, "string")) return Value(text);
  // Of several types text comes last: "5" is a number where numbers are allowed.
  if (parsed && type.empty() && !dagfile::validate_value(schema, *parsed).empty() &&
      dagfile::validate_value(schema, Value(text)).empty()) {
    return Value(text);
  }
  if (!parsed) {
    const bool is_number = type == "integer" || type == "number";
    std::string why = is_number && is_decimal(text) ? "; " + parsed.error().message : std::string();
    const bool is_near = type == "number" && core_number(text).kind == CoreNumber::Kind::too_large && read_double(text);
    if (is_near) why += "; as the nearest double it is written " + double_text(*read_double(text));
    return Error{in_quotes(text) + " is not of type " + (type.empty() ? std::string("JSON") : type) + why};
  }
  return parsed;
}

/// What several `-p` of one name make: the items of all of them, for an array alone.
Result<Value> value_of_texts(const Value& schema, const std::vector<std::string_view>& texts) {
  if (texts.size() == 1) return value_of_text(schema, texts.front());
  if (dagfile::single_type(schema) != "array") {
    return Error{"it is given " + std::to_string(texts.size()) + " times; only an array takes several values"};
  }
  ValueList all;
  for (const std::string_view text : texts) {
    auto list = value_of_text(schema, text);
    if (!list) return list;
    for (const Value& item : list->as_list()) all.push_back(item);
  }
  return Value(std::move(all));
}

/// Collects what is wrong, one line each.
struct Faults {
  std::string text;
  void add(const std::string& line) { text += (text.empty() ? "" : "\n") + line; }
};

Value checked(const ParamSpec& param, const Value& schema, const Value& value, Faults& faults) {
  Value typed = dagfile::coerce_numbers(schema, value);
  for (const auto& fault : dagfile::validate_value(schema, typed)) {
    faults.add("param " + in_quotes(param.name) + (fault.path.empty() ? "" : " at " + fault.path) + ": " + fault.message);
  }
  return typed;
}

/// `find` gives what was given for a param, as Result<std::optional<Value>>(param, schema).
template <typename Find>
Result<Value> resolve(const Dag& dag, Faults& faults, Find find) {
  ValueMap resolved;
  for (const ParamSpec& param : dag.params) {
    const Value schema = schema_of(param);
    const Result<std::optional<Value>> given = find(param, schema);
    if (!given) {
      faults.add("param " + in_quotes(param.name) + ": " + given.error().message);
    } else if (*given) {
      resolved.emplace_back(param.name, checked(param, schema, **given, faults));
    } else if (param.default_value) {
      resolved.emplace_back(param.name, *param.default_value);
    } else {
      faults.add("param " + in_quotes(param.name) + " is required; give it with -p " + param.name + "=…");
    }
  }
  if (!faults.text.empty()) return Error{faults.text};
  return Value(std::move(resolved));
}

}  // namespace

Result<Value> resolve_params(const Dag& dag, const std::vector<std::pair<std::string, std::string>>& given) {
  Faults faults;
  for (const auto& [name, text] : given) {
    if (find_param(dag, name) == nullptr) faults.add(unknown_param(dag, name));
  }
  return resolve(dag, faults, [&](const ParamSpec& param, const Value& schema) -> Result<std::optional<Value>> {
    std::vector<std::string_view> texts;
    for (const auto& [name, text] : given) {
      if (name == param.name) texts.emplace_back(text);
    }
    if (texts.empty()) return std::optional<Value>();
    auto value = value_of_texts(schema, texts);
    if (!value) return value.error();
    return std::optional<Value>(std::move(value).value());
  });
}

Result<Value> resolve_params_value(const Dag& dag, const Value& given) {
  if (given.type() != ValueType::map) return Error{"params must be a JSON object"};
  Faults faults;
  for (const auto& [name, value] : given.as_map()) {
    if (find_param(dag, name.as_string()) == nullptr) faults.add(unknown_param(dag, name.as_string()));
  }
  return resolve(dag, faults, [&](const ParamSpec& param, const Value&) -> Result<std::optional<Value>> {
    const Value* const value = given.find(param.name);
    return value != nullptr ? std::optional<Value>(*value) : std::optional<Value>();
  });
}

Result<Value> resolve_params_json(const Dag& dag, std::string_view json) {
  const auto parsed = from_json(json);
  if (!parsed) return Error{"params are no JSON: " + parsed.error().message};
  return resolve_params_value(dag, *parsed);
}

namespace {

/// A form is checked as the params of a DAG are.
Result<Dag> dag_of_form(const std::string& task_id, const Value& forms) {
  Dag form;
  form.id = task_id;
  if (forms.type() != ValueType::map) return form;
  for (const auto& [name, schema] : forms.as_map()) {
    auto param = dagfile::param_of(name.as_string(), to_exact_json(schema.type() == ValueType::null ? Value(ValueMap{}) : schema));
    if (!param) return param.error();
    form.params.push_back(std::move(*param));
  }
  return form;
}

/// In the words of a form.
Result<Value> of_form(const std::string& task_id, Result<Value> resolved) {
  if (resolved) return resolved;
  std::string message = resolved.error().message;
  const std::string words = "DAG " + in_quotes(task_id);
  for (std::size_t at = message.find(words); at != std::string::npos; at = message.find(words)) {
    message.replace(at, words.size(), "the form of task " + in_quotes(task_id));
    break;
  }
  return Error{std::move(message), ErrorKind::invalid};
}

}  // namespace

Result<Value> resolve_form(const std::string& task_id, const Value& forms, const Value& given) {
  const auto form = dag_of_form(task_id, forms);
  if (!form) return form.error();
  return of_form(task_id, resolve_params_value(*form, given.type() == ValueType::null ? Value(ValueMap{}) : given));
}

Result<Value> resolve_form(const std::string& task_id, const Value& forms,
                           const std::vector<std::pair<std::string, std::string>>& given) {
  const auto form = dag_of_form(task_id, forms);
  if (!form) return form.error();
  return of_form(task_id, resolve_params(*form, given));
}

namespace dagfile {

Result<ParamSpec> param_of(std::string name, std::string schema_json) {
  const auto schema = from_exact_json(schema_json);
  if (!schema || schema->type() != ValueType::map) return Error{"the declaration of a param is no JSON object",
                                                                ErrorKind::storage};
  ParamSpec param;
  param.name = std::move(name);
  param.type = single_type(*schema);
  if (const Value* const given = schema->find("default")) param.default_value = coerce_numbers(*schema, *given);
  if (const Value* const text = schema->find("description"); text != nullptr && text->type() == ValueType::string) {
    param.description = text->as_string();
  }
  param.schema_json = std::move(schema_json);
  return param;
}

}  // namespace dagfile
}  // namespace baton
