// Where the state folder and baton.yaml are (docs/ARCHITECTURE.md). Reads the environment and folders; main thread.
#pragma once

#include <filesystem>
#include <string>

#include "cli/invocation.h"
#include "scheduler/model/result.h"

namespace baton::cli {

/// --state, else $BATON_STATE, else the nearest own `.baton/` upwards, else `./.baton`; absolute. It need not exist.
std::filesystem::path state_folder_of(const Arguments& arguments);

/// baton.yaml: --config (not_found where it is missing), else beside the DAG file or above it up to the folder that
/// holds the state folder; empty: none. denied where one may not be read: a run without its limits is another run.
Result<std::filesystem::path> config_file_of(const Arguments& arguments, const std::filesystem::path& dag_file,
                                             const std::filesystem::path& state_folder);

}  // namespace baton::cli
