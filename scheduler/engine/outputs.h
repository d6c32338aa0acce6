// Checks what a task wrote to $BATON_OUTPUT against what it declared (docs/ARCHITECTURE.md). Pure.
#pragma once

#include <cstdint>
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
/// At most 1 MiB and 64 levels, counted on the canonical form: that is what is kept.
Result<CheckedOutputs> check_outputs(const TaskSpec& spec, std::string_view json);

/// Outputs that the store has kept. They were checked when they were accepted, and count as they are: no limit holds
/// them back, and one that a newer version of the task declares otherwise stays what it was.
Result<Value> restored_outputs(const TaskSpec& spec, std::string_view json);

/// About how many bytes a value takes in memory: small numbers take far more than their text.
std::int64_t memory_of(const Value& value);

}  // namespace baton
