#include "scheduler/service/dag_warnings.h"

#include <algorithm>

namespace baton {
namespace {

std::string slots_words(const PoolSpec& pool) {
  return std::to_string(pool.slots) + (pool.slots == 1 ? " slot" : " slots");
}

}  // namespace

/// One that speaks of it no more goes; one that says another thing keeps its place.
template <typename Spec>
void DagWarnings::take(SaidOf<Spec>& said, const std::string& dag_id, const std::vector<Spec>& specs, WallUs now) {
  for (auto& [name, all] : said) {
    const bool is_said = std::ranges::find(specs, name, &Spec::name) != specs.end();
    if (!is_said) std::erase_if(all, [&](const Said<Spec>& one) { return one.dag_id == dag_id; });
  }
  for (const Spec& spec : specs) {
    auto& all = said[spec.name];
    const auto at = std::ranges::find(all, dag_id, &Said<Spec>::dag_id);
    if (at == all.end()) {
      all.push_back({dag_id, spec, now});
    } else if (!(at->spec == spec)) {
      at->spec = spec;
      at->at = now;
    }
  }
  std::erase_if(said, [](const auto& one) { return one.second.empty(); });
}

void DagWarnings::learn(const Dag& dag, const std::vector<BreakerSpec>& breakers, WallUs now) {
  take(pools_, dag.id, dag.pools, now);
  take(breakers_, dag.id, breakers, now);
}

std::vector<DagWarning> DagWarnings::list() const {
  std::vector<DagWarning> out;
  const std::string way = ", which came first and counts; say it once, in baton.yaml";
  for (const auto& [name, all] : pools_) {
    for (const auto& one : all) {
      if (one.spec == all.front().spec) continue;
      const bool by_slots = one.spec.slots != all.front().spec.slots;
      out.push_back({one.dag_id,
                     "pool \"" + name + "\" " +
                         (by_slots ? "has " + slots_words(one.spec) + " here and " + std::to_string(all.front().spec.slots)
                                   : std::string("has another rate or retry budget here than")) +
                         " in DAG \"" + all.front().dag_id + "\"" + way,
                     one.at});
    }
  }
  for (const auto& [name, all] : breakers_) {
    for (const auto& one : all) {
      if (one.spec == all.front().spec) continue;
      out.push_back({one.dag_id,
                     "breaker \"" + name + "\" is described otherwise here than in DAG \"" + all.front().dag_id + "\"" + way,
                     one.at});
    }
  }
  return out;
}

}  // namespace baton
