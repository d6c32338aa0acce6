// What the API stands on, and how its operations get at a request. Given once at the start; everything here may be
// called from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/model/dag.h"
#include "scheduler/model/connection.h"
#include "scheduler/model/prices.h"
#include "scheduler/model/time.h"
#include "scheduler/model/value.h"
#include "web/api/alert_door.h"
#include "web/api/backfill_door.h"
#include "web/api/description.h"
#include "web/api/door.h"
#include "web/api/event_hub.h"
#include "web/api/followers.h"
#include "web/api/asset_door.h"
#include "web/api/known_dags.h"
#include "web/api/job_door.h"
#include "web/api/locks.h"
#include "web/api/readers.h"
#include "web/api/secret_door.h"
#include "web/api/simulate_door.h"
#include "web/api/upkeep_door.h"
#include "web/http/access.h"
#include "web/http/message.h"
#include "web/http/server.h"

namespace baton::api {

class CompiledDags;

/// How the scheduler is, as told by a thread that is not its own.
struct Health {
  bool is_ready = false;            ///< takes requests: not while it starts, ends, or hangs
  std::string why;                  ///< when it is not
  WallUs scheduler_seen = kNoTime;  ///< when its loop last turned
  WallUs files_seen = kNoTime;      ///< when the folder of DAGs was last looked at; kNoTime: nobody looks
  bool is_store_writable = true;
  WallUs started_at = kNoTime;      ///< this process
  std::string host;                 ///< where it runs
};

/// Who runs attempts, as the scheduler saw it last.
struct WorkerNow {
  std::string executor, name, host;
  std::int32_t slots = 0, running = 0;
  bool is_ready = false;
  WallUs since = kNoTime;
};

/// A pool as files, DAGs and people have set it, and what waits for its rate, as the scheduler saw it last.
struct PoolSeen {
  PoolSpec spec;
  bool is_of_files = false;           ///< else a person alone has set it, and its row says whether that is so still
  std::int64_t waiting_for_rate = 0;  ///< tasks
  WallUs next_start_at = kNoTime;     ///< when its rate lets the next start; kNoTime: it has none
};

/// Whose messages trigger a DAG, with what they are signed with; `key` empty: there is no such secret.
struct SignedWebhook {
  WebhookSpec spec;
  std::string key;
};

/// A DAG that says other things of what is one for all than a DAG before it.
struct WarningSeen {
  std::string dag_id, message;
  WallUs at = kNoTime;
};

/// A setting that holds, and where it comes from.
struct SettingSeen {
  std::string name, value;           ///< as people read it, secrets by name alone; empty: nothing is set
  std::string source;                ///< flag, environment, file, default
  bool needs_restart = false;        ///< before another value acts
};
struct SettingsSeen {
  std::vector<SettingSeen> list;
  std::string file;                  ///< baton.yaml, as it was read last; empty: there is none
  std::string trouble;               ///< what is wrong with it now; empty: nothing
};

struct Call;

struct Services {
  std::string state_folder;  ///< where logs lie
  std::string version;       ///< of Baton, with its commit
  std::vector<std::string> resources;  ///< what tokens may be for: of all operations
  std::string dag_schema;    ///< the JSON Schema of DAG files, as text
  /// The findings of a DAG file that is not there (yet): its text, and a name for it. May be empty: none are made here.
  std::function<Value(std::string source, const std::string& file)> validate;
  std::function<Health()> health;
  std::function<std::string()>
      metrics;  ///< lines in the format of Prometheus, beside those of the server. May be empty
  http::Access* access = nullptr;
  Readers* readers = nullptr;
  EventHub* events = nullptr;
  CompiledDags* dags = nullptr;
  Door* door = nullptr;
  BackfillDoor* backfills = nullptr;  ///< null: none are made here
  JobDoor* jobs = nullptr;            ///< null: no bulk jobs are done here
  AlertDoor* alerts = nullptr;        ///< null: nobody is told of anything here
  AssetDoor* assets = nullptr;        ///< null: no runs are made for events here
  SecretDoor* secrets = nullptr;      ///< null: none are kept here
  UpkeepDoor* upkeep = nullptr;       ///< null: nothing is removed here
  SimulateDoor* simulate = nullptr;   ///< null: nothing is simulated here
  std::function<http::ServerCounts()> counts;
  Locks* locks = nullptr;
  KnownDags* known_dags = nullptr;
  Followers* followers = nullptr;
  std::function<std::vector<WorkerNow>()> workers;       ///< may be empty
  std::function<std::vector<PoolSeen>()> declared_pools;  ///< may be empty
  /// none: there is no hook of that name. May be empty.
  std::function<std::optional<SignedWebhook>(const std::string& name)> hook;
  std::function<std::vector<WarningSeen>()> dag_warnings;  ///< may be empty
  std::function<std::vector<Connection>()> connections;   ///< of baton.yaml, as it is now. May be empty
  std::function<Prices()> prices;                         ///< of baton.yaml; may be empty
  std::function<SettingsSeen()> settings;                 ///< may be empty
  /// Whether the files of DAGs are still read for the first time since the start: one that is not there may come.
  std::function<bool()> is_reading;
  std::function<WallUs()> now;
  /// Whether an operation is carried out here; asked once for each. Empty: all of them are.
  std::function<Status(const Operation& operation)> serves;
  /// Told of what an operation itself answers with 401 or 403. May be empty.
  std::function<void(const http::Request& request, int status, const std::string& why)> on_refused;
};

/// One request that fits its description. May be copied, and kept until it is answered.
struct Call {
  std::shared_ptr<const http::Request> kept;
  const http::Request& request;  ///< `*kept`
  const Services& services;
  Value body;  ///< an empty map where there is none
  /// How what an earlier request made is shown; see Operations.
  const std::map<std::string, std::function<http::Response(const Call&, const std::string&)>>& made;
  std::shared_ptr<Held> held;  ///< what is kept from others until it is answered; of all copies of this

