#include "cli/serving.h"

#include "cli/api_validation.h"
#include "cli/asset_metrics.h"
#include "cli/engine_metrics.h"
#include "cli/service_manager.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "scheduler/dagfile/breakers.h"
#include "scheduler/dagfile/canonical.h"
#include "scheduler/dagfile/config_keys.h"
#include "scheduler/dagfile/schema.h"
#include "scheduler/json/json_value.h"
#include "scheduler/store/sqlite_reader.h"

namespace baton {
namespace {

constexpr DurationUs kBeatUs = kSecond;
/// The row of the server's state that says what files of DAGs were read with.
constexpr char kDagSettings[] = "dag_settings";
/// A loop that has not turned for so long hangs: it takes no requests.
constexpr DurationUs kHangsUs = 10 * kSecond;
/// A server whose files take longer than this to be read says that it is ready all the same.
constexpr DurationUs kFirstReadUs = 2 * kSecond;

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string();
}

Result<api::KnownDag> known_dag(const VersionRow& row, const Config& config) {
  auto dag = from_canonical(row.canonical_json, {row.source_file, row.work_folder});
  if (!dag) return dag.error();
  api::KnownDag known{std::move(*dag), nullptr};
  const auto schedule = schedule_of(*known.dag, config);
  if (schedule && schedule->dag.schedule) {
    known.ticks = std::make_shared<const timetable::Timetable>(schedule->dag.schedule->ticks);
  }
  return known;
}

}  // namespace

Serving::Serving(LocalServer& server, ServingOptions options, RunObserver& observer)
    : server_(server),
      options_(std::move(options)),
      observer_(observer),
      makers_({server.loop(), server.store(), server.store(), server.host(), loader_, server.options().config,
               [this](const std::string& asset, std::int64_t after, std::size_t limit, AssetHost::OnEvents done) {
                 find_asset_events(asset, after, limit, std::move(done));
               },
               [&observer](const std::string& line) { observer.notice(line); }}),
      folder_(server.loop(), makers_.tick_host(), makers_.ticks(), makers_.shelf(), loader_,
              FolderSettings{options_.dags_folder, server.options().config}),
      backfill_host_(server.loop(), server.store(), server.host(), makers_.ticks(), makers_.shelf(),
                     server.options().config,
                     [this](const std::string& dag_id, WallUs from, WallUs to, BackfillHost::OnDates done) {
                       find_dates(dag_id, from, to, std::move(done));
                     },
                     [&observer](const std::string& line) { observer.notice(line); }),
      backfills_(server.loop(), backfill_host_),
      api_backfills_(server.loop(), backfills_),
      job_host_(server.loop(), server.host(), makers_.ticks(), makers_.shelf(),
                {[this](LetterQuery query, JobHost::OnPage done) { find_letters(std::move(query), std::move(done)); },
                 [this](RunQuery query, JobHost::OnRuns done) { find_runs(std::move(query), std::move(done)); },
                 [this](const std::vector<RunNo>& runs) { retention_host_.remove_folders(runs); },
                 [&observer](const std::string& line) { observer.notice(line); }}),
      jobs_(server.loop(), job_host_),
      api_jobs_(server.loop(), server.host(), jobs_),
      api_secrets_(server.options().state_folder, server.loop()),
      api_simulations_(server.options().state_folder, [this] { return simulated_now(); }),
      alerts_(server, [&observer](const std::string& line) { observer.notice(line); }),
      api_assets_(server.loop(), makers_.asset_runs()),
      child_host_(server.loop(), server.store(), makers_.ticks(), makers_.shelf(), server.options().secret),
      retention_host_(server.loop(), server.store(), server.host(), upkeep_, server.options().state_folder,
                      [this](const std::string& dag_id) { return makers_.forget_dag(dag_id); },
                      [&observer](const std::string& line) { observer.notice(line); }),
      retention_(server.loop(), retention_host_),
      api_upkeep_(server.loop(), retention_, makers_.ticks()),
      backup_host_(server.loop(), copying_, server.options().state_folder,
                   [&observer](const std::string& line) { observer.notice(line); }),
      backups_(server.loop(), backup_host_),
      config_(server.loop(), look_at_config(server.loop(), loader_, options_.config_path, server.options().config.profile.name),
              {[this](const Config& old, const Config& fresh) { take_config(old, fresh); },
               [&observer](const std::string& line) { observer.notice(line); }}),
      door_(server, makers_.shelf(), makers_.ticks(), folder_, jobs_),
      refusals_([&server] { return server.loop().wall_now(); },
                [this](api::ChangeAsk what, api::Asker who) {
                  door_.change(std::move(what), std::move(who), {}, [](const Result<api::Changed>&) {});
                }) {}

