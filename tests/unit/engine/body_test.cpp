// Bodies of tasks, evaluated.
#include "scheduler/engine/body.h"

#include <gtest/gtest.h>

#include "scheduler/engine/render.h"
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

LaunchContext context() {
  LaunchContext out;
  out.state_folder = "/state";
  out.task_program = "/opt/baton-task";
  out.secret = [](const std::string& name) {
    return name == "none" ? Result<std::string>{Error{"secret \"none\" is not set"}} : Result<std::string>{"s-" + name};
  };
  out.connection = [](const std::string& name) -> Result<Connection> {
    if (name != "pg") return Error{"there is no connection \"" + name + "\"", ErrorKind::not_found};
    return Connection{"pg", Connection::Kind::postgresql, "host=h", "pw"};
  };
  return out;
}

TaskSpec sql_task(const std::string& connection) {
  TaskSpec spec;
  spec.kind = TaskKind::sql;
  TaskBody body;
  body.json = R"({"connection":")" + connection + R"(","query":"select ?","params":["${{ params.v }}"]})";
  body.texts = {{"/params/0", expression("${{ params.v }}")}};
  spec.body = std::move(body);
  spec.outputs.edit().push_back({"rows", OutputSpec::Type::list});
  return spec;
}

std::variant<Rendered, RenderError> rendered(TaskSpec spec, const std::string& own = "") {
  DagBuilder builder;
  builder.task("t", {}, std::move(spec));
  builder.dag().work_folder = "/dags";
  if (!own.empty()) builder.dag().connections.push_back({own, Connection::Kind::sqlite, "data/w.db", ""});
  const RunDriver d(builder.build(), {}, {}, ValueMap{{"v", "x'; drop"}, {"day", "d"}, {"n", 3}, {"l", 1}});
  return Renderer(context()).render(d.run(), 0, 1, d.now());
}

TEST(Launch, ARequestIsToldOnStandardInputAlone) {
  TaskSpec spec;
  spec.kind = TaskKind::http;
  spec.body = request();
  spec.stdin_text = Text{"what the author says", nullptr};
  const auto out = rendered(spec);
  const auto& launch = std::get<Rendered>(out);
  EXPECT_EQ(launch.spec.argv, (std::vector<std::string>{"/opt/baton-task", "http"}));
  EXPECT_EQ(launch.spec.stdin_text,
            R"({"http":{"url":"http://x/d","headers":{"A":"s-token","B":"s-b"},"json":{"n":3,"l":[1,1,)"
            R"({"secret":"data"}],"a/b":"3 x"}},"secret_headers":["A","B"],"outputs":{}})");
  EXPECT_EQ(launch.spec.masks, (std::vector<std::string>{"s-token", "s-b"}));
  EXPECT_NE(launch.rendered_json.find(R"("A":{"secret":"token"})"), std::string::npos) << launch.rendered_json;
  for (const std::string& entry : launch.spec.env) EXPECT_EQ(entry.find("s-token"), std::string::npos) << entry;
}

TEST(Launch, ASecretHeaderIsKnownWhateverItsName) {
  TaskSpec spec;
  spec.kind = TaskKind::http;
  TaskBody body;
  body.json = R"({"url":"http://x","headers":{"A~B":{"secret":"k"}}})";
  body.secrets = {{"/headers/A~0B", "k"}};
  spec.body = std::move(body);
  const auto out = rendered(spec);
  EXPECT_NE(std::get<Rendered>(out).spec.stdin_text.find(R"("secret_headers":["A~B"])"), std::string::npos);
}

TEST(Launch, ASecretThatIsNotThereIsTheReason) {
  TaskSpec spec;
  spec.kind = TaskKind::http;
  TaskBody body = request();
  body.secrets[1].name = "none";
  spec.body = std::move(body);
  const auto out = rendered(spec);
  ASSERT_TRUE(std::holds_alternative<RenderError>(out));
  EXPECT_EQ(std::get<RenderError>(out).reason, Reason::secret);
}

TEST(Launch, ValuesOfStatementsStayBesideThem) {
  const auto out = rendered(sql_task("pg"));
  const auto& launch = std::get<Rendered>(out);
  EXPECT_EQ(launch.spec.stdin_text,
            R"({"sql":{"connection":"pg","query":"select ?","params":["x'; drop"]},)"
            R"("connection":{"name":"pg","postgresql":"host=h","password":"s-pw"},"outputs":{"rows":"value"}})");
  EXPECT_EQ(launch.spec.masks, (std::vector<std::string>{"s-pw"}));
  EXPECT_EQ(launch.rendered_json.find("s-pw"), std::string::npos);
}

TEST(Launch, AConnectionOfTheDagLiesBesideItAndBatonYamlGoesBefore) {
  const auto own = rendered(sql_task("w"), "w");
  EXPECT_NE(std::get<Rendered>(own).spec.stdin_text.find(R"("sqlite":"/dags/data/w.db")"), std::string::npos);
  const auto both = rendered(sql_task("pg"), "pg");
  EXPECT_EQ(std::get<Rendered>(both).spec.stdin_text.find("sqlite"), std::string::npos);
  const auto none = rendered(sql_task("other"), "w");
  ASSERT_TRUE(std::holds_alternative<RenderError>(none));
  EXPECT_EQ(std::get<RenderError>(none).message, "there is no connection \"other\"");
}

}  // namespace
}  // namespace baton
