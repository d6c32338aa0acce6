#include "scheduler/service/asset_runs.h"

#include <algorithm>

#include "scheduler/model/dag.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

constexpr DurationUs kReadAgainUs = 10 * kSecond;

bool waits_for_assets(const RunRow& run) {
  return run.type == RunType::asset_triggered && run.state == RunState::queued && run.begun_at == kNoTime;
}

AssetRow row_of(const dagfile::AssetSpec& spec, AssetDeclarer declarer, const std::string& by, WallUs now) {
  return {spec.name, spec.uri, spec.description, by, declarer, spec.fresh, now};
}

/// Of all tasks, hooks too.
std::vector<AssetLink> links_of(const Dag& dag) {
  std::vector<AssetLink> out;
  for (const Task& task : dag.tasks) {
    for (const std::string& asset : task.spec->produces) out.push_back({asset, AssetRole::producer, task.id});
    for (const std::string& asset : task.spec->consumes) out.push_back({asset, AssetRole::consumer, task.id});
  }
  if (!dag.schedule || !dag.schedule->assets) return out;
  for (const std::string& asset : dagfile::assets_of(*dag.schedule->assets)) {
    out.push_back({asset, AssetRole::schedule, ""});
  }
  return out;
}

bool produces(const std::vector<AssetLink>& links, const std::string& asset) {
  return std::any_of(links.begin(), links.end(), [&](const AssetLink& link) {
    return link.role == AssetRole::producer && link.asset == asset;
  });
}

/// What a DAG says, and the names that it takes from baton.yaml: they may not have come yet.
std::vector<AssetRow> assets_of(const Dag& dag, const std::vector<AssetLink>& links, WallUs now) {
  std::vector<AssetRow> out;
  for (const dagfile::AssetSpec& spec : dagfile::assets_from_json(dag.assets_json, dag.timezone)) {
    const AssetDeclarer as = produces(links, spec.name) ? AssetDeclarer::producer : AssetDeclarer::consumer;
    out.push_back(row_of(spec, as, dag.id, now));
  }
  for (const AssetLink& link : links) {
    const bool is_there = std::any_of(out.begin(), out.end(), [&](const AssetRow& r) { return r.name == link.asset; });
    if (!is_there) out.push_back({link.asset, link.asset, "", "", AssetDeclarer::nobody, {}, now});
  }
  return out;
}

}  // namespace

void AssetRuns::start(const ServiceSnapshot& found) {
  for (const AssetCursor& asset : found.last_events) triggers_.know_asset(asset.asset, asset.event_no);
  for (const auto& [asset, by] : found.quarantined) {
    triggers_.hold(asset, !BATON_BUG(quarantine_forgotten_at_restart));
    holders_[asset] = by;
  }
  linked_.insert(found.asset_dags.begin(), found.asset_dags.end());
  for (const DagAssetsRow& row : found.asset_consumers) {
    auto condition = dagfile::condition_from_json(row.condition_json);
    if (BATON_BUG(waiting_events_lost_at_restart)) triggers_.put(row.dag_id, *condition, row.merges, {});
    if (condition) triggers_.put(row.dag_id, std::move(*condition), row.merges, row.cursors);
    if (!condition) host_.say("DAG \"" + row.dag_id + "\" runs on no assets: what it runs on cannot be read");
  }
  is_started_ = true;
  go_on();
}

void AssetRuns::stop() {
  *is_alive_ = false;
  is_alive_ = std::make_shared<bool>(true);
  is_started_ = false;
}

// ---- what files say ----

void AssetRuns::declare(const std::string& assets_json) {
  ServiceRows rows;
  for (const dagfile::AssetSpec& spec : dagfile::assets_from_json(assets_json, "")) {
    rows.assets.push_back(row_of(spec, AssetDeclarer::config, "", loop_.wall_now()));
  }
  if (!rows.empty()) host_.write(std::move(rows), {}, [] {});
}

/// Its cursors begin at the last event of now: whatever has a higher number comes after it, also where neither is
/// durable yet, because batches keep their order.
void AssetRuns::put_dag(const Dag& dag) {
  DagAssetsRow row;
  row.dag_id = dag.id;
  row.links = links_of(dag);
  ServiceRows rows;
  rows.assets = assets_of(dag, row.links, loop_.wall_now());
  const bool says_something = !row.links.empty();
  if (says_something || linked_.contains(dag.id)) {
    if (dag.schedule && dag.schedule->assets) {
      row.condition_json = dagfile::condition_to_json(*dag.schedule->assets);
      row.merges = dag.schedule->assets_merge;
      const std::int64_t now = host_.last_event();
      for (const std::string& asset : dagfile::assets_of(*dag.schedule->assets)) row.cursors.push_back({asset, now});
      triggers_.put(dag.id, *dag.schedule->assets, row.merges, row.cursors);
    } else {
      triggers_.drop(dag.id);
    }
    rows.dag_assets.push_back(std::move(row));
  }
  says_something ? (void)linked_.insert(dag.id) : (void)linked_.erase(dag.id);
  if (!rows.empty()) host_.write(std::move(rows), {}, [] {});
  go_on();
}

void AssetRuns::forget_dag(const std::string& dag_id) {
  triggers_.drop(dag_id);
  linked_.erase(dag_id);
  held_.erase(dag_id);
}

// ---- events and runs ----

void AssetRuns::events(const std::vector<AssetEventRow>& events) {
  for (const AssetEventRow& event : events) triggers_.event(event.asset, event.event_no);
  go_on();
}

void AssetRuns::run_opened(const RunRow& run) {
  if (waits_for_assets(run)) waiting_[run.dag_id].insert(run.run_no);
}

void AssetRuns::run_begins(const RunRow& run) { run_gone(run); }

