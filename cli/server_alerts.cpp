#include "cli/server_alerts.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "scheduler/dagfile/canonical.h"
#include "scheduler/delivery/courier.h"
#include "scheduler/insight/eta.h"
#include "scheduler/json/json_value.h"
#include "scheduler/store/sqlite_reader.h"

namespace baton {
namespace {

constexpr DurationUs kBehindUs = 5 * kSecond, kBehindAgainUs = 10 * kMinute;
constexpr DurationUs kSoonUs = 20 * kMillisecond, kLooksFor = 5 * kSecond;
constexpr int kBeatsPerLook = 5;  ///< what an earlier server has left, or is due again

delivery::Message message_of(const DeliveryView& what) {
  return {what.row.target, alert_id(what.event, what.object, what.episode), what.event, what.object, what.payload_json};
}

}  // namespace

ServerAlerts::ServerAlerts(LocalServer& server, std::function<void(const std::string& line)> say)
    : server_(server),
      say_(std::move(say)),
      alerts_([&server](RunNo run_no) { return server.host().engine().run(run_no); },
              [&server](RunNo run_no) { return server.host().engine().queue().is_waiting(run_no); }),
      deliveries_(server.loop(), *this) {
  alerts_.expect_by([this](const std::string& dag_id, std::function<void(DurationUs)> done) {
    find_usual(dag_id, std::move(done));
  });
}

/// The middle of its last successes; 0: there is none yet.
void ServerAlerts::find_usual(const std::string& dag_id, std::function<void(DurationUs)> done) {
  reading_.post([folder = server_.options().state_folder, &loop = server_.loop(), dag_id, done = std::move(done)] {
    auto reader = SqliteReader::open(folder);
    if (!reader) return;
    RunQuery query;
    query.filter.dag_ids = {dag_id};
    query.filter.states = {RunState::success};
    query.page.limit = insight::kUsualOf;
    query.page.with_total = false;
    const auto page = (*reader)->list_runs(query);
    if (!page) return;
    const auto usual = insight::usual_duration(page->rows);
    if (usual) loop.post([done, usual = *usual] { done(usual); });
  });
}

void ServerAlerts::start(const Config& config, std::function<void(const Dag&)> on_dag) {
  on_dag_ = std::move(on_dag);
  set(config);
  Engine& engine = server_.host().engine();
  for (const RunNo run_no : server_.host().runs()) {
    if (const DagRun* run = engine.run(run_no)) {
      learn(*run->dag);
      alerts_.watch(*run);
    }
  }
  engine.on_writes([this](Part& part) {
    alerts_.tell(part, server_.loop().wall_now());
    if (alerts_.take_told()) look_soon();
  });
  read_dags();
  deliveries_.look();
}

void ServerAlerts::set(const Config& config) {
  auto fresh = std::make_shared<const Alerting>(alerting_from_json(config.alerting_json));
  alerts_.set(fresh->rules);
  const std::lock_guard lock(mutex_);
  alerting_ = std::move(fresh);
}

std::shared_ptr<const Alerting> ServerAlerts::alerting() const {
  const std::lock_guard lock(mutex_);
  return alerting_;
}

/// Of DAGs whose files have not changed since they were read nobody tells at the start.
void ServerAlerts::read_dags() {
  reading_.post([this, folder = server_.options().state_folder, alive = is_alive_, &loop = server_.loop()] {
    auto reader = SqliteReader::open(folder);
    if (!reader) return;
    DagQuery query;
    query.page.limit = 10'000;
    query.page.with_total = false;
    const auto dags = (*reader)->list_dags(query);
    if (!dags) return;
    for (const DagView& one : dags->rows) {
      const auto version = (*reader)->version(one.dag_id, one.latest_version);
      if (!version) continue;
      const auto says = [&](const char* key) { return version->canonical_json.find(key) != std::string::npos; };
      if (!says("\"alerts\"") && !says("\"pools\"") && !says("\"breakers\"")) continue;
      auto dag = from_canonical(version->canonical_json, {version->source_file, version->work_folder});
      if (!dag) continue;
      loop.post([this, alive, dag = std::move(*dag)] {
        if (*alive) on_dag_(*dag);
      });
    }
    read_waiting(**reader, alive);
    read_assets(**reader, alive);
  });
}

/// On the thread that reads: assets that say how old they may become.
void ServerAlerts::read_assets(Reader& reader, const std::shared_ptr<bool>& alive) {
  AssetQuery query;
  query.page.limit = 100'000;
  query.page.with_total = false;
  const auto assets = reader.list_assets(query);
  if (!assets) return;
  for (const AssetView& one : assets->rows) {
    if (!one.row.fresh.is_set()) continue;
    const bool has_event = one.last_event_at != kNoTime;
    const WallUs since = has_event ? one.last_event_at : one.created_at;
    server_.loop().post([this, alive, row = one.row, since, has_event] {
      if (*alive) alerts_.learn_asset(row, since, has_event);
    });
  }
}

/// On the thread that reads: runs that wait to begin since before this server, and may be late by now.
void ServerAlerts::read_waiting(Reader& reader, const std::shared_ptr<bool>& alive) {
  RunQuery query;
  query.filter.states = {RunState::queued};
  query.page.limit = 10'000;
  query.page.with_total = false;
  const auto runs = reader.list_runs(query);
  if (!runs) return;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const Dag>> dags;  // by DAG and version; null: no sla
  for (const RunView& one : runs->rows) {
    if (one.row.begun_at != kNoTime) continue;
    const auto [at, is_new] = dags.try_emplace({one.row.dag_id, one.row.dag_version});
    if (is_new) {
      const auto version = reader.version(one.row.dag_id, one.row.dag_version);
      const bool has_sla = version && version->canonical_json.find("\"sla") != std::string::npos;
      auto dag = has_sla ? from_canonical(version->canonical_json, {version->source_file, version->work_folder})
                         : Result<std::shared_ptr<const Dag>>(std::shared_ptr<const Dag>());
      if (dag) at->second = std::move(*dag);
    }
    if (at->second == nullptr) continue;
    server_.loop().post([this, alive, row = one.row, dag = at->second] {
      if (*alive && server_.host().engine().queue().is_waiting(row.run_no)) alerts_.watch_waiting(row, *dag);
    });
  }
}

void ServerAlerts::stop() {
  if (ends_.exchange(true)) return;
  *is_alive_ = false;
  server_.host().engine().on_writes(nullptr);
  deliveries_.stop();
  for (Lane& lane : lanes_) lane.thread.stop();
  reading_.stop();
  trying_.stop();
}

/// What is written now is durable soon; the beats look for what takes longer.
void ServerAlerts::look_soon() {
  AsioLoop& loop = server_.loop();
  const bool is_waking = looks_until_ > loop.mono_now() + kLooksFor - kSoonUs;
  looks_until_ = loop.mono_now() + kLooksFor;
  if (is_waking) return;
  loop.call_at(loop.mono_now() + kSoonUs, [this, alive = is_alive_] {
    if (*alive) deliveries_.look();
  });
}

void ServerAlerts::beat(DurationUs late) {
  if (ends_) return;
  AsioLoop& loop = server_.loop();
  const MonoUs now = loop.mono_now();
  ServiceRows rows;
  rows.outbox = alerts_.overdue(loop.wall_now());
  if (late > kBehindUs && (was_behind_ == 0 || now - was_behind_ > kBehindAgainUs)) {
    was_behind_ = now;
    const std::string note = "its loop was " + std::to_string(late / kSecond) + " s late";
    auto row = alerts_.news("scheduler_behind", "", "scheduler", std::to_string(loop.wall_now()), {{"note", note}},
                            loop.wall_now());
    if (row) rows.outbox.push_back(std::move(*row));
  }
  if (!rows.empty()) {
    write(std::move(rows), [this, alive = is_alive_] {
      if (*alive) deliveries_.look();
    });
  }
  const bool is_due = now < looks_until_ || ++beats_ % kBeatsPerLook == 0;
  if (is_due) deliveries_.look();
  ping_if_due();
}

void ServerAlerts::ping_if_due() {
  const auto how = alerting();
  const MonoUs now = server_.loop().mono_now();
  if (!how->dead_man || is_pinging_ || now < pings_at_) return;
  pings_at_ = now + how->dead_man->every_us;
  is_pinging_ = true;
  trying_.post([this, how, alive = is_alive_, &loop = server_.loop()] {
    const Status pinged = delivery::ping(*how->dead_man, ends_);
    loop.post([this, alive, pinged] {
      if (!*alive) return;
      is_pinging_ = false;
      if (!pinged) say_("the dead man's switch: " + pinged.error().message);
    });
  });
}

// ── what the deliveries stand on ────────────────────────────────────────────────────────────────────────────────────

void ServerAlerts::find_due(WallUs now, std::int64_t limit, OnDue done) {
  reading_.post([folder = server_.options().state_folder, &loop = server_.loop(), now, limit, done = std::move(done)] {
    auto reader = SqliteReader::open(folder);
    auto due = reader ? (*reader)->due_deliveries(now, limit) : Result<std::vector<DeliveryView>>(reader.error());
    loop.post([due = std::move(due), done] { done(due); });
  });
}

void ServerAlerts::send(const DeliveryView& what, std::function<void(const Status&)> done) {
  for (Lane& lane : lanes_) {
    if (lane.is_busy) continue;
    lane.is_busy = true;
    lane.thread.post([this, &lane, message = message_of(what), how = alerting(), alive = is_alive_,
                      &loop = server_.loop(), done = std::move(done)] {
      const Status sent = delivery::deliver(message, {*how, server_.options().secret, ends_});
      loop.post([&lane, alive, sent, done] {
        if (!*alive) return;
        lane.is_busy = false;
        done(sent);
      });
    });
    return;
  }
  server_.loop().post([done] { done(Error{"others were on their way", ErrorKind::busy}); });
}

void ServerAlerts::write(ServiceRows rows, std::function<void()> done) {
  server_.host().engine().write({{}, [done = std::move(done)](const PartVerdict&) { done(); }, std::move(rows)});
}

void ServerAlerts::test(std::string target, std::function<void(Status)> done) {
  const std::string at = std::to_string(server_.loop().wall_now());
  delivery::Message message{std::move(target), alert_id("test", "baton", at), "test", "baton", ""};
  message.payload_json = to_json(Value(ValueMap{{"id", message.id},
                                                {"event", message.event},
                                                {"object", message.object},
                                                {"note", "a test by a person"}}));
  trying_.post([this, message = std::move(message), how = alerting(), done = std::move(done)] {
    done(delivery::deliver(message, {*how, server_.options().secret, ends_}));
  });
}

}  // namespace baton
