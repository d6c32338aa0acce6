// Help, completion and the manual page, all made from the table of commands. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "cli/command.h"
#include "cli/text/style.h"
#include "scheduler/model/result.h"

namespace baton::cli {

/// `baton help`: every command with its line. `word` narrows it to a family (`dag`); empty: all.
std::string overview(const text::Style& style, std::string_view word = {});
/// `baton run --help`.
std::string help_of(const Command& command, const text::Style& style);
/// A manual page for section 1, in man(7) macros.
std::string manual_page();
/// A completion script for bash, zsh or fish; an Error (code 2) for another shell.
Result<std::string> completion_script(std::string_view shell);

}  // namespace baton::cli
