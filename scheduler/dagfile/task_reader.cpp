#include "scheduler/dagfile/task_reader.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "scheduler/json/json_value.h"
#include "scheduler/dagfile/keys.h"
#include "scheduler/dagfile/scalar.h"
#include "scheduler/dagfile/shape.h"
#include "scheduler/dagfile/task_draft.h"
#include "scheduler/expr/ast.h"
#include "scheduler/expr/references.h"

namespace baton::dagfile {
namespace {

constexpr std::string_view kLocalExecutor = "local";  // what a task has that names none

}  // namespace

Node TaskNodes::own_value(std::string_view name) const {
  return own && own.is_map() ? own.find(name) : Node();
}

Node TaskNodes::get(std::string_view name) const {
  if (const Node mine = own_value(name)) return mine;
  if (name == "retries" && group_retries) return group_retries;
  return defaults && defaults.is_map() ? defaults.find(name) : Node();
}

std::shared_ptr<TaskSpec> TaskReader::read(const TaskNodes& nodes, std::string_view owner, Expressions& expressions) {
  auto spec = std::make_shared<TaskSpec>();
  Draft draft{nodes, owner, expressions, *spec};
  read_kind(draft);
  read_when(draft);
  read_how(draft);
  read_resources(draft);
  read_results(draft);
  parts_.share(*spec);
  return spec;
}

void TaskReader::read_kind(Draft& draft) {
  struct Found {
    Node key, value;
    TaskKind kind;
  };
  std::vector<Found> found;
  if (draft.nodes.own && draft.nodes.own.is_map()) {
    for (const auto& [key, value] : Entries(draft.nodes.own)) {
      const auto kind = task_kind_from(key.text());
      if (kind) found.push_back({key, value, *kind});
    }
  }
  if (found.empty()) {
    reporter_.error(Rule::task_kind, draft.nodes.key.span(), std::string(draft.owner) + " has no kind",
                    "give it one of run, exec, http, sql, sensor, checks, approval, trigger_dag, noop");
    return;
  }
  if (found.size() > 1) {
    reporter_.error(Rule::task_kind, found[1].key.span(),
                    std::string(draft.owner) + " has two kinds, " + in_quotes(found[0].key.text()) + " and " +
                        in_quotes(found[1].key.text()),
                    "make it two tasks");
  }
  const Node value = found[0].value;
  draft.spec.kind = found[0].kind;
  switch (found[0].kind) {
    case TaskKind::run:
      draft.spec.script = draft.expressions.script(value, shell_kind_of(draft.nodes.get("shell")));
      break;
    case TaskKind::exec:
      if (value.is_list()) {
        for (const Node item : Items(value)) {
          draft.spec.argv.edit().push_back(draft.expressions.text(item, Wanted::text, Stage::instance));
        }
        if (value.size() == 0 || (value.first().is_scalar() && value.first().text().empty())) {
          reporter_.error(Rule::invalid_value, value.span(), "\"exec\" names no program");
        }
      }
      break;
    case TaskKind::sensor:
      read_sensor(draft, value);
      break;
    case TaskKind::noop:
      if (!read_bool(value, true)) {
        reporter_.error(Rule::invalid_value, value.span(), "\"noop\" may only be true", "leave the key out");
      }
      break;
    case TaskKind::http:
    case TaskKind::sql:
    case TaskKind::checks:
    case TaskKind::approval:
    case TaskKind::trigger_dag:
      read_service_body(draft, value);
      break;
  }
}

void TaskReader::read_sensor(Draft& draft, Node node) {
  if (!node.is_map()) return;
  Sensor& sensor = draft.spec.sensor.edit();
  const Node file = node.find("file");
  const Node time = node.find("time");
  const Node run = node.find("run");
  const Node http = node.find("http");
  const Node asset = node.find("asset");
  const Node since = node.find("since");
  const int given = (file ? 1 : 0) + (time ? 1 : 0) + (run ? 1 : 0) + (http ? 1 : 0) + (asset ? 1 : 0);
  if (given != 1) {
    reporter_.error(Rule::conflicting_keys, node.span(),
                    "a sensor waits for one of \"file\", \"time\", \"run\", \"http\" and \"asset\"");
  }
  if (since && !asset) {
    reporter_.error(Rule::conflicting_keys, since.span(), "\"since\" goes with \"asset\"");
  }
  if (file) {
    sensor.kind = Sensor::Kind::file;
    sensor.file = draft.expressions.text(file, Wanted::text, Stage::instance);
    warn_unexpanded(sensor.file.source, file.span(), "file", reporter_);
    if (file.is_scalar() && file.text().empty()) {
      reporter_.error(Rule::invalid_value, file.span(), "\"file\" is empty");
    }
  } else if (time) {
    sensor.kind = Sensor::Kind::time;
    sensor.time = draft.expressions.text(time, Wanted::instant, Stage::instance);
    check_literal_time(sensor.time, time, reporter_);
  } else if (run) {
    sensor.kind = Sensor::Kind::run;
    sensor.run = draft.expressions.script(run, shell_kind_of(draft.nodes.get("shell")));
  } else if (http) {
    sensor.kind = Sensor::Kind::http;
    read_http(draft.expressions, http);
    sensor.http = body_of(TaskKind::http, http, expr::ShellKind::sh);
  } else if (asset) {
    sensor.kind = Sensor::Kind::asset;
    if (asset.is_scalar()) sensor.asset = asset.text();
    sensor.since = draft.expressions.text(since, Wanted::instant, Stage::instance);
    if (since) check_literal_time(sensor.since, since, reporter_);
  }
  sensor.every_us = read_duration(node.find("every"), sensor.every_us);
}

void TaskReader::read_when(Draft& draft) {
  TaskSpec& spec = draft.spec;
  const TaskNodes& nodes = draft.nodes;
  if (const Node node = nodes.own_value("for_each")) read_for_each(draft, node);
  if (const Node node = nodes.own_value("matrix")) {
    if (nodes.own_value("for_each")) {
      reporter_.error(Rule::conflicting_keys, node.span(),
                      std::string(draft.owner) + " has both \"for_each\" and \"matrix\"", "use one of them");
    } else {
      read_matrix(draft, node);
    }
  }
  if (const Node node = nodes.get("if")) spec.condition = draft.expressions.condition(node, Stage::instance);
  if (spec.condition->compiled) spec.condition_per_instance = names_instance(spec);
  if (const Node node = nodes.get("trigger_rule")) {
    spec.trigger_rule = trigger_rule_from(node.text()).value_or(TriggerRule::all_success);
  }
  spec.setup = read_bool(nodes.own_value("setup"), false);
  if (const Node node = nodes.own_value("teardown")) {
    spec.teardown = true;
    const Node of = node.is_map() ? node.find("of") : node;
    spec.teardown_of = read_texts(of);
    if (node.is_map()) spec.teardown_fails_run = read_bool(node.find("fail_run"), false);
    if (of && of.is_list() && of.size() == 0) {
      reporter_.error(Rule::setup_teardown, of.span(), std::string(draft.owner) + " is the teardown of nothing");
    }
    if (spec.setup) {
      reporter_.error(Rule::setup_teardown, node.span(), std::string(draft.owner) + " is both setup and teardown");
    }
    if (nodes.own_value("trigger_rule")) {
      reporter_.error(Rule::setup_teardown, nodes.own_value("trigger_rule").span(),
                      "a teardown has its own rule and takes no \"trigger_rule\"");
    }
  }
  spec.allow_failure = read_bool(nodes.get("allow_failure"), false);
  spec.depends_on_past = read_bool(nodes.get("depends_on_past"), false);
  spec.dead_letter = read_bool(nodes.get("dead_letter"), true);
  if (const Node node = nodes.own_value("group"); node && node.is_scalar()) spec.group = std::string(node.text());
}

void TaskReader::read_how(Draft& draft) {
  TaskSpec& spec = draft.spec;
  const TaskNodes& nodes = draft.nodes;
  if (nodes.defaults && nodes.defaults.is_map()) {
    const Node env = nodes.defaults.find("env");
    if (env) read_env(env, {}, Stage::instance, draft.expressions, spec.env.edit());
  }
  if (const Node env = nodes.own_value("env")) read_env(env, {}, Stage::instance, draft.expressions, spec.env.edit());
  if (const Node cwd = nodes.get("cwd")) {
    spec.cwd = draft.expressions.text(cwd, Wanted::text, Stage::instance);
    warn_unexpanded(spec.cwd->source, cwd.span(), "cwd", reporter_);
  }
  if (const Node input = nodes.get("stdin")) {
    spec.stdin_text = draft.expressions.text(input, Wanted::text, Stage::instance);
  }
  if (const Node shell = nodes.get("shell")) spec.shell = read_shell(shell, reporter_);
  if (const Node retries = nodes.get("retries")) spec.retries = read_retries(retries, draft.expressions, reporter_);
  read_timeout(draft);
  const Expected expected{read_duration(nodes.get("expect"), 0), read_sla(nodes.get("sla"), reporter_)};
  if (!(expected == Expected{})) spec.expected = expected;
  spec.grace_us = read_duration(nodes.get("grace"), spec.grace_us);
  spec.heartbeat_us = read_duration(nodes.get("heartbeat"), 0);
  if (const Node limit = nodes.get("log_limit"); limit && limit.is_scalar()) {
    spec.log_limit_bytes = parse_size(limit.text()).value_or(spec.log_limit_bytes);
  }
  spec.priority = read_int(nodes.get("priority"), priority_);
  if (const Node node = nodes.own_value("description"); node && node.is_scalar()) {
    spec.description = std::string(node.text());
  }
  if (const Node node = nodes.own_value("doc"); node && node.is_scalar()) spec.doc = std::string(node.text());
}

void TaskReader::read_timeout(Draft& draft) {
  TaskSpec& spec = draft.spec;
  const Node node = draft.nodes.get("timeout");
  spec.timeout_us = read_duration(node, 0);
  if (spec.kind != TaskKind::sensor) {
    Text computed = read_computed(node, "timeout", Wanted::span, Stage::instance, draft.expressions, reporter_);
    if (computed.is_set()) spec.computed_timeout = std::move(computed);
    return;
  }
  if (spec.timeout_us == 0) spec.timeout_us = 7 * kDay;
  if (const Node found = find_expression(node)) {
    reporter_.error(Rule::expression_not_here, found.span(), "the \"timeout\" of a sensor takes no expression",
                    "it counts over all looks, and restarts; write a duration");
  }
}

void TaskReader::read_resources(Draft& draft) {
  TaskSpec& spec = draft.spec;
  const auto add_pool = [&](Node node) {
    if (node.is_scalar()) spec.pools.edit().push_back({std::string(node.text()), 1});
    if (node.is_map()) {
      const Node name = node.find("name");
      spec.pools.edit().push_back({std::string(name ? name.text() : ""), read_int(node.find("slots"), 1)});
    }
  };
  if (const Node pool = draft.nodes.get("pool")) {
    if (pool.is_list()) {
      for (const Node item : Items(pool)) add_pool(item);
    } else {
      add_pool(pool);
    }
  }
  if (const Node breakers = draft.nodes.get("breaker")) spec.breakers = read_texts(breakers);
  if (const Node worker = draft.nodes.get("worker"); worker && worker.is_map()) {
    for (const auto& [key, value] : Entries(worker)) {
      spec.worker_labels.edit().emplace_back(std::string(key.text()), std::string(value.text()));
    }
  }
  if (const Node executor = draft.nodes.get("executor")) read_executor(draft, executor);
  const Node resources = draft.nodes.get("resources");
  if (!resources || !resources.is_map()) return;
  if (const Node cpus = resources.find("cpus")) {
    const CoreNumber number = core_number(cpus.text());
    const double count =
        number.kind == CoreNumber::Kind::integer ? static_cast<double>(number.integer) : number.floating;
    if (count <= 0 || count > 1e6) {
      reporter_.error(Rule::invalid_value, cpus.span(), "\"cpus\" must be more than 0 and at most 1000000");
    } else {
      spec.resources.edit().cpus_milli = std::llround(count * 1000);
    }
  }
  if (const Node memory = resources.find("memory")) {
    const auto bytes = parse_size(memory.text());
    if (bytes) spec.resources.edit().memory_bytes = *bytes;
    if (bytes && *bytes == 0) {
      reporter_.error(Rule::invalid_size, memory.span(), "\"memory\" must be more than 0");
    }
  }
  if (const Node gpus = resources.find("gpus")) spec.resources.edit().gpus = read_int(gpus, 0);
}

void TaskReader::read_executor(Draft& draft, Node node) {
  if (node.is_scalar()) {
    if (node.text() != kLocalExecutor) draft.spec.executor = std::string(node.text());
    return;
  }
  if (!node.is_map()) return;
  if (node.size() != 1) {
    reporter_.error(Rule::conflicting_keys, node.span(), "\"executor\" names one executor",
                    "write {slurm: {partition: gpu}}");
    return;
  }
  for (const auto& [name, options] : Entries(node)) {
    if (name.text() != kLocalExecutor) draft.spec.executor = std::string(name.text());
    draft.spec.executor_options_json = to_json(literal(options));
    if (options.is_null()) draft.spec.executor_options_json.reset();
  }
}

void TaskReader::read_results(Draft& draft) {
  TaskSpec& spec = draft.spec;
  if (const Node outputs = draft.nodes.get("outputs"); outputs && outputs.is_map()) {
    for (const auto& [name, type] : Entries(outputs)) {
      if (!is_name(name.text())) {
        reporter_.error(Rule::invalid_id, name.span(), in_quotes(name.text()) + " is not a name of an output",
                        "a name is made of letters, digits and \"_\" and does not begin with a digit");
      }
      spec.outputs.edit().push_back({std::string(name.text()), output_type(type.text())});
    }
    check_outputs(draft, outputs);
  }
  read_own_outputs(draft);
  if (const Node assets = draft.nodes.get("consumes")) spec.consumes = read_texts(assets);
  if (const Node assets = draft.nodes.get("produces")) spec.produces = read_texts(assets);
  if (const Node state = draft.nodes.own_value("state")) read_state(draft, state);
  if (const Node cache = draft.nodes.get("cache"); cache && cache.is_map()) {
    Cache kept;
    kept.key = draft.expressions.text(cache.find("key"), Wanted::text, Stage::instance, true);
    kept.ttl_us = read_duration(cache.find("ttl"), 0);
    kept.key_only = read_bool(cache.find("key_only"), false);
    spec.cache = std::move(kept);
  }
}

void TaskReader::read_state(Draft& draft, Node node) {
  const Node name = node.is_map() ? node.find("name") : node;
  if (!name || !name.is_scalar()) return;
  const TaskSpec& spec = draft.spec;
  if (!is_name(name.text())) {
    reporter_.error(Rule::invalid_id, name.span(), in_quotes(name.text()) + " is not a name of a state",
                    "a name is made of letters, digits and \"_\" and does not begin with a digit");
  }
  const bool looks = spec.kind == TaskKind::sensor && spec.sensor->kind == Sensor::Kind::run;
  if (spec.kind != TaskKind::run && spec.kind != TaskKind::exec && !looks) {
    reporter_.error(Rule::conflicting_keys, node.span(),
                    std::string(draft.owner) + " cannot change a state: it runs no program of yours",
                    "\"state\" is for run, exec and sensor.run; others read it as ${{ state." + std::string(name.text()) + " }}");
  }
  if (spec.mapping->kind != Mapping::Kind::none) {
    reporter_.error(Rule::conflicting_keys, node.span(),
                    std::string(draft.owner) + " is mapped and cannot change a state: each instance would put its own value",
                    "let a task behind it gather what they have come to, and give that one the \"state\"");
  }
  if (const Node cache = draft.nodes.get("cache")) {
    reporter_.error(Rule::conflicting_keys, node.span(),
                    std::string(draft.owner) + " has both \"state\" and \"cache\": a success from the cache runs nothing that could change it",
                    "leave one of them out");
  }
  StateUse use;
  use.name = std::string(name.text());
  if (node.is_map()) {
    const Node backfill = node.find("backfill");
    use.backfills_write = backfill && backfill.is_scalar() && backfill.text() == "write";
  }
  draft.spec.state = std::move(use);
}

Value TaskReader::literal(Node node) {
  return value_of(node, reporter_);
}

}  // namespace baton::dagfile
