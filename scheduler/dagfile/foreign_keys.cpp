#include "scheduler/dagfile/foreign_keys.h"

#include "scheduler/dagfile/keys.h"
#include "scheduler/dagfile/reporter.h"
#include "scheduler/dagfile/shape.h"

namespace baton::dagfile {
namespace {

struct ForeignKey {
  std::string_view object, foreign, own;
};

constexpr ForeignKey kForeignKeys[] = {
    {"approval", "approvers", "assignees"},
    {"dag", "dag_id", "dag"},
    {"dag", "id", "dag"},
    {"dag", "name", "dag"},
    {"dag", "cron", "schedule"},
    {"dag", "schedule_interval", "schedule"},
    {"dag", "jobs", "tasks"},
    {"dag", "nodes", "tasks"},
    {"dag", "steps", "tasks"},
    {"dag", "default_args", "defaults"},
    {"dag", "environment", "env"},
    {"dag", "inputs", "params"},
    {"dag", "parameters", "params"},
    {"dag", "variables", "params"},
    {"dag", "concurrency", "max_active_tasks"},
    {"dag", "dagrun_timeout", "timeout"},
    {"task", "bash", "run"},
    {"task", "bash_command", "run"},
    {"task", "cmd", "run"},
    {"task", "command", "run"},
    {"task", "script", "run"},
    {"task", "after", "needs"},
    {"task", "dependencies", "needs"},
    {"task", "depends", "needs"},
    {"task", "depends_on", "needs"},
    {"task", "requires", "needs"},
    {"task", "upstream", "needs"},
    {"task", "attempts", "retries"},
    {"task", "max_retries", "retries"},
    {"task", "retry", "retries"},
    {"task", "retry_strategy", "retries"},
    {"task", "condition", "if"},
    {"task", "preconditions", "if"},
    {"task", "when", "if"},
    {"task", "environment", "env"},
    {"task", "dir", "cwd"},
    {"task", "workdir", "cwd"},
    {"task", "working-directory", "cwd"},
    {"task", "working_dir", "cwd"},
    {"task", "execution_timeout", "timeout"},
    {"task", "timeout-minutes", "timeout"},
    {"task", "expand", "for_each"},
    {"task", "foreach", "for_each"},
    {"task", "loop", "for_each"},
    {"task", "parallel", "for_each"},
    {"task", "with_items", "for_each"},
    {"task", "continue-on-error", "allow_failure"},
    {"task", "continue_on", "allow_failure"},
    {"task", "inlets", "consumes"},
    {"task", "outlets", "produces"},
    {"task", "output", "outputs"},
    {"task", "priority_weight", "priority"},
    {"task", "queue", "worker"},
    {"schedule", "end_date", "end"},
    {"schedule", "interval", "every"},
    {"schedule", "start_date", "start"},
    {"schedule", "tz", "timezone"},
};

/// What stands one level below under another name: key, the key that it belongs into, and its name there.
struct Misplaced {
  std::string_view object, key, within, own;
};

constexpr Misplaced kMisplaced[] = {
    {"dag", "end_date", "schedule", "end"},
    {"dag", "start_date", "schedule", "start"},
    {"task", "retry_delay", "retries", "delay"},
    {"task", "retry_exponential_backoff", "retries", "backoff"},
};

/// Keys whose own keys people write beside them.
constexpr std::string_view kLevels[] = {"schedule", "defaults", "retries", "for_each"};

std::string belongs(std::string_view key, std::string_view own, std::string_view within) {
  if (key == own) return "it stands in " + in_quotes(within);
  return "did you mean " + in_quotes(own) + " in " + in_quotes(within) + "?";
}

}  // namespace

std::string foreign_key_hint(std::string_view object, std::string_view key) {
  const std::string_view home = object == "defaults" || object == "hook" ? "task" : object;
  const auto has = [](std::string_view in, std::string_view name) {
    const Key* const found = find_key(in, name);
    return found != nullptr && found->name == name && is_known_key(in, *found);
  };
  for (const ForeignKey& known : kForeignKeys) {
    if (known.object != home || known.foreign != key || !has(object, known.own)) continue;
    return "did you mean " + in_quotes(known.own) + "?";
  }
  for (const Misplaced& known : kMisplaced) {
    if (known.object == home && known.key == key && has(object, known.within)) return belongs(key, known.own, known.within);
  }
  for (const std::string_view level : kLevels) {
    if (has(object, level) && has(level, key)) return belongs(key, key, level);
  }
  return {};
}

}  // namespace baton::dagfile
