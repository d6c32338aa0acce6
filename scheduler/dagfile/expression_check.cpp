#include "scheduler/dagfile/expression_check.h"

#include <algorithm>
#include <span>

#include "scheduler/dagfile/json_schema.h"
#include "scheduler/dagfile/task_draft.h"
#include "scheduler/json/json_value.h"
#include "scheduler/expr/references.h"

namespace baton::dagfile {

using expr::Type;

/// `tasks`: what may be named is every task; what is wrong with a name has been reported before the types are asked.
class TaskFields : public expr::Fields {
 public:
  explicit TaskFields(const ExpressionCheck& check) : check_(check) {}
  [[nodiscard]] std::optional<Type> field(std::string_view name) const override {
    const auto task = check_.dag_.find(name);
    return task ? check_.type_of_task(*task) : Type::any();
  }
  [[nodiscard]] std::vector<std::string> names() const override { return {}; }
  [[nodiscard]] std::string_view noun() const override { return "task"; }

 private:
  const ExpressionCheck& check_;
};

Type type_of_schema(const Value& schema) {
  if (schema.type() != ValueType::map) return Type::any();
  const std::string type = single_type(schema);
  if (type == "string") return Type::string();
  if (type == "integer") return Type::integer();
  if (type == "number") return Type::floating();
  if (type == "boolean") return Type::boolean();
  if (type == "null") return Type::null();
  if (type == "array") {
    const Value* const items = schema.find("items");
    return Type::list(items != nullptr ? type_of_schema(*items) : Type::any());
  }
  if (type != "object") return Type::any();
  const Value* const properties = schema.find("properties");
  const Value* const others = schema.find("additionalProperties");
  const bool closed = others != nullptr && others->type() == ValueType::boolean && !others->as_bool();
  if (properties == nullptr || properties->type() != ValueType::map || !closed) {
    return Type::map(Type::string(), Type::any());
  }
  std::vector<std::pair<std::string, Type>> fields;
  for (const auto& [name, inner] : properties->as_map()) fields.emplace_back(name.as_string(), type_of_schema(inner));
  return Type::object(std::move(fields), "property");
}

Type type_of_output(OutputSpec::Type type) {
  switch (type) {
    case OutputSpec::Type::string:
      return Type::string();
    case OutputSpec::Type::integer:
      return Type::integer();
    case OutputSpec::Type::number:
      return Type::floating();
    case OutputSpec::Type::boolean:
      return Type::boolean();
    case OutputSpec::Type::list:
      return Type::list(Type::any());
    case OutputSpec::Type::map:
      return Type::map(Type::string(), Type::any());
    case OutputSpec::Type::timestamp:
      return Type::timestamp();
    case OutputSpec::Type::duration:
      return Type::duration();
    case OutputSpec::Type::any:
      return Type::any();
  }
  return Type::any();
}

ExpressionCheck::ExpressionCheck(const Dag& dag, bool is_linked, Reporter& reporter)
    : dag_(dag), is_linked_(is_linked), reporter_(reporter) {
  std::vector<std::pair<std::string, Type>> params;
  for (const ParamSpec& param : dag.params) {
    const auto schema = from_exact_json(param.schema_json);
    params.emplace_back(param.name, schema ? type_of_schema(*schema) : Type::any());
  }
  params_ = Type::object(std::move(params), "param");
  std::set<std::string> states;
  for (const Task& task : dag.tasks) {
    if (task.spec->state) states.insert(task.spec->state->name);
  }
  std::vector<std::pair<std::string, Type>> kept;
  for (const std::string& name : states) kept.emplace_back(name, Type::any());
  states_ = Type::object(std::move(kept), "state");
}

void ExpressionCheck::run(const std::vector<SpecUses>& all) {
  if (is_linked_) find_far_queries(all);
  for (const SpecUses& spec : all) check_spec(spec);
}

namespace {

template <typename Visit>
void for_each_ast(const Use& use, Visit visit) {
  if (use.text) {
    for (const auto& part : use.text->parts) {
      if (part.is_expression()) visit(part.ast());
    }
  }
  if (use.script) {
    for (const auto& part : use.script->parts) {
      if (part.part.is_expression()) visit(part.part.ast());
    }
  }
}

}  // namespace

void ExpressionCheck::find_far_queries(const std::vector<SpecUses>& all) {
  std::vector<Query> queries;
  for (const SpecUses& spec : all) {
    if (spec.task < 0) continue;
    for (const Use& use : spec.uses) {
      for_each_ast(use, [&](const expr::Ast& ast) {
        for (const auto& path : expr::references(ast)) {
          if (path.names.size() < 2 || path.names[0] != "tasks") continue;
          const auto wanted = dag_.find(path.names[1]);
          if (!wanted) continue;
          const auto direct = dag_.upstream.of(spec.task);
          if (!std::binary_search(direct.begin(), direct.end(), *wanted)) queries.emplace_back(spec.task, *wanted);
        }
      });
    }
  }
  answer(queries);
}

/// Carries one bit for each of 64 wanted tasks down the whole graph, as often as there are groups of 64.
void ExpressionCheck::answer(std::vector<Query>& queries) {
  std::sort(queries.begin(), queries.end(),
            [](const Query& a, const Query& b) { return std::pair(a.second, a.first) < std::pair(b.second, b.first); });
  queries.erase(std::unique(queries.begin(), queries.end()), queries.end());
  std::vector<std::uint64_t> above(dag_.tasks.size());
  for (std::size_t begin = 0; begin < queries.size();) {
    std::vector<TaskNo> wanted;
    std::size_t end = begin;
    for (; end < queries.size(); ++end) {
      if (!wanted.empty() && wanted.back() == queries[end].second) continue;
      if (wanted.size() == 64) break;
      wanted.push_back(queries[end].second);
    }
    std::fill(above.begin(), above.end(), 0);
    for (const TaskNo t : dag_.topological) {
      std::uint64_t bits = 0;
      for (const TaskNo u : dag_.upstream.of(t)) bits |= above[static_cast<std::size_t>(u)];
      above[static_cast<std::size_t>(t)] |= bits;
      const auto at = std::lower_bound(wanted.begin(), wanted.end(), t);
      if (at != wanted.end() && *at == t) {
        const std::uint64_t mine = std::uint64_t{1} << static_cast<unsigned>(at - wanted.begin());
        for (const TaskNo d : dag_.downstream.of(t)) above[static_cast<std::size_t>(d)] |= mine;
      }
    }
    for (; begin < end; ++begin) {
      const auto bit = std::lower_bound(wanted.begin(), wanted.end(), queries[begin].second) - wanted.begin();
      const std::uint64_t bits = above[static_cast<std::size_t>(queries[begin].first)];
      if (((bits >> static_cast<unsigned>(bit)) & 1U) == 0) not_upstream_.insert(queries[begin]);
    }
  }
}

bool ExpressionCheck::is_upstream(TaskNo task, TaskNo wanted) const {
  return !is_linked_ || not_upstream_.count({task, wanted}) == 0;
}

void ExpressionCheck::check_spec(const SpecUses& spec) {
  for (const Use& use : spec.uses) check_use(use, spec);
}

void ExpressionCheck::check_use(const Use& use, const SpecUses& spec) {
  if (reporter_.is_full()) return;
  const expr::TypeEnv env = env_of(use, spec);
  const bool is_whole = use.is_condition || (use.text && use.text->single() != nullptr);
  for_each_ast(use, [&](const expr::Ast& ast) { check_ast(ast, use, spec, env, is_whole); });
}

void ExpressionCheck::check_ast(const expr::Ast& ast, const Use& use, const SpecUses& spec, const expr::TypeEnv& env,
                                bool is_whole) {
  std::set<std::uint32_t> reported;
  check_names(ast, use, spec, env, reported);
  for (const auto& call : expr::calls(ast)) {
    if (call.function == nullptr) continue;
    const Span where = span_in(use.node, call.where);
    if (call.function->id == expr::Function::hash_files && !use.allow_hash_files) {
      reporter_.error(Rule::hash_files_place, where, "`hashFiles` may only stand in `cache.key`");
      reported.insert(call.where.begin);
    }
    if (call.function->id == expr::Function::hash_files) warn_unexpanded_patterns(*call.node, use);
    if (call.function->id == expr::Function::secret && !(use.allow_secret && is_whole && call.is_root)) {
      reporter_.error(Rule::secret_place, where,
                      "a secret may only be the whole value of an `env` entry or of an http header",
                      "put it into `env` and use the variable");
      reported.insert(call.where.begin);
    }
  }
  const expr::Checked checked = expr::check(ast, env);
  bool failed = !reported.empty();
  for (const auto& error : checked.errors) {
    failed = true;
    if (reported.count(error.where.begin) != 0) continue;
    const std::size_t hint = error.message.find("; ");
    const bool is_unknown = error.message.compare(0, 8, "unknown ") == 0;
    reporter_.error(is_unknown ? Rule::unknown_name : Rule::expression_type, span_in(use.node, error.where),
                    error.message.substr(0, hint),
                    hint == std::string::npos ? std::string() : error.message.substr(hint + 2));
  }
  if (!failed) check_wanted(checked.type, use, ast, is_whole);
}

void ExpressionCheck::warn_unexpanded_patterns(const expr::Node& call, const Use& use) {
  for (const auto& argument : call.children) {
    if (argument->kind != expr::NodeKind::literal || argument->value->type() != ValueType::string) continue;
    warn_unexpanded(argument->value->as_string(), span_in(use.node, argument->where), "hashFiles", reporter_);
  }
}

void ExpressionCheck::check_names(const expr::Ast& ast, const Use& use, const SpecUses& spec, const expr::TypeEnv& env,
                                  std::set<std::uint32_t>& reported) {
  for (const auto& path : expr::references(ast)) {
    const std::string& first = path.names.front();
    const Type* const type = env.find(first);
    if (type == nullptr) {
      std::vector<std::string_view> known;
      for (const auto& [name, t] : env.names) known.push_back(name);
      reporter_.error(Rule::unknown_name, span_in(use.node, path.name_where[0]),
                      "there is no " + in_quotes(first) + " in expressions here", reporter_.did_you_mean(first, known));
      reported.insert(path.where.begin);
      reported.insert(path.name_where[0].begin);
      continue;
    }
    if (path.names.size() < 2 || type->kind() != Type::Kind::object) continue;
    const std::string& second = path.names[1];
    const Span where = span_in(use.node, path.name_where[1]);
    if (first == "tasks") {
      check_task_name(second, where, spec);
    } else if (!type->fields()->field(second)) {
      const auto names = type->fields()->names();
      const Rule rule = first == "params" ? Rule::unknown_param : Rule::unknown_name;
      reporter_.error(rule, where, "there is no " + std::string(type->fields()->noun()) + " " + in_quotes(second),
                      reporter_.did_you_mean(second, std::vector<std::string_view>(names.begin(), names.end())));
      reported.insert(path.where.begin);
      reported.insert(path.name_where[1].begin);
    }
  }
}

void ExpressionCheck::check_task_name(std::string_view id, Span where, const SpecUses& spec) {
  const auto wanted = dag_.find(id);
  if (!wanted || dag_.task(*wanted).hook != Hook::none) {
    std::vector<std::string_view> known;
    if (dag_.tasks.size() <= 10'000) {
      for (const Task& task : dag_.tasks) known.emplace_back(task.id);
    }
    reporter_.error(Rule::unknown_task, where, "there is no task " + in_quotes(id), reporter_.did_you_mean(id, known));
    return;
  }
  if (spec.task < 0 || dag_.task(spec.task).hook != Hook::none) return;
  if (*wanted == spec.task) {
    reporter_.error(Rule::not_upstream, where, "task " + in_quotes(id) + " cannot ask for its own outputs");
  } else if (!is_upstream(spec.task, *wanted)) {
    reporter_.error(Rule::not_upstream, where,
                    "task " + in_quotes(dag_.task(spec.task).id) + " uses " + in_quotes(id) + ", which is not upstream of it",
                    "add " + in_quotes(id) + " to its `needs`");
  }
}

void ExpressionCheck::check_wanted(const Type& type, const Use& use, const expr::Ast& ast, bool is_whole) {
  using Kind = Type::Kind;
  const auto refuse = [&](const std::string& wanted) {
    const expr::SourceRange where = ast.root().where;
    reporter_.error(Rule::expression_type, span_in(use.node, where),
                    "the expression gives " + type.text() + ", but " + wanted + " is wanted");
  };
  const Kind kind = type.kind();
  if (kind == Kind::any) return;
  const bool is_many = kind == Kind::list || kind == Kind::map || kind == Kind::object;
  const Wanted wanted = is_whole || use.script ? use.wanted : Wanted::text;
  switch (wanted) {
    case Wanted::any:
      return;
    case Wanted::text:
      if (is_many || kind == Kind::null) refuse("text, a number, true or false or a time");
      return;
    case Wanted::boolean:
      if (kind != Kind::boolean) refuse("true or false");
      return;
    case Wanted::items:
      if (!is_many) refuse("a list or a map");
      return;
    case Wanted::list:
      if (kind != Kind::list) refuse("a list");
      return;
    case Wanted::instant:
      if (kind != Kind::timestamp && kind != Kind::string) refuse("a timestamp");
      return;
    case Wanted::integer:
      if (kind != Kind::integer) refuse("an integer");
      return;
    case Wanted::span:
      if (kind != Kind::duration && kind != Kind::string) refuse("a duration");
      return;
  }
}

Type ExpressionCheck::type_of_task(TaskNo task) const {
  const TaskSpec& spec = dag_.spec(task);
  std::vector<std::pair<std::string, Type>> outputs;
  for (const OutputSpec& output : spec.outputs) outputs.emplace_back(output.name, type_of_output(output.type));
  if (spec.kind == TaskKind::checks) {
    for (const char* name : {"passed", "failed", "warned"}) outputs.emplace_back(name, Type::integer());
    outputs.emplace_back("quarantined", Type::list(Type::string()));
  }
  std::vector<std::pair<std::string, Type>> fields;
  fields.emplace_back("index", Type::integer());
  fields.emplace_back("key", Type::any());
  fields.emplace_back("item", Type::any());
  fields.emplace_back("state", Type::string());
  fields.emplace_back("outputs", Type::object(std::move(outputs), "output"));
  Type one = Type::object(std::move(fields));
  return spec.mapping->kind == Mapping::Kind::none ? one : Type::list(one);
}

expr::TypeEnv ExpressionCheck::env_of(const Use& use, const SpecUses& spec) const {
  expr::TypeEnv env;
  env.allow_hash_files = true;  // both are checked here, with a rule of their own
  env.allow_secret = use.allow_secret;
  env.allow_raw = static_cast<bool>(use.script);
  env.names.emplace_back("params", params_);
  env.names.emplace_back("env", env_type(use, spec));
  env.names.emplace_back("interval", Type::object({{"start", Type::timestamp()}, {"end", Type::timestamp()}}));
  env.names.emplace_back("logical_date", Type::timestamp());
  const bool is_item = spec.task >= 0 && use.stage == Stage::instance && dag_.spec(spec.task).mapping->as == "state";
  if (!is_item) env.names.emplace_back("state", states_);
  env.names.emplace_back("run", Type::object({{"id", Type::string()}, {"type", Type::string()}}));
  env.names.emplace_back("dag", Type::object({{"id", Type::string()}}));
  env.names.emplace_back("task", Type::object({{"id", Type::string()}, {"try_number", Type::integer()}}));
  if (use.stage == Stage::dag) {
    env.names.emplace_back("tasks", Type::unavailable("`tasks` cannot be used in the DAG's own keys"));
    return env;
  }
  env.names.emplace_back("tasks", Type::object(std::make_shared<TaskFields>(*this)));
  if (spec.task < 0 || use.stage == Stage::expansion) return env;
  const Mapping& mapping = dag_.spec(spec.task).mapping;
  if (mapping.kind == Mapping::Kind::matrix) env.names.emplace_back("matrix", matrix_type(spec));
  if (const auto item = item_type(spec)) env.names.emplace_back(mapping.as, *item);
  return env;
}

namespace {

/// The variables that an expression sees, looked up when one is named: the later of two with one name.
class EnvFields : public expr::Fields {
 public:
  using Entries = std::span<const EnvEntry>;
  EnvFields(Entries outer, Entries inner) : outer_(outer), inner_(inner) {}

