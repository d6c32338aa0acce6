#include "web/api/description.h"

#include <algorithm>
#include <optional>

#include "scheduler/json/json_value.h"
#include "web/api/fields.h"
#include "web/http/router.h"
#include "web/http/target.h"

namespace baton::api {

namespace {

/// Of operations that take no body. Clients that always send JSON send an empty object.
constexpr std::size_t kNoBodyMax = 64;

/// Nothing, `{}` or `null`.
bool says_nothing(std::string_view body) {
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return true;
  const auto read = from_json(body);
  return read && (read->is_null() || (read->type() == ValueType::map && read->as_map().empty()));
}

bool is_true(const Value& object, std::string_view key) {
  const Value* found = object.find(key);
  return found != nullptr && found->type() == ValueType::boolean && found->as_bool();
}

std::optional<http::Method> method_of(const std::string& name) {
  std::string upper = name;
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  for (int k = 0; k <= static_cast<int>(http::Method::del); ++k) {
    if (http::to_string(static_cast<http::Method>(k)) == upper) return static_cast<http::Method>(k);
  }
  return std::nullopt;
}

}  // namespace

Result<std::shared_ptr<const Description>> Description::read(std::string_view json) {
  auto document = from_json(json);
  if (!document) return document.error();
  auto out = std::make_shared<Description>();
  out->document_ = std::move(*document);
  if (auto done = out->read_paths(); !done) return done.error();
  return std::shared_ptr<const Description>(std::move(out));
}

Status Description::read_paths() {
  const Value* paths = document_.find("paths");
  if (paths == nullptr || paths->type() != ValueType::map) return Error{"the description of the API has no paths"};
  for (const auto& [path, item] : paths->as_map()) {
    for (const auto& [method, operation] : item.as_map()) {
      if (auto done = read_operation(path.as_string(), method.as_string(), operation); !done) return done;
    }
  }
  return Unit{};
}

Status Description::read_operation(const std::string& path, const std::string& method, const Value& item) {
  Operation out;
  out.path = path;
  out.id = text_member(item, "operationId");
  out.resource = text_member(item, "x-resource");
  const auto role = http::role_named(text_member(item, "x-role"));
  const auto known = method_of(method);
  if (!role || !known || out.id.empty() || out.resource.empty()) {
    return Error{method + " " + path + " has no operationId, x-role or x-resource"};
  }
  out.role = *role;
  out.method = *known;
  if (*known != http::Method::get) out.body_max = kNoBodyMax;
  if (const Value* parameters = item.find("parameters")) {
    for (const Value& one : parameters->as_list()) {
      const Value* parameter = resolved(one);
      if (parameter == nullptr) return Error{method + " " + path + ": a parameter leads nowhere"};
      if (text_member(*parameter, "in") != "query") continue;
      const Value* schema = parameter->find("schema");
      if (schema != nullptr) schema = resolved(*schema);
      if (schema == nullptr) return Error{method + " " + path + ": a parameter has no schema"};
      out.query.push_back({text_member(*parameter, "name"), is_true(*parameter, "required"), schema});
    }
  }
  if (const Value* body = item.find("requestBody")) {
    const Value* content = body->find("content");
    const Value* media = content == nullptr ? nullptr : content->find("application/json");
    const Value* schema = media == nullptr ? nullptr : media->find("schema");
    out.body = schema == nullptr ? nullptr : resolved(*schema);
    if (out.body == nullptr) return Error{method + " " + path + ": the body has no schema"};
    out.is_body_required = is_true(*body, "required");
    out.takes_form = content->find("application/x-www-form-urlencoded") != nullptr;
    out.body_max = http::kBodyMax;
    if (const Value* most = item.find("x-body-max")) out.body_max = static_cast<std::size_t>(most->as_int());
  }
  operations_.push_back(std::move(out));
  return Unit{};
}

/// Follows `$ref: '#/components/…'`. Null: it leads nowhere.
const Value* Description::resolved(const Value& schema) const {
  const std::string reference = text_member(schema, "$ref");
  if (reference.empty()) return &schema;
  const Value* at = &document_;
  for (std::size_t begin = 2; at != nullptr && begin <= reference.size();) {
    const std::size_t end = std::min(reference.find('/', begin), reference.size());
    at = at->find(std::string_view(reference).substr(begin, end - begin));
    begin = end + 1;
  }
  return at;
}

// ---- requests against schemas ----

/// Collects what does not fit. `where` is the way to what is being looked at.
struct Description::Check {
  const Description& description;
  std::vector<http::Fault> faults;
  std::vector<std::string> where;
  bool is_hidden = false;  ///< within a schema that is `writeOnly`: what was given is told to nobody, its sender neither

