// From words of the command line to a command and its arguments, by the table. CLI11 stays in parse.cpp; only the
// options of the one command that was named are constructed. Pure; main thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/command.h"
#include "scheduler/model/result.h"

namespace baton::cli {

struct Parsed {
  const Command* command = nullptr;  ///< nullptr: `baton` alone, or `baton --help`
  bool wants_help = false;           ///< -h or --help stood among the words
  Arguments arguments;
};

/// `words`: argv without the program's name. An Error (code 2) names the mistake, what was meant, and where help is.
Result<Parsed> parse(std::span<const std::string> words);

}  // namespace baton::cli