void AssetRuns::run_gone(const RunRow& run) {
  if (run.type != RunType::asset_triggered) return;
  const auto waiting = waiting_.find(run.dag_id);
  if (waiting == waiting_.end() || waiting->second.erase(run.run_no) == 0) return;
  if (waiting->second.empty()) waiting_.erase(waiting);
  // Not from within what the engine is doing: it is about to begin, or to forget, this very run.
  loop_.post(guarded([this, dag_id = run.dag_id] {
    look_at(dag_id);
    go_on();
  }));
}

void AssetRuns::look() {
  const std::set<std::string> held = std::exchange(held_, {});
  for (const std::string& dag_id : held) look_at(dag_id);
}

/// Whatever has changed since: DAGs whose next run may be due, and events that are to be read.
void AssetRuns::go_on() {
  if (!is_started_) return;
  for (const std::string& dag_id : triggers_.take_touched()) look_at(dag_id);
  for (const AssetLoad& what : triggers_.to_load()) load(what);
}

void AssetRuns::look_at(const std::string& dag_id) {
  const bool waits_already = waiting_.contains(dag_id) && !BATON_BUG(crowd_of_asset_runs);
  if (!is_started_ || making_.contains(dag_id) || waits_already) return;
  const std::optional<AssetTake> take = triggers_.next(dag_id);
  if (!take) return;
  const ConsumingDag dag = host_.dag(dag_id);
  if (!dag.may_run && !BATON_BUG(asset_run_of_a_held_dag)) {
    held_.insert(dag_id);
    return;
  }
  ServiceRows rows;
  for (const AssetCursor& cursor : take->cursors) {
    if (!BATON_BUG(cursor_not_written)) rows.asset_cursors.push_back({dag_id, cursor});
  }
  for (const std::int64_t event_no : take->events) rows.taken_events.push_back({0, event_no});
  making_[dag_id];
  host_.make_run({dag_id, dag.version, take->events.back()}, std::move(rows),
                 guarded([this, dag_id, take = *take](const PartVerdict& verdict) { made(dag_id, take, verdict); }));
}

/// Struck: nothing was taken, and it is tried again, under another id.
void AssetRuns::made(const std::string& dag_id, const AssetTake& take, const PartVerdict& verdict) {
  if (verdict.is_done()) triggers_.take(dag_id, take);
  const std::deque<std::function<void()>> afterwards = std::move(making_.at(dag_id).afterwards);
  making_.erase(dag_id);
  for (const auto& then : afterwards) then();
  look_at(dag_id);
  go_on();
}

void AssetRuns::load(const AssetLoad& what) {
  const auto found = [this, what](const Result<std::vector<std::int64_t>>& events) {
    if (events) {
      triggers_.loaded(what, *events);
      return go_on();
    }
    host_.say("events of the asset \"" + what.asset + "\" cannot be read: " + events.error().message);
    loop_.call_at(loop_.mono_now() + kReadAgainUs, guarded([this, what] {
                    triggers_.not_loaded(what);
                    go_on();
                  }));
  };
  host_.find_events(what.asset, what.after, AssetTriggers::kWindow, guarded(found));
}

// ---- what people ask for ----

void AssetRuns::skip(const std::string& dag_id, const std::string& asset, AuditRow audit, OnDone done) {
  const bool runs_on_it = asset.empty() ? triggers_.has(dag_id) : triggers_.cursor(dag_id, asset) >= 0;
  if (!runs_on_it) {
    const std::string what = asset.empty() ? "assets" : "the asset \"" + asset + "\"";
    return done(Error{"DAG \"" + dag_id + "\" does not run on " + what, ErrorKind::not_found});
  }
  if (const auto busy = making_.find(dag_id); busy != making_.end()) {
    busy->second.afterwards.push_back([this, dag_id, asset, audit, done] { skip(dag_id, asset, audit, done); });
    return;
  }
  write_skipped(dag_id, triggers_.skip(dag_id, asset), std::move(audit), std::move(done));
}

void AssetRuns::write_skipped(const std::string& dag_id, const std::vector<AssetCursor>& cursors, AuditRow audit,
                              OnDone done) {
  if (cursors.empty()) return done(Unit{});
  ServiceRows rows;
  for (const AssetCursor& cursor : cursors) rows.asset_cursors.push_back({dag_id, cursor});
  host_.write(std::move(rows), {std::move(audit)}, guarded([done = std::move(done)] { done(Unit{}); }));
}

void AssetRuns::quarantine(const AssetQuarantineRow& row, AuditRow audit, OnDone done) {
  ServiceRows rows;
  rows.quarantines.push_back(row);
  const bool is_held = !row.by.empty();
  if (is_held) {
    triggers_.hold(row.asset, true);  // at once: what is not durable yet starts nobody either
    holders_[row.asset] = row.by;
  }
  host_.write(std::move(rows), {std::move(audit)}, guarded([this, asset = row.asset, is_held, done = std::move(done)] {
                if (!is_held) {
                  triggers_.hold(asset, false);
                  holders_.erase(asset);
                }
                go_on();
                done(Unit{});
              }));
}

void AssetRuns::quarantined(const std::vector<AssetQuarantineRow>& rows) {
  for (const AssetQuarantineRow& row : rows) {
    const auto holder = holders_.find(row.asset);
    const bool is_free = holder == holders_.end();
    const bool is_theirs = !is_free && holder->second == row.only_of;
    if (!row.by.empty() && is_free) {
      triggers_.hold(row.asset, true);
      holders_[row.asset] = row.by;
    } else if (row.by.empty() && is_theirs) {
      triggers_.hold(row.asset, false);
      holders_.erase(holder);
    }
  }
  go_on();
}

}  // namespace baton
