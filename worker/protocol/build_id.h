// Which build of baton-worker a program is: both sides compute it, one from the file that it would start, the other
// from the file that it is. No threads.
#pragma once

#include <string>

namespace baton::wire {

/// Version, size and time of last change of the program at `path`; "/proc/self/exe" is the one that runs, even where
/// its file has been replaced. Empty if it cannot be looked at. Cheap: the file is not read.
[[nodiscard]] std::string build_id_of(const std::string& path);

}  // namespace baton::wire
