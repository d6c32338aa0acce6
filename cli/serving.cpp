#include "cli/serving.h"

#include "cli/service_manager.h"

#include <unistd.h>

#include <utility>

#include "scheduler/dagfile/canonical.h"
#include "scheduler/store/sqlite_reader.h"

namespace baton {
namespace {

constexpr DurationUs kBeatUs = kSecond;
/// A loop that has not turned for so long hangs: it takes no requests.
constexpr DurationUs kHangsUs = 10 * kSecond;

}  // namespace

Serving::Serving(LocalServer& server, ServingOptions options, RunObserver& observer)
    : server_(server),
      options_(std::move(options)),
      observer_(observer),
      shelf_(server.loop(), server.store(), loader_),
      tick_host_(server.loop(), server.store(), server.host().engine(), shelf_, server.options().config,
                 [&observer](const std::string& line) { observer.notice(line); }),
      ticks_(server.loop(), tick_host_),
      folder_(server.loop(), tick_host_, ticks_, shelf_, loader_,
              FolderSettings{options_.dags_folder, server.options().config}),
      backfill_host_(server.loop(), server.store(), server.host(), ticks_, shelf_, server.options().config,
                     [this](const std::string& dag_id, WallUs from, WallUs to, BackfillHost::OnDates done) {
                       find_dates(dag_id, from, to, std::move(done));
                     },
                     [&observer](const std::string& line) { observer.notice(line); }),
      backfills_(server.loop(), backfill_host_),
      api_backfills_(server.loop(), backfills_),
      door_(server, shelf_, ticks_) {}

Serving::~Serving() {
  is_ready_ = false;
  Engine& engine = server_.host().engine();
  engine.on_comes(nullptr);
  engine.on_struck(nullptr);
  engine.on_waiting_ended(nullptr);
  if (beat_timer_ != 0) server_.loop().cancel(beat_timer_);
  if (web_) web_->stop();
  folder_.stop();
  backfills_.stop();
  ticks_.stop();
  loader_.stop();
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
  if (Status told = tell_of_runs(); !told) return told.error();
  ticks_.start(*found);
  folder_.start(*found);
  backfills_.start(*found);
  if (Status started = start_web(); !started) return started;
  // Only now: who is refused the port goes at once, while the loop still closes and runs end on it.
  server_.on_finished([this](const DagRun& run) {
    ticks_.run_ended(run.row, run.dag->max_consecutive_failed_runs);
    backfills_.run_ended(run.row.run_no);
  });
  beat();
  is_ready_ = true;
  tell_service_manager("READY=1\nSTATUS=serving at " + url());
  return server_.announce(url());
}

/// The ticks count the runs that have not ended, for what their schedules may begin.
Status Serving::tell_of_runs() {
  Engine& engine = server_.host().engine();
  for (const RunNo run_no : server_.host().runs()) {
    if (const DagRun* run = engine.run(run_no)) ticks_.run_opened(run->row);
  }
  const Status waiting = server_.store().waiting_runs([this](RunNo, const Result<RunRow>& row) {
    if (row) ticks_.run_opened(*row);
  });
  engine.on_comes([this](const RunRow& row) { ticks_.run_opened(row); });
  engine.on_struck([this](const RunRow& row) { ticks_.run_dropped(row); });
  engine.on_waiting_ended([this](const RunRow& row) {
    ticks_.run_ended(row, 0);
    backfills_.run_ended(row.run_no);
  });
  return waiting;
}

/// Off the loop: a long range has many.
void Serving::find_dates(const std::string& dag_id, WallUs from, WallUs to, BackfillHost::OnDates done) {
  loader_.post([source = dates_, &loop = server_.loop(), dag_id, from, to, done = std::move(done)] {
    auto found = source->dated_runs(dag_id, from, to);
    loop.post([found = std::move(found), done] {
      if (!found) return done(found.error());
      std::vector<CoveredDate> dates;
      for (const DatedRun& one : *found) {
        dates.push_back({one.date, {one.run_no, one.state, one.reason == Reason::stopped}});
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
  api::Services services;
  services.version = options_.version;
  services.door = &door_;
  services.backfills = &api_backfills_;
  services.health = [this] {
    api::Health health;
    health.scheduler_seen = seen_;
    const bool hangs = server_.loop().wall_now() - health.scheduler_seen > kHangsUs;
    health.is_ready = is_ready_ && !hangs;
    if (!health.is_ready) health.why = hangs ? "the scheduler does not turn" : "the server is ending";
    return health;
  };
  web::Seams seams;
  seams.open_reader = [folder = settings.state_folder] { return SqliteReader::open(folder); };
  seams.compile = [](const VersionRow& version) {
    return from_canonical(version.canonical_json, {version.source_file, version.work_folder});
  };
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

/// From here other threads, and a service manager that watches, see that the loop turns.
void Serving::beat() {
  backfills_.look();  // a DAG that drained, or a server that was frozen, may go on
  seen_ = server_.loop().wall_now();
  DurationUs wait = kBeatUs;
  if (const DurationUs watchdog = watchdog_interval(); watchdog > 0) {
    tell_service_manager("WATCHDOG=1");
    if (watchdog / 3 < wait) wait = watchdog / 3;
  }
  beat_timer_ = server_.loop().call_at(server_.loop().mono_now() + wait, [this] { beat(); });
}

void Serving::close() {
  is_ready_ = false;
  tell_service_manager("STOPPING=1");
  folder_.stop();
  backfills_.stop();
  ticks_.stop();
}

}  // namespace baton