Serving::~Serving() {
  is_ready_ = false;
  server_.host().engine().make_children_with(nullptr);
  if (beat_timer_ != 0) server_.loop().cancel(beat_timer_);
  if (web_) web_->stop();
  alerts_.stop();
  folder_.stop();
  backfills_.stop();
  jobs_.stop();
  makers_.stop();
  loader_.stop();
  config_.stop();
  backups_.stop();
  retention_.stop();
  retention_host_.stop();
  upkeep_.stop();
  copying_.stop();
}

Result<std::shared_ptr<Serving>> Serving::begin(LocalServer& server, ServingOptions options, RunObserver& observer) {
  std::shared_ptr<Serving> serving(new Serving(server, std::move(options), observer));
  if (Status started = serving->start(); !started) return started.error();
  return serving;
}

Status Serving::start() {
  const auto found = server_.store().load_service();
  if (!found) return found.error();
  auto dates = SqliteRunSource::open(server_.options().state_folder);
  if (!dates) return dates.error();
  dates_ = std::move(dates).value();
  makers_.on_waiting_ended([this](const RunRow& row) { backfills_.run_ended(row.run_no); });
  if (Status told = makers_.watch_runs(); !told) return told.error();
  const auto on_dag = [this](const Dag& dag) {
    alerts_.learn(dag);
    warnings_.learn(dag, dagfile::breakers_from_json(dag.breakers_json), server_.loop().wall_now());
  };
  makers_.tick_host().on_dag(on_dag);
  // Files that have not changed are not read again: what they share stands before the first run of theirs begins.
  const auto on_standing = [this, on_dag](const Dag& dag) {
    server_.host().know_shared(dag);
    on_dag(dag);
  };
  alerts_.start(server_.options().config, on_standing);  // before anything is written
  server_.host().engine().make_children_with(&child_host_);
  makers_.start(*found);  // before the folder
  folder_.start(*found);
  folder_.look_through([this] { is_reading_ = false; });
  keep_dag_settings(*found, server_.options().config);
  backfills_.start(*found);
  jobs_.start(*found);
  retention_.start(server_.options().config.retention, RetentionOnStore::begun(*found));
  backups_.start(server_.options().config.backup);
  config_seen_ = server_.options().config;
  read_keys();
  if (!options_.config_path.empty()) config_.start(server_.options().config);
  started_at_ = server_.loop().wall_now();
  if (Status set = set_pools(); !set) return set;
  if (Status started = start_web(); !started) return started;
  // Only now: who is refused the port goes at once, while the loop still closes and runs end on it.
  server_.on_finished([this](const DagRun& run) {
    makers_.run_ended(run);
    backfills_.run_ended(run.row.run_no);
  });
  beat();
  is_ready_ = true;
  tell_service_manager("READY=1\nSTATUS=serving at " + url());
  return server_.announce(url());
}

/// Off the loop, with a reader for each page: a job has one page a thousand letters.
void Serving::find_letters(LetterQuery query, JobHost::OnPage done) {
  loader_.post([folder = server_.options().state_folder, &loop = server_.loop(), query = std::move(query),
                done = std::move(done)] {
    auto reader = SqliteReader::open(folder);
    auto page = reader ? (*reader)->list_letters(query) : Result<LetterPage>(reader.error());
    loop.post([page = std::move(page), done] { done(page); });
  });
}

void Serving::find_runs(RunQuery query, JobHost::OnRuns done) {
  loader_.post([folder = server_.options().state_folder, &loop = server_.loop(), query = std::move(query),
                done = std::move(done)] {
    auto reader = SqliteReader::open(folder);
    auto page = reader ? (*reader)->list_runs(query) : Result<RunPage>(reader.error());
    loop.post([page = std::move(page), done] { done(page); });
  });
}

void Serving::find_asset_events(const std::string& asset, std::int64_t after, std::size_t limit,
                                AssetHost::OnEvents done) {
  loader_.post([source = dates_, &loop = server_.loop(), asset, after, limit, done = std::move(done)] {
    auto found = source->asset_events(asset, after, limit);
    loop.post([found = std::move(found), done] { done(found); });
  });
}

