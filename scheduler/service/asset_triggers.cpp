#include "scheduler/service/asset_triggers.h"

#include <algorithm>
#include <utility>

#include "scheduler/dagfile/assets.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {

using timetable::AssetCondition;

void AssetTriggers::put(const std::string& dag_id, AssetCondition condition, bool merges,
                        const std::vector<AssetCursor>& cursors) {
  std::map<std::string, Feed> before;
  if (const auto known = consumers_.find(dag_id); known != consumers_.end()) before = known->second.feeds;
  drop(dag_id);
  Consumer& consumer = consumers_[dag_id];
  for (const std::string& asset : dagfile::assets_of(condition)) {
    Feed& feed = consumer.feeds[asset];
    if (const auto kept = before.find(asset); kept != before.end()) {
      feed = std::move(kept->second);
    } else {
      const auto begins = std::find_if(cursors.begin(), cursors.end(), [&](const auto& c) { return c.asset == asset; });
      feed.cursor = feed.tail = begins != cursors.end() ? begins->event_no : last_of(asset);
    }
    assets_[asset].consumers.insert(dag_id);
    touch(dag_id, asset, feed);
  }
  consumer.condition = std::move(condition);
  consumer.merges = merges;
}

void AssetTriggers::drop(const std::string& dag_id) {
  const auto known = consumers_.find(dag_id);
  if (known == consumers_.end()) return;
  for (const auto& [asset, feed] : known->second.feeds) {
    assets_[asset].consumers.erase(dag_id);
    hungry_.erase({dag_id, asset});
  }
  consumers_.erase(known);
  touched_.erase(dag_id);
}

/// An event that comes while others of its asset are not in memory joins those: it is read with them.
void AssetTriggers::event(const std::string& asset, std::int64_t event_no) {
  Asset& of = assets_[asset];
  const std::int64_t before = std::exchange(of.last, std::max(of.last, event_no));
  for (const std::string& dag_id : of.consumers) {
    Feed& feed = consumers_.at(dag_id).feeds.at(asset);
    const bool is_whole = feed.tail >= before && feed.waiting.size() < kWindow;
    if (event_no > feed.tail && is_whole) {
      feed.waiting.push_back(event_no);
      feed.tail = event_no;
    }
    touch(dag_id, asset, feed);
  }
}

void AssetTriggers::hold(const std::string& asset, bool is_held) {
  Asset& of = assets_[asset];
  of.is_held = is_held;
  if (!is_held && !BATON_BUG(release_wakes_nobody)) touched_.insert(of.consumers.begin(), of.consumers.end());
}

// ---- what a run takes ----

std::optional<AssetTake> AssetTriggers::next(const std::string& dag_id) const {
  const auto known = consumers_.find(dag_id);
  if (known == consumers_.end()) return std::nullopt;
  const Consumer& consumer = known->second;
  for (const auto& [asset, feed] : consumer.feeds) {  // after a restart: what is being read may have come before the rest
    if (feed.waiting.empty() && feed.tail < last_of(asset)) return std::nullopt;
  }
  const auto picked = pick(consumer, consumer.condition);
  if (!picked) return std::nullopt;
  AssetTake out;
  for (const std::string& asset : picked->assets) {
    const std::deque<std::int64_t>& waiting = consumer.feeds.at(asset).waiting;
    const auto end = consumer.merges ? waiting.end() : waiting.begin() + 1;
    out.events.insert(out.events.end(), waiting.begin(), end);
    out.cursors.push_back({asset, out.events.back()});
  }
  std::sort(out.events.begin(), out.events.end());
  return out;
}

std::optional<AssetTriggers::Pick> AssetTriggers::pick(const Consumer& consumer,
                                                       const AssetCondition& condition) const {
  if (condition.kind == AssetCondition::Kind::any) return pick_any(consumer, condition);
  if (condition.kind == AssetCondition::Kind::all) return pick_all(consumer, condition);
  const Feed& feed = consumer.feeds.at(condition.asset);
  if (feed.waiting.empty() || assets_.at(condition.asset).is_held) return std::nullopt;
  return Pick{feed.waiting.front(), {condition.asset}};
}

/// Of several that are fulfilled the one that was first; where events are merged, all of them.
std::optional<AssetTriggers::Pick> AssetTriggers::pick_any(const Consumer& consumer,
                                                           const AssetCondition& condition) const {
  std::optional<Pick> out;
  for (const AssetCondition& child : condition.children) {
    auto picked = pick(consumer, child);
    if (!picked) continue;
    if (!out || (picked->since < out->since) != BATON_BUG(newest_event_first)) std::swap(out, picked);
    if (consumer.merges && picked) out->assets.merge(picked->assets);
  }
  return out;
}

