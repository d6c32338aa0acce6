// CheckTruth: what the checks of a simulated task come to, told from what it is and from the rows above it: whoever
// runs them, judges them and holds rows against them asks here, and shares no code with the engine.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "tests/sim/disk.h"

namespace baton::sim {

/// One entry of `checks` as the DAGs of a day write it: it names what it is by its place.
enum class CheckSort : std::uint8_t { quarantines, warns, fails, expects };

struct CheckTruth {
  bool fails = false;        ///< the task
  bool quarantines = false;  ///< what the tasks before it have produced
  bool warns = false;
};

/// Whether the script of entry `k` holds, in the try that comes after `failures` failures.
bool script_holds(std::uint64_t seed, const DiskRun& run, const TaskRow& row, std::int32_t failures, std::size_t k);
/// What such a try comes to as a whole.
CheckTruth truth_of_checks(std::uint64_t seed, const DiskRun& run, const TaskRow& row, std::int32_t failures);
/// What the worker's program writes of them.
std::string output_of_checks(std::uint64_t seed, const DiskRun& run, const TaskRow& row, std::int32_t failures);

/// The tasks with checks that hold back what a task has produced: those behind it, without others between, that may
/// quarantine something.
std::set<TaskNo> gates_behind(const Dag& dag, TaskNo producer);
/// What the tasks before these checks produce, without other checks between.
std::set<std::string> produced_before(const Dag& dag, TaskNo checks);

}  // namespace baton::sim
