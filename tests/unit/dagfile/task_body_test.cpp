// The bodies of tasks: what of them is compiled, and that files and stored versions make the same of it.
#include "scheduler/dagfile/task_body.h"

#include <gtest/gtest.h>

#include "scheduler/dagfile/canonical.h"
#include "scheduler/dagfile/loader.h"
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

TEST(Connections, AreThoseOfTheDagAndOfBatonYaml) {
  const std::string yaml =
      "dag: x\nconnections: {own: {sqlite: own.db}, pg: {postgresql: host=h, password: {secret: pw}}}\ntasks:\n"
      "  a: {sql: {connection: own, query: select 1}}\n  b: {sql: {connection: shared, query: select 1}}\n";
  LoadOptions options;
  options.config.connections = {{"shared", Connection::Kind::sqlite, "/s.db", ""}};
  const auto dag = load(yaml, options);
  ASSERT_NE(dag, nullptr);
  ASSERT_EQ(dag->connections.size(), 2U);
  EXPECT_EQ(dag->connections[1].password_secret, "pw");
  const auto back = from_canonical(canonical_json(*dag));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ((*back)->connections, dag->connections);
  EXPECT_EQ((*back)->version, dag->version);
  EXPECT_EQ(test::rules_of(load_text(yaml, "test.yaml", {})), "unknown-connection");
}

TEST(Connections, OfBatonYamlAreReadInFull) {
  const auto read = [](const std::string& what) {
    const ConfigResult result = load_config_text("connections: {w: " + what + "}\n", "/etc/baton.yaml");
    std::string rules;
    for (const auto& d : result.diagnostics) rules += (rules.empty() ? "" : " ") + d.rule;
    return rules;
  };
  EXPECT_EQ(read("{sqlite: w.db}"), "");
  EXPECT_EQ(read("{postgresql: 'host=h dbname=d', password: {secret: pw}}"), "");
  EXPECT_EQ(read("{}"), "conflicting-keys");
  EXPECT_EQ(read("{sqlite: a, postgresql: b}"), "conflicting-keys");
  EXPECT_EQ(read("{sqlite: a, password: {secret: b}}"), "conflicting-keys");
  EXPECT_EQ(read("{postgresql: 'host=h password=x'}"), "invalid-value");
  EXPECT_EQ(read("{postgresql: h, password: x}"), "wrong-type");
  EXPECT_EQ(read("{sqlite: ''}"), "invalid-value");
  EXPECT_EQ(read("{mysql: h}"), "conflicting-keys unknown-key");
}

TEST(TaskBody, WhatCannotBeSentIsSeenWhenTheFileIsRead) {
  const auto rules = [](const std::string& task) {
    return test::rules_of(load_text("dag: x\nparams: {v: {default: x}}\ntasks:\n  a: " + task + "\n", "test.yaml", {}));
  };
  EXPECT_EQ(rules(R"({http: "ftp://x"})"), "invalid-value");
  EXPECT_EQ(rules(R"({http: "ht${{ params.v }}"})"), "");
  EXPECT_EQ(rules(R"({http: "${{ params.v }}/a"})"), "");
  EXPECT_EQ(rules(R"({http: {url: "http://x", headers: {"A b": c}}})"), "invalid-value");
  EXPECT_EQ(rules(R"({http: {url: "http://x", headers: {A: "b\nc"}}})"), "invalid-value");
  EXPECT_EQ(rules(R"({http: {url: "http://x", expect: [200, 600]}})"), "invalid-value");
  EXPECT_EQ(rules(R"({http: "http://x", outputs: {rows: list}})"), "unknown-name");
  EXPECT_EQ(rules(R"({sensor: {http: "http://x", file: a}})"), "conflicting-keys");
  EXPECT_EQ(rules(R"({sensor: {http: {url: "http://x", headers: {A: {secret: s}}}, every: 1s}})"), "");
}

TEST(AssetSensor, NamesAnAssetThatIsDeclared) {
  const auto dag = load("dag: x\nassets: {a: u}\ntasks: {s: {sensor: {asset: a, since: \"${{ interval.end }}\"}}}\n");
  ASSERT_NE(dag, nullptr);
  const auto back = from_canonical(canonical_json(*dag));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(test::spec(**back, "s").sensor->kind, Sensor::Kind::asset);
  EXPECT_EQ(test::spec(**back, "s").sensor->asset, "a");
  EXPECT_TRUE(test::spec(**back, "s").sensor->since.compiled);
  const auto rules = [](const std::string& sensor) {
    return test::rules_of(load_text("dag: x\nassets: {a: u}\ntasks: {s: {sensor: " + sensor + "}}\n", "t.yaml", {}));
  };
  EXPECT_EQ(rules("{asset: b}"), "unknown-asset");
  EXPECT_EQ(rules("{asset: a, since: soon}"), "invalid-time");
  EXPECT_EQ(rules("{file: x, since: 2026-01-01}"), "conflicting-keys");
  EXPECT_EQ(rules("{asset: a, file: x}"), "conflicting-keys");
}

}  // namespace
}  // namespace baton
