// A person puts a value that lives on from run to run, or takes it away. Values.
#pragma once

#include <string>

#include "scheduler/control/actor.h"
#include "scheduler/engine/task_states.h"

namespace baton {

/// Whoever asks has looked that there is such a DAG.
struct ChangeState {
  std::string dag_id, name;
  std::string json;  ///< empty: it is taken away
  std::string why;
};

/// What is to be kept, in its canonical form. invalid: the name is none, or the value cannot be kept.
[[nodiscard]] Result<CheckedState> check(const ChangeState& request);
/// Without its version.
[[nodiscard]] TaskStateRow row_of(const ChangeState& request, const CheckedState& checked, const Actor& actor, WallUs at);
/// `before`: what was there, or null.
[[nodiscard]] AuditRow audit_of(const ChangeState& request, const CheckedState& checked, const KeptState* before,
                                const Actor& actor, WallUs at);

}  // namespace baton
