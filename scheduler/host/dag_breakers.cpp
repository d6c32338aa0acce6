#include "scheduler/host/dag_breakers.h"

#include "scheduler/dagfile/breakers.h"

namespace baton {

void declare_breakers(Engine& engine, const Dag& dag, DeclaredBy how) {
  for (const BreakerSpec& breaker : dagfile::breakers_from_json(dag.breakers_json)) {
    engine.declare_breaker(breaker, dag.id, how);
  }
}

}  // namespace baton
