// Where the log of an attempt lies in a state folder, and what lies beside it. Pure; any thread.
#pragma once

#include <string>

#include "scheduler/model/attempt_key.h"

namespace baton::logs {

/// The folder of a run's logs: `<state>/logs/<run_no>`.
std::string folder_of_run(const std::string& state_folder, RunNo run_no);

/// `<state>/logs/<run_no>/<instance_no>.<epoch>.log`: what the attempt's process wrote, and nothing else. The names are
/// numbers: no id ever is part of a path.
std::string log_path(const std::string& state_folder, RunNo run_no, InstanceNo instance_no, Epoch epoch);

/// The time index beside a log that grew for a while (log_times.h).
std::string index_path(const std::string& log_path);

/// What was cut out of a log that passed its limit (log_file.h).
std::string cut_path(const std::string& log_path);

}  // namespace baton::logs
