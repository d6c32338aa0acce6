// Where an asset comes from and what is made of it, over all DAGs. Pure, over the links that the newest versions of
// DAGs have; bounded. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/engine/reader_views.h"
#include "scheduler/model/value.h"

namespace baton::insight {

inline constexpr std::int32_t kLineageDepth = 3, kLineageDepthMax = 50;
inline constexpr std::size_t kLineageNodesMax = 1'000;

/// An asset, or a DAG that lies between assets.
struct LineageNode {
  enum class Kind : std::uint8_t { asset, dag };
  Kind kind = Kind::asset;
  std::string name;
  std::int32_t distance = 0;  ///< in DAGs that are passed; below 0: upstream
  friend bool operator==(const LineageNode&, const LineageNode&) = default;
};

/// A DAG consumes an asset (`asset` → `dag`), or produces it.
struct LineageEdge {
  std::string dag_id, asset;
  AssetRole role = AssetRole::producer;
  std::string task_id;        ///< empty: the DAG runs on it
  friend bool operator==(const LineageEdge&, const LineageEdge&) = default;
};

struct Lineage {
  std::vector<LineageNode> nodes;  ///< the asset first, then what is nearer
  std::vector<LineageEdge> edges;  ///< between these, by DAG
  bool is_cut = false;             ///< there is more than kLineageNodesMax, or than `depth` reaches
};

/// Both ways, `depth` DAGs far (at most kLineageDepthMax). A circle is gone round once.
Lineage lineage(const std::vector<AssetLinkRow>& links, const std::string& asset, std::int32_t depth);
/// Downstream alone, however far: what is touched when the asset is late or wrong.
Lineage impact(const std::vector<AssetLinkRow>& links, const std::string& asset);

/// As the API tells it.
ValueMap lineage_value(const Lineage& lineage);

}  // namespace baton::insight
