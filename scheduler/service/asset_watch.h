// AssetWatch: which assets grow old. An asset that says `fresh_within` is at risk, and then stale, when
// timetable::freshness_deadline says so: each is told once for each event that it grows old from. Pure, but for the zone
// file; loop thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/engine/asset_rows.h"
#include "scheduler/timetable/freshness_deadline.h"

namespace baton {

/// It is at risk, or stale.
struct OldAsset {
  std::string name, declared_by;
  bool is_stale = false;
  WallUs since = kNoTime;      ///< its last event, or where there is none when it was first seen
  WallUs stale_at = kNoTime;
  bool has_event = false;
};

class AssetWatch {
 public:
  /// What is said of it from here on. Of an asset that nothing has happened to it counts from when it is first said.
  void say(const AssetRow& row);
  /// As the store has it. `since`: of its last event, or where it has none of when it was made.
  void restore(const AssetRow& row, WallUs since, bool has_event);
  void happened(const AssetEventRow& event);
  /// Those that have become so by now.
  [[nodiscard]] std::vector<OldAsset> take_due(WallUs now);
  [[nodiscard]] WallUs next() const { return due_.empty() ? kNoTime : due_.begin()->first; }

 private:
  struct Watched {
    std::string declared_by;
    AssetDeclarer declarer = AssetDeclarer::nobody;
    FreshnessRule fresh;
    WallUs since = kNoTime;
    bool has_event = false;
    bool is_dated = false;   ///< `since` is an event's, or what the store says
    timetable::FreshnessDeadline deadline;
    WallUs due = kNoTime;    ///< as it stands in due_
    bool was_at_risk = false;
  };
  void put_due(const std::string& name, Watched& of);

  std::map<std::string, Watched> assets_;
  std::set<std::pair<WallUs, std::string>> due_;
};

}  // namespace baton
