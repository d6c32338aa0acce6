// Redrive: task instances of one run that gave up are tried again, each once for its dead letter. They are cleared, with
// all that follows from them and what their failure had cut off, and go through pools, rates and breakers like any other.
// The letters are closed in the part of the clear: after a kill either both have happened or neither.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "scheduler/control/actor.h"
#include "scheduler/engine/admission.h"
#include "scheduler/engine/dag_run.h"
#include "scheduler/engine/service_rows.h"
#include "scheduler/model/result.h"

namespace baton {

/// A letter, as far as its task instance is concerned.
struct LetterRef {
  std::int64_t letter_no = 0;
  InstanceNo instance_no = 0;
  Epoch epoch = 0;
};

struct RedriveLetters {
  RunNo run_no = 0;
  std::vector<LetterRef> letters;
  std::int64_t job_no = 0;  ///< that asks; 0: a person, for these alone
  std::string why;
  std::shared_ptr<const Dag> latest = nullptr;                 ///< goes on with this version; null: with its own
  std::shared_ptr<const VersionRow> latest_version = nullptr;  ///< of `latest`
};

/// Those that are open and whose task instance is failed: by itself, or because a person or another failure has ended
/// what was tried since. The others run again already, or are no longer of use.
[[nodiscard]] std::vector<LetterRef> that_stand(const RedriveLetters& request, const DagRun& run);

/// The instances to clear for `letters`. conflict: see check_open_to_change(); invalid: a task wants more of a pool than
/// it has now.
[[nodiscard]] Result<std::vector<InstanceNo>> select(const std::vector<LetterRef>& letters, const DagRun& run,
                                                     bool is_with_us, const Admission& admission);
[[nodiscard]] AuditRow audit_of(const RedriveLetters& request, const std::vector<LetterRef>& letters,
                                const Actor& actor, const DagRun& run, WallUs at);
/// What closes them.
[[nodiscard]] std::vector<LetterClosingRow> closings_of(const RedriveLetters& request,
                                                        const std::vector<LetterRef>& letters, const Actor& actor,
                                                        WallUs at);

}  // namespace baton
