// A person puts an output of a task instance that has succeeded, changes it, or takes it away: Airflow's XCom. Who starts
// later is given what stands there then; what has been made of the earlier value stays as it is until it is cleared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "scheduler/control/actor.h"
#include "scheduler/control/task_choice.h"
#include "scheduler/engine/decide.h"

namespace baton {

inline constexpr std::size_t kOutputNameMax = 512;

struct PutOutput {
  enum class Wish : std::uint8_t { create, change, remove };
  RunNo run_no = 0;
  TaskChoice task;      ///< one instance
  std::string name;
  Wish wish = Wish::create;
  std::string json;     ///< of the value; not read where it is taken away
  std::string why;
};

/// What the outputs of the instance become.
struct PutOutputs {
  InstanceNo instance = 0;
  Value value;          ///< a map, with the types that the task declares
  std::string json;     ///< empty: there are none any more
  std::string before_json, after_json;  ///< of the one that changes; empty: it was not there, or is not
};

/// Values of the secrets that a task is given. May be empty.
using SecretsOf = std::function<std::vector<std::string>(const Dag&, TaskNo)>;

/// not_found: no such task or output. conflict: there is one of this name already; the instance has not succeeded; what it
/// puts out is a person's word, or a check's; something that follows has begun and has not ended; see
/// check_open_to_change(). invalid: it does not fit what the task declares or the limits of outputs, or holds a secret.
[[nodiscard]] Result<PutOutputs> outputs_of(const PutOutput& request, const DagRun& run, bool is_with_us,
                                            const CoreSettings& settings, const SecretsOf& secrets);
[[nodiscard]] AuditRow audit_of(const PutOutput& request, const PutOutputs& put, const Actor& actor, const DagRun& run,
                                WallUs at);

}  // namespace baton
