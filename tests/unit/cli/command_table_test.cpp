#include <gtest/gtest.h>

#include <set>

#include "cli/command.h"
#include "cli/help.h"

namespace baton::cli {
namespace {

TEST(CommandTable, EveryCommandExplainsItself) {
  for (const Command& command : commands()) {
    SCOPED_TRACE(command.name);
    EXPECT_FALSE(command.help.empty());
    EXPECT_FALSE(command.help.ends_with('.'));
    EXPECT_NE(command.handler, nullptr);
    ASSERT_FALSE(command.examples.empty());
    for (const Example& example : command.examples) EXPECT_NE(example.line.find("baton " + std::string(command.name)), std::string_view::npos);
    EXPECT_EQ(find_command(command.name), &command);
  }
}

TEST(CommandTable, NoTwoFlagsOfACommandShareANameOrALetter) {
  for (const Command& command : commands()) {
    SCOPED_TRACE(command.name);
    std::set<std::string_view> names;
    std::set<char> letters;
    for (const Flag& flag : all_flags(command)) {
      EXPECT_TRUE(names.insert(flag.name).second) << flag.name;
      EXPECT_TRUE(flag.letter == 0 || letters.insert(flag.letter).second) << flag.letter;
      EXPECT_FALSE(flag.help.empty()) << flag.name;
    }
  }
}

TEST(CommandTable, RequiredArgumentsStandBeforeOptionalOnes) {
  for (const Command& command : commands()) {
    bool optional = false;
    for (const Argument& argument : command.arguments) {
      EXPECT_FALSE(optional && argument.required) << command.name;
      optional = optional || !argument.required;
    }
  }
}

TEST(Help, TheOverviewNamesEveryCommand) {
  const std::string text = overview({});
  for (const Command& command : commands()) {
    EXPECT_NE(text.find("  " + std::string(command.name) + " "), std::string::npos) << command.name;
  }
}

TEST(Help, OfACommandNamesItsFlagsAndFormats) {
  const std::string text = help_of(*find_command("validate"), {});
  EXPECT_NE(text.find("baton validate PATH… [flags]\n"), std::string::npos) << text;
  EXPECT_NE(text.find("table|json|jsonl|yaml|sarif|github"), std::string::npos) << text;
  EXPECT_EQ(help_of(*find_command("stop"), {}).find("--output"), std::string::npos);
}

TEST(Help, OfAFamilyNamesItsCommandsAlone) {
  const std::string text = overview({}, "dag");
  EXPECT_NE(text.find("dag next"), std::string::npos);
  EXPECT_EQ(text.find("validate "), std::string::npos);
}

TEST(Completion, KnowsEveryCommandAndFlag) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Result<std::string> script = completion_script(shell);
    ASSERT_TRUE(script);
    for (const Command& command : commands()) {
      const std::string first(command.name.substr(0, command.name.find(' ')));
      EXPECT_NE(script->find(first), std::string::npos) << shell << " " << command.name;
      for (const Flag& flag : command.flags) {
        const std::string word = (std::string(shell) == "fish" ? "-l " : "--") + std::string(flag.name);
        EXPECT_NE(script->find(word), std::string::npos) << shell << " " << word;
      }
    }
  }
}

TEST(Completion, RefusesAShellItDoesNotKnow) {
  const Result<std::string> script = completion_script("tcsh");
  ASSERT_FALSE(script);
  EXPECT_EQ(script.error().kind, ErrorKind::invalid);
}

TEST(ManualPage, HoldsEveryCommandAndNoBareDashes) {
  const std::string page = manual_page();
  EXPECT_TRUE(page.starts_with(".TH BATON 1"));
  for (const Command& command : commands()) EXPECT_NE(page.find("baton " + std::string(command.name)), std::string::npos) << command.name;
  EXPECT_NE(page.find("\\-\\-dry\\-run"), std::string::npos);
}

}  // namespace
}  // namespace baton::cli
