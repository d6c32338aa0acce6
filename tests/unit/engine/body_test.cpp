// Bodies of tasks, evaluated.
#include "scheduler/engine/body.h"

#include <gtest/gtest.h>

#include "scheduler/json/json_value.h"
#include "tests/support/dag_builder.h"
#include "tests/support/run_driver.h"

namespace baton {
namespace {

using test::DagBuilder;
using test::expression;
using test::RunDriver;

TaskBody request() {
  TaskBody body;
  body.json = R"({"url":"http://x/${{ params.day }}","headers":{"A":{"secret":"token"},"B":"${{ secret('b') }}"},)"
              R"("json":{"n":"${{ params.n }}","l":[1,"${{ params.l }}",{"secret":"data"}],"a/b":"${{ params.n }} x"}})";
  body.texts = {{"/url", expression("http://x/${{ params.day }}")},
                {"/json/n", expression("${{ params.n }}")},
                {"/json/l/1", expression("${{ params.l }}")},
                {"/json/a~1b", expression("${{ params.n }} x")}};
  body.secrets = {{"/headers/A", "token"}, {"/headers/B", "b"}};
  return body;
}

RunDriver run_with(TaskBody body) {
  TaskSpec spec;
  spec.kind = TaskKind::http;
  spec.body = std::move(body);
  return RunDriver(DagBuilder().task("t", {}, spec).build(), {}, {},
                   ValueMap{{"day", "d 1"}, {"n", 3}, {"l", ValueList{true, Value{}}}});
}

TEST(Body, EachExpressionIsEvaluatedWhereItStandsAndKeepsItsType) {
  const RunDriver d = run_with(request());
  const auto value = body_of(d.run(), 0);
  ASSERT_TRUE(value.ok()) << value.error().message;
  EXPECT_EQ(to_json(*value), R"({"url":"http://x/d 1","headers":{"A":{"secret":"token"},"B":{"secret":"b"}},)"
                             R"("json":{"n":3,"l":[1,[true,null],{"secret":"data"}],"a/b":"3 x"}})");
}

TEST(Body, OnlyWhatItsAuthorWroteAsASecretBecomesOne) {
  // A param that looks like one is data, wherever an expression puts it.
  TaskBody body = request();
  body.texts[0] = {"/url", expression("${{ {'secret': 'stolen'} }}")};
  const RunDriver d = run_with(body);
  std::string asked;
  const auto value = with_secrets(body, *body_of(d.run(), 0), [&](const std::string& name) {
    asked += name + " ";
    return Result<std::string>{"s-" + name};
  });
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(asked, "token b ");
  EXPECT_EQ(to_json(*value->find("headers")), R"({"A":"s-token","B":"s-b"})");
  EXPECT_EQ(to_json(*value->find("url")), R"({"secret":"stolen"})");
}

TEST(Body, AWholeBodyMayBeOneText) {
  TaskBody body;
  body.json = R"("http://x/${{ params.n }}")";
  body.texts = {{"", expression("http://x/${{ params.n }}")}};
  const RunDriver d = run_with(body);
  EXPECT_EQ(body_of(d.run(), 0)->as_string(), "http://x/3");
}

TEST(Body, AnErrorNamesItsPlace) {
  TaskBody body = request();
  body.texts[1].text = expression("${{ params.n / 0 }}");
  const RunDriver d = run_with(body);
  const auto value = body_of(d.run(), 0);
  ASSERT_FALSE(value.ok());
  EXPECT_EQ(value.error().message.rfind("json/n: ", 0), 0U) << value.error().message;
}

}  // namespace
}  // namespace baton
