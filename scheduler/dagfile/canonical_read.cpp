#include <algorithm>
#include <type_traits>

#include "scheduler/dagfile/canonical.h"
#include "scheduler/dagfile/canonical_fields.h"
#include "scheduler/dagfile/canonical_write.h"
#include "scheduler/dagfile/enum_names.h"
#include "scheduler/dagfile/params.h"
#include "scheduler/dagfile/shared_parts.h"
#include "scheduler/dagfile/task_body.h"
#include "scheduler/digest/digest.h"
#include "scheduler/expr/shell_template.h"
#include "scheduler/expr/template.h"
#include "scheduler/json/json_value.h"

namespace baton {
namespace dagfile {
namespace {

/// Walks canonical_fields.h to find the member of one name, and reads its value.
class FieldReader {
 public:
  template <typename T>
  using Seen = T;

  FieldReader(JsonReader& in, std::string_view wanted) : in_(in), wanted_(wanted) {}

  template <typename T>
  void always(std::string_view name, T& value) {
    if (matches(name)) read(in_, value);
  }
  template <typename T>
  void given(std::string_view name, T& value) {
    always(name, value);
  }
  template <typename T, typename U>
  void given(std::string_view name, T& value, const U& /*unset*/) {
    always(name, value);
  }
  void condition(std::string_view name, Rare<Text>& text);

  [[nodiscard]] bool has_found() const { return has_found_; }

  template <typename T>
  static void read(JsonReader& in, T& value);

 private:
  bool matches(std::string_view name) {
    if (has_found_ || name != wanted_) return false;
    has_found_ = true;
    return true;
  }

