// AssetTriggers: which events of which assets the next run of a DAG takes. Pure: no clock, no store. It knows of each
// DAG that runs on assets its condition and, of each asset in it, the events that wait, oldest first.
//
//   all: [a, b]    the oldest of a and the oldest of b
//   any: [a, b]    the one of them that came first; the other one waits for the next run
//   merge: true    all that wait, of whatever fulfils the condition
//
// Of a crowd that waits only the first kWindow of each asset are in memory; the others are asked for when those are
// gone (to_load). An asset that is held (quarantined) fulfils nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scheduler/engine/asset_rows.h"
#include "scheduler/timetable/schedule_spec.h"

namespace baton {

/// What a run takes.
struct AssetTake {
  std::vector<std::int64_t> events;   ///< rising
  std::vector<AssetCursor> cursors;   ///< where they stand then
};

/// Events that wait and are not in memory.
struct AssetLoad {
  std::string dag_id, asset;
  std::int64_t after = 0;             ///< those of the asset with a higher number
  std::int64_t last = 0;              ///< the asset's last one when this is asked for
};

class AssetTriggers {
 public:
  static constexpr std::size_t kWindow = 1'000;

  /// How an asset stands when nobody has told of its events yet.
  void know_asset(const std::string& asset, std::int64_t last_event_no) { assets_[asset].last = last_event_no; }
  /// A DAG runs on assets, or does by another condition. Of assets that it ran on before the cursors stay, of others
  /// they begin at `cursors`.
  void put(const std::string& dag_id, timetable::AssetCondition condition, bool merges,
           const std::vector<AssetCursor>& cursors);
  void drop(const std::string& dag_id);
  [[nodiscard]] bool has(const std::string& dag_id) const { return consumers_.contains(dag_id); }

  /// An event is durable; in the order of their numbers.
  void event(const std::string& asset, std::int64_t event_no);
  /// A held asset fulfils nothing: its events wait.
  void hold(const std::string& asset, bool is_held);

  /// What the next run of a DAG takes; none: its condition is not fulfilled, or what waits is not all known yet.
  [[nodiscard]] std::optional<AssetTake> next(const std::string& dag_id) const;
  /// A run was made that takes this. What has gone from the condition meanwhile is passed over.
  void take(const std::string& dag_id, const AssetTake& taken);
  /// All that waits is past, of one asset or (empty) of each: nobody runs for it. Where the cursors stand then.
  std::vector<AssetCursor> skip(const std::string& dag_id, const std::string& asset);

  /// DAGs of which something has changed since, each once: next() may have another answer.
  [[nodiscard]] std::vector<std::string> take_touched();
  /// What must be read before next() knows all that it has to; each is told once, until loaded().
  [[nodiscard]] std::vector<AssetLoad> to_load();
  /// The events after `load.after`, rising: all of them, or kWindow.
  void loaded(const AssetLoad& load, const std::vector<std::int64_t>& events);
  /// They could not be read: they are asked for again.
  void not_loaded(const AssetLoad& load);

  [[nodiscard]] std::vector<std::string> consumers() const;
  /// Where a DAG stands with an asset of its condition; -1: it is in none.
  [[nodiscard]] std::int64_t cursor(const std::string& dag_id, const std::string& asset) const;

 private:
  /// The events of one asset as they wait for one DAG.
  struct Feed {
    std::int64_t cursor = 0;             ///< up to here they are past
    std::int64_t tail = 0;               ///< up to here those that are not past are in `waiting`
    std::deque<std::int64_t> waiting;
    std::int64_t asked_last = -1;        ///< the asset's last event when the rest was asked for; -1: it was not
  };
  struct Consumer {
    timetable::AssetCondition condition;
    bool merges = false;
    std::map<std::string, Feed> feeds;
  };
  struct Asset {
    std::int64_t last = 0;
    bool is_held = false;
    std::set<std::string> consumers;
  };
  /// What fulfils a condition, or a part of it.
  struct Pick {
    std::int64_t since = 0;              ///< the event that has fulfilled it
    std::set<std::string> assets;
  };

  using Condition = timetable::AssetCondition;
  [[nodiscard]] std::optional<Pick> pick(const Consumer& consumer, const Condition& condition) const;
  [[nodiscard]] std::optional<Pick> pick_any(const Consumer& consumer, const Condition& condition) const;
  [[nodiscard]] std::optional<Pick> pick_all(const Consumer& consumer, const Condition& condition) const;
  [[nodiscard]] Feed* feed(const std::string& dag_id, const std::string& asset);
  [[nodiscard]] std::int64_t last_of(const std::string& asset) const;
  void touch(const std::string& dag_id, const std::string& asset, const Feed& feed);

  std::map<std::string, Consumer> consumers_;
  std::map<std::string, Asset> assets_;
  std::set<std::string> touched_;
  std::set<std::pair<std::string, std::string>> hungry_;  ///< DAG and asset: something waits that is not in memory
};

}  // namespace baton
