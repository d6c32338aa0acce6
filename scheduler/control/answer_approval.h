// Answer: a person answers what an approval asks. The task instance ends by it; what was withdrawn, or answered by
// another, is not answered twice.
#pragma once

#include <string>
#include <vector>

#include "scheduler/control/actor.h"
#include "scheduler/control/task_choice.h"
#include "scheduler/engine/event.h"

namespace baton {

struct AnswerApproval {
  RunNo run_no = 0;
  TaskChoice task;
  Epoch epoch = 0;                  ///< of the question that was read; 0: of whichever is open
  std::vector<std::string> chosen;  ///< options
  Value params;                     ///< held against the form by whoever asks; null: none
  std::string note;
  std::string requester;            ///< who has triggered the run, where that is known
};

/// What the answer is for `run`. not_found: there is no such task; invalid: it asks nobody, or the options do not fit;
/// denied: this person may not answer it; conflict: nothing is asked (any more), and how it ended.
[[nodiscard]] Result<Answered> answer_of(const AnswerApproval& request, const DagRun& run, const Actor& actor, WallUs at,
                                         bool is_with_us);
[[nodiscard]] AuditRow audit_of(const AnswerApproval& request, const Actor& actor, const RunRow& run, WallUs at);

}  // namespace baton
