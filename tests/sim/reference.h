// Reference: what the language says must become of a task, told from the rows and the behaviours alone, in another way
// than the engine does it. Pure.
#pragma once

#include <string>

#include "tests/sim/behaviour.h"

namespace baton::sim {

enum class Rule : std::uint8_t { open, runs, skips, upstream_failed };

/// How the instances of all upstreams of a task stand on disk.
struct Ends {
  std::int32_t success = 0, failed = 0, upstream_failed = 0, skipped = 0, open = 0;
};
Ends ends_of_upstreams(const DiskRun& run, TaskNo t);

/// The table of trigger rules: what is settled now, whatever the open ones become.
Rule settled(TriggerRule rule, const Ends& ends);
/// The same for any task, teardowns too.
Rule settled(const DiskRun& run, TaskNo t);

/// Whether somebody has marked something directly above it: it may have begun before that, and goes on then.
bool follows_from_a_mark(const DiskRun& run, TaskNo t);

/// Empty when instance `i`, which has just ended, has a state that it may have; else what is wrong.
std::string judge_end(const DiskRun& run, InstanceNo i, const DagPlan& plan, const Behaviours& behaviours,
                      std::uint64_t seed);
/// The same for the state of a run that has ended.
std::string judge_outcome(const DiskRun& run, const DagPlan& plan, const Behaviours& behaviours, std::uint64_t seed);

}  // namespace baton::sim