  JsonReader& in_;
  std::string_view wanted_;
  bool has_found_ = false;
};

/// One item of an array that must have it, or must not.
void want_item(JsonReader& in) {
  if (!in.next_item()) in.fail();
}
void want_no_item(JsonReader& in) {
  if (in.next_item()) in.fail();
}

void read_value(JsonReader& in, bool& value) {
  value = in.boolean();
}
void read_value(JsonReader& in, std::int64_t& value) {
  value = in.integer();
}
void read_value(JsonReader& in, std::int32_t& value) {
  const std::int64_t number = in.integer();
  if (number < INT32_MIN || number > INT32_MAX) in.fail();
  value = static_cast<std::int32_t>(number);
}
void read_value(JsonReader& in, std::string& value) {
  value = in.string();
}
void read_value(JsonReader& in, Value& value) {
  value = read_exact_value(in);
}
void read_value(JsonReader& in, Text& text) {
  text.source = in.string();
  if (!expr::has_expression(text.source)) return;
  auto parsed = expr::parse_template(text.source);
  if (!parsed.ok()) in.fail();
  text.compiled = std::make_shared<const expr::Template>(std::move(parsed.value));
}
/// Compiled once its shell is known: compile().
void read_value(JsonReader& in, Script& script) {
  script.source = in.string();
}
/// Likewise, and once its kind is known.
void read_value(JsonReader& in, TaskBody& body) {
  body.json = in.string();
}

/// By name; forms of before have the number.
template <typename E>
  requires std::is_enum_v<E>
void read_value(JsonReader& in, E& value) {
  std::optional<E> found;
  if (in.peek() == JsonReader::Kind::number) {
    const std::int64_t number = in.integer();
    if (number >= 0 && static_cast<std::size_t>(number) < kNames<E>.size()) found = static_cast<E>(number);
  } else {
    found = named<E>(in.string());
  }
  if (!found) in.fail();
  value = found.value_or(E{});
}

void read_value(JsonReader& in, FailureClass& failure) {
  using Kind = FailureClass::Kind;
  if (in.peek() == JsonReader::Kind::number) {
    failure.kind = Kind::exit;
    return read_value(in, failure.exit_code);
  }
  const std::string word = in.string();
  failure.kind = word == "signal" ? Kind::signal : word == "timeout" ? Kind::timeout : word == "lost" ? Kind::lost
                                                                                                      : Kind::any;
  if (failure.kind == Kind::any && word != "any") in.fail();
}

void read_value(JsonReader& in, OutputSpec& output) {
  in.enter_array();
  want_item(in);
  output.name = in.string();
  want_item(in);
  read_value(in, output.type);
  want_no_item(in);
}

void read_value(JsonReader& in, std::pair<std::string, std::string>& label) {
  in.enter_array();
  want_item(in);
  label.first = in.string();
  want_item(in);
  label.second = in.string();
  want_no_item(in);
}

void read_condition(JsonReader& in, timetable::AssetCondition& condition, int depth) {
  constexpr int kDepthMax = 100;
  if (in.peek() == JsonReader::Kind::string) {
    condition.asset = in.string();
    return;
  }
  std::string name;
  in.enter_object();
  while (in.next_member(name)) {
    if ((name != "all" && name != "any") || depth > kDepthMax) in.fail();
    condition.kind = name == "all" ? timetable::AssetCondition::Kind::all : timetable::AssetCondition::Kind::any;
    in.enter_array();
    while (in.next_item()) read_condition(in, condition.children.emplace_back(), depth + 1);
  }
}
void read_value(JsonReader& in, timetable::AssetCondition& condition) {
  read_condition(in, condition, 0);
}

template <typename T>
void read_value(JsonReader& in, std::vector<T>& list) {
  list.clear();
  in.enter_array();
  while (in.next_item()) FieldReader::read(in, list.emplace_back());
  list.shrink_to_fit();
}
template <typename T>
void read_value(JsonReader& in, Rare<T>& value) {
  FieldReader::read(in, value.edit());
}
template <typename T>
void read_value(JsonReader& in, std::optional<T>& value) {
  FieldReader::read(in, value.emplace());
}
void read_value(JsonReader& in, std::shared_ptr<const timetable::ScheduleSpec>& schedule) {
  auto read = std::make_shared<timetable::ScheduleSpec>();
  FieldReader::read(in, *read);
  schedule = std::move(read);
}

expr::ShellKind kind_of(const std::vector<std::string>& shell) {
  std::string command;
  for (const auto& word : shell) command += (command.empty() ? "" : " ") + word;
  return command.empty() ? expr::ShellKind::sh : expr::shell_kind(command);
}

void compile(Script& script, const std::vector<std::string>& shell, JsonReader& in) {
  if (!expr::has_expression(script.source)) return;
  auto parsed = expr::parse_shell_template(script.source, kind_of(shell));
  if (!parsed.ok()) in.fail();
  script.compiled = std::make_shared<const expr::ShellTemplate>(std::move(parsed.value));
}

/// What is no JSON stays as it is: the task says so when it is to run, and the DAG's other tasks can be read.
void compile(TaskBody& body, TaskKind kind, const std::vector<std::string>& shell, JsonReader& in) {
  auto compiled = compile_body(kind, body.json, kind_of(shell));
  if (compiled) {
    body = std::move(compiled).value();
  } else if (compiled.error().kind == ErrorKind::storage) {
    in.fail();
  }
}

/// What follows from the members of an object once all of them are read.
template <typename T>
void finish(JsonReader& /*in*/, T& /*object*/) {}
void finish(JsonReader& in, TaskSpec& spec) {
  compile(spec.script, spec.shell, in);
  if (spec.body->is_set()) compile(spec.body.edit(), spec.kind, spec.shell, in);
  if (!spec.sensor) return;
  Sensor& sensor = spec.sensor.edit();
  compile(sensor.run, spec.shell, in);
  if (sensor.http.is_set()) compile(sensor.http, TaskKind::http, spec.shell, in);
}
void finish(JsonReader& in, ParamSpec& param) {
  auto whole = param_of(std::move(param.name), std::move(param.schema_json));
  if (!whole) return in.fail(whole.error().message);
  param = std::move(whole).value();
}

template <typename T>
void FieldReader::read(JsonReader& in, T& value) {
  if constexpr (requires { read_value(in, value); }) {
    read_value(in, value);
  } else {
    std::string name;
    in.enter_object();
    while (in.next_member(name)) {
      FieldReader fields(in, name);
      describe(fields, value);
      if (!fields.has_found()) in.fail();
    }
    if (in.ok()) finish(in, value);
  }
}

void FieldReader::condition(std::string_view name, Rare<Text>& condition) {
  if (!matches(name)) return;
  Text& text = condition.edit();
  text.source = in_.string();
  auto parsed = expr::parse_bare_or_template(text.source);
  if (!parsed) return in_.fail();
  text.compiled = std::make_shared<const expr::Template>(expr::Template::of(*std::move(parsed), text.source.size()));
}

using Specs = std::vector<std::shared_ptr<const TaskSpec>>;

void read_specs(JsonReader& in, Specs& specs) {
  SharedParts parts;
  in.enter_array();
  while (in.next_item()) {
    auto spec = std::make_shared<TaskSpec>();
    FieldReader::read(in, *spec);
    parts.share(*spec);
    specs.push_back(std::move(spec));
  }
}

/// One upstream; they rise, so that none stands twice.
void read_upstream(JsonReader& in, TaskNo& before, Adjacency& upstream) {
  std::int32_t u = 0;
  read_value(in, u);
  if (u <= before) return in.fail();
  upstream.targets.push_back(u);
  before = u;
}

/// `[id, spec, [upstreams]]` or `[id, spec, hook]`; forms of before have `[id, spec, number of the hook, upstreams…]`.
void read_task(JsonReader& in, const Specs& specs, Dag& dag, Adjacency& upstream) {
  Task task;
  in.enter_array();
  want_item(in);
  task.id = in.string();
  want_item(in);
  const std::int64_t spec = in.integer();
  if (spec < 0 || static_cast<std::size_t>(spec) >= specs.size()) return in.fail();
  task.spec = specs[static_cast<std::size_t>(spec)];
  TaskNo before = -1;
  if (in.next_item()) {
    const bool is_list = in.peek() == JsonReader::Kind::array;
    if (is_list) {
      in.enter_array();
    } else {
      read_value(in, task.hook);
    }
    while (in.next_item()) read_upstream(in, before, upstream);
    if (is_list) want_no_item(in);
  }
  upstream.offsets.push_back(static_cast<std::uint32_t>(upstream.targets.size()));
  dag.tasks.push_back(std::move(task));
}

/// The slots are missing in no form that a store keeps.
void read_pools(JsonReader& in, std::vector<PoolSpec>& pools) {
  in.enter_array();
  while (in.next_item()) {
    PoolSpec& pool = pools.emplace_back();
    std::string name, rate;
    in.enter_object();
    while (in.next_member(name)) {
      FieldReader fields(in, name);
      fields.always("name", pool.name);
      fields.always("slots", pool.slots);
      fields.always("rate", rate);
      fields.always("retry_millionths", pool.retry_millionths);
      if (!fields.has_found()) in.fail();
    }
    if (rate.empty()) continue;
    const auto read = parse_rate(rate);
    if (!read) in.fail();
    pool.rate = read.value_or(Rate{});
  }
}

}  // namespace
}  // namespace dagfile

Result<std::shared_ptr<const Dag>> from_canonical(std::string_view json, DagPlace place) {
  JsonReader in(json);
  auto dag = std::make_shared<Dag>();
  dag->source_file = std::move(place.source_file);
  dag->work_folder = std::move(place.work_folder);
  dagfile::Specs specs;
  Adjacency upstream;
  upstream.offsets.push_back(0);
  std::int64_t language = 0;
  std::string name;
  in.enter_object();
  std::size_t member_at = in.offset();
  std::size_t pools_at = json.size() - (json.empty() ? 0 : 1);
  for (; in.next_member(name); member_at = in.offset()) {
    if (name == "language") {
      language = in.integer();
    } else if (name == "specs") {
      dagfile::read_specs(in, specs);
    } else if (name == "tasks") {
      in.enter_array();
      while (in.next_item()) dagfile::read_task(in, specs, *dag, upstream);
    } else if (name == "pools") {
      pools_at = member_at;
      dagfile::read_pools(in, dag->pools);
    } else {
      dagfile::FieldReader fields(in, name);
      dagfile::describe(fields, *dag);
      if (!fields.has_found()) in.fail();
    }
  }
  const Error broken{"the stored form of the DAG cannot be read", ErrorKind::storage};
  if (!in.ok() || !in.at_end()) return broken;
  if (language != kLanguageVersion) {
    return Error{"the stored DAG is of language version " + std::to_string(language) + ", this program reads " +
                     std::to_string(kLanguageVersion),
                 ErrorKind::storage};
  }
  const auto n = static_cast<TaskNo>(dag->tasks.size());
  const bool in_range =
      std::all_of(upstream.targets.begin(), upstream.targets.end(), [&](TaskNo u) { return u >= 0 && u < n; });
  if (!in_range || upstream.offsets.size() != dag->tasks.size() + 1) return broken;
  dag->tasks.shrink_to_fit();  // it is kept
  upstream.targets.shrink_to_fit();
  upstream.offsets.shrink_to_fit();
  if (!link(*dag, std::move(upstream)).empty()) return broken;
  // The version of a canonical text, without writing it anew.
  std::string hashed(json.substr(0, pools_at));
  dagfile::append_pools(hashed, *dag, false);
  dag->version = sha256_hex(hashed + "}");
  return std::shared_ptr<const Dag>(std::move(dag));
}

}  // namespace baton