  void fault(std::string type, std::string message, const Value& input) {
    faults.push_back({std::move(type), where, std::move(message), is_hidden ? "null" : to_json(input)});
  }

  void value(const Value& schema_or_reference, const Value& given) {
    const Value* schema = description.resolved(schema_or_reference);
    if (schema == nullptr) return;
    const Value* write_only = schema->find("writeOnly");
    const bool was_hidden = is_hidden;
    is_hidden = is_hidden || (write_only != nullptr && write_only->type() == ValueType::boolean && write_only->as_bool());
    shape(*schema, given);
    is_hidden = was_hidden;
  }

  void shape(const Value& schema, const Value& given) {
    if (!has_type(schema, given)) return;
    if (const Value* choices = schema.find("enum")) one_of(*choices, given);
    if (given.type() == ValueType::string) text(schema, given);
    if (given.type() == ValueType::integer || given.type() == ValueType::floating) number(schema, given);
    if (given.type() == ValueType::list) list(schema, given);
    if (given.type() == ValueType::map) object(schema, given);
  }

  bool is_of(const std::string& type, const Value& given) {
    switch (given.type()) {
      case ValueType::null: return type == "null";
      case ValueType::boolean: return type == "boolean";
      case ValueType::integer: return type == "integer" || type == "number";
      case ValueType::floating: return type == "number";
      case ValueType::string: return type == "string";
      case ValueType::list: return type == "array";
      case ValueType::map: return type == "object";
      case ValueType::timestamp:
      case ValueType::duration: return false;
    }
    return false;
  }

  bool has_type(const Value& schema, const Value& given) {
    const Value* type = schema.find("type");
    if (type == nullptr) return true;
    std::string wanted;
    if (type->type() == ValueType::string) {
      wanted = type->as_string();
      if (is_of(wanted, given)) return true;
    } else {
      for (const Value& one : type->as_list()) {
        if (is_of(one.as_string(), given)) return true;
        if (wanted.empty()) wanted = one.as_string();
      }
    }
    fault((wanted == "object"  ? "dict"
           : wanted == "array" ? "list"
                               : wanted) +
              "_type",
          "Input should be a valid " + wanted, given);
    return false;
  }

  void one_of(const Value& choices, const Value& given) {
    const ValueList& list = choices.as_list();
    if (std::find(list.begin(), list.end(), given) != list.end()) return;
    std::string names;
    for (const Value& one : list) names += (names.empty() ? "" : ", ") + to_json(one);
    fault("enum", "Input should be one of " + names, given);
  }

  void text(const Value& schema, const Value& given) {
    const std::string& text = given.as_string();
    if (text_member(schema, "format") == "date-time" && time_of_text(text) == kNoTime) {
      fault("datetime_parsing", "Input should be a valid datetime or a date", given);
    }
    const Value* most = schema.find("maxLength");
    if (most != nullptr && text.size() > static_cast<std::size_t>(most->as_int())) {
      fault("string_too_long", "String should have at most " + to_json(*most) + " characters", given);
    }
    const Value* least = schema.find("minLength");
    if (least != nullptr && text.size() < static_cast<std::size_t>(least->as_int())) {
      fault("string_too_short", "String should have at least " + to_json(*least) + " characters", given);
    }
  }

  void number(const Value& schema, const Value& given) {
    const auto as_double = [](const Value& v) {
      return v.type() == ValueType::integer ? static_cast<double>(v.as_int()) : v.as_double();
    };
    const Value* least = schema.find("minimum");
    if (least != nullptr && as_double(given) < as_double(*least)) {
      fault("greater_than_equal", "Input should be greater than or equal to " + to_json(*least), given);
    }
    const Value* most = schema.find("maximum");
    if (most != nullptr && as_double(given) > as_double(*most)) {
      fault("less_than_equal", "Input should be less than or equal to " + to_json(*most), given);
    }
  }

  void list(const Value& schema, const Value& given) {
    const Value* items = schema.find("items");
    if (items == nullptr) return;
    for (std::size_t k = 0; k < given.as_list().size(); ++k) {
      where.push_back(std::to_string(k));
      value(*items, given.as_list()[k]);
      where.pop_back();
    }
  }

