// What this user may not read. Commands ask before they look, so that a closed door never reads as an empty room.
// Reads the file system; main thread.
#pragma once

#include <filesystem>

#include "scheduler/model/result.h"

namespace baton::cli {

/// denied where `path` exists and may not be read, or a folder above it may not be entered; ok otherwise, also where
/// nothing is there. Folders must be enterable too.
Status may_read(const std::filesystem::path& path);

}  // namespace baton::cli
