#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>

#include "scheduler/dagfile/keys.h"

namespace baton::dagfile {
namespace {

constexpr std::string_view kCatchups = "none latest all";
constexpr std::string_view kEvents =
    "run_started run_success run_failed task_failed task_retried sla_missed sla_at_risk sla_recovered dead_letter "
    "dag_paused approval_requested breaker_opened breaker_half_open breaker_closed asset_stale asset_at_risk "
    "scheduler_behind";
constexpr std::string_view kRules =
    "all_success all_failed all_done all_done_min_one_success all_skipped one_success one_failed one_done none_failed "
    "none_failed_min_one_success none_skipped always";
constexpr std::string_view kOutputTypes =
    "string int integer number double bool boolean list array map object timestamp duration any";

// clang-format off
constexpr auto kKeys = std::to_array<Key>({
    // --- the DAG
    {"dag", "dag", kId, "", 0, "", kRequired, "The id of the DAG; the first key", "etl"},
    {"dag", "description", kText, "", 0, "", 0, "One line for people", "Daily load of orders"},
    {"dag", "doc", kText, "", 0, "", 0, "Markdown for people", "|\n  # Orders"},
    {"dag", "owner", kText, "", 0, "", 0, "Who answers for it", "data-platform"},
    {"dag", "tags", kText | kList | kNull, "", kText, "", 0, "Words to find it by", "[sales, daily]"},
    {"dag", "labels", kObject | kNull, "run_labels", 0, "", 0, "Labels of each of its runs, to find them by", "{team: sales}"},
    {"dag", "schedule", kText | kNull | kObject | kList, "schedule", kText | kObject, "", kService, "When runs are made: none, a cron string, `@daily`…, `every 15m`, a mapping, or a list of these", "\"30 2 * * *\""},
    {"dag", "params", kObject | kNull, "params", 0, "", 0, "Inputs of a run, declared by JSON Schema keywords", "{day: {type: string, format: date}}"},
    {"dag", "env", kObject | kNull, "env", 0, "", 0, "Environment of every task", "{DAY: \"${{ interval.start.format('%Y-%m-%d') }}\"}"},
    {"dag", "secrets", kObject | kNull, "secrets", 0, "", 0, "Secrets in the environment of every task", "{DB_PASSWORD: {secret: warehouse}}"},
    {"dag", "defaults", kObject | kNull, "defaults", 0, "", 0, "Keys under every task; a task's own key wins, `env` merges by name", "{retries: 2, timeout: 30m}"},
    {"dag", "max_active_runs", kInteger, "", 0, "", kService, "Runs of this DAG at one time", "1", 1},
    {"dag", "max_active_tasks", kInteger, "", 0, "", 0, "Task instances of one run at one time", "16", 1},
    {"dag", "priority", kInteger, "", 0, "", 0, "The `priority` of tasks that have none of their own", "10"},
    {"dag", "weight", kInteger, "", 0, "", 0, "Its share beside other DAGs of what tasks of one priority wait for; 1 to 1000, 1", "3", 1},
    {"dag", "max_consecutive_failed_runs", kInteger, "", 0, "", kService, "So many failed runs in a row pause the DAG", "3", 1},
    {"dag", "fail_fast", kBoolean, "", 0, "", 0, "The first failure that counts ends the run", "true"},
    {"dag", "timeout", kDuration, "", 0, "", 0, "A run that takes longer fails", "6h", 1},
    {"dag", "sla", kDuration | kObject, "sla", 0, "", kService, "A run that takes longer alerts", "5h", 1},
    {"dag", "pools", kObject | kNull, "pools", 0, "", 0, "Pools declared here", "{warehouse: {slots: 8}}"},
    {"dag", "connections", kObject | kNull, "connections", 0, "", 0, "Databases that its tasks of the kind `sql` may ask, by name; baton.yaml goes before", "{scratch: {sqlite: scratch.db}}"},
    {"dag", "breakers", kObject | kNull, "breakers", 0, "", kService, "Circuit breakers declared here", "{warehouse: {failures: 5, window: 10m, cooldown: 5m}}"},
    {"dag", "assets", kObject | kNull, "assets", 0, "", kService, "Assets declared here", "{orders: {uri: \"s3://lake/orders\"}}"},
    {"dag", "calendars", kObject | kNull, "calendars", 0, "", kService, "Calendars declared here", "{de_holidays: {dates: [2026-01-01]}}"},
    {"dag", "tasks", kObject, "tasks", 0, "", kRequired, "The tasks by id", "{hello: {run: echo hello}}"},
    {"dag", "groups", kObject | kNull, "groups", 0, "", 0, "Groups by id; a task joins with `group`, a dot nests", "{load: {tooltip: Loads}}"},
    {"dag", "on_success", kObject, "hook", 0, "", 0, "A task-like action after a run that succeeded", "{run: ./announce.sh}"},
    {"dag", "on_failure", kObject, "hook", 0, "", 0, "The same after a run that failed", "{run: ./page.sh}"},
    {"dag", "on_finish", kObject, "hook", 0, "", 0, "The same after every run", "{run: ./tidy.sh}"},
    {"dag", "alerts", kList | kNull, "alert", kObject, "", kService, "Who is told of what", "[{events: [run_failed], to: \"slack:ops\"}]"},
    {"dag", "use", kAny, "", 0, "", kReserved, "Reserved", ""},
    {"dag", "with", kAny, "", 0, "", kReserved, "Reserved", ""},
    {"dag", "templates", kAny, "", 0, "", kReserved, "Reserved", ""},
    {"dag", "include", kAny, "", 0, "", kReserved, "Reserved", ""},

    {"tasks", "*", kObject | kNull, "task", 0, "", 0, "A task", "{run: echo hello}"},
    {"params", "*", kObject | kNull, "param", 0, "", 0, "A param, declared by JSON Schema keywords", "{type: integer, default: 5}"},
    {"pools", "*", kObject | kInteger, "pool_declaration", 0, "", 0, "A pool: its slots", "{slots: 8}", 0},
    {"breakers", "*", kObject, "breaker", 0, "", kService, "A circuit breaker", "{failures: 5, window: 10m, cooldown: 5m}"},
    {"assets", "*", kObject | kTemplate | kNull, "asset", 0, "", kService, "An asset: its URI", "{uri: \"s3://lake/orders\"}"},
    {"calendars", "*", kObject | kList, "calendar", kTime, "", kService, "A calendar: its days", "{dates: [2026-01-01]}"},
    {"groups", "*", kObject | kNull, "group", 0, "", 0, "A group", "{tooltip: Loads}"},
    {"env", "*", kTemplate | kObject, "secret", 0, "", 0, "A variable: text, or a secret", "{secret: warehouse}"},
    {"secrets", "*", kText | kObject, "secret", 0, "", 0, "A variable that holds a secret", "{secret: warehouse}"},
    {"secret", "secret", kId, "", 0, "", kRequired, "The name of the secret; resolved at launch, masked in logs", "warehouse"},

    // --- a task: its kind
    {"task", "run", kScript, "", 0, "", kKind | kNoDefault, "A shell script; values of expressions are quoted for their place", "python load.py --day ${{ params.day }}"},
    {"task", "exec", kList, "", kTemplate, "", kKind | kNoDefault, "A program and its arguments, without a shell", "[python, load.py]"},
    {"task", "http", kTemplate | kObject, "http", 0, "", kKind | kNoDefault, "An HTTP request", "{url: \"https://example.org/hook\", method: POST}"},
    {"task", "sql", kObject, "sql", 0, "", kKind | kNoDefault, "Statements for a database of `connections`", "{connection: warehouse, query: \"select 1\"}"},
    {"task", "sensor", kObject, "sensor", 0, "", kKind | kNoDefault, "Waits for a file, a time, a script, an answer over HTTP or an asset, without holding a slot", "{file: /lake/_SUCCESS, every: 60s}"},
    {"task", "checks", kList, "check", kObject, "", kKind | kNoDefault, "Data quality checks", "[{name: enough, expect: \"${{ tasks.load.outputs.rows > 0 }}\"}]"},
    {"task", "approval", kTemplate | kObject, "approval", 0, "", kKind | kNoDefault | kService, "Waits for a person", "{prompt: \"Publish?\", timeout: 24h}"},
    {"task", "trigger_dag", kId | kObject, "trigger_dag", 0, "", kKind | kNoDefault | kService, "Starts a run of another DAG", "{dag: report, wait: true}"},
    {"task", "noop", kBoolean | kNull, "", 0, "", kKind | kNoDefault, "Does nothing; a place to meet", "true"},
    // --- a task: when
    {"task", "needs", kText | kList | kNull, "", kText, "", kNoDefault, "Its upstreams: a task id, a group id (all its last tasks) or a list", "[extract, features]"},
    {"task", "if", kCondition, "", 0, "", 0, "An expression; false: skipped", "${{ params.promote }}"},
    {"task", "trigger_rule", kWord, "", 0, kRules, 0, "Which ends of the upstreams let it run", "all_done"},
    {"task", "setup", kBoolean, "", 0, "", kNoDefault, "Makes what its teardown removes", "true"},
    {"task", "teardown", kText | kList | kObject, "teardown", kText, "", kNoDefault, "Its setups; runs when one of them succeeded and all between has ended", "create_cluster"},
    {"task", "depends_on_past", kBoolean, "", 0, "", kService, "Its run begins once the runs of all earlier dates have ended", "true"},
    {"task", "for_each", kObject, "for_each", 0, "", kNoDefault, "One instance for each item", "{items: \"${{ params.regions }}\", as: region}"},
    {"task", "matrix", kObject, "matrix", 0, "", kNoDefault, "One instance for each combination", "{fold: [0, 1, 2]}"},
    {"task", "group", kId, "", 0, "", kNoDefault, "The group it belongs to", "load"},
    // --- a task: how
    {"task", "env", kObject | kNull, "env", 0, "", 0, "Its environment, over the DAG's", "{DAY: \"2026-01-01\"}"},
    {"task", "cwd", kTemplate, "", 0, "", 0, "Its working folder; that of the file where unset", "jobs"},
    {"task", "shell", kText | kList, "", kText, "", 0, "The shell of `run`, before `-c`; `bash -euo pipefail`, else `sh -eu`", "bash -eu"},
    {"task", "stdin", kTemplate, "", 0, "", 0, "Its standard input", "hello"},
    {"task", "retries", kInteger | kObject | kComputed, "retries", 0, "", 0, "How often and when it is tried again", "{max: 3, delay: 30s, backoff: exponential}", 0},
    {"task", "timeout", kDuration | kComputed, "", 0, "", 0, "Limit of one try; a sensor's from its first look (7 d)", "30m", 1},
    {"task", "sla", kDuration | kObject, "sla", 0, "", kService, "Alerts where the task has not ended so long after its run began", "{by: \"06:30\"}", 1},
    {"task", "expect", kDuration, "", 0, "", 0, "How long a try takes, for `simulate` and the ETA until there is history", "5m", 1},
    {"task", "grace", kDuration, "", 0, "", 0, "From SIGTERM to SIGKILL; 10 s", "30s"},
    {"task", "heartbeat", kDuration, "", 0, "", 0, "Silent for so long, it is lost", "5m", 1},
    {"task", "log_limit", kSize, "", 0, "", 0, "Size of its log; 64 MiB keep head and tail", "256Mi"},
    {"task", "pool", kText | kObject | kList | kNull, "pool_use", kText | kObject, "", 0, "The pools it needs a slot of, all or none", "{name: warehouse, slots: 2}"},
    {"task", "priority", kInteger, "", 0, "", 0, "Higher first", "10"},
    {"task", "breaker", kText | kList | kNull, "", kText, "", kService, "The breakers it asks first", "warehouse"},
    {"task", "worker", kObject | kNull, "labels", 0, "", kService, "Labels that the worker must have", "{gpu: \"true\"}"},
    {"task", "executor", kWord | kObject, "executor", 0, "local worker slurm kubernetes", 0, "Where it runs", "{slurm: {partition: gpu}}"},
    {"task", "resources", kObject | kNull, "resources", 0, "", 0, "What it may use", "{cpus: 2, memory: 4Gi}"},
    // --- a task: what it leaves
    {"task", "outputs", kObject | kNull, "outputs", 0, "", 0, "Names and types of what it writes to `$BATON_OUTPUT`", "{rows: int}"},
    {"task", "consumes", kText | kList | kNull, "", kText, "", kService, "Assets it reads", "[orders]"},
    {"task", "produces", kText | kList | kNull, "", kText, "", kService, "Assets it writes", "[features]"},
    {"task", "cache", kObject, "cache", 0, "", 0, "Succeeds at once with the outputs of an earlier success", "{key: \"${{ params.day }}\", ttl: 7d}"},
    {"task", "state", kText | kObject, "state_use", 0, "", kNoDefault, "A value that lives on from run to run, committed with its success: `${{ state.NAME }}`, the file `$BATON_STATE`", "watermark"},
    {"task", "dead_letter", kBoolean, "", 0, "", kService, "Keep it with its inputs when the last try fails; true", "false"},
    {"task", "allow_failure", kBoolean, "", 0, "", 0, "Its failure does not fail the run", "true"},
    {"task", "description", kText, "", 0, "", kNoDefault, "One line for people", "Loads the orders"},
    {"task", "doc", kText, "", 0, "", kNoDefault, "Markdown for people", ""},
    {"task", "use", kAny, "", 0, "", kReserved, "Reserved", ""},
    {"task", "with", kAny, "", 0, "", kReserved, "Reserved", ""},
    {"task", "templates", kAny, "", 0, "", kReserved, "Reserved", ""},
    {"task", "include", kAny, "", 0, "", kReserved, "Reserved", ""},

    {"retries", "max", kInteger | kComputed, "", 0, "", kRequired, "Retries after the first try", "3", 0},
    {"retries", "delay", kDuration, "", 0, "", 0, "Before the first retry; 5 s", "30s"},
    {"retries", "backoff", kWord, "", 0, "constant linear exponential", 0, "How the delay grows; exponential, but constant where only `delay` is given", "exponential"},
    {"retries", "max_delay", kDuration, "", 0, "", 0, "The longest delay; 10 m", "10m"},
    {"retries", "jitter", kWord, "", 0, "none full equal", 0, "Chance in the delay; full, but none where only `delay` is given", "full"},
    {"retries", "on", kText | kList, "", kText, "", 0, "Failures that are retried: exit:N, signal, timeout, lost, any", "[exit:75, timeout]"},
    {"retries", "never_on", kText | kList, "", kText, "", 0, "Failures that are not", "[exit:64]"},
    {"teardown", "of", kText | kList, "", kText, "", kRequired, "Its setups", "create_cluster"},
    {"teardown", "fail_run", kBoolean, "", 0, "", 0, "Its failure fails the run", "true"},
    {"for_each", "items", kTemplate | kList | kObject, "any", kAny, "", kRequired, "A list, a map, or an expression for one", "[a, b]"},
    {"for_each", "as", kText, "", 0, "", 0, "The item's name in expressions; item", "region"},
    {"for_each", "key", kTemplate, "", 0, "", 0, "The label of an instance", "${{ region }}"},
    {"for_each", "max_parallel", kInteger | kComputed, "", 0, "", 0, "Instances at one time", "8", 1},
    {"matrix", "include", kList, "any", kObject, "", 0, "Combinations to add to or to extend, as on GitHub", "[{fold: 9, extra: true}]"},
    {"matrix", "exclude", kList, "any", kObject, "", 0, "Combinations to leave out", "[{fold: 0}]"},
    {"matrix", "max_parallel", kInteger | kComputed, "", 0, "", 0, "Instances at one time", "8", 1},
    {"matrix", "*", kTemplate | kList, "any", kAny, "", 0, "An axis: a list, or an expression for one", "[0, 1, 2]"},
    {"any", "*", kAny, "", 0, "", 0, "Any value", ""},
    {"sensor", "file", kTemplate, "", 0, "", 0, "A path or glob that must exist", "/lake/_SUCCESS"},
    {"sensor", "time", kTemplate, "", 0, "", 0, "An instant that must have come", "2026-01-01T06:00:00Z"},
    {"sensor", "run", kScript, "", 0, "", 0, "A script: 0 is met, 99 skips, else look again", "test -e ready"},
    {"sensor", "http", kTemplate | kObject, "http", 0, "", 0, "A request that must be answered as `expect` says; 200 to 299", "https://example.org/ready"},
    {"sensor", "asset", kText, "", 0, "", 0, "An asset that must have had an event since the start of the run's interval", "orders"},
    {"sensor", "since", kTemplate, "", 0, "", 0, "With `asset`: since this instant instead", "${{ interval.end }}"},
    {"sensor", "every", kDuration, "", 0, "", 0, "Between looks; 60 s", "60s", 1},
    {"pool_use", "name", kText, "", 0, "", kRequired, "The pool", "warehouse"},
    {"pool_use", "slots", kInteger, "", 0, "", 0, "Slots it takes; 1", "2", 1},
    {"run_labels", "*", kText, "", 0, "", 0, "A label: a short text", "sales"},
    {"labels", "*", kText, "", 0, "", 0, "A label", "\"true\""},
    {"resources", "cpus", kNumber, "", 0, "", 0, "CPUs", "2"},
    {"resources", "memory", kSize, "", 0, "", 0, "Memory", "4Gi"},
    {"resources", "gpus", kInteger, "", 0, "", 0, "GPUs", "1", 0},
    {"outputs", "*", kWord, "", 0, kOutputTypes, 0, "The type of an output", "int"},
    {"cache", "key", kTemplate, "", 0, "", kRequired, "What the success depends on", "${{ hashFiles('src/**') }}"},
    {"cache", "ttl", kDuration, "", 0, "", 0, "How long it counts; as long as the history", "7d", 1},
    {"cache", "key_only", kBoolean, "", 0, "", 0, "The key alone decides, not what the task would run with", "true"},
    {"executor", "local", kObject | kNull, "executor_local", 0, "", 0, "On this machine", "{}"},
    {"executor", "worker", kObject | kNull, "executor_worker", 0, "", kService, "On a worker", "{}"},
    {"executor", "slurm", kObject | kNull, "executor_slurm", 0, "", kService, "As a job of Slurm", "{partition: gpu}"},
    {"executor", "kubernetes", kObject | kNull, "executor_kubernetes", 0, "", kService, "As a pod", "{image: python:3.12}"},
    {"executor_worker", "queue", kText, "", 0, "", kService, "A queue of workers", "default"},
    {"executor_slurm", "partition", kText, "", 0, "", kService, "Partition", "gpu"},
    {"executor_slurm", "account", kText, "", 0, "", kService, "Account", "ml"},
    {"executor_slurm", "qos", kText, "", 0, "", kService, "Quality of service", "normal"},
    {"executor_slurm", "time", kDuration, "", 0, "", kService, "Time limit of the job", "2h"},
    {"executor_slurm", "nodes", kInteger, "", 0, "", kService, "Nodes", "1", 1},
    {"executor_slurm", "ntasks", kInteger, "", 0, "", kService, "Slurm tasks", "1", 1},
    {"executor_slurm", "constraint", kText, "", 0, "", kService, "Features of the node", "a100"},
    {"executor_slurm", "gres", kText, "", 0, "", kService, "Generic resources", "gpu:1"},
    {"executor_slurm", "args", kList, "", kText, "", kService, "More arguments of sbatch", "[--exclusive]"},
    {"executor_kubernetes", "image", kText, "", 0, "", kService | kRequired, "Image of the container", "python:3.12"},
    {"executor_kubernetes", "namespace", kText, "", 0, "", kService, "Namespace", "jobs"},
    {"executor_kubernetes", "service_account", kText, "", 0, "", kService, "Service account", "runner"},
    {"executor_kubernetes", "image_pull_policy", kWord, "", 0, "Always IfNotPresent Never", kService, "When the image is pulled", "IfNotPresent"},
    {"executor_kubernetes", "node_selector", kObject, "labels", 0, "", kService, "Labels of the node", "{disk: ssd}"},
    {"executor_kubernetes", "labels", kObject, "labels", 0, "", kService, "Labels of the pod", "{team: ml}"},
    {"executor_kubernetes", "annotations", kObject, "labels", 0, "", kService, "Annotations of the pod", ""},
    {"executor_kubernetes", "tolerations", kList, "any", kAny, "", kService, "Tolerations of the pod", ""},
    {"executor_kubernetes", "volumes", kList, "any", kAny, "", kService, "Volumes of the pod", ""},

    {"state_use", "name", kText, "", 0, "", kRequired, "Its name", "watermark"},
    {"state_use", "backfill", kWord, "", 0, "read write", 0, "Whether runs of a backfill change it; read", "write"},
    {"http", "url", kTemplate, "", 0, "", kRequired, "Where to", "https://example.org/hook"},
    {"http", "method", kWord, "", 0, "GET HEAD POST PUT PATCH DELETE", 0, "GET, or POST where there is a body", "POST"},
    {"http", "headers", kObject, "headers", 0, "", 0, "Headers; a value may be a secret", "{Authorization: {secret: token}}"},
    {"http", "body", kTemplate, "", 0, "", 0, "The body as text", "hello"},
    {"http", "json", kAny, "", 0, "", 0, "The body as JSON", "{day: \"${{ params.day }}\"}"},
    {"http", "expect", kInteger | kList, "", kInteger, "", 0, "Status codes that are a success; 200 to 299", "[200, 409]", 100},
    {"http", "expect_json", kObject, "expected_json", 0, "", 0, "What the answer's JSON must say: JSON pointer → value", "{/status: ready}"},
    {"http", "follow_redirects", kBoolean, "", 0, "", 0, "Follow redirects; false", "true"},
    {"expected_json", "*", kAny, "", 0, "", 0, "What stands there", "ready"},
    {"headers", "*", kTemplate | kObject, "secret", 0, "", 0, "A header", "application/json"},
    {"sql", "connection", kText, "", 0, "", kRequired, "Name of the connection", "warehouse"},
    {"sql", "query", kTemplate, "", 0, "", 0, "The query; values go into `params`", "select count(*) from orders"},
    {"sql", "file", kTemplate, "", 0, "", 0, "A file that holds the query", "sql/orders.sql"},
    {"sql", "params", kList | kObject, "any", kAny, "", 0, "Values of the query's placeholders", "[\"${{ params.day }}\"]"},
    {"check", "name", kText, "", 0, "", kRequired, "Name of the check", "enough_rows"},
    {"check", "description", kText, "", 0, "", 0, "One line for people", "A day has at least 1,000 orders"},
    {"check", "expect", kCondition, "", 0, "", 0, "An expression that must be true", "${{ tasks.load.outputs.rows > 0 }}"},
    {"check", "run", kScript, "", 0, "", 0, "A script that must exit with 0", "python -m checks nulls"},
    {"check", "great_expectations", kTemplate, "", 0, "", 0, "A file with a validation result of Great Expectations, read after `run`", "gx/result.json"},
    {"check", "dbt", kTemplate, "", 0, "", 0, "dbt's run_results.json, read after `run`", "target/run_results.json"},
    {"check", "on_fail", kWord, "", 0, "fail warn quarantine", 0, "What a check does that does not hold; fail", "warn"},
    {"check", "assets", kText | kList, "", kText, "", 0, "What it quarantines; else what the tasks before it produce", "[orders]"},
    {"approval", "prompt", kTemplate, "", 0, "", kService | kRequired, "The question", "Publish?"},
    {"approval", "options", kList, "", kText, "", kService, "What may be chosen; `reject` fails the task. approve and reject", "[approve, reject, later]"},
    {"approval", "multiple", kBoolean, "", 0, "", kService, "Several options may be chosen", "true"},
    {"approval", "params", kObject, "params", 0, "", kService, "A form that is filled in beside the choice, as the params of a DAG", "{share: {type: integer, default: 10}}"},
    {"approval", "assignees", kText | kList, "", kText, "", kService, "Who may answer; whoever may mark the task", "[maria, ada]"},
    {"approval", "self", kBoolean, "", 0, "", kService, "Who has triggered the run may answer too; false", "true"},
    {"approval", "default", kText | kList, "", kText, "", kService, "The options that are chosen beforehand", "approve"},
    {"approval", "timeout", kDuration, "", 0, "", kService, "How long the answer may take; for ever", "24h", 1},
    {"approval", "on_timeout", kWord, "", 0, "fail skip default", kService, "What silence means; fail", "skip"},
    {"trigger_dag", "dag", kId, "", 0, "", kService | kRequired, "The DAG", "report"},
    {"trigger_dag", "params", kObject, "any", 0, "", kService, "Its params", "{day: \"${{ params.day }}\"}"},
    {"trigger_dag", "run_id", kTemplate, "", 0, "", kService, "Its run id", "from_${{ run.id }}"},
    {"trigger_dag", "logical_date", kTemplate, "", 0, "", kService, "Its logical date", "${{ logical_date }}"},
    {"trigger_dag", "wait", kBoolean, "", 0, "", kService, "Wait for its end and end alike; false", "true"},
    {"trigger_dag", "on_failure", kWord, "", 0, "fail ignore", kService, "With `wait`: what a failed run means; fail", "ignore"},

    // --- params: JSON Schema 2020-12
    {"param", "type", kWord | kList, "", kWord, "string integer number boolean array object null", 0, "Its type, or several", "string"},
    {"param", "default", kAny, "", 0, "", 0, "Its value when none is given; without it the param is required", "5"},
    {"param", "title", kText, "", 0, "", 0, "Its label on a form", "Day"},
    {"param", "description", kText, "", 0, "", 0, "What it is for", "The day to load"},
    {"param", "examples", kList, "any", kAny, "", 0, "Examples", "[2026-01-01]"},
    {"param", "enum", kList, "any", kAny, "", 0, "The values allowed", "[xgb, lgbm]"},
    {"param", "const", kAny, "", 0, "", 0, "The one value allowed", "1"},
    {"param", "minimum", kNumber, "", 0, "", 0, "At least", "0"},
    {"param", "maximum", kNumber, "", 0, "", 0, "At most", "10"},
    {"param", "exclusiveMinimum", kNumber, "", 0, "", 0, "More than", "0"},
    {"param", "exclusiveMaximum", kNumber, "", 0, "", 0, "Less than", "1"},
    {"param", "multipleOf", kNumber, "", 0, "", 0, "A multiple of", "5"},
    {"param", "minLength", kInteger, "", 0, "", 0, "Characters at least", "1", 0},
    {"param", "maxLength", kInteger, "", 0, "", 0, "Characters at most", "80", 0},
    {"param", "pattern", kText, "", 0, "", 0, "A regular expression (RE2) that must match somewhere", "^[a-z]+$"},
    {"param", "format", kWord, "", 0, "date date-time time duration email uri uuid ipv4 ipv6 hostname regex", 0, "A well-known form of text", "date"},
    {"param", "items", kObject | kBoolean, "param", 0, "", 0, "What the items of an array are", "{type: string}"},
    {"param", "minItems", kInteger, "", 0, "", 0, "Items at least", "1", 0},
    {"param", "maxItems", kInteger, "", 0, "", 0, "Items at most", "50", 0},
    {"param", "uniqueItems", kBoolean, "", 0, "", 0, "No two items are equal", "true"},
    {"param", "properties", kObject, "params", 0, "", 0, "What the properties of an object are", "{name: {type: string}}"},
    {"param", "required", kList, "", kText, "", 0, "Properties that must be there", "[name]"},
    {"param", "additionalProperties", kObject | kBoolean, "param", 0, "", 0, "What other properties are, or false", "false"},
    {"param", "minProperties", kInteger, "", 0, "", 0, "Properties at least", "1", 0},
    {"param", "maxProperties", kInteger, "", 0, "", 0, "Properties at most", "9", 0},
    {"param", "anyOf", kList, "param", kObject, "", 0, "One of these at least", "[{type: string}, {type: integer}]"},
    {"param", "oneOf", kList, "param", kObject, "", 0, "Exactly one of these", ""},
    {"param", "allOf", kList, "param", kObject, "", 0, "All of these", ""},
    {"param", "not", kObject, "param", 0, "", 0, "Not this", "{const: all}"},

    // --- schedules
    {"schedule", "cron", kText, "", 0, "", kService, "Five fields, or six with seconds, or `@daily`…", "\"30 2 * * *\""},
    {"schedule", "every", kDuration, "", 0, "", kService, "A span of elapsed time", "15m", 1},
    {"schedule", "assets", kText | kObject | kList, "asset_condition", kText | kObject, "", kService, "Runs on asset events", "{all: [a, {any: [b, c]}]}"},
    {"schedule", "merge", kBoolean, "", 0, "", kService, "Several asset events may make one run", "true"},
    {"schedule", "timezone", kText, "", 0, "", 0, "An IANA name; UTC", "Europe/Berlin"},
    {"schedule", "start", kTime, "", 0, "", kService, "The first logical date", "2026-01-01"},
    {"schedule", "end", kTime, "", 0, "", kService, "Logical dates end before", "2027-01-01"},
    {"schedule", "catchup", kWord, "", 0, kCatchups, kService, "Which missed ticks are made up for; none", "latest"},
    {"schedule", "overlap", kWord, "", 0, "queue skip cancel_running", kService, "What a tick does while a run is active; queue", "skip"},
    {"schedule", "jitter", kDuration, "", 0, "", kService, "Spreads starts; the same for the same DAG and tick", "5m"},
    {"schedule", "calendar", kText | kObject, "calendar_rule", 0, "", kService, "Days that count", "{only: business_days, exclude: [de_holidays]}"},
    {"calendar_rule", "only", kText | kList, "", kText, "", kService, "Only days of these calendars", "business_days"},
    {"calendar_rule", "exclude", kText | kList, "", kText, "", kService, "No days of these calendars", "[de_holidays]"},
    {"asset_condition", "all", kList, "asset_condition", kText | kObject, "", kService, "All of these", "[a, b]"},
    {"asset_condition", "any", kList, "asset_condition", kText | kObject, "", kService, "Any of these", "[a, b]"},

    // --- what is declared beside the tasks
    {"pool_declaration", "slots", kInteger, "", 0, "", kRequired, "Slots", "8", 0},
    {"pool_declaration", "description", kText, "", 0, "", 0, "One line for people", ""},
    {"pool_declaration", "rate", kText, "", 0, "", 0, "Starts at most: a number `/s`, `/m` or `/h`", "10/m"},
    {"pool_declaration", "retry_budget", kBoolean | kNumber, "", 0, "", 0, "Retries at most this part of first tries (0.2) in a sliding minute", "true"},
    {"breaker", "failures", kInteger, "", 0, "", kService, "Failures within `window` that open it", "5", 1},
    {"breaker", "consecutive", kInteger, "", 0, "", kService, "Failures in a row that open it", "5", 1},
    {"breaker", "rate", kNumber, "", 0, "", kService, "Part of failures within `window` that opens it, from `failures` on", "0.5"},
    {"breaker", "window", kDuration, "", 0, "", kService, "The time looked at", "10m", 1},
    {"breaker", "cooldown", kDuration, "", 0, "", kService, "How long it stays open", "5m", 1},
    {"breaker", "max_cooldown", kDuration, "", 0, "", kService, "The longest cooldown; ten times the first", "50m"},
    {"breaker", "probes", kInteger, "", 0, "", kService, "Tasks that may try it half-open; 1", "1", 1},
    {"breaker", "count", kText | kList, "", kText, "", kService, "Failures that count: exit:N, signal, timeout, lost, any", "[exit:75, timeout]"},
    {"breaker", "retry_budget", kBoolean | kNumber, "", 0, "", kService, "As of a pool", "true"},
    {"breaker", "description", kText, "", 0, "", kService, "One line for people", ""},
    {"asset", "uri", kTemplate, "", 0, "", kService, "What names it", "s3://lake/orders"},
    {"asset", "description", kText, "", 0, "", kService, "One line for people", ""},
    {"asset", "fresh_within", kDuration | kObject, "fresh_within", 0, "", kService, "Its last event is to be younger than this, or it is late", "26h", 1},
    {"asset", "freshness", kDuration | kObject, "fresh_within", 0, "", kService, "The same as fresh_within", "26h", 1},
    {"calendar", "dates", kList, "", kTime, "", kService, "Days", "[2026-01-01, 2026-12-25]"},
    {"calendar", "weekdays", kList, "", kWord, "mon tue wed thu fri sat sun", kService, "Days of every week", "[sat, sun]"},
    {"calendar", "description", kText, "", 0, "", kService, "One line for people", ""},
    {"group", "tooltip", kText, "", 0, "", 0, "One line for people", "Loads the sources"},
    {"group", "retries", kInteger | kObject | kComputed, "retries", 0, "", 0, "For its tasks that say none", "2", 0},
    {"alert", "events", kList | kWord, "", kWord, kEvents, kService | kRequired, "What is told", "[run_failed]"},
    {"alert", "to", kText | kList, "", kText, "", kService | kRequired, "Who is told", "\"slack:ops\""},

    // --- baton.yaml
    {"profiles", "*", kObject | kNull, "profile", 0, "", 0, "A profile", "{params: {region: eu}}"},
    {"profile", "params", kObject | kNull, "any", 0, "", 0, "Defaults of params, in the DAGs that have them", "{region: eu}"},
    {"profile", "env", kObject | kNull, "profile_env", 0, "", 0, "Environment of every task, instead of what a DAG says at its top", "{LAKE: \"s3://prod\"}"},
    {"profile", "pools", kObject | kNull, "pools", 0, "", 0, "Pools, instead of those of the same names", "{warehouse: 8}"},
    {"profile", "secrets", kObject | kNull, "secret_names", 0, "", 0, "Secrets by the names that DAGs call them", "{warehouse: warehouse_prod}"},
    {"profile_env", "*", kText | kObject, "secret", 0, "", 0, "A variable: text, or a secret", "s3://prod"},
    {"secret_names", "*", kId, "", 0, "", 0, "The secret that is meant", "warehouse_prod"},
    {"config", "pools", kObject | kNull, "pools", 0, "", 0, "Pools for all DAGs", "{default: {slots: 8}}"},
    {"config", "breakers", kObject | kNull, "breakers", 0, "", kService, "Breakers for all DAGs", ""},
    {"config", "assets", kObject | kNull, "assets", 0, "", kService, "Assets for all DAGs", ""},
    {"config", "calendars", kObject | kNull, "calendars", 0, "", kService, "Calendars for all DAGs", ""},
    {"config", "profiles", kObject | kNull, "profiles", 0, "", 0, "What is different in each place where these DAGs run", "{prod: {params: {region: eu}, pools: {warehouse: 8}}}"},
    {"config", "profile", kId, "", 0, "", 0, "The profile that holds where --profile names none", "dev"},
    {"config", "connections", kObject | kNull, "connections", 0, "", 0, "Databases that tasks of the kind `sql` may ask, by name", "{warehouse: {sqlite: warehouse.db}}"},
    {"config", "pass_env", kText | kList, "", kText, "", 0, "Variables of the scheduler's environment that tasks get, beside PATH, HOME, LANG and TZ", "[HTTPS_PROXY]"},
    {"config", "limits", kObject | kNull, "limits", 0, "", 0, "Limits", "{file: 64Mi}"},
    {"config", "retention", kText | kObject, "retention", 0, "", kService, "How long ended runs are kept; for ever", "{runs: 90d, logs: 30d}"},
    {"config", "alerts", kList | kNull, "alert", kObject, "", kService, "Who is told of what, in all DAGs", "[{events: [run_failed], to: \"slack:ops\"}]"},
    {"config", "receivers", kObject | kNull, "receivers", 0, "", kService, "Those who are told, by name", "{ops: {url: \"https://hooks.example.org/baton\"}}"},
    {"config", "smtp", kObject, "smtp", 0, "", kService, "How mail is sent", "{url: \"smtp://mail.example.org:587\", from: baton@example.org}"},
    {"config", "dead_man", kObject, "dead_man", 0, "", kService, "A URL that is asked for as long as all is well", "{url: \"https://hc.example.org/ping/1\", every: 1m}"},
    {"config", "backup", kObject, "backup", 0, "", kService, "Copies of the database that a server makes by itself", "{path: /backup/baton, every: 1d, keep: 7}"},
    {"config", "hooks", kObject | kNull, "webhooks", 0, "", kService, "Whose signed messages trigger which DAG, by name", "{orders: {dag: ingest, secret: ORDERS_HOOK}}"},
    {"config", "log", kObject, "log", 0, "", kService, "The log that a server writes of itself", "{format: json}"},
    {"config", "listen", kText, "", 0, "", kService, "Where a server answers, on loopback; 127.0.0.1:8080", "127.0.0.1:9000"},
    {"config", "public_url", kText, "", 0, "", kService, "How people reach it through a proxy: its host is let in", "https://baton.example.org"},
    {"config", "prices", kObject, "prices", 0, "", 0, "What CPU costs, for sums of what was used", "{cpu_hour: 0.04, pools: {gpu: 2.5}}"},
    {"prices", "cpu_hour", kNumber, "", 0, "", 0, "An hour of CPU, where no pool says another", "0.04"},
    {"prices", "pools", kObject, "pool_prices", 0, "", 0, "An hour of CPU of tasks in a pool; the first pool of a task counts", "{gpu: 2.5}"},
    {"pool_prices", "*", kNumber, "", 0, "", 0, "An hour of CPU", "2.5"},
    {"sla", "within", kDuration, "", 0, "", kService, "So long after `from`", "5h", 1},
    {"sla", "from", kWord, "", 0, "start queued interval_end", kService, "What of the run it counts from; start", "interval_end"},
    {"sla", "by", kText, "", 0, "", kService, "Or a time of day in the zone of the DAG, the first after the run's interval", "\"06:30\""},
    {"fresh_within", "by", kText, "", 0, "", kService | kRequired, "A time of day: each day it is to have had an event of that day by then", "\"07:00\""},
    {"fresh_within", "timezone", kText, "", 0, "", kService, "An IANA name; that of the DAG, in baton.yaml UTC", "Europe/Berlin"},
    {"log", "format", kWord, "", 0, "text json", kService, "How its lines look; text", "json"},
    {"connections", "*", kObject, "connection", 0, "", 0, "A database, and how it is reached", "{sqlite: warehouse.db}"},
    {"connection", "sqlite", kText, "", 0, "", 0, "The file of an SQLite database, beside the file that names it where it is not absolute", "warehouse.db"},
    {"connection", "postgresql", kText, "", 0, "", 0, "How PostgreSQL is reached: words or a URI, as libpq knows them", "\"host=db.example.org dbname=warehouse user=etl\""},
    {"connection", "password", kObject, "secret", 0, "", 0, "The secret that is the password", "{secret: warehouse}"},
    {"connection", "description", kText, "", 0, "", 0, "One line for people", "Where orders end"},
    {"receivers", "*", kObject, "receiver", 0, "", kService, "Who is told, and how they are reached", "{url: \"https://hooks.example.org/baton\"}"},
    {"receiver", "url", kText, "", 0, "", kService, "Where a webhook or Slack takes messages", "https://hooks.example.org/baton"},
    {"receiver", "secret", kText, "", 0, "", kService, "Name of the secret that signs what a webhook gets", "OPS_HOOK_KEY"},
    {"receiver", "allow_private", kBoolean, "", 0, "", kService, "It may lie in a private network, or on this machine; false", "true"},
    {"receiver", "command", kList, "", kText, "", kService, "A program and its arguments, which gets the message on stdin", "[/usr/local/bin/page, --queue, ops]"},
    {"webhooks", "*", kObject, "webhook", 0, "", kService, "POST /hooks/NAME, signed, triggers a DAG", "{dag: ingest, secret: ORDERS_HOOK}"},
    {"webhook", "dag", kId, "", 0, "", kService | kRequired, "The DAG that is triggered", "ingest"},
    {"webhook", "secret", kId, "", 0, "", kService | kRequired, "Name of the secret that signs messages", "ORDERS_HOOK"},
    {"webhook", "param", kId, "", 0, "", kService, "The param that gets the whole message; without it its members are params", "event"},
    {"webhook", "signature", kWord, "", 0, "baton github", kService, "How messages are signed: as Baton's own webhooks, or as GitHub's; baton", "github"},
    {"smtp", "url", kText, "", 0, "", kService | kRequired, "The server: smtp://HOST:PORT, or smtps://", "smtp://mail.example.org:587"},
    {"smtp", "from", kText, "", 0, "", kService | kRequired, "The sender", "baton@example.org"},
    {"smtp", "user", kText, "", 0, "", kService, "Who logs in", "baton"},
    {"smtp", "secret", kText, "", 0, "", kService, "Name of the secret that is the password", "SMTP_PASSWORD"},
    {"smtp", "tls", kBoolean, "", 0, "", kService, "Without an encrypted connection nothing is sent; true", "false"},
    {"dead_man", "url", kText, "", 0, "", kService | kRequired, "What is asked for", "https://hc.example.org/ping/1"},
    {"dead_man", "every", kDuration, "", 0, "", kService, "How often; 1m", "1m", 1},
    {"dead_man", "allow_private", kBoolean, "", 0, "", kService, "It may lie in a private network; false", "true"},
    {"retention", "runs", kText, "", 0, "", kService, "A span, or so many runs `per dag`; for ever", "1000 per dag"},
    {"retention", "logs", kDuration, "", 0, "", kService, "Logs go so long after their run has ended; with the run", "30d", 1'000'000},
    {"backup", "path", kText, "", 0, "", kService | kRequired, "The folder for the copies, absolute", "/backup/baton"},
    {"backup", "every", kDuration, "", 0, "", kService, "How often; 1d", "1d", 60'000'000},
    {"backup", "keep", kInteger, "", 0, "", kService, "So many copies stay; 7", "7", 1},
    {"limits", "file", kSize, "", 0, "", 0, "Size of a DAG file; 32 MiB", "64Mi"},
    {"limits", "depth", kInteger, "", 0, "", 0, "Nesting of a DAG file; 64", "64", 8},
    {"limits", "instances", kInteger, "", 0, "", 0, "Instances of one mapped task; 100,000", "100000", 1},
});
// clang-format on

/// The object a "where" shares its rows with: defaults and hooks are tasks with fewer keys.
std::string_view home_of(std::string_view object) {
  return object == "defaults" || object == "hook" ? std::string_view("task") : object;
}

std::unordered_map<std::string_view, std::span<const Key>> index_objects() {
  std::unordered_map<std::string_view, std::span<const Key>> index;
  for (auto first = kKeys.begin(); first != kKeys.end();) {
    const auto last = std::find_if(first, kKeys.end(), [&](const Key& k) { return k.where != first->where; });
    index.emplace(first->where, std::span<const Key>(first, last));
    first = last;
  }
  return index;
}

constexpr std::string_view kFormNames[] = {"text",       "text",     "a script",      "an expression",
                                           "an integer", "a number", "true or false", "a duration",
                                           "a size",     "a time",   "an id",         "",
                                           "a mapping",  "a list",   "anything",      "",
                                           "an expression"};

}  // namespace

std::span<const Key> keys() {
  return kKeys;
}

std::span<const Key> keys_of(std::string_view object) {
  static const auto index = index_objects();
  const auto at = index.find(home_of(object));
  return at == index.end() ? std::span<const Key>() : at->second;
}

const Key* find_key(std::string_view object, std::string_view name) {
  const Key* any = nullptr;
  for (const Key& key : keys_of(object)) {
    if (key.name == name) return &key;
    if (key.name == "*") any = &key;
  }
  return any;
}

std::string describe(const Key& key) {
  std::string out;
  std::string_view before;
  for (std::uint32_t bit = 0; bit < std::size(kFormNames); ++bit) {
    if ((key.forms & (1U << bit)) == 0) continue;
    std::string name(kFormNames[bit]);
    if ((1U << bit) == kWord) {
      name = "one of ";
      for (const char c : key.words) name += c == ' ' ? ", " : std::string(1, c);
    }
    if (name.empty() || name == before) continue;
    if (!out.empty()) out += " or ";
    out += name;
    before = kFormNames[bit];
  }
  return out;
}

}  // namespace baton::dagfile
