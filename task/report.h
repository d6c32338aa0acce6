// How baton-task tells what became of it: lines of the log, $BATON_OUTPUT, exit codes.
#pragma once

#include <string>
#include <string_view>

#include "scheduler/model/value.h"

namespace baton::task {

enum class Exit : int {
  done = 0,
  failed = 1,
  usage = 2,
  transient = 75,  ///< EX_TEMPFAIL: the same may succeed later
};

/// One line of the log; line ends and other control characters in it are shown as spaces.
void say(std::string_view line);

/// What somebody else wrote, as lines that nothing takes for Baton's own, at most 1 KiB of it.
void quote(std::string_view text);

/// Writes the outputs into $BATON_OUTPUT, where there is one. `failed`, having said why, where that cannot be.
Exit write_outputs(const ValueMap& outputs);

}  // namespace baton::task
