// The bodies of tasks: what of them is compiled, and that files and stored versions make the same of it.
#include "scheduler/dagfile/task_body.h"

#include <gtest/gtest.h>

#include "scheduler/dagfile/canonical.h"
#include "tests/unit/dagfile/load.h"

namespace baton {
namespace {

using test::load;

constexpr const char* kBodies = R"(dag: bodies
params: {day: {type: string, default: "2026-01-01"}, n: {type: integer, default: 3}}
tasks:
  http:
    http:
      url: "http://x/${{ params.day }}"
      headers: {Accept: text/plain, A: {secret: token}, B: "${{ secret('other') }}", C: "n ${{ params.n }}"}
      json: {secret: {secret: data}, "a/b": ["${{ params.n }}", 1.10]}
  text: {http: "http://x/${{ params.day }}"}
  checks:
    checks:
      - {name: enough, expect: "params.n > 2"}
      - {name: nulls, run: "check ${{ params.day }}"}
      - {name: plain, run: check}
  ask: {approval: {prompt: "Publish ${{ params.day }}?"}}
)";

std::string places(const TaskBody& body) {
  std::string out;
  for (const auto& [place, text] : body.texts) out += "text" + place + (text.compiled ? " " : "! ");
  for (const auto& [place, script] : body.scripts) out += "script" + place + (script.compiled ? " " : "! ");
  for (const auto& [place, name] : body.secrets) out += "secret" + place + "=" + name + " ";
  return out;
}

void expect_bodies(const Dag& dag) {
  EXPECT_EQ(places(test::spec(dag, "http").body),
            "text/url text/headers/C text/json/a~1b/0 secret/headers/A=token secret/headers/B=other ");
  EXPECT_EQ(places(test::spec(dag, "text").body), "text ");
  EXPECT_EQ(places(test::spec(dag, "checks").body), "text/0/expect script/1/run ");
  EXPECT_EQ(places(test::spec(dag, "ask").body), "text/prompt ");
}

TEST(TaskBody, IsCompiledByTheKindAndThePlace) {
  expect_bodies(*load(kBodies));
}

TEST(TaskBody, AStoredVersionGivesTheSame) {
  const auto dag = load(kBodies);
  const std::string json = canonical_json(*dag);
  const auto back = from_canonical(json);
  ASSERT_TRUE(back.ok()) << back.error().message;
  expect_bodies(**back);
  EXPECT_EQ((*back)->version, dag->version);
  EXPECT_EQ(canonical_json(**back), json);
}

TEST(TaskBody, AFormOfBeforeIsReadAndKeepsItsVersion) {
  const std::string old =
      R"({"language":1,"dag":"x","timezone":"UTC","specs":[{"kind":"http","body":"{\"url\":\"http://x/${{ run.id }}\"}"},)"
      R"({"kind":"http","body":"no JSON"}],"tasks":[["a",0],["b",1]]})";
  const auto dag = from_canonical(old);
  ASSERT_TRUE(dag.ok()) << dag.error().message;
  EXPECT_EQ(places(test::spec(**dag, "a").body), "text/url ");
  EXPECT_EQ(test::spec(**dag, "b").body->json, "no JSON");
  EXPECT_EQ(canonical_json(**dag), old);
}

TEST(TaskBody, MistakesInItsExpressionsAreReported) {
  const auto rules = [](const std::string& task) {
    return test::rules_of(load_text("dag: x\ntasks:\n  a: " + task + "\n", "test.yaml", {}));
  };
  EXPECT_EQ(rules(R"({http: "http://x/${{ params. }}"})"), "expression-syntax");
  EXPECT_EQ(rules(R"({http: "http://x/${{ params.no }}"})"), "unknown-param");
  EXPECT_EQ(rules(R"({http: {url: "http://x", headers: {A: "${{ [1] }}"}}})"), "expression-type");
  EXPECT_EQ(rules(R"({http: {url: "http://x", headers: {A: {secret: "no name"}}}})"), "invalid-id");
  EXPECT_EQ(rules(R"({http: {url: "http://x", json: {a: "${{ secret('s') }}"}}})"), "secret-place");
  EXPECT_EQ(rules(R"({http: {url: "http://x", json: {a: "${{ [1] }}"}}})"), "");
}

}  // namespace
}  // namespace baton
