// `baton fmt`: indentation, blank lines and spaces at line ends, and nothing else. Pure, any thread.
#pragma once

#include <string>
#include <string_view>

#include "scheduler/model/result.h"

namespace baton {

/// The text laid out anew: two spaces for each level, no spaces at line ends, at most one blank line in a row and none
/// at the ends, one newline at the end. Comments stay, contents of scalars stay byte for byte. A text that YAML cannot
/// read, or that would not mean the same afterwards, is an Error and is to be left alone.
Result<std::string> format_text(std::string_view text);

}  // namespace baton
