#include "cli/help.h"

#include <algorithm>
#include <vector>

#include "cli/text/display_width.h"

namespace baton::cli {
namespace {

using text::Ink;
using text::Style;

std::string flag_words(const Flag& flag) {
  std::string out = flag.letter != 0 ? std::string("-") + flag.letter + ", " : "    ";
  out += "--" + std::string(flag.name);
  if (!flag.value.empty()) out += " " + std::string(flag.value);
  return out;
}

std::string argument_words(const Argument& argument) {
  std::string out(argument.name);
  if (argument.repeats) out += "…";
  return argument.required ? out : "[" + out + "]";
}

std::string usage_line(const Command& command) {
  std::string out = "baton " + std::string(command.name);
  for (const Argument& argument : command.arguments) out += " " + argument_words(argument);
  return out + " [flags]";
}

std::string heading(const Style& style, std::string_view title) {
  return style.paint(Ink::bold, title) + "\n";
}

struct Pair {
  std::string left, right;
};

std::string two_columns(const std::vector<Pair>& pairs, const Style& style, std::size_t left_max) {
  std::size_t width = 0;
  for (const Pair& pair : pairs) {
    const std::size_t own = text::display_width(pair.left);
    if (own <= left_max) width = std::max(width, own);
  }
  std::string out;
  for (const Pair& pair : pairs) {
    const bool fits = text::display_width(pair.left) <= width;
    out += "  " + style.paint(Ink::cyan, fits ? text::pad_right(pair.left, width) : pair.left);
    out += fits ? "  " : "\n" + std::string(width + 4, ' ');
    out += pair.right + "\n";
  }
  return out;
}

std::vector<Pair> flag_pairs(const Command& command) {
  std::vector<Pair> out;
  for (const Flag& flag : all_flags(command)) {
    std::string what(flag.help);
    if (flag.name == "output") what += ": " + std::string(flag.words);
    if (flag.repeats) what += "; may be repeated";
    out.push_back({flag_words(flag), what});
  }
  return out;
}

}  // namespace

std::string overview(const Style& style, std::string_view word) {
  std::string out;
  if (word.empty()) {
    out += style.paint(Ink::bold, "Baton") +
           " runs DAGs of tasks: as durable as a database, explained to the last second.\n\n";
    out += "  baton run dags/hello.dag.yaml       run a DAG here and now\n";
    out += "  baton show @latest                  what became of it\n";
  }
  std::string_view group;
  std::vector<Pair> pairs;
  const auto flush = [&] {
    if (pairs.empty()) return;
    if (!out.empty()) out += "\n";
    out += heading(style, group) + two_columns(pairs, style, 17);
    pairs.clear();
  };
  for (const Command& command : commands()) {
    if (!word.empty() && !command.name.starts_with(std::string(word) + " ")) continue;
    if (command.group != group) flush();
    group = command.group;
    pairs.push_back({std::string(command.name), std::string(command.help)});
  }
  flush();
  out += "\n`baton COMMAND --help` shows flags and examples.";
  if (word.empty()) out += " RUN is an id, DAG/ID, @latest or DAG@latest.";
  return out + "\n";
}

std::string help_of(const Command& command, const Style& style) {
  std::string out = "baton " + std::string(command.name) + ": " + std::string(command.help) + "\n\n";
  out += heading(style, "Usage") + "  " + usage_line(command) + "\n\n";
  if (!command.text.empty()) out += std::string(command.text) + "\n\n";
  if (!command.arguments.empty()) {
    std::vector<Pair> pairs;
    for (const Argument& argument : command.arguments)
      pairs.push_back({argument_words(argument), std::string(argument.help)});
    out += heading(style, "Arguments") + two_columns(pairs, style, 24) + "\n";
  }
  out += heading(style, "Flags") + two_columns(flag_pairs(command), style, 26) + "\n";
  out += heading(style, "Examples");
  for (const Example& example : command.examples) {
    out += "  " + style.paint(Ink::dim, "# " + std::string(example.what)) + "\n  " + std::string(example.line) + "\n";
  }
  return out;
}

namespace {

/// Text in man(7): backslashes and dashes mean themselves, and no line begins with a control character.
std::string roff(std::string_view text) {
  std::string out;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) out += "\\&";
    line_begins = c == '\n';
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string manual_of(const Command& command) {
  std::string out = ".SS \"" + roff(usage_line(command)) + "\"\n" + roff(command.help) + ".\n";
  if (!command.text.empty()) out += ".PP\n" + roff(command.text) + "\n";
  for (const Flag& flag : command.flags) {
    std::string words = flag_words(flag);
    words.erase(0, words.find_first_not_of(' '));
    out += ".TP\n.B " + roff(words) + "\n" + roff(flag.help) + "\n";
  }
  if (!command.formats.empty()) out += ".TP\n.B \\-o, \\-\\-output FORMAT\n" + roff(command.formats) + "\n";
  for (const Example& example : command.examples) {
    out += ".PP\n" + roff(example.what) + ":\n.PP\n.RS 4\n.EX\n" + roff(example.line) + "\n.EE\n.RE\n";
  }
  return out;
}

}  // namespace

std::string manual_page() {
  std::string out = ".TH BATON 1 \"\" \"Baton " BATON_VERSION "\" \"User commands\"\n";
  out += ".SH NAME\nbaton \\- run DAGs of tasks\n.SH SYNOPSIS\n.B baton\n.I COMMAND\n[arguments] [flags]\n";
  out += ".SH COMMANDS\n";
  for (const Command& command : commands()) out += manual_of(command);
  out += ".SH \"FLAGS OF EVERY COMMAND\"\n";
  for (const Flag& flag : global_flags()) {
    std::string words = flag_words(flag);
    words.erase(0, words.find_first_not_of(' '));
    out += ".TP\n.B " + roff(words) + "\n" + roff(flag.help) + "\n";
  }
  out +=
      ".SH \"EXIT STATUS\"\n0 ok; 1 the run failed; 2 usage or invalid file; 3 not found; 4 not allowed; 5 conflict;\n"
      "6 timed out waiting; 7 server unreachable; 70 storage or internal error; 130 interrupted.\n";
  out +=
      ".SH ENVIRONMENT\n.TP\n.B BATON_STATE\nthe state folder\n.TP\n.B BATON_SECRET_*\nsecrets of `baton run`\n"
      ".TP\n.B NO_COLOR\nno colours\n";
  return out;
}

}  // namespace baton::cli
