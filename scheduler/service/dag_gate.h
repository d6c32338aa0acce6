// What a DAG may do now: the table of docs/ARCHITECTURE.md (active, draining, paused, frozen), as code. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "scheduler/engine/service_rows.h"

namespace baton {

enum class DagGate : std::uint8_t { active, draining, paused, frozen, stale };

/// `by` of a pause that Baton itself has made.
inline constexpr std::string_view kPausedByFailures = "max_consecutive_failed_runs";
inline constexpr std::string_view kPausedByCatchup = "catchup";

/// What holds the server as a whole.
struct ServerGate {
  Held frozen;
  bool is_clock_suspect = false;
  std::string frozen_why;
};

/// stale before paused before draining before frozen: the first that holds.
DagGate gate_of(const DagRow& dag, const ServerGate& server);
/// As what ticks are recorded that are due now; none: they make runs. A stale DAG has no ticks at all.
std::optional<TickReason> why_no_run(const DagRow& dag, const ServerGate& server);

struct GateRules {
  bool ticks_run;
  bool queued_begin;
  bool retries_run;
  bool accepts_trigger;    ///< a run that is asked for is made, though it may wait
  bool backfill_goes_on;
};
constexpr GateRules rules_of(DagGate gate) {
  switch (gate) {
    case DagGate::active: return {true, true, true, true, true};
    case DagGate::draining: return {false, true, true, false, false};
    case DagGate::paused: return {false, false, true, true, true};
    case DagGate::frozen: return {false, false, false, true, false};
    case DagGate::stale: return {false, true, true, false, false};
  }
  return {};
}

}  // namespace baton
