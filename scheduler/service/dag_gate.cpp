#include "scheduler/service/dag_gate.h"

namespace baton {

DagGate gate_of(const DagRow& dag, const ServerGate& server) {
  if (dag.stale.holds()) return DagGate::stale;
  if (dag.paused.holds()) return DagGate::paused;
  if (dag.draining.holds()) return DagGate::draining;
  return server.frozen.holds() ? DagGate::frozen : DagGate::active;
}

std::optional<TickReason> why_no_run(const DagRow& dag, const ServerGate& server) {
  switch (gate_of(dag, server)) {
    case DagGate::stale:
    case DagGate::paused:
      return dag.paused.by == kPausedByFailures ? TickReason::failures : TickReason::paused;
    case DagGate::draining: return TickReason::drained;
    case DagGate::frozen: return TickReason::frozen;
    case DagGate::active: break;
  }
  if (server.is_clock_suspect) return TickReason::clock;
  return std::nullopt;
}

}  // namespace baton
