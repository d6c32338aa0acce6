// The rows of checks: what each check of a try has come to, and that what a task has produced waits for checks behind
// it. Plain values, written as part of ServiceRows (service_rows.h). Any thread.
#pragma once

#include <cstdint>
#include <string>

#include "scheduler/engine/rows.h"
#include "scheduler/model/time.h"

namespace baton {

/// What a check has come to. The numbers are stored.
enum class CheckState : std::uint8_t {
  passed,
  failed,
  warned,  ///< it did not hold, and only warns
  error,   ///< whether it holds cannot be told; counts as one that does not
};
inline constexpr std::size_t kCheckStateCount = 4;

/// What a check that does not hold leads to. The numbers are stored.
enum class OnFail : std::uint8_t { fail, warn, quarantine };
inline constexpr std::size_t kOnFailCount = 3;

std::string_view to_string(CheckState state);
std::string_view to_string(OnFail on_fail);

struct CheckRow {
  std::int64_t check_no = 0;   ///< given by the store; rises
  RunNo run_no = 0;
  InstanceNo instance_no = 0;
  Epoch epoch = 0;             ///< 0: nothing was launched for it
  std::int32_t try_number = 0;
  std::int32_t ordinal = 0;    ///< among those of its try
  std::string dag_id, run_id;  ///< run_id: given by the store
  std::string task_id;
  std::int32_t map_index = kUnmapped;  ///< given by the store
  std::string name, description;
  CheckState state = CheckState::passed;
  OnFail on_fail = OnFail::fail;
  std::string observed, message;
  WallUs at = kNoTime;
  std::int64_t seq = 0;        ///< given by the store
};

/// The asset events of a success wait for the checks behind it, or (`is_gone`) do not any more.
struct HeldEventRow {
  RunNo run_no = 0;
  InstanceNo instance_no = 0;
  WallUs at = kNoTime;
  bool is_gone = false;
};

}  // namespace baton
