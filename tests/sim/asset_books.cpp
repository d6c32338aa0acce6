#include "tests/sim/asset_books.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "scheduler/dagfile/assets.h"
#include "tests/sim/disk.h"

namespace baton::sim {
namespace {

/// What was decided before a change of what is held may be written so much later: a stopped scheduler, a slow disk.
constexpr DurationUs kAssetsLateUs = 6 * kMinute;

}  // namespace

// ── what tasks produce ──────────────────────────────────────────────────────────────────────────────────────────────

/// A success of its own tells of what it has made; not what a person says, nor what lies in the cache.
void AssetBooks::row_comes(const DiskRun& run, const TaskRow& old, const TaskRow& row) {
  if (run.dag->has_gates) return;  // QualityBooks see to it
  const Task& task = run.dag->task(row.task_no);
  if (task.spec->produces.empty() || row.state != TaskState::success) return;
  const bool is_new = old.state != TaskState::success || old.epoch != row.epoch || old.ended_at != row.ended_at;
  if (!is_new || row.reason == Reason::marked || row.reason == Reason::cached) return;
  for (const std::string& asset : task.spec->produces) {
    ++produced_[{row.run_no, task.id, row.map_index, asset}];
  }
}

void AssetBooks::check_produced(const Part& part) {
  for (const AssetEventRow& row : part.service.asset_events) {
    if (!row.actor.empty()) {
      ground_.strike(Fault::asset_event_raised);
      continue;
    }
    ground_.strike(Fault::asset_event_produced);
    if (runs_.at(row.run_no).dag->has_gates) continue;
    --produced_[{row.run_no, row.task_id, row.map_index, row.asset}];
  }
  for (const auto& [key, owed] : produced_) {
    if (owed == 0) continue;
    const auto& [run_no, task_id, map_index, asset] = key;
    // What needs no attempt may succeed several times within one part, as often as somebody clears it there.
    const DiskRun& run = runs_.at(run_no);
    const TaskRow* row = run.find(*run.dag->find(task_id), map_index);
    const bool has_tried = row == nullptr || run.tries.contains({row->instance_no, row->epoch});
    if (owed < 0 && !has_tried && row->reason != Reason::cached) continue;
    const std::string name = fmt::format("{}/{}[{}]", run_no, task_id, map_index);
    fail(owed > 0 ? name + " has succeeded and tells nobody that it has produced " + asset
                  : name + " tells of " + asset + " that it has not produced");
  }
  produced_.clear();
}

// ── what is written ─────────────────────────────────────────────────────────────────────────────────────────────────

void AssetBooks::take(const Part& part) {
  const ServiceRows& rows = part.service;
  for (const DagRow& row : rows.dags) {
    const bool is_held = row.paused.holds() || row.draining.holds() || row.stale.holds();
    is_held ? (void)gone_.emplace(row.dag_id, ground_.loop.now()) : (void)gone_.erase(row.dag_id);
  }
  for (const AssetRow& row : rows.assets) known_.insert(row.name);
  for (const AssetQuarantineRow& row : rows.quarantines) take(row);
  for (const DagAssetsRow& row : rows.dag_assets) take(row);
  check_produced(part);
  for (const AssetEventRow& row : rows.asset_events) take(row);
  bool makes_run = false;
  for (const RunCreation& creation : part.creations) {
    if (creation.run.type != RunType::asset_triggered) continue;
    makes_run = true;
    check_taken(creation, part);
  }
  for (const AssetCursorRow& row : rows.asset_cursors) move(row, makes_run);
}

/// Their numbers rise from batch to batch. Within one, parts stand in the order in which they were begun.
void AssetBooks::take(const AssetEventRow& row) {
  if (row.event_no <= last_of_batch_ || !events_.emplace(row.event_no, row.asset).second) {
    return fail(fmt::format("event {} of {} comes behind event {}", row.event_no, row.asset, last_of_batch_));
  }
  ground_.say(fmt::format("  event {} of {}", row.event_no, row.asset));
  std::vector<std::int64_t>& all = of_asset_[row.asset];
  all.insert(std::ranges::upper_bound(all, row.event_no), row.event_no);
  came_at_[row.event_no] = ground_.loop.now();
  known_.insert(row.asset);
  times_[row.asset] = row.at;
}

void AssetBooks::take(const AssetQuarantineRow& row) {
  const bool holds = !row.by.empty();
  if (!row.only_of.empty()) {  // of checks: what somebody else holds stays so
    if (holds) known_.insert(row.asset);
    const auto holder = holders_.find(row.asset);
    const bool is_theirs = holder != holders_.end() && holder->second == row.only_of;
    if (holds ? holder != holders_.end() : !is_theirs) return;
    by_checks_[row.asset] = ground_.loop.now();
  }
  if (!known_.contains(row.asset)) return;
  last_change_ = ground_.loop.now();
  if (!holds) {
    if (held_.erase(row.asset) > 0) ground_.strike(Fault::asset_released);
    holders_.erase(row.asset);
    return;
  }
  if (held_.emplace(row.asset, ground_.loop.now()).second) ground_.strike(Fault::asset_quarantined);
  holders_[row.asset] = row.by;
}

/// Of assets that it ran on before, it misses nothing; of others it begins behind all that was there before.
void AssetBooks::take(const DagAssetsRow& row) {
  for (const AssetLink& link : row.links) known_.insert(link.asset);
  auto& links = links_[row.dag_id];
  links.clear();
  for (const AssetLink& link : row.links) links.insert(link.asset);
  if (links.empty()) links_.erase(row.dag_id);
  last_change_ = ground_.loop.now();
  if (row.condition_json.empty()) {
    consumers_.erase(row.dag_id);
    return;
  }
  auto condition = dagfile::condition_from_json(row.condition_json);
  if (!condition) return fail(row.dag_id + " runs on what cannot be read");
  Consumer& consumer = consumers_[row.dag_id];
  const auto before = std::exchange(consumer.cursors, {});
  for (const AssetCursor& cursor : row.cursors) {
    const auto kept = before.find(cursor.asset);
    if (kept == before.end() && cursor.event_no < last_of_batch_) {
      fail(fmt::format("{} begins with events of {} that were there before it", row.dag_id, cursor.asset));
    }
    consumer.cursors[cursor.asset] = kept != before.end() ? kept->second : cursor.event_no;
  }
  if (!consumer.condition_json.empty() && consumer.condition_json != row.condition_json) {
    ground_.strike(Fault::asset_condition_edited);
  }
  consumer.condition = std::move(*condition);
  consumer.condition_json = row.condition_json;
  consumer.merges = row.merges;
}

// ── what runs take ──────────────────────────────────────────────────────────────────────────────────────────────────

std::vector<std::int64_t> AssetBooks::waiting(const Consumer& consumer, const std::string& asset) const {
  const auto cursor = consumer.cursors.find(asset);
  const auto all = of_asset_.find(asset);
  if (cursor == consumer.cursors.end() || all == of_asset_.end()) return {};
  return {std::ranges::upper_bound(all->second, cursor->second), all->second.end()};
}

/// Of what lies on disk; an asset that is held back fulfils nothing.
std::optional<AssetBooks::Choice> AssetBooks::choose(const Consumer& consumer, const Condition& condition) const {
  if (condition.kind == Condition::Kind::asset) {
    const std::vector<std::int64_t> events = waiting(consumer, condition.asset);
    if (events.empty() || held_.contains(condition.asset)) return std::nullopt;
    return Choice{events.front(), {condition.asset}};
  }
  const bool wants_all = condition.kind == Condition::Kind::all;
  std::optional<Choice> out;
  for (const Condition& child : condition.children) {
    const std::optional<Choice> one = choose(consumer, child);
    if (!one && wants_all) return std::nullopt;
    if (!one) continue;
    if (!out) {
      out = one;
    } else if (wants_all || consumer.merges) {
      out->first = wants_all ? std::max(out->first, one->first) : std::min(out->first, one->first);
      out->second.insert(one->second.begin(), one->second.end());
    } else if (one->first < out->first) {
      out = one;
    }
  }
  return out;
}

bool AssetBooks::is_fulfilled(const Condition& condition, const std::set<std::string>& by) {
  const auto is_so = [&](const Condition& child) { return is_fulfilled(child, by); };
  switch (condition.kind) {
    case Condition::Kind::asset: return by.contains(condition.asset);
    case Condition::Kind::all: return std::ranges::all_of(condition.children, is_so);
    case Condition::Kind::any: return std::ranges::any_of(condition.children, is_so);
  }
  return false;
}

/// Before its cursors move.
void AssetBooks::check_taken(const RunCreation& creation, const Part& part) {
  const RunRow& run = creation.run;
  const std::string name = fmt::format("run {} of {}", run.run_no, run.dag_id);
  ground_.strike(Fault::asset_run);
  if (run.begun_at == kNoTime) ground_.strike(Fault::asset_run_waited);
  const auto gone = gone_.find(run.dag_id);
  if (gone != gone_.end() && gone->second < ground_.loop.now() - kAssetsLateUs) fail(name + " is made while its DAG is held");
  const auto at = consumers_.find(run.dag_id);
  // Its file may have said otherwise while the run was on its way: then it runs on what it ran on before.
  const bool is_settled = last_change_ < ground_.loop.now() - kAssetsLateUs;
  if (at == consumers_.end()) {
    if (is_settled) fail(name + " is made of events and runs on none");
    return;
  }
  Consumer& consumer = at->second;
  std::map<std::string, std::vector<std::int64_t>> taken;
  for (const TakenEventRow& row : part.service.taken_events) {
    if (row.run_no != run.run_no) continue;
    const auto event = events_.find(row.event_no);
    if (event == events_.end()) return fail(fmt::format("{} takes event {}, which is not there", name, row.event_no));
    taken[event->second].push_back(row.event_no);
    if (!consumer.taken.insert(row.event_no).second) {
      return fail(fmt::format("{} takes event {}, as a run before it", name, row.event_no));
    }
  }
  if (taken.empty()) return fail(name + " is made of events and takes none");
  std::set<std::string> assets;
  for (const auto& [asset, numbers] : taken) {
    assets.insert(asset);
    const std::vector<std::int64_t> in_line = waiting(consumer, asset);
    const bool is_first = numbers.size() <= in_line.size() && std::equal(numbers.begin(), numbers.end(), in_line.begin());
    if (!is_first && consumer.cursors.contains(asset)) {
      return fail(fmt::format("{} takes event {} of {}, and another is first", name, numbers.front(), asset));
    }
    if (numbers.size() > 1) ground_.strike(Fault::asset_events_merged);
    if (numbers.size() > 1 && !consumer.merges && is_settled) fail(name + " takes more than one event of " + asset);
    const auto moves = std::ranges::any_of(part.service.asset_cursors, [&, &asset = asset, &numbers = numbers](const auto& row) {
      return row.dag_id == run.dag_id && row.cursor.asset == asset && row.cursor.event_no == numbers.back();
    });
    if (!moves) return fail(name + " takes an event of " + asset + ", and its cursor does not move with it");
    const auto held = held_.find(asset);
    if (held != held_.end() && held->second < ground_.loop.now() - kAssetsLateUs) {
      return fail(name + " is made of " + asset + ", which is held back");
    }
  }
  if (!is_settled) return;
  if (!is_fulfilled(consumer.condition, assets)) return fail(name + " is made, and its condition is not fulfilled");
  // What is merged takes whatever had come when it was decided. Else the first of each say which they are.
  const std::optional<Choice> expected = consumer.merges ? std::nullopt : choose(consumer, consumer.condition);
  if (expected && expected->second != assets) fail(name + " is made of other assets than those that came first");
}

void AssetBooks::move(const AssetCursorRow& row, bool with_a_run) {
  const auto at = consumers_.find(row.dag_id);
  if (at == consumers_.end()) return;
  const auto cursor = at->second.cursors.find(row.cursor.asset);
  if (cursor == at->second.cursors.end()) return;  // its file has dropped it meanwhile
  if (!with_a_run) fail(row.dag_id + ": its cursor moves, and no run is made");
  cursor->second = std::max(cursor->second, row.cursor.event_no);
}

/// By what is on disk.
void AssetBooks::end_batch() {
  last_of_batch_ = last_event();
  for (const auto& [dag_id, consumer] : consumers_) {
    std::int64_t waiting = 0;
    for (const auto& [run_no, run] : runs_) {
      const bool waits = run.row.dag_id == dag_id && run.row.type == RunType::asset_triggered &&
                         run.row.state == RunState::queued && run.row.begun_at == kNoTime && !run.was_changed;
      waiting += waits ? 1 : 0;
    }
    if (waiting > 1) fail(fmt::format("{} runs of {} wait, which events have made", waiting, dag_id));
  }
}

// ── what a server finds ─────────────────────────────────────────────────────────────────────────────────────────────

void AssetBooks::fill(ServiceSnapshot& found) const {
  for (const auto& [dag_id, consumer] : consumers_) {
    DagAssetsRow& row = found.asset_consumers.emplace_back();
    row.dag_id = dag_id;
    row.condition_json = consumer.condition_json;
    row.merges = consumer.merges;
    for (const auto& [asset, event_no] : consumer.cursors) row.cursors.push_back({asset, event_no});
  }
  for (const auto& [dag_id, links] : links_) found.asset_dags.push_back(dag_id);
  for (const std::string& asset : known_) {
    const auto events = of_asset_.find(asset);
    found.last_events.push_back({asset, events == of_asset_.end() ? 0 : events->second.back()});
  }
  for (const auto& [asset, by] : holders_) found.quarantined.emplace_back(asset, by);
}

std::vector<std::pair<std::string, WallUs>> AssetBooks::last_times() const { return {times_.begin(), times_.end()}; }

std::vector<std::int64_t> AssetBooks::events_of(const std::string& asset, std::int64_t after, std::size_t limit) const {
  const auto all = of_asset_.find(asset);
  if (all == of_asset_.end()) return {};
  auto first = std::ranges::upper_bound(all->second, after);
  const auto count = std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(limit), all->second.end() - first);
  return {first, first + count};
}

void AssetBooks::accepted(std::int64_t event_no, const std::string& asset) {
  const auto at = events_.find(event_no);
  if (at == events_.end() || at->second != asset) {
    fail(fmt::format("event {} of {} was accepted and is not on disk", event_no, asset));
  }
}

void AssetBooks::check_quiet() {
  for (const auto& [dag_id, consumer] : consumers_) {
    const DagRow* row = dags_.dag(dag_id);
    const bool is_active = row != nullptr && !row->paused.holds() && !row->draining.holds() && !row->stale.holds();
    if (!is_active || dags_.is_frozen()) continue;
    const bool waits = std::ranges::any_of(runs_, [&, &id = dag_id](const auto& one) {
      const RunRow& run = one.second.row;
      return run.dag_id == id && run.type == RunType::asset_triggered && run.state == RunState::queued;
    });
    const std::optional<Choice> choice = waits ? std::nullopt : choose(consumer, consumer.condition);
    const bool is_due = choice && came_at_.at(choice->first) < ground_.loop.now() - kMinute;
    if (is_due) fail(dag_id + " has events to run on, and no run is made");
  }
}

}  // namespace baton::sim
