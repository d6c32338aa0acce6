// Quoting against the shells themselves: what printf receives is the value, and no value runs as code.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "scheduler/expr/shell_template.h"

namespace baton::expr {
namespace {

namespace fs = std::filesystem;

/// stdout of `shell -c script`, run in `folder` with nothing on stdin and stderr.
std::string run_shell(const std::string& shell, const std::string& script, const fs::path& folder) {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  std::array<char*, 4> argv{const_cast<char*>(shell.c_str()), const_cast<char*>("-c"),
                            const_cast<char*>(script.c_str()), nullptr};
  std::array<char*, 3> env{const_cast<char*>("PATH=/usr/bin:/bin"), const_cast<char*>("LC_ALL=C.UTF-8"), nullptr};
  pid_t pid = 0;
  EXPECT_EQ(posix_spawnp(&pid, shell.c_str(), &actions, nullptr, argv.data(), env.data()), 0);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::string out;
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; (n = read(ends[0], buffer.data(), buffer.size())) > 0;)
    out.append(buffer.data(), static_cast<std::size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  return out;
}

class ShellProperty : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = fs::temp_directory_path() / "baton-expr-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  template <std::size_t N>
  std::string pick(const std::array<std::string_view, N>& from) {
    return std::string(from[random_() % N]);
  }

  std::string random_value() {
    static constexpr std::array<std::string_view, 34> kPieces{
        "'", "\"", "\\", "$", "`", "\n", " ",    "\t", "$(", ")", "${", "}",     "$((",   "))", "#", "!", "*",
        "?", "-",  "--", "é", "🐱", "a",  "HOME", ";",  "&",  "|", "<",  "<<EOF", "EOF\n", "\r", "~", "[", "\xff"};
    std::string value;
    for (std::size_t i = random_() % 9; i > 0; --i) value += pick(kPieces);
    return value;
  }

  static std::uint32_t seed() {
    const char* wanted = std::getenv("BATON_SHELL_SEED");
    return wanted != nullptr ? static_cast<std::uint32_t>(std::atoi(wanted)) : 20260101;
  }

