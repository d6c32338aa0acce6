#include <array>

#include "scheduler/dagfile/diagnostic.h"

namespace baton {
namespace {

constexpr auto kRules = std::to_array<RuleInfo>({
    {Rule::file_unreadable, "file-unreadable", "The file does not exist, may not be read, or is no regular file"},
    {Rule::file_too_large, "file-too-large", "The file is larger than the limit (32 MiB by default)"},
    {Rule::file_changed, "file-changed", "The file changed while it was read"},
    {Rule::not_utf8, "not-utf8", "The file is not UTF-8 without a byte order mark"},
    {Rule::forbidden_character, "forbidden-character", "A control character or bidirectional override in the file"},
    {Rule::yaml_syntax, "yaml-syntax", "The file is not YAML"},
    {Rule::yaml_tag, "yaml-tag", "Tags (`!!str`, `!name`) are not part of the language"},
    {Rule::yaml_depth, "yaml-depth", "The document is nested deeper than the limit (64 by default)"},
    {Rule::yaml_alias, "yaml-alias", "An alias holds itself, or aliases multiply the document more than tenfold"},
    {Rule::duplicate_key, "duplicate-key", "A key stands twice in one mapping"},
    {Rule::merge_key, "merge-key", "`<<` is not part of the language; `defaults` serves instead"},
    {Rule::key_not_text, "key-not-text", "A key of a mapping is not plain text"},
    {Rule::not_a_dag, "not-a-dag", "The document does not begin with `dag:` and is left alone"},
    {Rule::unknown_key, "unknown-key", "The language has no such key here"},
    {Rule::reserved_key, "reserved-key", "The key is reserved for a later version"},
    {Rule::missing_key, "missing-key", "A required key is missing"},
    {Rule::wrong_type, "wrong-type", "The value is of another type than the key wants"},
    {Rule::invalid_value, "invalid-value", "The value is not one of those allowed"},
    {Rule::invalid_id, "invalid-id", "An id is not `[A-Za-z0-9_.-]`, at most 250, first a letter or digit"},
    {Rule::invalid_duration, "invalid-duration", "Not a duration such as 90s, 5m, 2h30m, 1d, 1w or PT5M"},
    {Rule::invalid_size, "invalid-size", "Not a size such as 512Mi or 16Gi"},
    {Rule::invalid_time, "invalid-time", "Not an RFC 3339 time or a date"},
    {Rule::invalid_env_name, "invalid-env-name", "Not a name of an environment variable, or one of Baton's own"},
    {Rule::duplicate_id, "duplicate-id", "Two things share one id where ids must differ"},
    {Rule::task_kind, "task-kind", "A task has no kind, or more than one"},
    {Rule::unknown_task, "unknown-task", "No task or group has this id"},
    {Rule::unknown_group, "unknown-group", "No task belongs to this group"},
    {Rule::unknown_pool, "unknown-pool", "No pool of this name is declared here or in baton.yaml"},
    {Rule::unknown_breaker, "unknown-breaker", "No breaker of this name is declared here or in baton.yaml"},
    {Rule::unknown_asset, "unknown-asset", "No asset of this name is declared here or in baton.yaml"},
    {Rule::unknown_calendar, "unknown-calendar", "No calendar of this name is declared here or in baton.yaml"},
    {Rule::unknown_connection, "unknown-connection", "No connection of this name is declared here or in baton.yaml"},
    {Rule::unknown_param, "unknown-param", "The DAG has no such param"},
    {Rule::cycle, "cycle", "Tasks need each other in a circle"},
    {Rule::setup_teardown, "setup-teardown", "A setup or teardown that does not fit the graph"},
    {Rule::mapping, "mapping", "A `for_each` or `matrix` that cannot be expanded"},
    {Rule::mapping_limit, "mapping-limit", "A mapped task has more instances than the limit (100,000 by default)"},
    {Rule::conflicting_keys, "conflicting-keys", "Two keys exclude each other, or one needs another"},
    {Rule::invalid_schedule, "invalid-schedule", "A schedule, cron expression or time zone that cannot be read"},
    {Rule::schedule_never, "schedule-never", "The schedule can never fire"},
    {Rule::invalid_param_schema, "invalid-param-schema", "A param is not declared by valid JSON Schema keywords"},
    {Rule::invalid_param_value, "invalid-param-value", "A value does not satisfy the declaration of its param"},
    {Rule::expression_syntax, "expression-syntax", "An expression cannot be parsed"},
    {Rule::expression_type, "expression-type", "An expression has the wrong type"},
    {Rule::unknown_name, "unknown-name", "An expression uses a name that does not exist here"},
    {Rule::unsafe_expression, "unsafe-expression", "An expression stands where the shell would run its value"},
    {Rule::raw_expression, "raw-expression", "`raw(…)` puts a value into a script unquoted"},
    {Rule::not_upstream, "not-upstream", "An expression names a task that need not have ended before"},
    {Rule::secret_place, "secret-place", "A secret stands elsewhere than as a whole value of env or an http header"},
    {Rule::secret_collision, "secret-collision", "Two secrets would be read from one environment variable"},
    {Rule::hash_files_place, "hash-files-place", "`hashFiles` stands elsewhere than in `cache.key`"},
    {Rule::expression_not_here, "expression-not-here", "This key takes no expression"},
    {Rule::allowed_failure, "allowed-failure", "A task follows one that may fail and would be upstream_failed"},
    {Rule::unexpanded_path, "unexpanded-path", "A path holds `~` or `$NAME`, which only a shell expands"},
    {Rule::no_break_space, "no-break-space", "A character looks like a space and is none"},
    {Rule::no_tasks, "no-tasks", "The DAG has no tasks"},
    {Rule::too_many, "too-many", "More findings than are shown"},
});

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRules.size(); ++i) {
    if (static_cast<std::size_t>(kRules[i].rule) != i) return false;
  }
  return kRules.size() == static_cast<std::size_t>(Rule::too_many) + 1;
}
static_assert(in_order(), "the table of rules follows the enum");

}  // namespace

std::span<const RuleInfo> rules() {
  return kRules;
}

std::string_view to_string(Rule rule) {
  return kRules[static_cast<std::size_t>(rule)].name;
}

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::hint:
      return "hint";
    case Severity::note:
      return "note";
  }
  return "error";
}

}  // namespace baton