/// Off the loop: a long range has many.
void Serving::find_dates(const std::string& dag_id, WallUs from, WallUs to, BackfillHost::OnDates done) {
  loader_.post([source = dates_, &loop = server_.loop(), dag_id, from, to, done = std::move(done)] {
    auto found = source->dated_runs(dag_id, from, to);
    loop.post([found = std::move(found), done] {
      if (!found) return done(found.error());
      std::vector<CoveredDate> dates;
      for (const DatedRun& one : *found) {
        dates.push_back({one.date, {one.run_no, one.state, one.reason == Reason::stopped, one.backfill_no}});
      }
      done(dates);
    });
  });
}

Status Serving::start_web() {
  web::Settings settings;
  settings.state_folder = server_.options().state_folder;
  settings.store_id = server_.store().store_id();
  settings.owner = getuid();
  settings.address = options_.address;
  settings.port = options_.port;
  settings.page_folder = options_.page_folder;
  if (!options_.public_url.empty()) settings.hosts.push_back(host_of_url(options_.public_url));
  api::Services services;
  services.version = options_.version;
  services.dag_schema = dag_schema_json();
  services.validate = [this](std::string source, const std::string& file) {
    return validation_of(std::move(source), file, config_now());
  };
  services.is_reading = [this] { return is_reading_.load(); };
  services.now = [this] { return server_.loop().wall_now(); };
  services.workers = [this] {
    const std::lock_guard lock(seen_mutex_);
    return workers_seen_;
  };
  services.connections = [this] { return config_now().connections; };
  services.declared_pools = [this] {
    const std::lock_guard lock(seen_mutex_);
    return pools_seen_;
  };
  services.dag_warnings = [this] {
    const std::lock_guard lock(seen_mutex_);
    return warnings_seen_;
  };
  services.door = &door_;
  services.backfills = &api_backfills_;
  services.jobs = &api_jobs_;
  services.secrets = &api_secrets_;
  services.simulate = &api_simulations_;
  services.alerts = &alerts_;
  services.assets = &api_assets_;
  services.upkeep = &api_upkeep_;
  services.metrics = [this] { return metrics(); };
  services.hook = [this](const std::string& name) -> std::optional<api::SignedWebhook> {
    const Config config = config_now();
    for (const WebhookSpec& spec : config.hooks) {
      if (spec.name != name) continue;
      auto key = server_.options().secret(spec.secret);
      return api::SignedWebhook{spec, key ? std::move(*key) : std::string()};
    }
    return std::nullopt;
  };
  services.prices = [this] { return config_now().prices; };
  services.settings = [this] {
    const std::lock_guard lock(seen_mutex_);
    return api::SettingsSeen{settings_of(config_seen_, keys_seen_, options_.given), config_seen_.path, trouble_seen_};
  };
  services.health = [this] {
    api::Health health;
    health.scheduler_seen = seen_;
    const bool hangs = server_.loop().wall_now() - health.scheduler_seen > kHangsUs;
    // A folder of many files takes its time: what was known before works meanwhile.
    const bool reads = is_reading_ && health.scheduler_seen - started_at_ < kFirstReadUs;
    health.is_ready = is_ready_ && !hangs && !reads;
    health.started_at = started_at_;
    health.host = host_name();
    if (!health.is_ready) health.why = hangs                ? "the scheduler does not turn"
                                      : is_ready_ && reads ? "the files of DAGs are read for the first time"
                                                           : "the server is ending";
    return health;
  };
  web::Seams seams;
  seams.open_reader = [folder = settings.state_folder] { return SqliteReader::open(folder); };
  seams.compile = [](const VersionRow& version) {
    return from_canonical(version.canonical_json, {version.source_file, version.work_folder});
  };
  seams.read_dag = [this](const VersionRow& row) { return known_dag(row, config_now()); };
  seams.on_refused = [this](const http::Request& request, int status, const std::string& why) {
    refusals_.told(request, status, why);
  };
  seams.find_token = [this](const std::string& hash) { return grant_of(hash); };
  auto made = web::Server::make(settings, services, seams);
  if (!made) return made.error();
  web_ = std::move(*made);
  Status started = web_->start();
  if (started || !options_.may_move || started.error().kind != ErrorKind::conflict) return started;
  observer_.notice("port " + std::to_string(options_.port) + " is taken; a free one is used");
  settings.port = 0;
  made = web::Server::make(std::move(settings), std::move(services), std::move(seams));
  if (!made) return made.error();
  web_ = std::move(*made);
  return web_->start();
}

