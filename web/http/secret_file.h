// Secrets that the server makes for itself: one line in a file that its owner alone can read.
#pragma once

#include <string>

#include "scheduler/model/result.h"

namespace baton::http {

/// The line in `path`. Where there is no such file, `prefix` and 256 random bits become one, of mode 0600 from its
/// first byte. denied: others may read it, or it is no ordinary file; storage: it cannot be read or written, or is
/// empty.
Result<std::string> read_or_make_secret(const std::string& path, const std::string& prefix);

}  // namespace baton::http
