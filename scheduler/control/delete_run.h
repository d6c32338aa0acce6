// Delete: a run that has ended goes, with its task instances, tries and inputs; what a large one has of them goes later,
// by a job, and nobody sees it meanwhile. Its logs go with the next sweep of those that belong to no run. A value.
#pragma once

#include <cstdint>
#include <string>

#include "scheduler/model/attempt_key.h"

namespace baton {

struct DeleteRun {
  RunNo run_no = 0;
  std::string why;
  std::int64_t job_no = 0;  ///< of the job that counts what goes (run_job.h); 0: none, all of it goes at once
};

}  // namespace baton
