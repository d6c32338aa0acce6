#include "cli/parse.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <optional>

#include "cli/exit_codes.h"
#include "scheduler/model/did_you_mean.h"

namespace baton::cli {
namespace {

Error usage(const Command* command, const std::string& message) {
  const std::string help = command == nullptr ? "baton help" : "baton " + std::string(command->name) + " --help";
  return {message + "\nSee `" + help + "`."};
}

const Flag* find_flag(std::span<const Flag> flags, std::string_view word) {
  for (const Flag& flag : flags) {
    if (word.starts_with("--") && word.substr(2) == flag.name) return &flag;
    if (word.size() == 2 && word[0] == '-' && flag.letter != 0 && word[1] == flag.letter) return &flag;
  }
  return nullptr;
}

/// Flags that stand before the command (`baton --state X ls`) move behind it.
std::vector<std::string> command_first(std::span<const std::string> words) {
  std::vector<std::string> out;
  std::vector<std::string> leading;
  std::size_t i = 0;
  while (i < words.size() && words[i].starts_with("-") && words[i].size() > 1) {
    const Flag* flag = find_flag(global_flags(), words[i]);
    leading.push_back(words[i++]);
    if (flag != nullptr && !flag->value.empty() && i < words.size()) leading.push_back(words[i++]);
  }
  std::size_t name_words = 0;
  while (name_words < 2 && i < words.size() && !words[i].starts_with("-")) {
    out.push_back(words[i++]);
    ++name_words;
    const bool goes_on = i < words.size() && find_command(out.front() + " " + words[i]) != nullptr;
    if (find_command(out.front()) != nullptr && !goes_on) break;
  }
  out.insert(out.end(), leading.begin(), leading.end());
  out.insert(out.end(), words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
  return out;
}

/// `dag` of `dag next`: the commands that begin with this word.
std::string subcommands_of(std::string_view word) {
  std::string out;
  for (const Command& command : commands()) {
    if (command.name.size() > word.size() && command.name.starts_with(word) && command.name[word.size()] == ' ') {
      out += (out.empty() ? "" : ", ") + std::string("`baton ") + std::string(command.name) + "`";
    }
  }
  return out;
}

Error unknown_command(std::span<const std::string> words) {
  const std::string& word = words.front();
  const std::string family = subcommands_of(word);
  std::vector<std::string> names;
  for (const Command& command : commands()) names.emplace_back(command.name);
  if (!family.empty()) {
    if (words.size() < 2 || words[1].starts_with("-"))
      return usage(nullptr, "`baton " + word + "` needs one word more: " + family);
    const std::string both = word + " " + words[1];
    return usage(nullptr,
                 "\"" + both + "\" is not a command" + did_you_mean_suffix(both, names) + " There are " + family);
  }
  for (const Command& command : commands()) {
    if (const std::size_t space = command.name.find(' '); space != std::string_view::npos) {
      names.emplace_back(command.name.substr(0, space));
    }
  }
  return usage(nullptr, "\"" + word + "\" is not a command" + did_you_mean_suffix(word, names));
}

Error unknown_flag(const Command& command, const std::string& word) {
  std::vector<std::string> names;
  for (const Flag& flag : all_flags(command)) names.push_back("--" + std::string(flag.name));
  const std::string name = word.substr(0, word.find('='));
  std::string message =
      "`baton " + std::string(command.name) + "` has no flag " + name + did_you_mean_suffix(name, names);
  const bool is_letter = std::isalpha(static_cast<unsigned char>(word[1])) != 0;
  if (word[1] != '-' && !is_letter && !command.arguments.empty()) {
    message += "; an argument that begins with - stands after --, as in baton " + std::string(command.name) + " -- '" +
               word + "'";
  }
  return usage(&command, message);
}

std::vector<std::string> words_of(std::string_view bars) {
  std::vector<std::string> out;
  while (!bars.empty()) {
    const std::size_t end = std::min(bars.find('|'), bars.size());
    out.emplace_back(bars.substr(0, end));
    bars.remove_prefix(std::min(end + 1, bars.size()));
  }
  return out;
}

/// A value that is none of the words it may be; ok where it may be any.
Status check_word(const Command& command, const std::string& what, const std::string& value, std::string_view bars) {
  const std::vector<std::string> words = words_of(bars);
  if (words.empty() || std::ranges::find(words, value) != words.end()) return Unit{};
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
  const std::string meant = did_you_mean_suffix(value, words);
  return usage(&command, what + " cannot be \"" + value + "\"" + meant +
                             (meant.empty() ? "; choose one of " : " Choose one of ") + list);
}

std::string option_names(const Flag& flag) {
  std::string out = "--" + std::string(flag.name);
  if (flag.letter != 0) out = std::string("-") + flag.letter + "," + out;
  return out;
}

bool asks_for_help(std::span<const std::string> words) {
  for (const std::string& word : words) {
    if (word == "--") return false;
    if (word == "-h" || word == "--help") return true;
  }
  return false;
}

/// The words of one command through CLI11.
class CommandParser {
 public:
  explicit CommandParser(const Command& command) : command_(command), app_("", std::string(command.name)) {
    app_.set_help_flag();
    app_.allow_extras();
    for (const Flag& flag : all_flags(command)) add(flag);
  }

  Result<Arguments> run(std::vector<std::string> words) {
    // What stands behind `--` is no flag; and no argument passes through CLI11, which takes "[1, 2]" apart.
    const auto mark = std::ranges::find(words, "--");
    const std::vector<std::string> plain(mark == words.end() ? mark : mark + 1, words.end());
    words.erase(mark, words.end());
    try {
      std::ranges::reverse(words);  // as CLI11 wants them
      app_.parse(words);
    } catch (const CLI::ParseError& e) {
      return usage(&command_, e.what());
    }
    for (const std::string& word : app_.remaining()) {
      if (word.starts_with("-") && word.size() > 1) return unknown_flag(command_, word);
      out_.positional.push_back(word);
    }
    out_.positional.insert(out_.positional.end(), plain.begin(), plain.end());
    return check();
  }

 private:
  void add(const Flag& flag) {
    const std::string name(flag.name);
    if (flag.value.empty()) {
      app_.add_flag_callback(option_names(flag), [this, name] { out_.flags[name] = {""}; });
      return;
    }
    CLI::Option* option = app_.add_option_function<std::vector<std::string>>(
        option_names(flag), [this, name](const std::vector<std::string>& values) { out_.flags[name] = values; });
    option->type_size(1)->expected(1)->allow_extra_args(false);
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    option->type_name(std::string(flag.value));
  }

  /// What CLI11 was not asked to hold: how often, how many.
  Result<Arguments> check() {
    for (const Flag& flag : all_flags(command_)) {
      for (const std::string& value : out_.values(flag.name)) {
        if (flag.value.empty() || flag.takes_others) continue;
        const Status known = check_word(command_, "--" + std::string(flag.name), value, flag.words);
        if (!known) return known.error();
      }
      if (flag.repeats || out_.values(flag.name).size() < 2) continue;
      return usage(&command_, "--" + std::string(flag.name) + " was given more than once");
    }
    std::size_t wanted = 0;
    bool endless = false;
    for (const Argument& argument : command_.arguments) {
      if (argument.required && out_.positional.size() <= wanted) {
        return usage(&command_, "`baton " + std::string(command_.name) + "` needs " + std::string(argument.name) +
                                    ": " + std::string(argument.help));
      }
      if (out_.positional.size() > wanted) {
        const Status known =
            check_word(command_, std::string(argument.name), out_.positional[wanted], argument.words);
        if (!known) return known.error();
      }
      ++wanted;
      endless = endless || argument.repeats;
    }
    if (!endless && out_.positional.size() > wanted) {
      return usage(&command_, "`baton " + std::string(command_.name) + "` does not know what to do with \"" +
                                  out_.positional[wanted] + "\"");
    }
    return std::move(out_);
  }

  const Command& command_;
  CLI::App app_;
  Arguments out_;
};

}  // namespace

Result<Parsed> parse(std::span<const std::string> typed) {
  const std::vector<std::string> words = command_first(typed);
  Parsed parsed;
  parsed.wants_help = asks_for_help(words);
  if (words.empty() || words.front().starts_with("-")) {
    for (const std::string& word : words) {
      if (word == "--version" || word == "-V") {
        parsed.command = find_command("version");
        return parsed;
      }
    }
    if (!words.empty() && !parsed.wants_help) {
      return usage(nullptr, "a command is missing before or after " + words.front());
    }
    return parsed;
  }
  // Two words before one: `server freeze` is no argument of `server`.
  std::size_t used = 2;
  if (words.size() > 1) parsed.command = find_command(words[0] + " " + words[1]);
  if (parsed.command == nullptr) {
    parsed.command = find_command(words.front());
    used = 1;
  }
  if (parsed.command == nullptr) {
    if (parsed.wants_help && !subcommands_of(words.front()).empty()) return parsed;
    return unknown_command(words);
  }
  if (parsed.wants_help) return parsed;
  Result<Arguments> arguments =
      CommandParser(*parsed.command).run({words.begin() + static_cast<std::ptrdiff_t>(used), words.end()});
  if (!arguments) return arguments.error();
  parsed.arguments = std::move(*arguments);
  return parsed;
}

}  // namespace baton::cli
