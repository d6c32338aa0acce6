#include "scheduler/dagfile/dag_reader.h"

#include <algorithm>

#include "scheduler/dagfile/connections.h"
#include "scheduler/dagfile/canonical.h"
#include "scheduler/dagfile/json_schema.h"
#include "scheduler/json/json_value.h"
#include "scheduler/dagfile/keys.h"
#include "scheduler/dagfile/scalar.h"
#include "scheduler/dagfile/schedule_reader.h"
#include "scheduler/dagfile/shape.h"

namespace baton::dagfile {
namespace {

std::string text_of(Node node) {
  return node && node.is_scalar() ? std::string(node.text()) : std::string();
}

void append_names_of_json(std::vector<std::string>& names, const std::string& json) {
  if (json.empty()) return;
  const auto parsed = from_json(json);
  if (!parsed || parsed->type() != ValueType::map) return;
  for (const auto& [key, value] : parsed->as_map()) names.push_back(key.as_string());
}

/// Whether the table of keys finds nothing in a declaration; what it finds has been reported.
bool declaration_is_valid(Node declaration) {
  Reporter silent(declaration.document().source());
  check_object(declaration, "param", "", {}, silent);
  return silent.error_count() == 0;
}

constexpr std::pair<Hook, std::string_view> kHooks[] = {
    {Hook::on_success, "on_success"}, {Hook::on_failure, "on_failure"}, {Hook::on_finish, "on_finish"}};

}  // namespace

DagReader::DagReader(Node root, const Config& config, Reporter& reporter)
    : root_(root),
      config_(config),
      reporter_(reporter),
      errors_before_(reporter.error_count()),
      dag_(std::make_shared<Dag>()),
      defaults_(root.find("defaults")),
      task_reader_(reporter, config) {}

std::shared_ptr<const Dag> DagReader::read(const std::string& source_file, const std::string& work_folder) {
  const Node id = top("dag");
  check_object(root_, "dag", id ? "DAG " + in_quotes(id.text()) : "the DAG", root_.first().span(), reporter_);
  read_top();
  read_params();
  read_declarations();
  read_groups();
  read_tasks();
  read_hooks();
  link_graph();
  ExpressionCheck(*dag_, is_linked_, reporter_).run(uses_);
  check_references();
  check_pool_sizes();
  check_groups_joined();
  check_secrets();
  if (is_linked_) hint_allowed_failures();
  if (reporter_.error_count() != errors_before_) return nullptr;
  dag_->version = version_of(*dag_);
  dag_->source_file = source_file;
  dag_->work_folder = work_folder;
  return dag_;
}

void DagReader::read_top() {
  Dag& dag = *dag_;
  dag.id = text_of(top("dag"));
  dag.description = text_of(top("description"));
  dag.doc = text_of(top("doc"));
  dag.owner = text_of(top("owner"));
  dag.tags = read_texts(top("tags"));
  read_labels(top("labels"));
  dag.max_active_runs = read_int(top("max_active_runs"), 0);
  dag.max_active_tasks = read_int(top("max_active_tasks"), 0);
  dag.weight = read_weight(top("weight"));
  task_reader_.set_priority(read_int(top("priority"), 0));
  dag.max_consecutive_failed_runs = read_int(top("max_consecutive_failed_runs"), 0);
  dag.fail_fast = read_bool(top("fail_fast"), false);
  dag.timeout_us = read_duration(top("timeout"), 0);
  dag.sla = read_sla(top("sla"), reporter_);
  Expressions expressions(reporter_);
  dag.env = config_.profile.env;  // first, so that the file's own may be made of them
  task_reader_.read_env(top("env"), top("secrets"), Stage::dag, expressions, dag.env);
  prefer_profile_env();
  uses_.push_back({-1, expressions.take()});
}

/// Where the file says the same variable, the profile's stays: it is what is different here.
void DagReader::prefer_profile_env() {
  for (const EnvEntry& entry : config_.profile.env) {
    for (EnvEntry& own : dag_->env) {
      if (own.name == entry.name) own = entry;
    }
  }
  if (!config_.profile.name.empty()) put_label(dag_->labels, "profile", config_.profile.name);
}

/// A default of the profile stands for that of the file, in the form for people too.
void DagReader::prefer_profile_param(ParamSpec& param, Value schema, Node key) {
  if (config_.profile.params.type() != ValueType::map) return;
  const Value* const given = config_.profile.params.find(param.name);
  if (given == nullptr) return;
  param.default_value = coerce_numbers(schema, *given);
  for (const SchemaFault& fault : validate_value(schema, *param.default_value)) {
    reporter_.error(Rule::invalid_param_value, key.span(),
                    "what profile " + in_quotes(config_.profile.name) + " gives " + in_quotes(param.name) +
                        (fault.path.empty() ? "" : " at " + fault.path) + ": " + fault.message);
  }
  ValueMap members;
  for (const auto& [name, value] : schema.as_map()) {
    if (name.as_string() != "default") members.emplace_back(name, value);
  }
  members.emplace_back("default", *param.default_value);
  param.schema_json = to_exact_json(Value(std::move(members)));
}

void DagReader::read_labels(Node node) {
  if (!node || !node.is_map()) return;
  for (const auto& [key, value] : Entries(node)) {
    if (!value.is_scalar()) continue;
    if (Status good = check_label(key.text(), value.text()); !good) {
      reporter_.error(Rule::invalid_value, key.span(), good.error().message);
      continue;
    }
    put_label(dag_->labels, std::string(key.text()), std::string(value.text()));
  }
  if (dag_->labels.size() > kLabelsMax) {
    reporter_.error(Rule::invalid_value, node.span(), "a run has at most " + std::to_string(kLabelsMax) + " labels");
  }
}

std::int32_t DagReader::read_weight(Node node) {
  constexpr std::int32_t kMost = 1'000;
  const std::int32_t weight = std::max(read_int(node, 1), 1);
  if (weight > kMost) reporter_.error(Rule::invalid_value, node.span(), "\"weight\" must be at most 1000");
  return std::min(weight, kMost);
}

void DagReader::read_params() {
  const Node params = top("params");
  if (!params || !params.is_map()) return;
  for (const auto& [key, declaration] : Entries(params)) read_param(key, declaration);
}

void DagReader::read_param(Node key, Node declaration) {
  if (!is_name(key.text())) {
    reporter_.error(Rule::invalid_id, key.span(), in_quotes(key.text()) + " is not a name of a param",
                    "a name is made of letters, digits and \"_\" and does not begin with a digit");
  }
  if (!declaration.is_map() && !declaration.is_null()) return;
  const std::size_t errors = reporter_.error_count();
  if (declaration.is_map()) check_schema(declaration, reporter_);
  const Value schema = declaration.is_map() ? value_of(declaration, reporter_) : Value(ValueMap());
  ParamSpec param;
  param.name = key.text();
  param.type = single_type(schema);
  param.schema_json = to_exact_json(schema);
  if (const Value* const text = schema.find("description"); text != nullptr && text->type() == ValueType::string) {
    param.description = text->as_string();
  }
  const Node plain = declaration.is_map() ? declaration.find("default") : Node();
  if (const Node found = find_expression(plain)) {
    reporter_.error(Rule::expression_not_here, found.span(), "the default of a param takes no expression",
                    "give a plain value here; what has to be computed is computed where the param is used");
  }
  if (const Value* const given = schema.find("default")) {
    param.default_value = coerce_numbers(schema, *given);
    const bool is_valid = declaration_is_valid(declaration) && errors == reporter_.error_count();
    if (is_valid) {
      for (const SchemaFault& fault : validate_value(schema, *param.default_value)) {
        reporter_.error(Rule::invalid_param_value, plain.is_null() ? key.span() : plain.span(),
                        "the default of " + in_quotes(param.name) + (fault.path.empty() ? "" : " at " + fault.path) +
                            ": " + fault.message);
      }
    }
  }
  prefer_profile_param(param, schema, key);
  dag_->params.push_back(std::move(param));
}

void DagReader::read_declarations() {
  Dag& dag = *dag_;
  dag.pools = read_pools(top("pools"), reporter_);
  dag.connections = read_connections(top("connections"), reporter_);
  for (const auto* declared : {&std::as_const(dag.connections), &config_.connections}) {
    for (const Connection& connection : *declared) task_reader_.add_connection(connection.name);
  }
  dag.breakers_json = read_breakers(top("breakers"), reporter_);
  dag.assets_json = read_assets(top("assets"), reporter_);
  dag.calendars_json = read_calendars(top("calendars"), reporter_);
  Expressions expressions(reporter_);
  expressions.texts_below(top("assets"), Stage::dag);
  uses_.push_back({-1, expressions.take()});
  for (const auto& pool : dag.pools) pools_.push_back(pool.name);
  for (const auto& pool : config_.pools) pools_.push_back(pool.name);
  breakers_ = names_of(top("breakers"));
  assets_ = names_of(top("assets"));
  calendars_ = names_of(top("calendars"));
  append_names_of_json(breakers_, config_.breakers_json);
  append_names_of_json(assets_, config_.assets_json);
  append_names_of_json(calendars_, config_.calendars_json);
  const ScheduleNames names{assets_, calendars_, dag.calendars_json, config_.calendars_json};
  dag.schedule = read_schedule(top("schedule"), dag.id, names, reporter_);
  if (dag.schedule) dag.timezone = dag.schedule->timezone;
  if (const Node alerts = top("alerts"); alerts && alerts.is_list()) {
    dag.alerts_json = to_json(value_of(alerts, reporter_));
  }
}

void DagReader::read_groups() {
  const Node groups = top("groups");
  if (!groups || !groups.is_map()) return;
  for (const auto& [key, body] : Entries(groups)) {
    if (!is_id(key.text())) {
      reporter_.error(Rule::invalid_id, key.span(), in_quotes(key.text()) + " is not an id of a group");
    }
    GroupSpec group;
    group.id = key.text();
    if (body.is_map()) {
      group.tooltip = text_of(body.find("tooltip"));
      if (const Node retries = body.find("retries")) {
        group_retries_[group.id] = retries;
        Expressions unused(reporter_);  // each of its tasks reads them again, as its own
        (void)read_retries(retries, unused, reporter_);
      }
    }
    dag_->groups.push_back(std::move(group));
  }
}

Node DagReader::group_retries(Node body) const {
  if (group_retries_.empty() || !body || !body.is_map()) return {};
  std::string group = text_of(body.find("group"));
  while (!group.empty()) {
    const auto at = group_retries_.find(group);
    if (at != group_retries_.end()) return at->second;
    const std::size_t dot = group.rfind('.');
    group.resize(dot == std::string::npos ? 0 : dot);
  }
  return {};
}

void DagReader::read_tasks() {
  const Node tasks = top("tasks");
  if (!tasks || !tasks.is_map()) return;
  if (tasks.size() == 0) {
    reporter_.error(Rule::no_tasks, tasks.span(), "the DAG has no tasks");
    return;
  }
  nodes_.reserve(tasks.size());
  dag_->tasks.reserve(tasks.size() + std::size(kHooks));
  for (const auto& [key, body] : Entries(tasks)) {
    const std::string_view id = key.text();
    if (!is_id(id)) {
      reporter_.error(
          Rule::invalid_id, key.span(), in_quotes(id) + " is not an id of a task",
          "an id is made of letters, digits, \"_\", \".\" and \"-\", begins with a letter or digit and has at "
          "most 250 characters");
    }
    for (const auto& [hook, name] : kHooks) {
      if (id == name) {
        reporter_.error(Rule::invalid_id, key.span(), in_quotes(id) + " is the id of an action after the run",
                        "choose another");
      }
    }
    Task task;
    task.id = id;
    task.line = key.line();
    const auto number = static_cast<std::int32_t>(nodes_.size());
    nodes_.push_back({key, body.is_map() ? body : Node()});
    task.spec = read_task(key, body, number);
    dag_->tasks.push_back(std::move(task));
  }
}

std::shared_ptr<const TaskSpec> DagReader::read_task(Node key, Node body, std::int32_t task) {
  std::string signature;
  const bool may_share = signature_of(body, signature);
  if (may_share) {
    const auto same = specs_.find(signature);
    if (same != specs_.end()) return same->second;
  }
  const std::size_t findings = reporter_.count();
  const std::string owner = "task " + in_quotes(key.text());
  const Key* const row = find_key("tasks", "*");
  check_value(key, body, *row, owner, reporter_);
  Expressions expressions(reporter_);
  const TaskNodes nodes{key, body.is_map() ? body : Node(), defaults_, group_retries(body)};
  std::shared_ptr<const TaskSpec> spec = task_reader_.read(nodes, owner, expressions);
  if (!expressions.uses().empty()) uses_.push_back({task, expressions.take()});
  if (may_share && reporter_.count() == findings) specs_.emplace(std::move(signature), spec);
  return spec;
}

namespace {

void append_signature(Node node, std::string& out) {
  const auto text = [&](std::string_view s) {
    out += std::to_string(s.size());
    out += ':';
    out += s;
  };
  switch (node.kind()) {
    case NodeKind::null:
      out += 'n';
      return;
    case NodeKind::plain:
      out += 'p';
      return text(node.text());
    case NodeKind::quoted:
    case NodeKind::block:
      out += 'q';
      return text(node.text());
    case NodeKind::list:
      out += '[';
      for (const Node item : Items(node)) append_signature(item, out);
      out += ']';
      return;
    case NodeKind::map:
      out += '{';
      for (const auto& [key, value] : Entries(node)) {
        text(key.text());
        append_signature(value, out);
      }
      out += '}';
      return;
  }
}

}  // namespace

/// What two tasks must share to share a spec: all their keys but `needs`. False when the task is to have its own,
/// because it names other tasks.
bool DagReader::signature_of(Node body, std::string& out) const {
  if (!body.is_map()) return false;
  for (const auto& [key, value] : Entries(body)) {
    if (key.text() == "needs") {
      const bool fits = value.is_scalar() || value.is_null() ||
                        (value.is_list() && std::all_of(Items(value).begin(), Items(value).end(),
                                                        [](Node item) { return item.is_scalar(); }));
      if (!fits) return false;
      continue;
    }
    out += key.text();
    out += '=';
    append_signature(value, out);
  }
  return out.find("tasks") == std::string::npos;
}

void DagReader::read_hooks() {
  for (const auto& [hook, name] : kHooks) {
    const Node body = top(name);
    if (!body || !body.is_map()) continue;
    const auto key = std::find_if(Entries(root_).begin(), Entries(root_).end(),
                                  [&, wanted = name](const Entry& e) { return e.key.text() == wanted; });
    Task task;
    task.id = name;
    task.hook = hook;
    task.line = body.line();
    Expressions expressions(reporter_);
    const TaskNodes nodes{(*key).key, body, defaults_, {}};
    task.spec = task_reader_.read(nodes, "the action " + in_quotes(name), expressions);
    const auto number = static_cast<std::int32_t>(dag_->tasks.size());
    if (!expressions.uses().empty()) uses_.push_back({number, expressions.take()});
    dag_->tasks.push_back(std::move(task));
  }
}

void DagReader::link_graph() {
  const std::size_t errors = reporter_.error_count();
  GraphBuilder builder(*dag_, nodes_, reporter_);
  Adjacency upstream = builder.build();
  // Hooks stand behind the tasks and have no edges.
  upstream.offsets.resize(dag_->tasks.size() + 1, upstream.offsets.back());
  const auto cycle = link(*dag_, std::move(upstream));
  if (!cycle.empty()) {
    builder.report_cycle(cycle);
  }
  is_linked_ = cycle.empty() && reporter_.error_count() == errors;
}

void DagReader::check_name(std::string_view name, Node where, const std::vector<std::string>& known, Rule rule,
                           std::string_view what) {
  if (reporter_.is_full() || std::find(known.begin(), known.end(), name) != known.end()) return;
  reporter_.error(rule, where.span(), std::string(what) + " " + in_quotes(name) + " does not exist",
                  did_you_mean_hint(name, std::vector<std::string_view>(known.begin(), known.end())));
}

namespace {

/// Calls `visit(name node)` for each name in a text, a `{name: …}` mapping or a list of these.
template <typename Visit>
void each_name(Node node, Visit visit) {
  if (!node) return;
  if (node.is_scalar()) visit(node);
  if (node.is_map()) {
    if (const Node name = node.find("name"); name && name.is_scalar()) visit(name);
  }
  if (node.is_list()) {
    for (const Node item : Items(node)) each_name(item, visit);
  }
}

}  // namespace

/// A task that wants more than a pool has would wait for ever. A pool of 0 slots is closed on purpose.
void DagReader::check_pool_sizes() {
  std::map<std::string_view, std::int32_t> sizes;
  for (const PoolSpec& pool : config_.pools) sizes[pool.name] = pool.slots;
  for (const PoolSpec& pool : dag_->pools) sizes[pool.name] = pool.slots;
  for (std::size_t t = 0; t < nodes_.size(); ++t) {
    std::map<std::string_view, std::int64_t> wanted;
    for (const PoolUse& use : dag_->tasks[t].spec->pools) wanted[use.name] += use.slots;
    for (const auto& [pool, slots] : wanted) {
      const auto size = sizes.find(pool);
      if (size == sizes.end() || size->second == 0 || slots <= size->second) continue;
      const Node own = nodes_[t].body && nodes_[t].body.is_map() ? nodes_[t].body.find("pool") : Node();
      reporter_.error(Rule::invalid_value, own ? own.span() : nodes_[t].key.span(),
                      "task " + in_quotes(dag_->tasks[t].id) + " wants " + std::to_string(slots) + " slots of the pool " +
                          in_quotes(pool) + ", which has " + std::to_string(size->second));
    }
  }
}

void DagReader::check_references() {
  const auto check_body = [&](Node body) {
    if (!body || !body.is_map()) return;
    each_name(body.find("pool"), [&](Node n) { check_name(n.text(), n, pools_, Rule::unknown_pool, "pool"); });
    each_name(body.find("breaker"),
              [&](Node n) { check_name(n.text(), n, breakers_, Rule::unknown_breaker, "breaker"); });
    each_name(body.find("consumes"), [&](Node n) { check_name(n.text(), n, assets_, Rule::unknown_asset, "asset"); });
    each_name(body.find("produces"), [&](Node n) { check_name(n.text(), n, assets_, Rule::unknown_asset, "asset"); });
    const Node sensor = body.find("sensor");
    const Node awaited = sensor && sensor.is_map() ? sensor.find("asset") : Node();
    each_name(awaited, [&](Node n) { check_name(n.text(), n, assets_, Rule::unknown_asset, "asset"); });
    if (const Node checks = body.find("checks"); checks && checks.is_list()) {
      for (const Node check : Items(checks)) {
        if (!check.is_map()) continue;
        each_name(check.find("assets"), [&](Node n) { check_name(n.text(), n, assets_, Rule::unknown_asset, "asset"); });
      }
    }
  };
  check_body(defaults_);
  for (const auto& [hook, name] : kHooks) check_body(top(name));
  std::shared_ptr<const TaskSpec> before;
  for (std::size_t t = 0; t < nodes_.size(); ++t) {
    const TaskSpec& spec = *dag_->tasks[t].spec;
    const bool names_none = spec.pools.empty() && spec.breakers.empty() && spec.consumes.empty() && spec.produces.empty();
    if (names_none && spec.sensor->asset.empty() && spec.kind != TaskKind::checks) continue;
    check_body(nodes_[t].body);
  }
}

void DagReader::check_groups_joined() {
  if (dag_->groups.empty()) return;
  std::vector<std::string_view> known;
  for (const auto& group : dag_->groups) known.emplace_back(group.id);
  std::map<std::string, bool> joined;
  for (std::size_t t = 0; t < nodes_.size(); ++t) {
    const std::string& group = dag_->tasks[t].spec->group;
    if (group.empty()) continue;
    const bool is_new = joined.emplace(group, true).second;
    const bool is_declared = std::any_of(known.begin(), known.end(), [&](std::string_view k) {
      return group == k || (group.compare(0, k.size(), k) == 0 && group[k.size()] == '.');
    });
    if (is_declared) continue;
    const std::string hint = did_you_mean_hint(group, known);
    if (!is_new || hint.empty()) continue;
    reporter_.error(Rule::unknown_group, nodes_[t].body.find("group").span(),
                    "group " + in_quotes(group) + " is not among `groups`", hint);
  }
  for (const auto& [key, body] : Entries(top("groups"))) {
    const std::string name(key.text());
    const bool used = std::any_of(joined.begin(), joined.end(), [&](const auto& j) {
      return j.first == name || j.first.compare(0, name.size() + 1, name + ".") == 0;
    });
    if (!used) reporter_.warning(Rule::unknown_group, key.span(), "no task belongs to the group " + in_quotes(name));
  }
}

/// `run` reads the secret "a-b" from BATON_SECRET_A_B: two that share a variable cannot both be served.
void DagReader::check_secrets() {
  std::map<std::string, std::string> by_variable;
  const auto check = [&](const EnvEntry& entry, Span where) {
    if (entry.secret.empty()) return;
    const std::string variable = secret_variable(entry.secret);
    const auto [at, is_new] = by_variable.emplace(variable, entry.secret);
    if (is_new || at->second == entry.secret) return;
    reporter_.error(
        Rule::secret_collision, where,
        "the secrets " + in_quotes(at->second) + " and " + in_quotes(entry.secret) + " would both be read from " + variable,
        "rename one of them");
  };
  const Node place = top("secrets") ? top("secrets") : top("env") ? top("env") : root_;
  for (const EnvEntry& entry : dag_->env) check(entry, place.span());
  const TaskSpec* before = nullptr;
  for (std::size_t t = 0; t < dag_->tasks.size(); ++t) {
    const TaskSpec& spec = *dag_->tasks[t].spec;
    if (&spec == before || spec.env.empty()) continue;
    before = &spec;
    const Span where = t < nodes_.size() ? nodes_[t].key.span() : root_.span();
    for (const EnvEntry& entry : spec.env) check(entry, where);
  }
}

void DagReader::hint_allowed_failures() {
  for (std::size_t t = 0; t < nodes_.size(); ++t) {
    const TaskSpec& spec = *dag_->tasks[t].spec;
    if (spec.trigger_rule != TriggerRule::all_success || spec.teardown) continue;
    for (const TaskNo u : dag_->upstream.of(static_cast<TaskNo>(t))) {
      const TaskSpec& upstream = dag_->spec(u);
      if (!upstream.allow_failure) continue;
      reporter_.hint(Rule::allowed_failure, nodes_[t].key.span(),
                     "task " + in_quotes(dag_->tasks[t].id) + " is upstream_failed when " + in_quotes(dag_->task(u).id) +
                         " fails, which it may",
                     "`trigger_rule: all_done` runs it all the same");
      break;
    }
  }
}

}  // namespace baton::dagfile
