// BATON_BUG(name): a planted defect, for the simulation's own test. In normal builds it is the constant false and costs
// nothing; with BATON_SEEDED_BUGS it is true when the environment variable BATON_BUG names it. Any thread.
#pragma once

#ifdef BATON_SEEDED_BUGS
#include <cstdlib>
#include <string_view>

namespace baton {
/// The one defect of this process, read once.
inline bool is_bug_chosen(std::string_view name) {
  static const char* const chosen = std::getenv("BATON_BUG");
  return chosen != nullptr && name == chosen;
}
}  // namespace baton

#define BATON_BUG(name) (::baton::is_bug_chosen(#name))
#else
#define BATON_BUG(name) (false)
#endif
