// Delete: a run that has ended goes, with its task instances, tries and inputs. Its logs go with the next sweep of those
// that belong to no run. A value.
#pragma once

#include <string>

#include "scheduler/model/attempt_key.h"

namespace baton {

struct DeleteRun {
  RunNo run_no = 0;
  std::string why;
};

}  // namespace baton
