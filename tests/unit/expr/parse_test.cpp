#include "scheduler/expr/parse.h"

#include <gtest/gtest.h>

#include "scheduler/expr/references.h"

namespace baton::expr {
namespace {

TEST(Parse, ErrorsCarryTheirPlace) {
  const auto check = [](std::string_view text, std::uint32_t begin, std::uint32_t end) {
    const auto parsed = parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().where.begin, begin) << text << ": " << parsed.error().message;
    EXPECT_EQ(parsed.error().where.end, end) << text << ": " << parsed.error().message;
  };
  check("1 +", 3, 3);
  check("a b", 2, 3);
  check("a = b", 2, 3);
  check("f(1,)", 4, 5);
  check("'abc", 0, 1);
  check("1u", 0, 2);
  check("[1, 2", 5, 5);
  check("x.map(1, 2)", 6, 7);
  check("for", 0, 3);
  check("9223372036854775808", 0, 19);
  check("'\\q'", 1, 3);
}

TEST(Parse, BaseIsAddedToEveryRange) {
  const auto parsed = parse("a +", 100);
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().where.begin, 103U);
  const auto good = parse("a + b.c", 100);
  ASSERT_TRUE(good.ok());
  EXPECT_EQ((*good)->root().where, (SourceRange{100, 107}));
}

TEST(Parse, DeepNestingIsAnErrorAndNoOverflow) {
  for (const std::string& text : {std::string(8000, '('), std::string(8000, '['), std::string(8000, '!'),
                                  std::string(8000, '-') + "1", std::string(8000, '{')}) {
    EXPECT_FALSE(parse(text).ok());
  }
  std::string chain = "a";
  for (int i = 0; i < 3000; ++i) chain += ".a";
  EXPECT_FALSE(parse(chain).ok());
  std::string conditions = "true";
  for (int i = 0; i < 3000; ++i) conditions += "&&a";
  EXPECT_TRUE(parse(conditions).ok());
}

TEST(Parse, TooLongIsAnError) {
  EXPECT_FALSE(parse(std::string(kSourceMax + 1, ' ')).ok());
}

TEST(References, PathsAreAsLongAsTheyAreConstant) {
  const auto parsed = parse("tasks.a.outputs.n + tasks['b-c'].x[i].y + has(p.q.r) + [1].map(v, v.w + u.w)[0]");
  ASSERT_TRUE(parsed.ok());
  std::vector<std::string> texts;
  for (const Path& path : references(**parsed)) {
    std::string text;
    for (const std::string& name : path.names) text += "/" + name;
    texts.push_back(text + (path.is_presence_test ? "?" : ""));
  }
  EXPECT_EQ(texts, (std::vector<std::string>{"/tasks/a/outputs/n", "/tasks/b-c/x", "/i", "/p/q/r?", "/u/w"}));
}

TEST(References, CallsAreFound) {
  const auto parsed = parse("secret('a')");
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(is_call_of(**parsed, Function::secret));
  const auto nested = parse("'x' + raw(nope(1))");
  ASSERT_TRUE(nested.ok());
  const auto found = calls(**nested);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_FALSE(found[0].is_root);
  EXPECT_EQ(found[1].name, "nope");
  EXPECT_EQ(found[1].function, nullptr);
}

TEST(ExpressionEnd, StringsAndBracesAreSkipped) {
  const auto end = [](std::string_view text) { return find_expression_end(text, 0); };
  EXPECT_EQ(end("a}}"), 1U);
  EXPECT_EQ(end("'}}'}}"), 4U);
  EXPECT_EQ(end("{1:{2:3}}}}"), 9U);
  EXPECT_EQ(end("r'\\'}}"), 4U);
  EXPECT_EQ(end("'\\'}}'}}"), 6U);
  EXPECT_EQ(end("'''a'}}'''}}"), 10U);
  EXPECT_EQ(end("a // it's }}"), 10U);
  EXPECT_EQ(end("'}}"), std::string_view::npos);
  EXPECT_EQ(end("a}"), std::string_view::npos);
}

}  // namespace
}  // namespace baton::expr
