// Dag: one checked, immutable version of a pipeline. Made by dagfile; shared by all its runs; any thread may read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/model/connection.h"
#include "scheduler/model/labels.h"
#include "scheduler/model/prices.h"
#include "scheduler/model/rate.h"
#include "scheduler/model/sla.h"
#include "scheduler/model/task_spec.h"

namespace baton::timetable {
struct ScheduleSpec;
}

namespace baton {

/// Index of a task in its Dag.
using TaskNo = std::int32_t;

enum class Hook : std::uint8_t { none, on_success, on_failure, on_finish };

struct Task {
  std::string id;
  std::shared_ptr<const TaskSpec> spec;
  std::uint32_t line = 0;  ///< 1-based line in the source, for messages; not part of the version
  Hook hook = Hook::none;  ///< hooks have the reserved ids on_success, on_failure, on_finish and no edges
};

/// Edges as compressed sparse rows: the neighbours of t are targets[offsets[t] .. offsets[t + 1]).
struct Adjacency {
  std::vector<std::uint32_t> offsets;
  std::vector<TaskNo> targets;
  [[nodiscard]] std::span<const TaskNo> of(TaskNo t) const {
    const auto i = static_cast<std::size_t>(t);
    return {targets.data() + offsets[i], targets.data() + offsets[i + 1]};
  }
};

struct ParamSpec {
  std::string name;
  std::string type;          ///< JSON Schema's: string integer number boolean array object; empty: any
  std::optional<Value> default_value;  ///< none: required
  std::string schema_json;   ///< canonical JSON of the whole declaration
  std::string description;
};

struct PoolSpec {
  std::string name;
  std::int32_t slots = 1;
  Rate rate;                 ///< starts of tasks that name it
  std::int32_t retry_millionths = 0;  ///< retries at most this part of first tries in a minute; 0: no limit
  friend bool operator==(const PoolSpec&, const PoolSpec&) = default;
};

/// Whose word it is of what several DAGs and runs share: pools, circuit breakers. A run can be of a version of last
/// month; it adds what nobody has said yet in this process, and changes nothing.
enum class DeclaredBy : std::uint8_t { old_version, file };

struct GroupSpec {
  std::string id;
  std::string tooltip;
};

struct Dag {
  std::string id;
  std::string description, doc, owner;
  std::vector<std::string> tags;
  Labels labels;                        ///< of each of its runs
  std::shared_ptr<const timetable::ScheduleSpec> schedule;  ///< null: manual only
  std::string timezone = "UTC";
  std::vector<ParamSpec> params;
  std::vector<EnvEntry> env;            ///< for every task, secrets included
  std::int32_t max_active_runs = 0;     ///< 0: no limit
  std::int32_t max_active_tasks = 0;    ///< per run of this Dag here; 0: no limit
  std::int32_t weight = 1;              ///< its share beside other DAGs of what their tasks of one priority want
  std::int32_t max_consecutive_failed_runs = 0;
  bool fail_fast = false;
  DurationUs timeout_us = 0;
  Sla sla;
  std::vector<PoolSpec> pools;          ///< declared here (baton.yaml adds others)
  std::vector<Connection> connections;  ///< declared here (baton.yaml goes before)
  std::vector<GroupSpec> groups;
  std::string breakers_json, assets_json, calendars_json, alerts_json;  ///< of the service; canonical JSON or empty

  std::vector<Task> tasks;              ///< in file order; hooks last
  Adjacency upstream, downstream;       ///< includes the edges that teardowns imply; each list sorted, no duplicates
  std::vector<TaskNo> topological;      ///< all tasks but hooks
  bool has_gates = false;               ///< a task has checks that may hold back what others produce
  std::vector<TaskNo> by_id;            ///< task numbers sorted by id, for find()

  std::string version;                  ///< SHA-256 (hex) of the canonical form
  std::string source_file;              ///< as given; for messages and the working folder
  std::string work_folder;              ///< absolute folder of the file: the tasks' working folder

  [[nodiscard]] std::optional<TaskNo> find(std::string_view task_id) const;
  [[nodiscard]] const Task& task(TaskNo t) const { return tasks[static_cast<std::size_t>(t)]; }
  [[nodiscard]] const TaskSpec& spec(TaskNo t) const { return *tasks[static_cast<std::size_t>(t)].spec; }
};

/// Fills `upstream`, `downstream`, `topological` and `by_id` from upstream lists (one a task; hooks have none).
/// Returns one cycle as task numbers when there is one (then the Dag must not be used), else empty.
std::vector<TaskNo> link(Dag& dag, const std::vector<std::vector<TaskNo>>& upstreams);
/// The same from lists that are compressed already; each is sorted here and must hold no duplicates.
std::vector<TaskNo> link(Dag& dag, Adjacency upstream);

/// How long what has ended is kept. 0: for ever.
struct Retention {
  DurationUs runs_us = 0;         ///< a run that ended longer ago goes
  std::int64_t runs_per_dag = 0;  ///< of each DAG the newest so many runs stay, older ones go
  DurationUs logs_us = 0;         ///< logs of a run that ended longer ago go, its rows stay

  [[nodiscard]] bool keeps_all() const { return runs_us == 0 && runs_per_dag == 0 && logs_us == 0; }
  friend bool operator==(const Retention&, const Retention&) = default;
};

/// Copies of the database that a server makes by itself.
struct BackupSettings {
  std::string folder;        ///< absolute; empty: none are made
  DurationUs every_us = 0;
  std::int32_t keep = 0;     ///< so many stay, the oldest go

  friend bool operator==(const BackupSettings&, const BackupSettings&) = default;
};

/// What is different in one of the places where the same DAGs run (development, production): it stands in the DAGs as
/// they are loaded, so that a version says under which profile it was made, and a run goes on under the one that it had.
struct Profile {
  std::string name;                     ///< empty: none
  Value params;                         ///< defaults by name, of DAGs that have such a param; null: none
  std::vector<EnvEntry> env;            ///< before the DAG's own `env`; plain texts and secrets
  std::vector<std::pair<std::string, std::string>> secrets;  ///< a name in a DAG → the name of the secret that is meant
  friend bool operator==(const Profile&, const Profile&) = default;
};

/// Whose signed messages trigger a DAG (POST /hooks/NAME).
struct WebhookSpec {
  std::string name, dag_id;
  std::string secret;        ///< the name of what signs them
  std::string param;         ///< takes the whole message; empty: its members are params
  bool is_github = false;    ///< signed as GitHub does, else as Baton's own webhooks are
  friend bool operator==(const WebhookSpec&, const WebhookSpec&) = default;
};

/// Settings of the machine or folder: baton.yaml.
struct Config {
  std::vector<PoolSpec> pools;
  std::vector<std::string> pass_env;    ///< names of variables that tasks inherit
  std::string breakers_json, assets_json, calendars_json;
  std::vector<Connection> connections;
  std::vector<WebhookSpec> hooks;
  std::string alerting_json;            ///< {alerts, receivers, smtp, dead_man}, as far as they are there; or empty
  std::int64_t max_file_bytes = 32 << 20;
  std::int32_t max_instances = 100'000;   ///< of one mapped task
  std::int32_t max_depth = 64;
  Retention retention;
  BackupSettings backup;
  Prices prices;
  std::string log_format;                 ///< of a server's own log: `text` or `json`; empty: not said
  std::string listen;                     ///< where a server answers, ADDRESS:PORT; empty: not said
  std::string public_url;                 ///< how people reach it through a proxy; empty: as it listens
  Profile profile;                        ///< the one that holds; its pools are among `pools`
  std::string path;                       ///< the file it came from; empty: defaults
  friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace baton
