// The log of the try that a path names: where it lies, and whether somebody still writes to it. Any thread.
#pragma once

#include <string>

#include "scheduler/model/attempt_key.h"
#include "scheduler/model/result.h"
#include "web/api/services.h"

namespace baton::api {

struct TriedLog {
  std::string path;
  RunNo run_no = 0;
  InstanceNo instance_no = 0;
  Epoch epoch = 0;  ///< of the attempt that lives, or of the last one that ended under this number
  std::int64_t try_number = 0;  ///< 0: `latest` of one that has not been tried, whose log has no path
  bool has_ended = true;
};

/// not_found: there is no such instance, or no such try of it.
Result<TriedLog> log_of_path(const Call& call);

}  // namespace baton::api
