#include <algorithm>

#include "scheduler/dagfile/canonical.h"
#include "scheduler/dagfile/canonical_write.h"
#include "scheduler/dagfile/json_cursor.h"
#include "scheduler/dagfile/json_schema.h"
#include "scheduler/dagfile/params.h"
#include "scheduler/digest/digest.h"
#include "scheduler/expr/json.h"
#include "scheduler/expr/shell_template.h"
#include "scheduler/expr/template.h"
#include "scheduler/timetable/schedule_spec.h"

namespace baton {
namespace {

// clang-format off: one line a member
using dagfile::JsonCursor;

template <typename Enum>
Enum enumerator(JsonCursor& in, Enum last) {
  const std::int64_t number = in.integer();
  if (number < 0 || number > static_cast<std::int64_t>(last)) {
    in.fail();
    return last;
  }
  return static_cast<Enum>(number);
}

std::int32_t int32(JsonCursor& in) {
  const std::int64_t number = in.integer();
  if (number < INT32_MIN || number > INT32_MAX) in.fail();
  return static_cast<std::int32_t>(number);
}

std::vector<std::string> texts(JsonCursor& in) {
  std::vector<std::string> out;
  in.enter_array();
  while (in.next_item()) out.push_back(in.text());
  return out;
}

Value value(JsonCursor& in) {
  auto parsed = expr::from_json(in.raw());
  if (!parsed) in.fail();
  return parsed ? std::move(parsed).value() : Value();
}

ValueList values(JsonCursor& in) {
  ValueList out;
  in.enter_array();
  while (in.next_item()) out.push_back(value(in));
  return out;
}

Text text(JsonCursor& in) {
  Text out;
  out.source = in.text();
  if (!expr::has_expression(out.source)) return out;
  auto parsed = expr::parse_template(out.source);
  if (!parsed.ok()) in.fail();
  out.compiled = std::make_shared<const expr::Template>(std::move(parsed.value));
  return out;
}

Text condition(JsonCursor& in) {
  Text out;
  out.source = in.text();
  auto parsed = expr::parse_bare_or_template(out.source);
  if (!parsed) {
    in.fail();
    return out;
  }
  expr::Template whole;
  whole.parts.push_back({*parsed, {0, static_cast<std::uint32_t>(out.source.size())}});
  out.compiled = std::make_shared<const expr::Template>(std::move(whole));
  return out;
}

void compile_script(Script& script, const std::vector<std::string>& shell, JsonCursor& in) {
  if (!expr::has_expression(script.source)) return;
  std::string command;
  for (const auto& word : shell) command += (command.empty() ? "" : " ") + word;
  auto parsed =
      expr::parse_shell_template(script.source, command.empty() ? expr::ShellKind::sh : expr::shell_kind(command));
  if (!parsed.ok()) in.fail();
  script.compiled = std::make_shared<const expr::ShellTemplate>(std::move(parsed.value));
}

std::vector<FailureClass> failure_classes(JsonCursor& in) {
  std::vector<FailureClass> out;
  in.enter_array();
  while (in.next_item()) {
    const std::string_view word = in.raw();
    using Kind = FailureClass::Kind;
    if (word == "\"any\"") {
      out.push_back({Kind::any, 0});
    } else if (word == "\"signal\"") {
      out.push_back({Kind::signal, 0});
    } else if (word == "\"timeout\"") {
      out.push_back({Kind::timeout, 0});
    } else if (word == "\"lost\"") {
      out.push_back({Kind::lost, 0});
    } else {
      JsonCursor number(word);
      out.push_back({Kind::exit, int32(number)});
      if (!number.ok()) in.fail();
    }
  }
  return out;
}

RetryPolicy retries(JsonCursor& in) {
  RetryPolicy out;
  std::string name;
  in.enter_object();
  while (in.next_member(name)) {
    if (name == "max")
      out.max = int32(in);
    else if (name == "delay")
      out.delay_us = in.integer();
    else if (name == "backoff")
      out.backoff = enumerator(in, RetryPolicy::Backoff::exponential);
    else if (name == "max_delay")
      out.max_delay_us = in.integer();
    else if (name == "jitter")
      out.jitter = enumerator(in, RetryPolicy::Jitter::equal);
    else if (name == "on")
      out.on = failure_classes(in);
    else if (name == "never_on")
      out.never_on = failure_classes(in);
    else
      in.fail();
  }
  return out;
}

std::vector<EnvEntry> env(JsonCursor& in) {
  std::vector<EnvEntry> out;
  in.enter_array();
  while (in.next_item()) {
    EnvEntry entry;
    std::string name;
    in.enter_object();
    while (in.next_member(name)) {
      if (name == "name")
        entry.name = in.text();
      else if (name == "secret")
        entry.secret = in.text();
      else if (name == "value")
        entry.value = text(in);
      else
        in.fail();
    }
    out.push_back(std::move(entry));
  }
  return out;
}

std::vector<Mapping::Axis> axes(JsonCursor& in) {
  std::vector<Mapping::Axis> out;
  in.enter_array();
  while (in.next_item()) {
    Mapping::Axis axis;
    std::string name;
    in.enter_object();
    while (in.next_member(name)) {
      if (name == "name")
        axis.name = in.text();
      else if (name == "items")
        axis.items = text(in);
      else if (name == "literal")
        axis.literal_items = value(in);
      else
        in.fail();
    }
    out.push_back(std::move(axis));
  }
  return out;
}

Mapping mapping(JsonCursor& in) {
  Mapping out;
  std::string name;
  in.enter_object();
  while (in.next_member(name)) {
    if (name == "kind")
      out.kind = enumerator(in, Mapping::Kind::matrix);
    else if (name == "as")
      out.as = in.text();
    else if (name == "items")
      out.items = text(in);
    else if (name == "literal")
      out.literal_items = value(in);
    else if (name == "key")
      out.key = text(in);
    else if (name == "axes")
      out.axes = axes(in);
    else if (name == "include")
      out.include = values(in);
    else if (name == "exclude")
      out.exclude = values(in);
    else if (name == "max_parallel")
      out.max_parallel = int32(in);
    else
      in.fail();
  }
  return out;
}

Sensor sensor(JsonCursor& in) {
  Sensor out;
  std::string name;
  in.enter_object();
  while (in.next_member(name)) {
    if (name == "kind")
      out.kind = enumerator(in, Sensor::Kind::run);
    else if (name == "file")
      out.file = text(in);
    else if (name == "time")
      out.time = text(in);
    else if (name == "run")
      out.run.source = in.text();
    else if (name == "every")
      out.every_us = in.integer();
    else
      in.fail();
  }
  return out;
}

std::vector<PoolUse> pool_uses(JsonCursor& in) {
  std::vector<PoolUse> out;
  in.enter_array();
  while (in.next_item()) {
    PoolUse pool;
    std::string name;
    in.enter_object();
    while (in.next_member(name)) {
      if (name == "name")
        pool.name = in.text();
      else if (name == "slots")
        pool.slots = int32(in);
      else
        in.fail();
    }
    out.push_back(std::move(pool));
  }
  return out;
}

/// One item of an array that must have it.
void want_item(JsonCursor& in) {
  if (!in.next_item()) in.fail();
}
void want_no_item(JsonCursor& in) {
  if (in.next_item()) in.fail();
}

std::vector<std::pair<std::string, std::string>> labels(JsonCursor& in) {
  std::vector<std::pair<std::string, std::string>> out;
  in.enter_array();
  while (in.next_item()) {
    in.enter_array();
    want_item(in);
    std::string name = in.text();
    want_item(in);
    out.emplace_back(std::move(name), in.text());
    want_no_item(in);
  }
  return out;
}

std::vector<OutputSpec> outputs(JsonCursor& in) {
  std::vector<OutputSpec> out;
  in.enter_array();
  while (in.next_item()) {
    OutputSpec output;
    in.enter_array();
    want_item(in);
    output.name = in.text();
    want_item(in);
    output.type = enumerator(in, OutputSpec::Type::any);
    want_no_item(in);
    out.push_back(std::move(output));
  }
  return out;
}

Cache cache(JsonCursor& in) {
  Cache out;
  std::string name;
  in.enter_object();
  while (in.next_member(name)) {
    if (name == "key")
      out.key = text(in);
    else if (name == "ttl")
      out.ttl_us = in.integer();
    else
      in.fail();
  }
  return out;
}

/// What a task does and when; false when `name` is none of these.
bool read_action(JsonCursor& in, const std::string& name, TaskSpec& spec) {
  if (name == "kind")
    spec.kind = enumerator(in, TaskKind::noop);
  else if (name == "rule")
    spec.trigger_rule = enumerator(in, TriggerRule::always);
  else if (name == "setup")
    spec.setup = in.boolean();
  else if (name == "teardown")
    spec.teardown = in.boolean();
  else if (name == "teardown_of")
    spec.teardown_of = texts(in);
  else if (name == "teardown_fails_run")
    spec.teardown_fails_run = in.boolean();
  else if (name == "allow_failure")
    spec.allow_failure = in.boolean();
  else if (name == "depends_on_past")
    spec.depends_on_past = in.boolean();
  else if (name == "dead_letter")
    spec.dead_letter = in.boolean();
  else if (name == "script")
    spec.script.source = in.text();
  else if (name == "sensor")
    spec.sensor = sensor(in);
  else if (name == "body")
    spec.body_json = in.text();
  else if (name == "if")
    spec.condition = condition(in);
  else if (name == "if_per_instance")
    spec.condition_per_instance = in.boolean();
  else if (name == "mapping")
    spec.mapping = mapping(in);
  else if (name == "cache")
    spec.cache = cache(in);
  else if (name == "argv") {
    in.enter_array();
    while (in.next_item()) spec.argv.push_back(text(in));
  } else
    return false;
  return true;
}

/// What surrounds it.
bool read_surroundings(JsonCursor& in, const std::string& name, TaskSpec& spec) {
  if (name == "env")
    spec.env = env(in);
  else if (name == "cwd")
    spec.cwd = text(in);
  else if (name == "shell")
    spec.shell = texts(in);
  else if (name == "stdin")
    spec.stdin_text = text(in);
  else if (name == "retries")
    spec.retries = retries(in);
  else if (name == "timeout")
    spec.timeout_us = in.integer();
  else if (name == "grace")
    spec.grace_us = in.integer();
  else if (name == "heartbeat")
    spec.heartbeat_us = in.integer();
  else if (name == "log_limit")
    spec.log_limit_bytes = in.integer();
  else if (name == "priority")
    spec.priority = int32(in);
  else if (name == "pools")
    spec.pools = pool_uses(in);
  else if (name == "breakers")
    spec.breakers = texts(in);
  else if (name == "worker")
    spec.worker_labels = labels(in);
  else if (name == "executor")
    spec.executor = in.text();
  else if (name == "executor_options")
    spec.executor_options_json = in.text();
  else if (name == "cpus")
    spec.resources.cpus_milli = in.integer();
  else if (name == "memory")
    spec.resources.memory_bytes = in.integer();
  else if (name == "gpus")
    spec.resources.gpus = int32(in);
  else if (name == "outputs")
    spec.outputs = outputs(in);
  else if (name == "consumes")
    spec.consumes = texts(in);
  else if (name == "produces")
    spec.produces = texts(in);
  else if (name == "group")
    spec.group = in.text();
  else if (name == "description")
    spec.description = in.text();
  else if (name == "doc")
    spec.doc = in.text();
  else
    return false;
  return true;
}

std::shared_ptr<const TaskSpec> spec_of(JsonCursor& in) {
  auto spec = std::make_shared<TaskSpec>();
  std::string name;
  in.enter_object();
  while (in.next_member(name)) {
    if (!read_action(in, name, *spec) && !read_surroundings(in, name, *spec)) in.fail();
  }
  compile_script(spec->script, spec->shell, in);
  compile_script(spec->sensor.run, spec->shell, in);
  return spec;
}

timetable::AssetCondition asset_condition(JsonCursor& in, int depth) {
  timetable::AssetCondition out;
  const std::string_view raw = in.raw();
  JsonCursor inner(raw);
  if (raw.substr(0, 1) == "\"") {
    out.asset = inner.text();
  } else {
    std::string name;
    inner.enter_object();
    while (inner.next_member(name)) {
      if ((name != "all" && name != "any") || depth > 100) inner.fail();
      out.kind = name == "all" ? timetable::AssetCondition::Kind::all : timetable::AssetCondition::Kind::any;
      inner.enter_array();
      while (inner.next_item()) out.children.push_back(asset_condition(inner, depth + 1));
    }
  }
  if (!inner.ok()) in.fail();
  return out;
}

std::vector<timetable::ScheduleEntry> entries(JsonCursor& in) {
  std::vector<timetable::ScheduleEntry> out;
  in.enter_array();
  while (in.next_item()) {
    timetable::ScheduleEntry entry;
    std::string name;
    in.enter_object();
    while (in.next_member(name)) {
      if (name == "cron")
        entry.cron = in.text();
      else if (name == "every")
        entry.every_us = in.integer();
      else if (name == "timezone")
        entry.timezone = in.text();
      else
        in.fail();
    }
    out.push_back(std::move(entry));
  }
  return out;
}

std::shared_ptr<const timetable::ScheduleSpec> schedule(JsonCursor& in) {
  auto out = std::make_shared<timetable::ScheduleSpec>();
  std::string name;
  in.enter_object();
  while (in.next_member(name)) {
    if (name == "entries")
      out->entries = entries(in);
    else if (name == "timezone")
      out->timezone = in.text();
    else if (name == "start")
      out->start = in.integer();
    else if (name == "end")
      out->end = in.integer();
    else if (name == "catchup")
      out->catchup = enumerator(in, timetable::Catchup::all);
    else if (name == "catchup_max")
      out->catchup_max = in.integer();
    else if (name == "overlap")
      out->overlap = enumerator(in, timetable::Overlap::cancel_running);
    else if (name == "jitter")
      out->jitter_us = in.integer();
    else if (name == "only")
      out->calendar.only = texts(in);
    else if (name == "exclude")
      out->calendar.exclude = texts(in);
    else if (name == "assets")
      out->assets = asset_condition(in, 0);
    else if (name == "merge")
      out->assets_merge = in.boolean();
    else
      in.fail();
  }
  return out;
}

std::vector<ParamSpec> params(JsonCursor& in) {
  std::vector<ParamSpec> out;
  in.enter_array();
  while (in.next_item()) {
    std::string name, param_name, schema;
    in.enter_object();
    while (in.next_member(name)) {
      if (name == "name")
        param_name = in.text();
      else if (name == "schema")
        schema = in.text();
      else
        in.fail();
    }
    auto param = dagfile::param_of(std::move(param_name), std::move(schema));
    if (!param) in.fail();
    if (param) out.push_back(std::move(param).value());
  }
  return out;
}

std::vector<GroupSpec> groups(JsonCursor& in) {
  std::vector<GroupSpec> out;
  in.enter_array();
  while (in.next_item()) {
    GroupSpec group;
    std::string name;
    in.enter_object();
    while (in.next_member(name)) {
      if (name == "id")
        group.id = in.text();
      else if (name == "tooltip")
        group.tooltip = in.text();
      else
        in.fail();
    }
    out.push_back(std::move(group));
  }
  return out;
}

std::vector<PoolSpec> pools(JsonCursor& in) {
  std::vector<PoolSpec> out;
  in.enter_array();
  while (in.next_item()) {
    PoolSpec pool;
    std::string name;
    in.enter_object();
    while (in.next_member(name)) {
      if (name == "name")
        pool.name = in.text();
      else if (name == "slots")
        pool.slots = int32(in);
      else
        in.fail();
    }
    out.push_back(std::move(pool));
  }
  return out;
}

using Specs = std::vector<std::shared_ptr<const TaskSpec>>;

void read_tasks(JsonCursor& in, const Specs& specs, Dag& dag, Adjacency& upstream) {
  upstream.offsets.push_back(0);
  in.enter_array();
  while (in.next_item()) {
    Task task;
    in.enter_array();
    want_item(in);
    task.id = in.text();
    want_item(in);
    const std::int64_t spec = in.integer();
    if (spec < 0 || static_cast<std::size_t>(spec) >= specs.size()) return in.fail();
    task.spec = specs[static_cast<std::size_t>(spec)];
    want_item(in);
    task.hook = enumerator(in, Hook::on_finish);
    TaskNo before = -1;
    while (in.next_item()) {
      const std::int32_t u = int32(in);
      if (u <= before) return in.fail();
      upstream.targets.push_back(u);
      before = u;
    }
    upstream.offsets.push_back(static_cast<std::uint32_t>(upstream.targets.size()));
    dag.tasks.push_back(std::move(task));
  }
}

bool read_top(JsonCursor& in, const std::string& name, Dag& dag) {
  if (name == "dag")
    dag.id = in.text();
  else if (name == "description")
    dag.description = in.text();
  else if (name == "doc")
    dag.doc = in.text();
  else if (name == "owner")
    dag.owner = in.text();
  else if (name == "tags")
    dag.tags = texts(in);
  else if (name == "schedule")
    dag.schedule = schedule(in);
  else if (name == "timezone")
    dag.timezone = in.text();
  else if (name == "params")
    dag.params = params(in);
  else if (name == "env")
    dag.env = env(in);
  else if (name == "max_active_runs")
    dag.max_active_runs = int32(in);
  else if (name == "max_active_tasks")
    dag.max_active_tasks = int32(in);
  else if (name == "max_consecutive_failed_runs")
    dag.max_consecutive_failed_runs = int32(in);
  else if (name == "fail_fast")
    dag.fail_fast = in.boolean();
  else if (name == "timeout")
    dag.timeout_us = in.integer();
  else if (name == "sla")
    dag.sla_us = in.integer();
  else if (name == "groups")
    dag.groups = groups(in);
  else if (name == "breakers")
    dag.breakers_json = in.text();
  else if (name == "assets")
    dag.assets_json = in.text();
  else if (name == "calendars")
    dag.calendars_json = in.text();
  else if (name == "alerts")
    dag.alerts_json = in.text();
  else if (name == "pools")
    dag.pools = pools(in);
  else
    return false;
  return true;
}

// clang-format on

}  // namespace

Result<std::shared_ptr<const Dag>> from_canonical(std::string_view json, DagPlace place) {
  JsonCursor in(json);
  auto dag = std::make_shared<Dag>();
  dag->source_file = std::move(place.source_file);
  dag->work_folder = std::move(place.work_folder);
  Specs specs;
  Adjacency upstream;
  std::int64_t language = 0;
  std::string name;
  in.enter_object();
  std::size_t member_at = in.offset();
  std::size_t pools_at = json.size() - (json.empty() ? 0 : 1);
  for (; in.next_member(name); member_at = in.offset()) {
    if (name == "pools") pools_at = member_at;
    if (name == "language") {
      language = in.integer();
    } else if (name == "specs") {
      in.enter_array();
      while (in.next_item()) specs.push_back(spec_of(in));
    } else if (name == "tasks") {
      read_tasks(in, specs, *dag, upstream);
    } else if (!read_top(in, name, *dag)) {
      in.fail();
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
  if (!link(*dag, std::move(upstream)).empty()) return broken;
  // The version of a canonical text, without writing it anew.
  std::string hashed(json.substr(0, pools_at));
  dagfile::append_pools(hashed, *dag, false);
  dag->version = sha256_hex(hashed + "}");
  return std::shared_ptr<const Dag>(std::move(dag));
}

}  // namespace baton
