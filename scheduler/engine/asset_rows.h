// The rows of assets: what files say of them, their events, and how far each DAG has come that runs on them. Plain
// values, written as part of ServiceRows (service_rows.h). Any thread.
//
// Events have one number over all assets, given by the engine in the order of their commits. A DAG that runs on assets
// has a cursor for each of them: all events of the asset up to there are its past. A cursor moves in the part that
// creates the run which takes the events, so each is taken once whatever happens in between.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/engine/rows.h"
#include "scheduler/model/freshness_rule.h"
#include "scheduler/model/time.h"

namespace baton {

/// Whose word on an asset counts: a higher one takes the place of a lower one. The numbers are stored.
enum class AssetDeclarer : std::uint8_t { nobody, consumer, producer, config };

/// What is said of an asset. Names are the same over all DAGs.
struct AssetRow {
  std::string name, uri, description;
  std::string declared_by;        ///< the DAG whose file says so; empty: baton.yaml, or nobody has said anything yet
  AssetDeclarer declarer = AssetDeclarer::nobody;
  FreshnessRule fresh = {};        ///< when its last event makes it late
  WallUs at = kNoTime;             ///< when this is said
};

/// A person, or a check, holds an asset back: its events wait, and start nobody. An empty `by`: it is released.
struct AssetQuarantineRow {
  std::string asset, by, why;
  WallUs since = kNoTime;
  /// Of checks: what others hold stays as it is. They are `by` where they hold it, and this where they let it go.
  std::string only_of;
};

enum class AssetRole : std::uint8_t { producer, consumer, schedule };

/// A task that produces or consumes an asset; or a DAG that runs on its events (`task_id` empty).
struct AssetLink {
  std::string asset;
  AssetRole role = AssetRole::producer;
  std::string task_id;
  friend bool operator==(const AssetLink&, const AssetLink&) = default;
};

/// Up to which event of an asset everything is past.
struct AssetCursor {
  std::string asset;
  std::int64_t event_no = 0;
  friend bool operator==(const AssetCursor&, const AssetCursor&) = default;
};

/// What the newest version of a DAG says of assets; takes the place of what an earlier one said. Cursors of assets that
/// it runs on already stay where they are.
struct DagAssetsRow {
  std::string dag_id;
  std::vector<AssetLink> links;
  std::string condition_json;        ///< as `schedule: {assets: …}` has it; empty: it does not run on assets
  bool merges = false;
  std::vector<AssetCursor> cursors;  ///< where those begin that are new
};

/// The cursors of a DAG move; never back.
struct AssetCursorRow {
  std::string dag_id;
  AssetCursor cursor;
};

/// Something has happened to an asset.
struct AssetEventRow {
  std::int64_t event_no = 0;
  std::string asset;
  WallUs at = kNoTime;
  RunNo run_no = 0;                  ///< of the task that has produced it; 0: somebody has said so
  std::string dag_id, run_id, task_id;
  std::int32_t map_index = -1, try_number = 0;
  std::string actor;                 ///< who has said so; empty: a task
  std::string extra_json;            ///< an object; empty: nothing
};

/// A run was made for this event.
struct TakenEventRow {
  RunNo run_no = 0;
  std::int64_t event_no = 0;
};

}  // namespace baton