/// A personal token that opens something; read for each request that carries one. None: it does not, or cannot be read.
std::optional<http::TokenGrant> Serving::grant_of(const std::string& hash) const {
  auto reader = SqliteReader::open(server_.options().state_folder);
  if (!reader) return std::nullopt;
  const auto token = (*reader)->token(hash);
  if (!token || token->revoked_at != kNoTime) return std::nullopt;
  const auto role = http::role_named(token->role);
  if (!role) return std::nullopt;
  http::TokenGrant grant{token->name, *role, token->expires_at == kNoTime ? 0 : token->expires_at / kSecond};
  if (const auto scopes = from_json(token->scopes_json); scopes && scopes->type() == ValueType::list) {
    for (const Value& scope : scopes->as_list()) {
      if (scope.type() == ValueType::string) grant.scopes.push_back(scope.as_string());
    }
  }
  return grant;
}

/// What people have set before goes before what files say.
Status Serving::set_pools() {
  auto reader = SqliteReader::open(server_.options().state_folder);
  if (!reader) return reader.error();
  NameQuery query;
  query.page.limit = 10'000;
  const auto pools = (*reader)->list_pools(query);
  if (!pools) return pools.error();
  for (const PoolView& pool : pools->rows) server_.host().set_pool(pool.name, pool.slots, pool.rate);
  return Unit{};
}

/// Of the workers that have been heard of, as they are now.
void Serving::see_workers() {
  const WorkerSlots& slots = server_.host().engine().workers();
  const std::lock_guard lock(seen_mutex_);
  for (WorkerNo no = 0; no < slots.count(); ++no) {
    const WorkerRef& worker = slots.worker(no);
    if (worker == nullptr) continue;
    const auto at = static_cast<std::size_t>(no);
    if (workers_seen_.size() <= at) workers_seen_.resize(at + 1);
    api::WorkerNow& seen = workers_seen_[at];
    if (seen.since == kNoTime || seen.is_ready != slots.is_ready(no)) seen.since = seen_;
    const WallUs since = seen.since;
    seen = {worker->executor, worker->name, worker->host, slots.slots(no), slots.held(no), slots.is_ready(no), since};
  }
  const MonoUs now = server_.loop().mono_now();
  const Admission& admission = server_.host().engine().admission();
  pools_seen_.clear();
  for (PoolSpec& pool : admission.declared()) {
    api::PoolSeen& seen = pools_seen_.emplace_back();
    if (const auto rate = admission.rate_of(pool.name, now)) {
      seen.waiting_for_rate = static_cast<std::int64_t>(rate->waiting);
      seen.next_start_at = server_.loop().wall_now() + (rate->next_at - now);
    }
    seen.is_of_files = server_.host().is_pool_of_files(pool.name);
    seen.spec = std::move(pool);
  }
  warnings_seen_.clear();
  for (DagWarning& one : warnings_.list()) {
    warnings_seen_.push_back({std::move(one.dag_id), std::move(one.message), one.at});
  }
  metrics_seen_ = engine_metrics(server_.host().engine());
  late_seen_ = beat_due_ == 0 ? 0 : std::max<DurationUs>(0, now - beat_due_);
  removed_seen_ = retention_.status().total;
  backup_seen_ = backups_.status();
  trouble_seen_ = config_.trouble();
}

Config Serving::config_now() {
  const std::lock_guard lock(seen_mutex_);
  return config_seen_;
}

SimulatedServer Serving::simulated_now() {
  const std::lock_guard lock(seen_mutex_);
  SimulatedServer now;
  now.config = config_seen_;
  for (const api::WorkerNow& worker : workers_seen_) now.slots += worker.slots;
  for (const api::PoolSeen& pool : pools_seen_) now.pools.push_back(pool.spec);
  return now;
}

/// What can act without a restart does so from here on: what has begun under the old settings goes on as it is.
void Serving::take_config(const Config& old, const Config& fresh) {
  {
    const std::lock_guard lock(seen_mutex_);
    config_seen_ = fresh;
  }
  read_keys();
  server_.host().declare_pools(fresh.pools);
  server_.set_connections(fresh);
  for (const BreakerSpec& breaker : dagfile::breakers_from_json(fresh.breakers_json)) {
    server_.host().engine().declare_breaker(breaker, "");
  }
  alerts_.set(fresh);
  retention_.set(fresh.retention);
  backups_.set(fresh.backup);
  makers_.set_config(old, fresh);
  backfill_host_.set_config(fresh);
  if (!changes_dags(old, fresh)) return;
  folder_.set_config(fresh);
  write_dag_settings(fresh);
}

