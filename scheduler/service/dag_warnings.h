// DagWarnings: DAGs that say other things of a pool or a breaker than a DAG before them. Both are one for all DAGs: what
// the first of them says stays, and whoever reads another file would expect something else. Pure; loop thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "scheduler/model/breaker_spec.h"
#include "scheduler/model/dag.h"
#include "scheduler/model/time.h"

namespace baton {

struct DagWarning {
  std::string dag_id;
  std::string message;
  WallUs at = kNoTime;  ///< when it was seen first
};

class DagWarnings {
 public:
  /// What this DAG says from here on.
  void learn(const Dag& dag, const std::vector<BreakerSpec>& breakers, WallUs now);
  /// By pool or breaker, then in the order in which the DAGs came.
  [[nodiscard]] std::vector<DagWarning> list() const;

 private:
  template <typename Spec>
  struct Said {
    std::string dag_id;
    Spec spec;
    WallUs at = kNoTime;
  };
  template <typename Spec>
  using SaidOf = std::map<std::string, std::vector<Said<Spec>>>;  ///< by name, the first DAG first

  template <typename Spec>
  static void take(SaidOf<Spec>& said, const std::string& dag_id, const std::vector<Spec>& specs, WallUs now);

  SaidOf<PoolSpec> pools_;
  SaidOf<BreakerSpec> breakers_;
};

}  // namespace baton