std::optional<AssetTriggers::Pick> AssetTriggers::pick_all(const Consumer& consumer,
                                                           const AssetCondition& condition) const {
  Pick out;
  for (const AssetCondition& child : condition.children) {
    auto picked = pick(consumer, child);
    if (!picked) return std::nullopt;
    out.since = std::max(out.since, picked->since);
    out.assets.merge(picked->assets);
  }
  if (out.assets.empty()) return std::nullopt;
  return out;
}

void AssetTriggers::take(const std::string& dag_id, const AssetTake& taken) {
  for (const AssetCursor& cursor : taken.cursors) {
    Feed* const of = feed(dag_id, cursor.asset);
    if (of == nullptr || cursor.event_no <= of->cursor) continue;
    of->cursor = cursor.event_no;
    of->tail = std::max(of->tail, cursor.event_no);
    while (!of->waiting.empty() && of->waiting.front() <= cursor.event_no) of->waiting.pop_front();
    touch(dag_id, cursor.asset, *of);
  }
}

std::vector<AssetCursor> AssetTriggers::skip(const std::string& dag_id, const std::string& asset) {
  AssetTake all;
  const auto known = consumers_.find(dag_id);
  if (known == consumers_.end()) return {};
  for (const auto& [name, feed] : known->second.feeds) {
    const bool is_meant = asset.empty() || name == asset;
    if (is_meant && last_of(name) > feed.cursor) all.cursors.push_back({name, last_of(name)});
  }
  take(dag_id, all);
  return all.cursors;
}

// ---- what is not in memory ----

void AssetTriggers::touch(const std::string& dag_id, const std::string& asset, const Feed& feed) {
  touched_.insert(dag_id);
  if (feed.waiting.empty() && feed.tail < last_of(asset) && feed.asked_last < 0) hungry_.insert({dag_id, asset});
}

std::vector<AssetLoad> AssetTriggers::to_load() {
  std::vector<AssetLoad> out;
  for (const auto& [dag_id, asset] : hungry_) {
    Feed* const of = feed(dag_id, asset);
    if (of == nullptr) continue;
    of->asked_last = last_of(asset);
    out.push_back({dag_id, asset, of->tail, of->asked_last});
  }
  hungry_.clear();
  return out;
}

/// What was told before it was asked for is in what was read; what has come since may not be, and is asked for in turn.
void AssetTriggers::loaded(const AssetLoad& load, const std::vector<std::int64_t>& events) {
  Feed* const of = feed(load.dag_id, load.asset);
  if (of == nullptr || of->asked_last != load.last) return;  // the DAG was gone meanwhile, and is there anew
  of->asked_last = -1;
  for (const std::int64_t event_no : events) {
    if (event_no <= of->tail) continue;
    of->waiting.push_back(event_no);
    of->tail = event_no;
  }
  if (events.size() < kWindow) of->tail = std::max(of->tail, load.last);
  touch(load.dag_id, load.asset, *of);
}

void AssetTriggers::not_loaded(const AssetLoad& load) {
  Feed* const of = feed(load.dag_id, load.asset);
  if (of == nullptr) return;
  of->asked_last = -1;
  touch(load.dag_id, load.asset, *of);
}

// ---- the rest ----

AssetTriggers::Feed* AssetTriggers::feed(const std::string& dag_id, const std::string& asset) {
  const auto consumer = consumers_.find(dag_id);
  if (consumer == consumers_.end()) return nullptr;
  const auto found = consumer->second.feeds.find(asset);
  return found == consumer->second.feeds.end() ? nullptr : &found->second;
}

std::int64_t AssetTriggers::last_of(const std::string& asset) const {
  const auto found = assets_.find(asset);
  return found == assets_.end() ? 0 : found->second.last;
}

std::int64_t AssetTriggers::cursor(const std::string& dag_id, const std::string& asset) const {
  const auto consumer = consumers_.find(dag_id);
  if (consumer == consumers_.end()) return -1;
  const auto found = consumer->second.feeds.find(asset);
  return found == consumer->second.feeds.end() ? -1 : found->second.cursor;
}

std::vector<std::string> AssetTriggers::take_touched() {
  std::vector<std::string> out(touched_.begin(), touched_.end());
  touched_.clear();
  return out;
}

std::vector<std::string> AssetTriggers::consumers() const {
  std::vector<std::string> out;
  for (const auto& [dag_id, consumer] : consumers_) out.push_back(dag_id);
  return out;
}

}  // namespace baton