  /// A member of the body as text; empty: it is not there, or null.
  [[nodiscard]] std::string text(std::string_view name) const;
  /// The same where an empty text is not nothing.
  [[nodiscard]] std::optional<std::string> text_if_given(std::string_view name) const;
  /// The same as a time; kNoTime: it is not there, or null. The description has checked its form.
  [[nodiscard]] WallUs time(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name, bool otherwise) const;
  [[nodiscard]] bool has(std::string_view name) const { return body.find(name) != nullptr; }
};

using Operate = std::function<http::Response(const Call&)>;
/// Answers when it is done, from any thread.
using OperateLater = std::function<void(const Call&, const http::Reply&)>;

/// By operationId of the description.
struct Operations {
  std::map<std::string, Operate> at_once;
  std::map<std::string, OperateLater> later;
  /// How what a request made is shown again, by the first word of its name: `pool` with the name that follows.
  std::map<std::string, std::function<http::Response(const Call&, const std::string& name)>> made;
};

void add_system(Operations& operations);
void add_reference_page(Operations& operations);
void add_home(Operations& operations);
void add_hooks(Operations& operations);
void add_pools(Operations& operations);
void add_breakers(Operations& operations);
void add_states(Operations& operations);
void add_checks(Operations& operations);
void add_approvals(Operations& operations);
void add_accounting(Operations& operations);
void add_alerts(Operations& operations);
void add_dead_letters(Operations& operations);
void add_bulk_jobs(Operations& operations);
/// A job, and how far it has come.
http::Response shown_bulk_job(const Call& call, std::int64_t job_no, int status);
void add_assets(Operations& operations);
void add_lineage(Operations& operations);
void add_secrets(Operations& operations);
void add_simulations(Operations& operations);
void add_settings(Operations& operations);
void add_variables(Operations& operations);
void add_favorites(Operations& operations);
void add_connections(Operations& operations);
void add_state_store(Operations& operations);
void add_tokens(Operations& operations);
void add_xcom(Operations& operations);
void add_batches(Operations& operations);
void add_waits(Operations& operations);
void add_auth(Operations& operations);
void add_holds(Operations& operations);
void add_ticks(Operations& operations);
void add_calendar(Operations& operations);
void add_intervals(Operations& operations);
void add_dags(Operations& operations);
void add_runs(Operations& operations);
void add_run_changes(Operations& operations);
void add_clears(Operations& operations);
void add_task_instances(Operations& operations);
void add_instance_changes(Operations& operations);
void add_logs(Operations& operations);
void add_log_lines(Operations& operations);
void add_reports(Operations& operations);
void add_series(Operations& operations);
void add_events(Operations& operations);
void add_records(Operations& operations);
void add_pictures(Operations& operations);
void add_reasons(Operations& operations);
void add_run_why(Operations& operations);
void add_backfills(Operations& operations);
void add_upkeep(Operations& operations);
void add_bulk_runs(Operations& operations);

/// As JSON: who asks, and for a session of the page what its changes must bring along.
std::string who_is(const http::Access& access, const http::Request& request, const http::Principal& principal);

http::Response json_response(std::string body, int status = 200);

}  // namespace baton::api
