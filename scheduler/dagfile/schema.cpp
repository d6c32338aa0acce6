#include "scheduler/dagfile/schema.h"

#include <nlohmann/json.hpp>
#include <set>

#include "scheduler/dagfile/diagnostic.h"
#include "scheduler/dagfile/keys.h"
#include "scheduler/dagfile/shape.h"

namespace baton {
namespace {

using dagfile::Form;
using dagfile::Forms;
using dagfile::Key;
using Json = nlohmann::ordered_json;

constexpr std::string_view kIdPattern = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,249}$";

std::vector<std::string> words_of(std::string_view words) {
  std::vector<std::string> out(1);
  for (const char c : words) {
    if (c == ' ') {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

Json reference(std::string_view object) {
  return {{"$ref", "#/$defs/" + std::string(object)}};
}

Json alternatives(const Key& key, Forms forms);

/// The scalar forms of a row, one schema each.
void add_scalars(const Key& key, Forms forms, Json& any) {
  const auto named = [&](Forms form, std::string_view definition) {
    if ((forms & form) != 0) any.push_back(reference(definition));
  };
  named(dagfile::kText | dagfile::kTemplate, "scalar");
  named(dagfile::kScript, "script");
  named(dagfile::kCondition, "expression");
  named(dagfile::kComputed, "computed");
  named(dagfile::kDuration, "duration");
  named(dagfile::kSize, "size");
  named(dagfile::kTime, "time");
  named(dagfile::kId, "id");
  if ((forms & dagfile::kNumber) != 0) {
    any.push_back({{"type", "number"}});
  } else if ((forms & dagfile::kInteger) != 0) {
    Json integer = {{"type", "integer"}};
    if (key.least > INT32_MIN) integer["minimum"] = key.least;
    any.push_back(integer);
  }
  if ((forms & dagfile::kBoolean) != 0) any.push_back({{"type", "boolean"}});
  if ((forms & dagfile::kWord) != 0) any.push_back({{"enum", words_of(key.words)}});
  if ((forms & dagfile::kNull) != 0) any.push_back({{"type", "null"}});
}

Json alternatives(const Key& key, Forms forms) {
  if ((forms & dagfile::kAny) != 0) return Json::object();
  Json any = Json::array();
  add_scalars(key, forms, any);
  if ((forms & dagfile::kObject) != 0)
    any.push_back(key.object == "any" ? Json{{"type", "object"}} : reference(key.object));
  if ((forms & dagfile::kList) != 0) any.push_back({{"type", "array"}, {"items", alternatives(key, key.items)}});
  return any.size() == 1 ? any[0] : Json{{"anyOf", any}};
}

Json schema_of_key(const Key& key) {
  Json schema = alternatives(key, key.forms);
  std::string doc(key.doc);
  if ((key.flags & dagfile::kService) != 0) doc += " (acts with a server)";
  schema["description"] = doc;
  return schema;
}

Json schema_of_object(std::string_view object) {
  Json properties = Json::object();
  Json required = Json::array();
  Json others = false;
  Json kinds = Json::array();
  for (const Key& key : dagfile::keys_of(object)) {
    if (!dagfile::is_known_key(object, key) || (key.flags & dagfile::kReserved) != 0) continue;
    if (key.name == "*") {
      others = schema_of_key(key);
      continue;
    }
    properties[std::string(key.name)] = schema_of_key(key);
    if ((key.flags & dagfile::kRequired) != 0) required.push_back(key.name);
    if ((key.flags & dagfile::kKind) != 0) kinds.push_back({{"required", {key.name}}});
  }
  Json schema = {{"type", "object"}};
  if (!properties.empty()) schema["properties"] = properties;
  if (!required.empty() && object != "defaults") schema["required"] = required;
  schema["additionalProperties"] = others;
  if (object == "task" || object == "hook") schema["oneOf"] = kinds;
  return schema;
}

void add_scalar_definitions(Json& defs) {
  defs["id"] = {{"type", "string"}, {"pattern", kIdPattern}};
  defs["scalar"] = {{"type", {"string", "number", "boolean"}}};
  defs["script"] = {{"type", "string"}};
  defs["expression"] = {{"type", {"string", "boolean"}}};
  defs["computed"] = {{"type", "string"}, {"pattern", R"(^\s*\$\{\{)"}};
  defs["duration"] = {{"type", "string"}, {"pattern", R"(^([0-9]+(\.[0-9]+)?(ms|s|m|h|d|w))+$|^P[0-9WDTHMS.]+$)"}};
  defs["size"] = {
      {"anyOf",
       {{{"type", "integer"}}, {{"type", "string"}, {"pattern", R"(^[0-9]+(\.[0-9]+)?([KMGTP]i|[kKMGTP]|B)?$)"}}}}};
  defs["time"] = {{"type", "string"}};
}

std::string escaped_cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

}  // namespace

std::string dag_schema_json() {
  Json defs = Json::object();
  add_scalar_definitions(defs);
  std::set<std::string> done = {"dag", "any", "config", "limits"};
  const auto add = [&](std::string_view object) {
    if (object.empty() || !done.insert(std::string(object)).second) return;
    defs[std::string(object)] = schema_of_object(object);
  };
  for (const Key& key : dagfile::keys()) {
    add(key.where);
    add(key.object);
  }
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "A DAG of Baton"}};
  const Json top = schema_of_object("dag");
  for (const auto& [name, part] : top.items()) schema[name] = part;
  schema["$defs"] = defs;
  return schema.dump(2);
}

std::string key_reference_markdown() {
  std::string out;
  std::string_view before;
  for (const Key& key : dagfile::keys()) {
    if (key.where != before) {
      out += (before.empty() ? "## `" : "\n## `") + std::string(key.where) +
             "`\n\n| key | value | meaning | example |\n|---|---|---|---|\n";
      before = key.where;
    }
    const std::string name = key.name == "*" ? std::string("*any name*") : "`" + std::string(key.name) + "`";
    const char* const flags = (key.flags & dagfile::kReserved) != 0   ? " (reserved)"
                              : (key.flags & dagfile::kRequired) != 0 ? " (required)"
                                                                      : "";
    const std::string example = key.example.empty() ? "" : "`" + escaped_cell(key.example) + "`";
    out += "| " + name + flags + " | " + escaped_cell(dagfile::describe(key)) + " | " + escaped_cell(key.doc) +
           ((key.flags & dagfile::kService) != 0 ? " *(server)*" : "") + " | " + example + " |\n";
  }
  return out;
}

std::string rule_reference_markdown() {
  std::string out = "| rule | meaning |\n|---|---|\n";
  for (const RuleInfo& rule : rules()) {
    out += "| `" + std::string(rule.name) + "` | " + escaped_cell(rule.doc) + " |\n";
  }
  return out;
}

}  // namespace baton
