#include "cli/parse.h"

#include <gtest/gtest.h>

#include "cli/invocation.h"

namespace baton::cli {
namespace {

Result<Parsed> parsed(std::vector<std::string> words) { return parse(words); }

std::string error_of(std::vector<std::string> words) {
  const Result<Parsed> result = parse(words);
  if (result) return "no error";
  EXPECT_EQ(result.error().kind, ErrorKind::invalid);
  return result.error().message;
}

TEST(Parse, FindsCommandArgumentsAndFlags) {
  const Result<Parsed> p = parsed({"run", "etl.yaml", "-p", "a=1", "--param", "b=2", "--dry-run", "--slots=4"});
  ASSERT_TRUE(p) << p.error().message;
  EXPECT_EQ(p->command->name, "run");
  EXPECT_EQ(p->arguments.positional, std::vector<std::string>{"etl.yaml"});
  EXPECT_EQ(p->arguments.values("param"), (std::vector<std::string>{"a=1", "b=2"}));
  EXPECT_TRUE(p->arguments.has("dry-run"));
  EXPECT_FALSE(p->arguments.has("wait"));
  EXPECT_EQ(p->arguments.value("slots"), "4");
}

TEST(Parse, FlagsMayStandBetweenAndBeforeArguments) {
  const Result<Parsed> p = parsed({"--state", "/tmp/x", "why", "-o", "json", "@latest", "load[3]"});
  ASSERT_TRUE(p) << p.error().message;
  EXPECT_EQ(p->command->name, "why");
  EXPECT_EQ(p->arguments.value("state"), "/tmp/x");
  EXPECT_EQ(p->arguments.positional, (std::vector<std::string>{"@latest", "load[3]"}));
}

TEST(Parse, CommandsOfTwoWords) {
  const Result<Parsed> p = parsed({"dag", "next", "etl.yaml", "-n", "20"});
  ASSERT_TRUE(p) << p.error().message;
  EXPECT_EQ(p->command->name, "dag next");
  EXPECT_EQ(p->arguments.value("count"), "20");
}

TEST(Parse, WordsAfterTwoDashesAreNoFlags) {
  const Result<Parsed> p = parsed({"expr", "--", "-1 + 2"});
  ASSERT_TRUE(p) << p.error().message;
  EXPECT_EQ(p->arguments.positional, std::vector<std::string>{"-1 + 2"});
}

TEST(Parse, BracketsAndCommasInsideAWordStayOneWord) {
  const Result<Parsed> p = parsed({"expr", "[1, 'a']", "--let", "[x,y]=1", "--", "--", "-x"});
  ASSERT_FALSE(p);  // `expr` takes one argument; what matters is how many there are
  EXPECT_NE(p.error().message.find("\"--\""), std::string::npos) << p.error().message;
  const Result<Parsed> q = parsed({"expr", "[1, 'a']", "--let", "[x,y]"});
  ASSERT_TRUE(q) << q.error().message;
  EXPECT_EQ(q->arguments.positional, std::vector<std::string>{"[1, 'a']"});
  EXPECT_EQ(q->arguments.values("let"), std::vector<std::string>{"[x,y]"});
}

TEST(Parse, HelpNeedsNoArguments) {
  const Result<Parsed> p = parsed({"run", "-h"});
  ASSERT_TRUE(p);
  EXPECT_TRUE(p->wants_help);
  EXPECT_EQ(p->command->name, "run");
  EXPECT_EQ(parsed({})->command, nullptr);
  EXPECT_EQ(parsed({"--version"})->command->name, "version");
}

TEST(Parse, UnknownCommandSaysWhatWasMeant) {
  EXPECT_NE(error_of({"vaildate", "x"}).find("did you mean \"validate\"?"), std::string::npos);
  EXPECT_NE(error_of({"dag", "nxt"}).find("did you mean \"dag next\"?"), std::string::npos);
  EXPECT_NE(error_of({"dag"}).find("`baton dag next`"), std::string::npos);
}

TEST(Parse, UnknownFlagSaysWhatWasMeantAndWhereHelpIs) {
  const std::string message = error_of({"run", "a.yaml", "--dryrun"});
  EXPECT_NE(message.find("did you mean \"--dry-run\"?"), std::string::npos) << message;
  EXPECT_NE(message.find("`baton run --help`"), std::string::npos) << message;
}

TEST(Parse, MissingAndSuperfluousArguments) {
  EXPECT_NE(error_of({"why"}).find("RUN|DAG"), std::string::npos);
  EXPECT_NE(error_of({"show", "a", "b", "c"}).find("\"c\""), std::string::npos);
  EXPECT_TRUE(parsed({"validate", "a", "b", "c"}));
}

TEST(Parse, AFlagThatDoesNotRepeatIsRefusedTwice) {
  EXPECT_NE(error_of({"run", "a", "--slots", "1", "--slots", "2"}).find("more than once"), std::string::npos);
}

TEST(Parse, AFlagWithoutItsValueIsRefused) { EXPECT_NE(error_of({"run", "a", "--slots"}).find("slots"), std::string::npos); }

TEST(Parse, LsTakesFolderAndStatesUnderOneName) {
  const Result<Parsed> p = parsed({"ls", "--state", "failed", "--state", "/tmp/x"});
  ASSERT_TRUE(p) << p.error().message;
  EXPECT_EQ(p->arguments.values("state").size(), 2U);
}

TEST(Format, IsOneOfTheCommands) {
  Arguments arguments;
  arguments.flags["output"] = {"sarif"};
  EXPECT_TRUE(format_of(*find_command("validate"), arguments));
  const Result<Format> refused = format_of(*find_command("run"), arguments);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("table|json|jsonl|yaml"), std::string::npos);
}

}  // namespace
}  // namespace baton::cli
