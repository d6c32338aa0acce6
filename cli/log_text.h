// Lines of tasks' logs as a terminal may show them: whatever a task writes, it steers nothing. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "cli/text/style.h"

namespace baton::cli {

/// A line for a terminal: colours (SGR) stay, where the style has any, and are ended with the line; every other control
/// character shows as `cat -v` shows it (`^[`, `^M`), a tab stays; `::warning::x` becomes a warning, `::group::x` a
/// heading. False: the line is not shown (`::progress`, `::endgroup::`).
bool line_for_terminal(std::string_view line, const text::Style& style, std::string& out);

/// What stands where a log was cut.
std::string cut_words(std::int64_t bytes);

}  // namespace baton::cli
