// `for_each` and `matrix`.
#include <algorithm>

#include "scheduler/json/json_value.h"
#include "scheduler/dagfile/scalar.h"
#include "scheduler/dagfile/task_draft.h"
#include "scheduler/expr/parse.h"
#include "scheduler/expr/references.h"
#include "scheduler/timetable/time_text.h"

namespace baton::dagfile {
namespace {

void refuse_inner_expressions(Node node, Reporter& reporter) {
  const Node found = find_expression(node);
  if (!found) return;
  reporter.error(Rule::expression_not_here, found.span(), "a literal list or map here takes no expressions inside",
                 "make the whole of it one expression: \"${{ [params.a, \\\"b\\\"] }}\"");
}

/// True when `text` is exactly one expression; reports otherwise.
bool require_single(const Text& text, Node node, std::string_view what, Reporter& reporter) {
  if (!text.compiled) {
    reporter.error(Rule::wrong_type, node.span(),
                   in_quotes(what) + " wants a list or an expression, not " + describe_node(node));
    return false;
  }
  if (text.compiled->single() != nullptr || text.compiled->parts.empty()) return true;
  reporter.error(Rule::mapping, node.span(), in_quotes(what) + " must be one expression and nothing beside it");
  return false;
}

}  // namespace

Text read_computed(Node node, std::string_view key, Wanted wanted, Stage stage, Expressions& expressions,
                   Reporter& reporter) {
  if (!node || !node.is_scalar() || !expr::has_expression(node.text())) return {};
  Text text = expressions.text(node, wanted, stage);
  if (text.compiled->single() == nullptr && !text.compiled->parts.empty()) {
    reporter.error(Rule::expression_type, node.span(), in_quotes(key) + " must be one expression and nothing beside it",
                   "put the rest into it: \"${{ string(params.n) + 'm' }}\"");
  }
  return text;
}

bool is_builtin_name(std::string_view name) {
  static constexpr std::string_view kNames[] = {"params", "env",  "interval", "logical_date", "run",
                                                "dag",    "task", "tasks",    "matrix"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

void TaskReader::read_for_each(Draft& draft, Node node) {
  if (!node.is_map()) return;
  Mapping& mapping = draft.spec.mapping.edit();
  mapping.kind = Mapping::Kind::for_each;
  if (const Node as = node.find("as"); as && as.is_scalar()) {
    mapping.as = as.text();
    if (!is_name(mapping.as) || is_builtin_name(mapping.as) || expr::is_reserved_word(mapping.as)) {
      reporter_.error(Rule::invalid_id, as.span(), in_quotes(mapping.as) + " cannot be the name of the item",
                      is_builtin_name(mapping.as) ? "expressions know another thing by this name"
                                                  : "use letters, digits and \"_\"");
    }
  }
  if (const Node items = node.find("items")) {
    if (items.is_list() || items.is_map()) {
      refuse_inner_expressions(items, reporter_);
      mapping.literal_items = literal(items);
    } else if (items.is_scalar()) {
      mapping.items = draft.expressions.text(items, Wanted::items, Stage::expansion);
      require_single(mapping.items, items, "items", reporter_);
    }
    check_instances(draft, items);
  }
  mapping.key = draft.expressions.text(node.find("key"), Wanted::text, Stage::instance);
  read_max_parallel(draft, node.find("max_parallel"));
}

void TaskReader::read_max_parallel(Draft& draft, Node node) {
  Mapping& mapping = draft.spec.mapping.edit();
  mapping.max_parallel = read_int(node, 0);
  mapping.computed_max_parallel =
      read_computed(node, "max_parallel", Wanted::integer, Stage::expansion, draft.expressions, reporter_);
}

void TaskReader::read_matrix(Draft& draft, Node node) {
  if (!node.is_map()) return;
  Mapping& mapping = draft.spec.mapping.edit();
  mapping.kind = Mapping::Kind::matrix;
  read_max_parallel(draft, node.find("max_parallel"));
  for (const auto& [key, value] : Entries(node)) {
    const std::string_view name = key.text();
    if (name != "include" && name != "exclude" && name != "max_parallel") read_axis(draft, key, value);
  }
  read_combinations(draft, node.find("include"), true);
  read_combinations(draft, node.find("exclude"), false);
  if (mapping.axes.empty() && mapping.include.empty()) {
    reporter_.error(Rule::mapping, node.span(), "\"matrix\" has no axes", "give it one: {fold: [0, 1, 2]}");
  }
  check_instances(draft, node);
}

void TaskReader::read_axis(Draft& draft, Node name, Node values) {
  if (!is_name(name.text())) {
    reporter_.error(Rule::invalid_id, name.span(), in_quotes(name.text()) + " is not a name of an axis",
                    "a name is made of letters, digits and \"_\" and does not begin with a digit");
  }
  Mapping::Axis axis;
  axis.name = name.text();
  if (values.is_list()) {
    refuse_inner_expressions(values, reporter_);
    axis.literal_items = literal(values);
  } else if (values.is_scalar()) {
    axis.items = draft.expressions.text(values, Wanted::list, Stage::expansion);
    require_single(axis.items, values, axis.name, reporter_);
  }
  draft.spec.mapping.edit().axes.push_back(std::move(axis));
}

void TaskReader::read_combinations(Draft& draft, Node list, bool is_include) {
  if (!list || !list.is_list()) return;
  Mapping& mapping = draft.spec.mapping.edit();
  std::vector<std::string_view> axes;
  for (const auto& axis : mapping.axes) axes.emplace_back(axis.name);
  for (const Node item : Items(list)) {
    if (!item.is_map()) continue;
    refuse_inner_expressions(item, reporter_);
    (is_include ? mapping.include : mapping.exclude).push_back(literal(item));
    if (is_include) continue;
    for (const auto& [key, value] : Entries(item)) {
      if (std::find(axes.begin(), axes.end(), key.text()) != axes.end()) continue;
      reporter_.error(Rule::unknown_name, key.span(), "\"exclude\" names " + in_quotes(key.text()) + ", which is no axis",
                      did_you_mean_hint(key.text(), axes));
    }
  }
}

void TaskReader::check_instances(const Draft& draft, Node node) {
  const Mapping& mapping = draft.spec.mapping;
  const auto size_of = [](const Value& v) {
    return static_cast<double>(v.type() == ValueType::map ? v.as_map().size() : v.as_list().size());
  };
  double count = 1;
  if (mapping.kind == Mapping::Kind::for_each) count = mapping.literal_items ? size_of(*mapping.literal_items) : 0;
  if (mapping.kind == Mapping::Kind::matrix) {
    for (const auto& axis : mapping.axes) count *= axis.literal_items ? size_of(*axis.literal_items) : 1;
  }
  if (count <= config_.max_instances) return;
  reporter_.error(Rule::mapping_limit, node.span(),
                  std::string(draft.owner) + " has " +
                      std::to_string(static_cast<std::int64_t>(std::min(count, 9e18))) +
                      " instances, more than the limit of " + std::to_string(config_.max_instances),
                  "map over groups of items, or raise limits.instances in baton.yaml");
}

bool names_instance(const TaskSpec& spec) {
  const Mapping& mapping = spec.mapping;
  if (mapping.kind == Mapping::Kind::none || !spec.condition->compiled) return false;
  const std::string_view name = mapping.kind == Mapping::Kind::matrix ? std::string_view("matrix") : mapping.as;
  for (const auto& part : spec.condition->compiled->parts) {
    if (!part.is_expression()) continue;
    for (const auto& path : expr::references(part.ast())) {
      if (path.names.front() == name) return true;
    }
  }
  return false;
}

void check_literal_time(const Text& text, Node node, Reporter& reporter) {
  if (text.compiled || !node.is_scalar()) return;
  const auto time = timetable::parse_time(node.text(), timetable::utc());
  if (!time) reporter.error(Rule::invalid_time, node.span(), time.error().message);
}

std::vector<std::string> read_shell(Node node, Reporter& reporter) {
  std::vector<std::string> argv;
  if (node.is_list()) argv = read_texts(node);
  if (node.is_scalar()) {
    std::string_view rest = node.text();
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find_first_of(" \t"), rest.size());
      if (end > 0) argv.emplace_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  if ((argv.empty() || argv.front().empty()) && !node.is_map()) {
    reporter.error(Rule::invalid_value, node.span(), "\"shell\" names no program");
  }
  return argv;
}

OutputSpec::Type output_type(std::string_view name) {
  using enum OutputSpec::Type;
  if (name == "string") return string;
  if (name == "int" || name == "integer") return integer;
  if (name == "number" || name == "double") return number;
  if (name == "bool" || name == "boolean") return boolean;
  if (name == "list" || name == "array") return list;
  if (name == "map" || name == "object") return map;
  if (name == "timestamp") return timestamp;
  if (name == "duration") return duration;
  return any;
}

}  // namespace baton::dagfile
