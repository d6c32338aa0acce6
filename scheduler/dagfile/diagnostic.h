// Diagnostics: what is wrong in a DAG file, where, and what to do. All rules have stable names, listed in one table.
// Made by the loader, shown by `validate`; plain values, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace baton {

enum class Severity : std::uint8_t { error, warning, hint, note };
std::string_view to_string(Severity severity);

/// One finding. Lines and columns are 1-based, columns in code points; the end column is exclusive.
struct Diagnostic {
  std::string file;
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  std::uint32_t end_line = 1;
  std::uint32_t end_column = 1;
  Severity severity = Severity::error;
  std::string rule;         ///< stable, from rules()
  std::string message;      ///< one sentence, no full stop
  std::string hint;         ///< the way out; may be empty
  std::string source_line;  ///< the text of `line`, for the caret; of a long line what stands around it; may be empty
  std::uint32_t source_column = 1;  ///< where `source_line` begins in the line
};

/// Every finding is of one of these rules. The names are part of the interface: people suppress and count by them.
enum class Rule : std::uint8_t {
  file_unreadable,
  file_too_large,
  file_changed,
  not_utf8,
  forbidden_character,
  yaml_syntax,
  yaml_tag,
  yaml_depth,
  yaml_alias,
  duplicate_key,
  merge_key,
  key_not_text,
  not_a_dag,
  unknown_key,
  reserved_key,
  missing_key,
  wrong_type,
  invalid_value,
  invalid_id,
  invalid_duration,
  invalid_size,
  invalid_time,
  invalid_env_name,
  duplicate_id,
  task_kind,
  unknown_task,
  unknown_group,
  unknown_pool,
  unknown_breaker,
  unknown_asset,
  unknown_calendar,
  unknown_connection,
  unknown_param,
  cycle,
  setup_teardown,
  mapping,
  mapping_limit,
  conflicting_keys,
  invalid_schedule,
  schedule_never,
  invalid_param_schema,
  invalid_param_value,
  expression_syntax,
  expression_type,
  unknown_name,
  unsafe_expression,
  raw_expression,
  not_upstream,
  secret_place,
  secret_collision,
  hash_files_place,
  expression_not_here,
  allowed_failure,
  unexpanded_path,
  no_break_space,
  no_tasks,
  too_many,
};

struct RuleInfo {
  Rule rule;
  std::string_view name;  ///< kebab-case
  std::string_view doc;   ///< one line for the reference
};
/// The one table of rules, in the order of the enum.
std::span<const RuleInfo> rules();
std::string_view to_string(Rule rule);

/// `file:line:column: severity: message; hint [rule]`, the source line and a caret (docs/dag-language.md). Control
/// characters of the source never reach the terminal.
std::string render_text(const Diagnostic& diagnostic);
std::string render_text(std::span<const Diagnostic> diagnostics);

/// A JSON array of {file, line, column, end_column, severity, rule, message, hint, excerpt} (docs/ARCHITECTURE.md);
/// `excerpt`: the source line and a caret, as render_text() has them; empty where there is none.
std::string render_json(std::span<const Diagnostic> diagnostics);
/// What render_json() wrote, as render_text() has it; a text of something else as it is.
std::string kept_findings_text(std::string_view json);
/// `dags/a.yaml:3:1: error: unknown key "catchup" of DAG "a", and 2 more`: a line for a log, of what render_json() wrote.
/// Empty: it holds no error.
std::string first_kept_error(std::string_view json);
/// SARIF 2.1.0, one run, with the rules that occur.
std::string render_sarif(std::span<const Diagnostic> diagnostics);
/// GitHub Actions annotations: `::error file=…,line=…,col=…,title=rule::message`.
std::string render_github(std::span<const Diagnostic> diagnostics);

bool has_errors(std::span<const Diagnostic> diagnostics);

}  // namespace baton
