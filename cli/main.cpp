// The `baton` command: finds the row of the table that was meant and hands over to it.
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <unistd.h>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/invocation.h"
#include "cli/parse.h"
#include "cli/terminal.h"

namespace {

using namespace baton::cli;
using baton::Result;

int dispatch(const std::vector<std::string>& words) {
  Result<Parsed> parsed = parse(words);
  if (!parsed) {
    const baton::text::Style style = style_for(STDERR_FILENO, "auto");
    const std::string message = style.paint(baton::text::Ink::bold_red, "baton: ") + parsed.error().message + "\n";
    std::fputs(message.c_str(), stderr);
    return exit_code_of(parsed.error().kind);
  }
  if (parsed->command == nullptr || parsed->wants_help) {
    const baton::text::Style style = style_for(STDOUT_FILENO, "auto");
    const std::string word = parsed->command == nullptr && !words.empty() && words[0][0] != '-' ? words[0] : "";
    Invocation::print(parsed->command != nullptr ? help_of(*parsed->command, style) : overview(style, word));
    return kOk;
  }
  const Result<Format> format = format_of(*parsed->command, parsed->arguments);
  const Invocation call(*parsed->command, std::move(parsed->arguments), words);
  if (!format) return call.fail(format.error());
  return parsed->command->handler(call);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  int code = kStorage;
  try {
    code = dispatch(words);
  } catch (const std::exception& e) {  // no code of ours throws: a library's bad_alloc or the like
    std::fprintf(stderr, "baton: internal error: %s\n", e.what());
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    std::fputs("baton: stdout could not be written; is its disk full, or its reader gone?\n", stderr);
    if (code == kOk) code = kStorage;
  }
  return code;
}
