// Completion scripts. All three ask `baton` itself for runs and DAGs, and know everything else from the table.
#include <algorithm>
#include <vector>

#include "cli/exit_codes.h"
#include "cli/help.h"

namespace baton::cli {
namespace {

constexpr std::string_view kRuns =
    R"x(baton ls -n 30 -o jsonl 2>/dev/null | sed -n 's/.*"dag_run_id":"\([^"]*\)".*/\1/p')x";
constexpr std::string_view kDags = R"x(baton dag ls -o jsonl 2>/dev/null | sed -n 's/.*"dag_id":"\([^"]*\)".*/\1/p')x";

/// First words, and for each family (`dag`, `db`) its second words.
struct Families {
  std::vector<std::string> first;
  std::vector<std::pair<std::string, std::vector<std::string>>> second;
};

Families families() {
  Families out;
  for (const Command& command : commands()) {
    const std::size_t space = command.name.find(' ');
    const std::string first(command.name.substr(0, space));
    if (std::ranges::find(out.first, first) == out.first.end()) out.first.push_back(first);
    if (space == std::string_view::npos) continue;
    auto family = std::ranges::find(out.second, first, [](const auto& known) { return known.first; });
    if (family == out.second.end()) family = out.second.insert(family, {first, {}});
    family->second.emplace_back(command.name.substr(space + 1));
  }
  return out;
}

std::string joined(const std::vector<std::string>& words, char between) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += between;
    out += word;
  }
  return out;
}

std::string spaced(std::string_view words) {
  std::string out(words);
  std::ranges::replace(out, '|', ' ');
  return out;
}

const Argument* argument_of(const Command& command) {
  return command.arguments.empty() ? nullptr : &command.arguments.front();
}

// ---- bash ---------------------------------------------------------------------------------------------------------

std::string bash_values(Complete complete, std::string_view words) {
  switch (complete) {
    case Complete::nothing:
    case Complete::task: return ":";
    case Complete::dag_file:
    case Complete::file: return "COMPREPLY=($(compgen -f -- \"$cur\")); compopt -o filenames 2>/dev/null";
    case Complete::folder: return "COMPREPLY=($(compgen -d -- \"$cur\")); compopt -o filenames 2>/dev/null";
    case Complete::run: return "_baton_words \"@latest $(" + std::string(kRuns) + ")\"";
    case Complete::dag: return "_baton_words \"$(" + std::string(kDags) + ")\"";
    case Complete::shell: return "_baton_words \"bash zsh fish\"";
    case Complete::words: return "_baton_words \"" + spaced(words) + "\"";
  }
  return ":";
}

std::string bash_command(const Command& command) {
  std::string out = "    \"" + std::string(command.name) + "\")\n      case \"$prev\" in\n";
  std::string names;
  for (const Flag& flag : all_flags(command)) {
    names += " --" + std::string(flag.name);
    if (flag.letter != 0) names += std::string(" -") + flag.letter;
    if (flag.value.empty()) continue;
    out += "        --" + std::string(flag.name) + (flag.letter != 0 ? std::string("|-") + flag.letter : "") + ") " +
           bash_values(flag.complete, flag.words) + "; return ;;\n";
  }
  out += "      esac\n      if [[ $cur == -* ]]; then _baton_words \"" + names.substr(1) + "\"\n";
  const Argument* argument = argument_of(command);
  out += "      else " + (argument == nullptr ? std::string(":") : bash_values(argument->complete, {})) + "; fi ;;\n";
  return out;
}

std::string bash_script() {
  const Families names = families();
  std::string out = R"(# bash completion for baton: source <(baton completion bash)
_baton_words() {
  COMPREPLY=($(compgen -W "$1" -- "$cur"))
  if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$cur"; fi
}
_baton() {
  local cur prev words cword command i
  if declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref -n : cur prev words cword
  else
    cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
  fi
  COMPREPLY=()
  command=
  for ((i = 1; i < cword; i++)); do
    [[ ${words[i]} == -* ]] && continue
    if [[ -z $command ]]; then
      command=${words[i]}
      case "$command" in )";
  std::string family_names;
  for (const auto& [first, second] : names.second) family_names += (family_names.empty() ? "" : "|") + first;
  out +=
      family_names + ") continue ;; esac\n      break\n    fi\n    command=\"$command ${words[i]}\"; break\n  done\n";
  out += "  case \"$command\" in\n    \"\") _baton_words \"" + joined(names.first, ' ') + "\" ;;\n";
  for (const auto& [first, second] : names.second) {
    out += "    " + first + ") _baton_words \"" + joined(second, ' ') + "\" ;;\n";
  }
  for (const Command& command : commands()) out += bash_command(command);
  return out + "  esac\n}\ncomplete -F _baton baton\n";
}

// ---- zsh ----------------------------------------------------------------------------------------------------------

/// Inside single quotes, in a spec of _arguments.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
      continue;
    }
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_values(Complete complete, std::string_view words) {
  switch (complete) {
    case Complete::nothing:
    case Complete::task: return " ";
    case Complete::dag_file:
    case Complete::file: return "_files";
    case Complete::folder: return "_files -/";
    case Complete::run: return "_baton_runs";
    case Complete::dag: return "_baton_dags";
    case Complete::shell: return "(bash zsh fish)";
    case Complete::words: return "(" + spaced(words) + ")";
  }
  return " ";
}

std::string zsh_command(const Command& command) {
  std::string out = "    '" + std::string(command.name) + "') _arguments";
  const auto add = [&](const std::string& word, const Flag& flag) {
    out += " \\\n      '" + std::string(flag.repeats ? "*" : "") + word + "[" + zsh_text(flag.help) + "]";
    if (!flag.value.empty()) out += ":" + zsh_text(flag.value) + ":" + zsh_values(flag.complete, flag.words);
    out += "'";
  };
  for (const Flag& flag : all_flags(command)) {
    if (flag.letter != 0) add(std::string("-") + flag.letter, flag);
    add("--" + std::string(flag.name), flag);
  }
  for (const Argument& argument : command.arguments) {
    out += std::string(" \\\n      '") + (argument.repeats ? "*" : "") + ":" + zsh_text(argument.name) + ":" +
           zsh_values(argument.complete, {}) + "'";
  }
  return out + " ;;\n";
}

std::string zsh_script() {
  const Families names = families();
  std::string out = "#compdef baton\n# zsh completion for baton: baton completion zsh > \"${fpath[1]}/_baton\"\n";
  out += "_baton_runs() { local -a runs; runs=(@latest ${(f)\"$(" + std::string(kRuns) + ")\"}); compadd -a runs }\n";
  out += "_baton_dags() { local -a dags; dags=(${(f)\"$(" + std::string(kDags) + ")\"}); compadd -a dags }\n";
  out += "_baton() {\n  local command=$words[2]\n  if (( CURRENT == 2 )); then\n    local -a names; names=(\n";
  for (const std::string& first : names.first) {
    const Command* command = find_command(first);
    out += "      '" + first + ":" + zsh_text(command == nullptr ? first + " …" : command->help) + "'\n";
  }
  out += "    )\n    _describe command names; return\n  fi\n  case $command in\n";
  for (const auto& [first, second] : names.second) {
    out += "    " + first + ")\n      if (( CURRENT == 3 )); then compadd " + joined(second, ' ') +
           "; return; fi\n      command=\"$command $words[3]\"; shift words; (( CURRENT-- )) ;;\n";
  }
  out += "  esac\n  shift words; (( CURRENT-- ))\n  case $command in\n";
  for (const Command& command : commands()) out += zsh_command(command);
  return out + "  esac\n}\nif [ \"$funcstack[1]\" = _baton ]; then _baton \"$@\"; else compdef _baton baton; fi\n";
}

// ---- fish ---------------------------------------------------------------------------------------------------------

std::string fish_text(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string fish_values(Complete complete, std::string_view words) {
  switch (complete) {
    case Complete::nothing:
    case Complete::task: return " -x";
    case Complete::dag_file:
    case Complete::file: return " -r -F";
    case Complete::folder: return " -x -a '(__fish_complete_directories)'";
    case Complete::run: return " -x -a '@latest (__baton_runs)'";
    case Complete::dag: return " -x -a '(__baton_dags)'";
    case Complete::shell: return " -x -a 'bash zsh fish'";
    case Complete::words: return " -x -a " + fish_text(spaced(words));
  }
  return "";
}

std::string fish_command(const Command& command) {
  const std::string begin = "complete -c baton -n '__baton_is " + std::string(command.name) + "'";
  std::string out;
  for (const Flag& flag : all_flags(command)) {
    out += begin + " -l " + std::string(flag.name);
    if (flag.letter != 0) out += std::string(" -s ") + flag.letter;
    if (!flag.value.empty()) out += fish_values(flag.complete, flag.words);
    out += " -d " + fish_text(flag.help) + "\n";
  }
  if (const Argument* argument = argument_of(command); argument != nullptr && argument->complete != Complete::nothing) {
    out += begin + fish_values(argument->complete, {}) + "\n";
  }
  return out;
}

std::string fish_script() {
  const Families names = families();
  std::string out = "# fish completion for baton: baton completion fish > ~/.config/fish/completions/baton.fish\n";
  out += "function __baton_runs; " + std::string(kRuns) + "; end\n";
  out += "function __baton_dags; " + std::string(kDags) + "; end\n";
  out += "function __baton_words; string match -v -- '-*' (commandline -opc)[2..]; end\n";
  out += "function __baton_none; test (count (__baton_words)) -eq 0; end\n";
  out += "function __baton_first; set -l w (__baton_words); test (count $w) -eq 1 -a \"$w[1]\" = $argv[1]; end\n";
  out += "function __baton_is; set -l w (__baton_words); set -l n (count $argv); test \"$w[1..$n]\" = \"$argv\"; end\n";
  out += "complete -c baton -f\n";
  for (const std::string& first : names.first) {
    const Command* command = find_command(first);
    out += "complete -c baton -n __baton_none -a " + first + " -d " +
           fish_text(command == nullptr ? first + " …" : command->help) + "\n";
  }
  for (const auto& [first, second] : names.second) {
    for (const std::string& word : second) {
      out += "complete -c baton -n '__baton_first " + first + "' -a " + word + " -d " +
             fish_text(find_command(first + " " + word)->help) + "\n";
    }
  }
  for (const Command& command : commands()) out += fish_command(command);
  return out;
}

}  // namespace

Result<std::string> completion_script(std::string_view shell) {
  if (shell == "bash") return bash_script();
  if (shell == "zsh") return zsh_script();
  if (shell == "fish") return fish_script();
  return Error{"there is no completion for \"" + std::string(shell) + "\"; there is for bash, zsh and fish"};
}

}  // namespace baton::cli