  [[nodiscard]] std::optional<Type> field(std::string_view name) const override {
    for (const Entries entries : {inner_, outer_}) {
      const auto entry = std::find_if(entries.rbegin(), entries.rend(), [&](const auto& e) { return e.name == name; });
      if (entry == entries.rend()) continue;
      if (entry->secret.empty()) return Type::string();
      return Type::unavailable("`env." + entry->name + "` is a secret, which no expression may read");
    }
    return std::nullopt;
  }
  /// For "did you mean": those that stand next to the expression.
  [[nodiscard]] std::vector<std::string> names() const override {
    constexpr std::size_t kNamesMax = 1000;
    std::vector<std::string> names;
    for (const Entries entries : {outer_, inner_}) {
      const std::size_t first = entries.size() - std::min(entries.size(), kNamesMax);
      for (const EnvEntry& entry : entries.subspan(first)) names.push_back(entry.name);
    }
    return names;
  }
  [[nodiscard]] std::string_view noun() const override { return "variable in `env`"; }

 private:
  Entries outer_, inner_;
};

}  // namespace

Type ExpressionCheck::env_type(const Use& use, const SpecUses& spec) const {
  const auto visible = [&](const std::vector<EnvEntry>& entries) {
    return std::span(entries).first(std::min(use.env_visible, entries.size()));
  };
  const EnvFields::Entries none;
  if (use.stage == Stage::dag) return Type::object(std::make_shared<EnvFields>(visible(dag_.env), none));
  const auto inner = spec.task >= 0 ? visible(dag_.spec(spec.task).env) : none;
  return Type::object(std::make_shared<EnvFields>(dag_.env, inner));
}

Type ExpressionCheck::element_of(const Text& items, const SpecUses& spec) const {
  const expr::Ast* const ast = items.compiled ? items.compiled->single() : nullptr;
  if (ast == nullptr) return Type::any();
  Use use;
  use.stage = Stage::expansion;
  const Type type = expr::check(*ast, env_of(use, spec)).type;
  if (type.kind() == Type::Kind::map) return Type::object({{"key", type.key()}, {"value", type.element()}});
  return type.kind() == Type::Kind::list ? type.element() : Type::any();
}

std::optional<Type> ExpressionCheck::item_type(const SpecUses& spec) const {
  const Mapping& mapping = dag_.spec(spec.task).mapping;
  if (mapping.kind != Mapping::Kind::for_each) return std::nullopt;
  if (!mapping.literal_items) return element_of(mapping.items, spec);
  const Type type = Type::of(*mapping.literal_items);
  if (mapping.literal_items->type() == ValueType::list) return type.element();
  Type value;
  bool first = true;
  for (const auto& [key, item] : mapping.literal_items->as_map()) {
    value = first ? Type::of(item) : expr::common_type(value, Type::of(item));
    first = false;
  }
  return Type::object({{"key", Type::string()}, {"value", value}});
}

Type ExpressionCheck::matrix_type(const SpecUses& spec) const {
  const Mapping& mapping = dag_.spec(spec.task).mapping;
  std::vector<std::pair<std::string, Type>> fields;
  for (const auto& axis : mapping.axes) {
    fields.emplace_back(axis.name,
                        axis.literal_items ? Type::of(*axis.literal_items).element() : element_of(axis.items, spec));
  }
  for (const Value& combination : mapping.include) {
    if (combination.type() != ValueType::map) continue;
    for (const auto& [key, value] : combination.as_map()) {
      const std::string& name = key.as_string();
      const auto known = std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.first == name; });
      if (known == fields.end()) {
        fields.emplace_back(name, Type::any());  // not every combination has it
      } else {
        known->second = expr::common_type(known->second, Type::of(value));
      }
    }
  }
  return Type::object(std::move(fields), "axis");
}

}  // namespace baton::dagfile
