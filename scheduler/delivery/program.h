// A program that gets a message on its stdin: no shell, an environment of its own, killed with all it has started when it
// takes too long. Any thread; blocks for 15 s at most.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "scheduler/model/result.h"

namespace baton::delivery {

/// `more`: NAME=value, beside PATH, HOME and LANG. `ends`: once it is true the program is killed. unavailable: it could not be started, failed, or took too long.
[[nodiscard]] Status run_program(const std::vector<std::string>& words, const std::string& input,
                                 const std::vector<std::string>& more, const std::atomic<bool>& ends);

}  // namespace baton::delivery
