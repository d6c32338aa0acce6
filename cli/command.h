// What a command is: its words, arguments, flags, help, examples and what it does. From the one table of them
// (command_table.cpp) come parsing, --help, completion and the manual page. Constant data; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace baton::cli {

class Invocation;

/// What a shell may offer in a place.
enum class Complete : std::uint8_t { nothing, dag_file, file, folder, run, task, dag, shell, words };

struct Argument {
  std::string_view name;  ///< as shown: FILE
  std::string_view help;
  bool required = true;
  bool repeats = false;
  Complete complete = Complete::nothing;
  std::string_view words = {};  ///< the only ones it may be, with bars between; empty: any
};

struct Flag {
  std::string_view name;        ///< without dashes: param
  char letter = 0;              ///< 0: none
  std::string_view value = {};  ///< as shown: k=v; empty: a switch
  std::string_view help = {};
  bool repeats = false;
  Complete complete = Complete::nothing;
  std::string_view words = {};  ///< for Complete::words, with bars between: table|json
  bool takes_others = false;    ///< beside `words`; else another word is a mistake
};

struct Example {
  std::string_view line;
  std::string_view what;
};

using Handler = int (*)(const Invocation&);

struct Command {
  std::string_view name;   ///< one or two words: `run`, `dag next`
  std::string_view group;  ///< the heading it stands under in `baton help`
  std::string_view help;   ///< one line
  std::string_view text;   ///< a paragraph or more for --help; may be empty
  std::span<const Argument> arguments;
  std::span<const Flag> flags;      ///< beside global_flags()
  std::span<const Example> examples;
  std::string_view formats;         ///< of -o, the first is the default; empty: no -o
  Handler handler = nullptr;
};

/// All commands, in the order of the help.
std::span<const Command> commands();
/// Flags that every command takes: --output, --state, --config, --color, --help.
std::span<const Flag> global_flags();
/// The command's own flags and those of every command that it does not redefine; -o with its formats, if it has any.
std::vector<Flag> all_flags(const Command& command);
/// nullptr: no such command.
const Command* find_command(std::string_view name);

/// What was typed, checked against the table.
struct Arguments {
  std::vector<std::string> positional;
  std::map<std::string, std::vector<std::string>, std::less<>> flags;  ///< by long name; switches hold one empty text

  [[nodiscard]] bool has(std::string_view flag) const { return flags.find(flag) != flags.end(); }
  [[nodiscard]] std::string value(std::string_view flag, std::string_view otherwise = {}) const;
  [[nodiscard]] const std::vector<std::string>& values(std::string_view flag) const;
  /// The i-th positional argument, empty when it was left out.
  [[nodiscard]] std::string at(std::size_t i) const { return i < positional.size() ? positional[i] : std::string(); }
};

}  // namespace baton::cli
