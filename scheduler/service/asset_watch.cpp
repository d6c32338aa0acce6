#include "scheduler/service/asset_watch.h"

#include <algorithm>

namespace baton {

void AssetWatch::put_due(const std::string& name, Watched& of) {
  if (of.due != kNoTime) due_.erase({of.due, name});
  of.due = kNoTime;
  of.deadline = timetable::freshness_deadline(of.fresh, of.since, of.has_event);
  if (of.deadline.late == kNoTime) return;
  of.due = (of.was_at_risk ? of.deadline.late : of.deadline.at_risk) + 1;
  due_.insert({of.due, name});
}

/// A file that is read again says nothing new of when something happened. Whose word counts is as the store has it: who
/// only names an asset takes nothing from who declares it.
void AssetWatch::say(const AssetRow& row) {
  Watched& of = assets_[row.name];
  const bool is_own = row.declarer != AssetDeclarer::nobody && row.declared_by == of.declared_by;
  if (of.since != kNoTime && row.declarer <= of.declarer && !is_own) return;
  of.declarer = row.declarer;
  const bool is_new = of.since == kNoTime;
  if (is_new) of.since = row.at;
  of.declared_by = row.declared_by;
  if (!is_new && of.fresh == row.fresh) return;
  of.fresh = row.fresh;
  of.was_at_risk = false;
  put_due(row.name, of);
}

/// What has happened since it was read is newer.
void AssetWatch::restore(const AssetRow& row, WallUs since, bool has_event) {
  Watched& of = assets_[row.name];
  of.declarer = row.declarer;
  of.has_event = of.has_event || has_event;
  of.declared_by = row.declared_by;
  of.fresh = row.fresh;
  if (!of.is_dated) of.since = since;
  of.is_dated = true;
  of.was_at_risk = false;
  put_due(row.name, of);
}

void AssetWatch::happened(const AssetEventRow& event) {
  Watched& of = assets_[event.asset];
  of.has_event = true;
  if (of.is_dated && event.at <= of.since) return;
  of.since = of.is_dated ? std::max(of.since, event.at) : event.at;
  of.is_dated = true;
  of.was_at_risk = false;
  put_due(event.asset, of);
}

std::vector<OldAsset> AssetWatch::take_due(WallUs now) {
  std::vector<OldAsset> out;
  while (!due_.empty() && due_.begin()->first <= now) {
    const std::string name = due_.begin()->second;
    due_.erase(due_.begin());
    Watched& of = assets_.at(name);
    of.due = kNoTime;
    const bool is_stale = now > of.deadline.late;
    out.push_back({name, of.declared_by, is_stale, of.since, of.deadline.late, of.has_event});
    if (is_stale) continue;
    of.was_at_risk = true;
    put_due(name, of);
  }
  return out;
}

}  // namespace baton
