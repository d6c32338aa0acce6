// What the reader of the canonical form needs of its writer.
#pragma once

#include <string>

#include "scheduler/model/dag.h"

namespace baton::dagfile {

/// `,"pools":[…]`, the last member of the canonical form; nothing without pools.
void append_pools(std::string& out, const Dag& dag, bool with_slots);

}  // namespace baton::dagfile