  fs::path folder_;
  std::mt19937 random_{seed()};
};

TEST_F(ShellProperty, EveryPlaceGivesTheValueUnchanged) {
  const std::string script =
      "v=${{ x }}\n"
      "w=\"${{ x }}\"\n"
      "y='${{ x }}'\n"
      "printf '%s\\0' ${{ x }} \"${{ x }}\" '${{ x }}' \"$v\" \"$w\" \"$y\"\n"
      "printf '%s\\0' a${{ x }}b \"a${{ x }}b\" 'a${{ x }}b' \"$u${{ x }}\" $1${{ x }}\"${{ x }}\"'${{ x }}'\n"
      "case ${{ x }} in ${{ x }}) printf 'same\\0';; *) printf 'other\\0';; esac\n"
      "cat <<EOF >/dev/null ${{ x }}/dev/null\n it's \"\nEOF\n"
      "for i in ${{ x }} \"${{ x }}\"; do printf '%s\\0' \"$i\"; done # ${{ x }}\n"
      "printf '%s\\0' $(echo one) ${{ x }} ${v:+two} ${{ x }} $((1 + 2)) ${{ x }} `echo four` ${{ x }}\n";
  for (const auto& [shell, kind] : {std::pair{"bash", ShellKind::bash}, std::pair{"dash", ShellKind::sh}}) {
    const ParsedShellTemplate parsed = parse_shell_template(script, kind);
    ASSERT_TRUE(parsed.ok()) << parsed.findings.front().error.message;
    for (int i = 0; i < 250; ++i) {
      const std::string x = random_value();
      FixedNames names;
      names.set("x", Value(x));
      const Outcome<std::string> text = render(parsed.value, script, names);
      ASSERT_TRUE(text.ok());
      std::string wanted;
      const auto add = [&](const std::string& one) { wanted += one + std::string(1, '\0'); };
      for (int n = 0; n < 6; ++n) add(x);
      for (int n = 0; n < 3; ++n) add("a" + x + "b");
      add(x);
      add(x + x + x);
      add("same");
      add(x);
      add(x);
      add("one");
      add(x);
      if (!x.empty()) add("two");
      add(x);
      add("3");
      add(x);
      add("four");
      add(x);
      ASSERT_EQ(run_shell(shell, *text, folder_), wanted) << shell << ": " << *text;
    }
  }
}

/// Scripts of random pieces, most of them broken: if the lexer lets an expression pass, no value may run as code.
TEST_F(ShellProperty, NoValueRunsAsCode) {
  static constexpr std::array<std::string_view, 58> kPieces{"${{ x }}",
                                                            "${{ x }}",
                                                            "${{ x }}",
                                                            "${{ x }}",
                                                            "\"${{ x }}\"",
                                                            "'${{ x }}'",
                                                            "'",
                                                            "\"",
                                                            "\\",
                                                            "\n",
                                                            " ",
                                                            " ",
                                                            "$",
                                                            "`",
                                                            "$(",
                                                            ")",
                                                            "${a:-",
                                                            "}",
                                                            "$((",
                                                            "))",
                                                            "((",
                                                            "(",
                                                            "#",
                                                            " # ",
                                                            "<<EOF\n",
                                                            "\nEOF\n",
                                                            "<<'EOF'\n",
                                                            "<<-EOF\n",
                                                            "EOF",
                                                            "<<",
                                                            "echo ",
                                                            "; echo ",
                                                            "case a in a) ",
                                                            ";; esac ",
                                                            "esac",
                                                            "a=",
                                                            "a=(",
                                                            "a[",
                                                            "]",
                                                            "[[ a == ",
                                                            " ]]",
                                                            "$'",
                                                            "$\"",
                                                            "\\\n",
                                                            "$a",
                                                            "1",
                                                            "| cat ",
                                                            "&& : ",
                                                            "{ ",
                                                            "; }",
                                                            "if : ; then ",
                                                            "; fi ",
                                                            "<(",
                                                            "@(",
                                                            "=~ ",
                                                            "for a in ",
                                                            "; do : ; done ",
                                                            "\t"};
  const std::string code = ">pwned";
  const std::array<std::string, 12> values{
      "$(" + code + ")",
      "`" + code + "`",
      "';" + code + ";'",
      "\";" + code + ";\"",
      "\n" + code + "\n",
      ");" + code + ";(",
      "}" + code + "{",
      "(" + code + ")",
      "{IFS:-$(" + code + ")}",
      "EOF\n" + code + "\n",
      "'\n" + code + "\n\"\n" + code + "\n`" + code + "`)\n" + code + "\n}\n" + code + "\nEOF\n" + code + "\n",
      "a[$(" + code + ")]"};
  // More of them by hand: BATON_SHELL_SCRIPTS=60000 BATON_SHELL_SEED=7.
  const char* wanted_scripts = std::getenv("BATON_SHELL_SCRIPTS");
  const int scripts = wanted_scripts != nullptr ? std::atoi(wanted_scripts) : 4000;
  int accepted = 0;
  for (int i = 0; i < scripts; ++i) {
    std::string script = random_() % 2 == 0 ? "echo " : "";
    for (std::size_t n = 2 + random_() % 9; n > 0; --n) script += pick(kPieces);
    for (const auto& [shell, kind] :
         {std::pair{"bash", ShellKind::bash}, std::pair{"bash", ShellKind::sh}, std::pair{"dash", ShellKind::sh}}) {
      const ParsedShellTemplate parsed = parse_shell_template(script, kind);
      if (!parsed.ok() || parsed.value.is_literal()) continue;
      ++accepted;
      FixedNames names;
      names.set("x", Value(values[random_() % values.size()]));
      const Outcome<std::string> text = render(parsed.value, script, names);
      ASSERT_TRUE(text.ok());
      run_shell(shell, *text, folder_);
      ASSERT_FALSE(fs::exists(folder_ / "pwned")) << shell << " ran the value in:\n" << script << "\nas:\n" << *text;
    }
  }
  EXPECT_GT(accepted, scripts / 8);
}

}  // namespace
}  // namespace baton::expr
