// The seeded bugs: the defects that are planted in the engine with BATON_BUG (scheduler/model/seeded_bug.h), each with
// what is wrong when it is chosen. The simulation must find every one of them (seeded_bugs.py).
#pragma once

#include <span>
#include <string_view>

namespace baton::sim {

struct SeededBug {
  const char* name;
  const char* what;
};

std::span<const SeededBug> seeded_bugs();

/// Switches a bug on for this process, before the engine runs. False: there is none of this name, or none in this build.
bool choose_bug(std::string_view name);
/// The one that is on; empty: none.
std::string_view chosen_bug();

}  // namespace baton::sim
