// Checks what a task wrote to $BATON_OUTPUT against what it declared (docs/ARCHITECTURE.md). Pure.
#pragma once

#include <string>
#include <string_view>

#include "scheduler/model/result.h"
#include "scheduler/model/task_spec.h"

namespace baton {

struct CheckedOutputs {
  Value value;           ///< a map; empty when nothing was written and nothing declared
  std::string json;      ///< the same as text; empty when nothing was written
  std::string warning;   ///< names that were not declared
};

/// One JSON object that holds every declared output with its declared type. Integers pass for number; RFC 3339 text for
/// timestamp and "3.5s" for duration become values of these types.
Result<CheckedOutputs> check_outputs(const TaskSpec& spec, std::string_view json);

}  // namespace baton
