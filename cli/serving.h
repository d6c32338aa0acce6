// Serving: what hangs on the loop of a server beside its engine: the folder of DAGs, the ticks of their schedules, and
// the API. Made on the loop thread just before the loop runs, and gone after it has ended.
//
//   folder ──▶ ticks ──▶ runs of the engine          web ──▶ ApiDoor ──▶ Control
//                                                     └────▶ a Reader for each request
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cli/api_assets.h"
#include "cli/api_backfills.h"
#include "cli/api_door.h"
#include "cli/api_jobs.h"
#include "cli/api_secrets.h"
#include "cli/api_simulations.h"
#include "cli/api_upkeep.h"
#include "cli/server_alerts.h"
#include "cli/server_settings.h"
#include "scheduler/host/assets_on_engine.h"
#include "scheduler/host/children_on_engine.h"
#include "scheduler/host/backfills_on_engine.h"
#include "scheduler/host/jobs_on_engine.h"
#include "scheduler/service/dag_warnings.h"
#include "scheduler/host/local/backups_on_disk.h"
#include "scheduler/host/local/retention_on_store.h"
#include "scheduler/host/run_makers.h"
#include "scheduler/service/config_watch.h"
#include "scheduler/service/dag_folder.h"
#include "scheduler/store/run_source.h"
#include "web/api/refusals.h"
#include "web/server.h"

namespace baton {

struct ServingOptions {
  std::string dags_folder;            ///< absolute; need not exist yet
  std::string address = "127.0.0.1";  ///< loopback
  std::uint16_t port = 8080;          ///< 0: a free one
  bool may_move = true;               ///< where the port is taken: to a free one, said so
  std::string version;
  std::string config_path;            ///< baton.yaml, which is watched; it need not exist. Empty: none is
  std::string public_url;             ///< through a proxy: its host may be asked for; empty: none
  std::string page_folder;            ///< a built page on disk; empty: the one within the program
  GivenSettings given;                ///< what flags and the environment say, for who asks what holds
};

class Serving {
 public:
  /// storage: what is stored of DAGs and ticks cannot be read, or the secrets of the API cannot be made; conflict: the
  /// port is taken; invalid: the address is none of loopback.
  static Result<std::shared_ptr<Serving>> begin(LocalServer& server, ServingOptions options, RunObserver& observer);
  ~Serving();
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;

  /// Loop thread: no new ticks, and who asks is told that it ends.
  void close();
  [[nodiscard]] std::string url() const { return web_->address(); }
  /// For the browser, once, within ten minutes.
  [[nodiscard]] std::string login_url() { return url() + web_->make_login_path(); }

 private:
  Serving(LocalServer& server, ServingOptions options, RunObserver& observer);
  Status start();
  void find_letters(LetterQuery query, JobHost::OnPage done);
  void find_runs(RunQuery query, JobHost::OnRuns done);
  void find_asset_events(const std::string& asset, std::int64_t after, std::size_t limit, AssetHost::OnEvents done);
  void find_dates(const std::string& dag_id, WallUs from, WallUs to, BackfillHost::OnDates done);
  Status start_web();
  Status set_pools();
  [[nodiscard]] std::optional<http::TokenGrant> grant_of(const std::string& hash) const;
  void see_workers();
  std::string metrics();
  [[nodiscard]] std::string letter_metrics() const;
  Config config_now();
  SimulatedServer simulated_now();
  void keep_dag_settings(const ServiceSnapshot& found, const Config& config);
  void write_dag_settings(const Config& config);
  void take_config(const Config& old, const Config& fresh);
  void read_keys();
  void beat();

  LocalServer& server_;
  const ServingOptions options_;
  RunObserver& observer_;
  LoaderThread loader_;
  RunMakers makers_;
  DagFolder folder_;
  std::shared_ptr<SqliteRunSource> dates_;  ///< the loader's thread
  BackfillsOnEngine backfill_host_;
  Backfills backfills_;
  ApiBackfills api_backfills_;
  JobsOnEngine job_host_;
  BulkJobs jobs_;
  ApiJobs api_jobs_;
  ApiSecrets api_secrets_;
  ApiSimulations api_simulations_;
  ServerAlerts alerts_;
  DagWarnings warnings_;
  ApiAssets api_assets_;
  ChildrenOnEngine child_host_;
  LoaderThread upkeep_;  ///< what may take long, and nobody waits for: old runs, folders
  RetentionOnStore retention_host_;
  RetentionService retention_;
  ApiUpkeep api_upkeep_;
  LoaderThread copying_;  ///< a copy of a large database takes its time: not on the thread of old runs
  BackupsOnDisk backup_host_;
  Backups backups_;
  ConfigWatch config_;
  ApiDoor door_;
  api::Refusals refusals_;
  std::unique_ptr<web::Server> web_;
  // For threads that handle requests: how the loop is.
  std::atomic<bool> is_reading_ = true;  ///< the files of DAGs, for the first time
  std::atomic<bool> is_ready_ = false;
  std::atomic<WallUs> seen_ = 0;
  WallUs started_at_ = kNoTime;
  std::mutex seen_mutex_;  ///< of what follows: written at each beat
  std::vector<api::WorkerNow> workers_seen_;
  std::vector<api::PoolSeen> pools_seen_;
  std::vector<api::WarningSeen> warnings_seen_;
  std::string metrics_seen_;
  DurationUs late_seen_ = 0;
  MonoUs beat_due_ = 0;  ///< loop thread
  RetentionCounts removed_seen_;
  BackupStatus backup_seen_;
  std::string trouble_seen_;  ///< with baton.yaml
  Config config_seen_;
  std::vector<std::string> keys_seen_;  ///< of baton.yaml
  Loop::TimerId beat_timer_ = 0;
};

}  // namespace baton