  void object(const Value& schema, const Value& given) {
    const Value* properties = schema.find("properties");
    for (const auto& [key, member] : given.as_map()) {
      const Value* known = properties == nullptr ? nullptr : properties->find(key.as_string());
      where.push_back(key.as_string());
      const Value* more = schema.find("additionalProperties");
      const bool is_closed = more != nullptr && more->type() == ValueType::boolean && !more->as_bool();
      if (known != nullptr) {
        value(*known, member);
      } else if (more != nullptr && more->type() == ValueType::map) {
        value(*more, member);
      } else if (is_closed) {
        fault("extra_forbidden", "Extra inputs are not permitted", member);
      }
      where.pop_back();
    }
    const Value* required = schema.find("required");
    if (required == nullptr) return;
    for (const Value& name : required->as_list()) {
      if (given.find(name.as_string()) != nullptr) continue;
      where.push_back(name.as_string());
      fault("missing", "Field required", given);
      where.pop_back();
    }
  }

  /// A word of the query as the type that its schema wants. None: a fault.
  std::optional<Value> typed(const Value& schema_or_reference, const std::string& text) {
    const Value* schema = description.resolved(schema_or_reference);
    std::string type = schema == nullptr ? "" : text_member(*schema, "type");
    if (schema != nullptr && type.empty() && schema->find("type") != nullptr)
      type = schema->find("type")->as_list().front().as_string();
    if (type == "boolean") {
      if (text == "true" || text == "True" || text == "1") return Value(true);
      if (text == "false" || text == "False" || text == "0") return Value(false);
      fault("bool_parsing", "Input should be a valid boolean, unable to interpret input", Value(text));
      return std::nullopt;
    }
    if (type == "integer" || type == "number") {
      auto number = from_json(text);
      const bool has_blanks = text.find_first_of(" \t\r\n") != text.npos;  // which JSON would pass over
      if (number && !has_blanks &&
          (number->type() == ValueType::integer || (type == "number" && number->type() == ValueType::floating)))
        return *number;
      fault(type == "integer" ? "int_parsing" : "float_parsing",
            "Input should be a valid " + type + ", unable to parse string", Value(text));
      return std::nullopt;
    }
    return Value(text);
  }
};

std::vector<http::Fault> Description::check_query(const Operation& operation, const http::Request& request) const {
  Check check{*this, {}, {}};
  for (const auto& [name, text] : request.query) {
    check.where = {"query", name};
    const auto known = std::find_if(operation.query.begin(), operation.query.end(),
                                    [&name = name](const Parameter& p) { return p.name == name; });
    if (known == operation.query.end()) {
      check.fault("extra_forbidden", "Extra inputs are not permitted", Value(text));
      continue;
    }
    const Value* items = known->schema->find("items");
    const Value& schema = items != nullptr ? *items : *known->schema;
    if (const auto value = check.typed(schema, text)) check.value(schema, *value);
  }
  for (const Parameter& parameter : operation.query) {
    if (!parameter.is_required || request.query_value(parameter.name)) continue;
    check.where = {"query", parameter.name};
    check.fault("missing", "Field required", Value());
  }
  return std::move(check.faults);
}

std::vector<http::Fault> Description::check_body(const Operation& operation, const http::Request& request,
                                                 Value& body) const {
  Check check{*this, {}, {"body"}};
  if (operation.body == nullptr) {
    if (!says_nothing(request.body)) check.fault("extra_forbidden", "This operation takes no body", Value());
    return std::move(check.faults);
  }
  if (request.body.empty()) {
    if (operation.is_body_required) check.fault("missing", "Field required", Value());
    body = Value(ValueMap{});
    return std::move(check.faults);
  }
  const std::string_view media = request.header("content-type");
  if (operation.takes_form && media.substr(0, 33) == "application/x-www-form-urlencoded") {
    auto form = http::read_form(request.body);
    ValueMap members;
    if (auto* pairs = std::get_if<http::Pairs>(&form)) {
      for (auto& [name, value] : *pairs) members.emplace_back(Value(name), Value(value));
    }
    body = Value(std::move(members));
  } else {
    auto read = from_json(request.body);
    if (!read) {
      check.faults.push_back({"json_invalid", {"body"}, "JSON decode error: " + read.error().message, "null"});
      return std::move(check.faults);
    }
    body = std::move(*read);
  }
  check.value(*operation.body, body);
  return std::move(check.faults);
}

}  // namespace baton::api
