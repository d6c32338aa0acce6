#include "cli/run_params.h"

#include <algorithm>
#include <filesystem>

#include "cli/dag_lookup.h"
#include "cli/permissions.h"
#include "scheduler/dagfile/params.h"
#include "scheduler/dagfile/value_file.h"
#include "scheduler/json/json_value.h"

namespace baton::cli {
namespace {

namespace fs = std::filesystem;

using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::int64_t kBytesMax = 8 << 20;

Result<Value> mapping_of_file(const std::string& path, const Invocation& call) {
  if (Status may = may_read(path); !may) return may.error();
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return Error{"--params: there is no file \"" + path + "\"", ErrorKind::not_found};
  Result<std::string> text = read_regular_file(path, kBytesMax);
  if (!text) return Error{"--params: " + path + ": " + text.error().message};
  ValueResult loaded = load_value_text(std::move(*text), path);
  const std::string findings = diagnostics_text(loaded.diagnostics, call.err_style());
  std::fwrite(findings.data(), 1, findings.size(), stderr);
  if (!loaded.value) return Error{"--params: " + path + " cannot be read; mend what is said above"};
  if (loaded.value->is_null()) return Value(ValueMap{});
  if (loaded.value->type() != ValueType::map) {
    return Error{"--params: " + path + " holds no mapping of names to values"};
  }
  return std::move(*loaded.value);
}

/// The text that `-p` would take for this value: JSON, but a text for a param that takes texts alone stands as it is.
Result<std::string> text_of(const Dag& dag, const std::string& name, const Value& value) {
  const auto declared = std::ranges::find(dag.params, name, &ParamSpec::name);
  if (declared == dag.params.end()) return to_json(value);  // resolve_params says what it thinks of the name
  const Result<Value> schema = from_json(declared->schema_json);
  const Value* const type = schema ? schema->find("type") : nullptr;
  const bool is_text = type != nullptr && type->type() == ValueType::string && type->as_string() == "string";
  if (!is_text) return to_json(value);
  if (value.type() == ValueType::string) return value.as_string();
  return Error{"--params: param \"" + name + "\" is a string, not " + to_json(value) + "; quote it"};
}

/// The `name=text` pairs of both, each name from one of them. Texts are those that `-p` takes, so that both go the same
/// way from here.
Result<Pairs> given_params(const Dag& dag, const Invocation& call) {
  Pairs out;
  for (const std::string& text : call.args().values("param")) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) return Error{"-p wants name=value, not \"" + text + "\""};
    out.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  if (!call.args().has("params")) return out;
  const Result<Value> file = mapping_of_file(call.args().value("params"), call);
  if (!file) return file.error();
  Pairs from_file;
  for (const auto& [key, value] : file->as_map()) {
    const std::string name = key.type() == ValueType::string ? key.as_string() : to_json(key);
    if (std::ranges::find(out, name, &Pairs::value_type::first) != out.end()) continue;
    Result<std::string> text = text_of(dag, name, value);
    if (!text) return text.error();
    from_file.emplace_back(name, std::move(*text));
  }
  from_file.insert(from_file.end(), std::make_move_iterator(out.begin()), std::make_move_iterator(out.end()));
  return from_file;
}

}  // namespace

Result<Value> params_of(const Dag& dag, const Invocation& call) {
  const Result<Pairs> given = given_params(dag, call);
  if (!given) return given.error();
  return resolve_params(dag, *given);
}

Result<Value> params_given(const Dag& dag, const Invocation& call) {
  const Result<Pairs> given = given_params(dag, call);
  if (!given) return given.error();
  const Result<Value> all = resolve_params(dag, *given);
  if (!all) return all.error();
  ValueMap out;
  for (const auto& [name, value] : all->as_map()) {
    const auto is_it = [&name = name](const auto& pair) { return Value(pair.first) == name; };
    const bool is_given = std::ranges::any_of(*given, is_it);
    if (is_given) out.emplace_back(name, value);
  }
  return Value(std::move(out));
}

}  // namespace baton::cli