/// Off the loop. For who asks which settings are the file's.
void Serving::read_keys() {
  loader_.post([this, path = options_.config_path] {
    std::vector<std::string> keys = config_keys_of_file(path);
    const std::lock_guard lock(seen_mutex_);
    keys_seen_ = std::move(keys);
  });
}

/// What baton.yaml said of DAGs when their files were read last: where that is another thing now, they are read anew,
/// although they have not changed.
void Serving::keep_dag_settings(const ServiceSnapshot& found, const Config& config) {
  const auto is_it = [](const ServerStateRow& row) { return row.name == kDagSettings; };
  const auto kept = std::find_if(found.server.begin(), found.server.end(), is_it);
  if (kept != found.server.end() && kept->value == dag_settings_hash(config)) return;
  if (kept != found.server.end()) folder_.set_config(config);
  write_dag_settings(config);
}

void Serving::write_dag_settings(const Config& config) {
  EngineRequest what;
  what.service.server.push_back({kDagSettings, dag_settings_hash(config), server_.loop().wall_now(), {}, {}});
  what.done = [](const PartVerdict&) {};
  server_.host().engine().write(std::move(what));
}

/// Open dead letters; none where they cannot be counted now.
std::string Serving::letter_metrics() const {
  const auto reader = SqliteReader::open(server_.options().state_folder);
  if (!reader) return {};
  LetterQuery open;
  open.filter.states = {LetterState::open};
  open.page.limit = 1;
  const auto page = (*reader)->list_letters(open);
  if (!page) return {};
  return "# HELP baton_dead_letters_open Task instances that gave up, and that nobody has dealt with.\n"
         "# TYPE baton_dead_letters_open gauge\nbaton_dead_letters_open " + std::to_string(page->total) + "\n";
}

/// In the format of Prometheus.
std::string Serving::metrics() {
  RetentionCounts removed;
  std::string out;
  BackupStatus backup;
  {
    const std::lock_guard lock(seen_mutex_);
    removed = removed_seen_;
    backup = backup_seen_;
    // While the loop stands still it says nothing of itself.
    out = lateness_metric(std::max(late_seen_, server_.loop().wall_now() - seen_ - kBeatUs)) + metrics_seen_;
  }
  if (auto reader = SqliteReader::open(server_.options().state_folder)) {
    out += asset_metrics(**reader, server_.loop().wall_now());
  }
  out += "# HELP baton_retention_removed_total What retention has removed since the server began.\n"
                    "# TYPE baton_retention_removed_total counter\n";
  const auto add = [&](const char* what, std::int64_t count) {
    out += std::string("baton_retention_removed_total{what=\"") + what + "\"} " + std::to_string(count) + "\n";
  };
  add("runs", removed.runs);
  add("rows", removed.rows);
  add("dag_versions", removed.versions);
  add("folders", removed.folders);
  out += "# HELP baton_backup_last_success_seconds When the last copy of the database was made; 0: none since start.\n"
         "# TYPE baton_backup_last_success_seconds gauge\nbaton_backup_last_success_seconds " +
         std::to_string(backup.last_made == kNoTime ? 0 : backup.last_made / kSecond) +
         "\n# HELP baton_backup_failing Whether the last try to make one failed.\n"
         "# TYPE baton_backup_failing gauge\nbaton_backup_failing " + (backup.error.empty() ? "0" : "1") + "\n";
  out += letter_metrics();
  return out;
}

/// From here other threads, and a service manager that watches, see that the loop turns.
void Serving::beat() {
  backfills_.look();  // a DAG that drained, or a server that was frozen, may go on
  makers_.look();
  seen_ = server_.loop().wall_now();
  see_workers();
  refusals_.look();
  alerts_.beat(beat_due_ == 0 ? 0 : server_.loop().mono_now() - beat_due_);
  DurationUs wait = kBeatUs;
  if (const DurationUs watchdog = watchdog_interval(); watchdog > 0) {
    tell_service_manager("WATCHDOG=1");
    if (watchdog / 3 < wait) wait = watchdog / 3;
  }
  beat_due_ = server_.loop().mono_now() + wait;
  beat_timer_ = server_.loop().call_at(beat_due_, [this] { beat(); });
}

void Serving::close() {
  is_ready_ = false;
  tell_service_manager("STOPPING=1");
  folder_.stop();
  backfills_.stop();
  jobs_.stop();
  makers_.stop();
  config_.stop();
  backups_.stop();
  retention_.stop();
}

}  // namespace baton
