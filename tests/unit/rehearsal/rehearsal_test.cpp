// Rehearsals: what a DAG comes to when its tasks come to this or that, told apart from what a test expects.
#include "scheduler/rehearsal/rehearsal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scheduler/dagfile/loader.h"

namespace baton::rehearsal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr WallUs kBegin = 1'767'225'600 * kSecond;

constexpr const char* kEtl = R"(
dag: etl
pools: {warehouse: 2}
breakers: {api: {failures: 2, window: 10m, cooldown: 5m}}
env: {DAY: "${{ interval.start.format('%Y-%m-%d') }}"}
tasks:
  extract:
    run: "true"
    retries: {max: 3, delay: 1h}
    breaker: api
    outputs: {files: list}
  load:
    needs: extract
    for_each: {items: "${{ tasks.extract.outputs.files }}", as: f}
    run: "true"
    pool: warehouse
    timeout: 10m
  report: {needs: load, run: "true"}
on_failure: {run: "true"}
)";

std::shared_ptr<const Dag> etl(const char* text = kEtl) {
  const LoadResult loaded = load_text(text, "etl.dag.yaml");
  EXPECT_TRUE(loaded.ok()) << render_text(loaded.diagnostics);
  return loaded.dags.at(0);
}

Report play(const TestCase& test, const char* dag_text = kEtl) {
  const LoadResult loaded = load_text(dag_text, "etl.dag.yaml");
  EXPECT_TRUE(loaded.ok()) << render_text(loaded.diagnostics);
  auto version = std::make_shared<VersionRow>();
  version->dag_id = loaded.dags.at(0)->id;
  version->version = loaded.dags.at(0)->version;
  NewRun run{.dag = loaded.dags.at(0), .version = version, .params = Value{ValueMap{}}, .run_id = "test"};
  run.interval_start = run.logical_date = kBegin - kDay;
  run.interval_end = kBegin;
  auto report = rehearse(std::move(run), test, Config{}, kBegin);
  EXPECT_TRUE(report.ok()) << report.error().message;
  return report ? *report : Report{};
}

TestCase only(const std::string& text) {
  TestFile file = read_tests("test: t\ndag: etl\n" + text, "t.test.yaml");
  EXPECT_TRUE(!has_errors(file.diagnostics)) << render_text(file.diagnostics);
  return file.cases.at(0);
}

std::vector<std::string> told(const TestCase& test, const Report& report) {
  std::vector<std::string> out;
  for (const Difference& d : differences(test, report, *etl())) out.push_back(d.what + ": " + d.expected + " / " + d.got);
  return out;
}
std::vector<std::string> told(const std::string& text) {
  const TestCase test = only(text);
  return told(test, play(test));
}

TEST(Rehearsal, PlaysRetriesOfHoursAndTellsTheirTimesToTheSecond) {
  const TestCase test = only(R"(
given:
  tasks:
    extract: [fail, {exit: 75, after: 5m}, {outputs: {files: [a, b, c]}}]
    load: {after: 2m}
expect:
  run: success
  tasks:
    extract: {tries: 3, env: {DAY: "2025-12-31"}}
    load: {state: success, instances: 3}
  order: [extract, load, report]
)");
  const Report report = play(test);
  EXPECT_THAT(told(test, report), IsEmpty());
  // An hour, 5 min, an hour; three of 2 min through two slots.
  EXPECT_EQ(report.ended_at - report.began_at, 2 * kHour + 5 * kMinute + 4 * kMinute);
}

TEST(Rehearsal, WhatIsNotAsExpectedIsToldWithBoth) {
  EXPECT_THAT(told(R"(
given: {tasks: {extract: fail}}
expect:
  run: success
  takes: {at_most: 2h}
  tasks: {extract: {state: success, tries: 2, reason: timeout, env: {DAY: "1999-12-31"}}, "load[0]": success}
  order: [report, extract]
)"),
              ElementsAre(HasSubstr("run: success / failed: task \"extract\" failed"), "takes: at most 2h / 3h",
                          "extract: state: success / failed (exit_code)", "extract: reason: timeout / exit_code",
                          "extract: tries: 2 / 4", "extract: env DAY: 1999-12-31 / 2025-12-31",
                          "load[0]: a task instance / there is none",
                          HasSubstr("order: report, then extract: the second begins after the first has ended")));
}

TEST(Rehearsal, OfTasksThatTakeNoTimeTheDagSaysTheOrder) {
  const std::string given = "given: {tasks: {extract: {outputs: {files: []}}}}\n";
  EXPECT_THAT(told(given + "expect: {order: [report, extract]}"),
              ElementsAre(HasSubstr("order: report, then extract: the second begins after the first has ended")));
  EXPECT_THAT(told(given + "expect: {order: [extract, report]}"), IsEmpty());
}

TEST(Rehearsal, AnInstanceGoesBeforeItsTaskAndAHangEndsWithItsTimeout) {
  EXPECT_THAT(told(R"(
given:
  tasks:
    load[b]: hang
    load: success
    extract: {outputs: {files: [a, b]}}
expect:
  run: failed
  tasks: {"load[0]": success, "load[b]": {state: failed, reason: timeout}, report: upstream_failed, on_failure: success}
)"),
              IsEmpty());
}

TEST(Rehearsal, ARunThatNeverEndsIsSaidToAndWhatItWaitsFor) {
  EXPECT_THAT(told("given: {tasks: {report: hang, extract: {outputs: {files: [a]}}}}\nexpect: {run: success}"),
              ElementsAre(HasSubstr("run: success / it never ends: report is running")));
}

TEST(Rehearsal, AnOpenBreakerHoldsForItsCooldownAndALossCostsNoRetry) {
  const TestCase test = only(R"(
given: {breakers: {api: open}, tasks: {extract: [lost, success]}}
expect: {run: success, tasks: {extract: {tries: 2}}}
)");
  const Report report = play(test);
  EXPECT_THAT(told(test, report), IsEmpty());
  EXPECT_GE(report.ended_at - report.began_at, 5 * kMinute);
}

TEST(Rehearsal, OutputsOfAWrongTypeFailTheTryAsTheyDoInARun) {
  EXPECT_THAT(told("given: {tasks: {extract: {outputs: {files: 3}}}}\nexpect: {tasks: {extract: {state: failed, reason: outputs}}}"),
              IsEmpty());
}

constexpr const char* kAlerting = R"(
dag: etl
sla: 30m
alerts: [{events: [run_failed, task_failed, sla_missed], to: "slack:ops"}]
assets: {orders: {uri: "lake:/orders"}, sums: {uri: "lake:/sums"}}
tasks:
  extract: {run: "true", retries: {max: 1, delay: 1h}, produces: [orders]}
  sum: {needs: extract, run: "true", produces: [sums]}
)";

std::vector<std::string> told_of_alerts(const std::string& text) {
  const TestCase test = only(text);
  const auto dag = etl(kAlerting);
  std::vector<std::string> out;
  for (const Difference& d : differences(test, play(test, kAlerting), *dag)) {
    out.push_back(std::to_string(d.line) + " " + d.what + " <- " + std::to_string(d.dag_line) + " " + d.cause);
  }
  return out;
}

TEST(Rehearsal, TheAlertsThatAreSentAreTheOnesThatAreExpected) {
  EXPECT_THAT(told_of_alerts("expect: {alerts: [], assets: [orders, sums]}"), IsEmpty());
  EXPECT_THAT(told_of_alerts(R"(
given: {tasks: {extract: [fail, success]}}
expect: {alerts: [sla_missed], assets: [sums, orders]}
)"),
              IsEmpty());
  EXPECT_THAT(told_of_alerts(R"(
given: {tasks: {sum: fail}}
expect:
  alerts: [{task_failed: sum}, {run_failed: etl}]
  assets: [orders]
)"),
              IsEmpty());
}

TEST(Rehearsal, AnAlertOrAnAssetThatIsMissingOrTooManyNamesTheLineOfTheDag) {
  EXPECT_THAT(told_of_alerts(R"(
given: {tasks: {sum: fail}}
expect:
  alerts: [task_failed, dead_letter]
  assets: [sums]
)"),
              ElementsAre("6 alerts: dead_letter <- 0 ",
                          "6 alerts: run_failed of etl <- 8 task sum: failed (exit_code)",
                          "7 assets: sums <- 8 task sum: failed (exit_code)",
                          "7 assets: orders <- 7 task extract: success"));
}

TEST(Rehearsal, WhatDidNotRunForAnothersSakeNamesTheLineOfTheOther) {
  const TestCase test = only("given: {tasks: {extract: fail}}\nexpect: {tasks: {report: success}}");
  const auto found = differences(test, play(test), *etl());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].dag_line, 7U);
  EXPECT_THAT(found[0].cause, HasSubstr("task extract: failed"));
}

TEST(Rehearsal, WaitsAreToldByReasonAndToTheSecond) {
  EXPECT_THAT(told(R"(
given: {breakers: {api: open}, tasks: {extract: [fail, {outputs: {files: [a, b, c]}}], load: {after: 2m}}}
expect:
  waits:
    extract: {breaker: 5m, backoff: {at_least: 1h}}
    load: {pool: {at_most: 2m}}
    "load[2]": {pool: 2m, upstream: {at_least: 1h, at_most: 2h}}
)"),
              IsEmpty());
  EXPECT_THAT(told("expect: {waits: {extract: {breaker: {at_least: 5m}}}}"),
              ElementsAre("extract: waits for breaker: at least 5m / 0s"));
}

TEST(Rehearsal, WhatIsNotGivenSucceedsAtOnceAndIsNoted) {
  const TestCase test = only(
      "given: {tasks: {extract: {outputs: {files: [a]}}, report: {after: 1m}}}\nexpect: {takes: 1m, run: success}");
  const Report report = play(test);
  EXPECT_THAT(told(test, report), IsEmpty());
  EXPECT_THAT(report.assumed, ElementsAre("load"));
}

TEST(Rehearsal, VariablesThatAreGivenAreWhatTasksAskFor) {
  const TestCase test = only("given: {variables: {bucket: lake}}\nexpect: {tasks: {a: {env: {TO: s3://lake}}}}");
  const char* const dag = "dag: etl\ntasks: {a: {run: 'true', env: {TO: \"s3://${{ var('bucket') }}\"}}}";
  EXPECT_THAT(told(test, play(test, dag)), IsEmpty());
}

constexpr const char* kOnAssets = R"(
dag: etl
schedule: {assets: {all: [orders, {any: [prices, rates]}]}}
assets: {orders: {uri: "lake:/orders"}, prices: {uri: "lake:/prices"}, rates: {uri: "lake:/rates"}}
tasks: {join: {run: 'test "${{ run.type }}" = asset_triggered'}}
)";

TEST(Rehearsal, ADagOnAssetsBeginsWithTheEventThatFulfilsItsCondition) {
  const TestCase test = only(
      "given: {assets: {orders: [{at: +1h}], rates: {at: 3h}, prices: {at: +2h}}, tasks: {join: {after: 1m}}}\n"
      "expect: {run: success, takes: 1m}");
  const Report report = play(test, kOnAssets);
  EXPECT_THAT(told(test, report), IsEmpty());
  EXPECT_EQ(report.began_at, kBegin + 2 * kHour);
}

TEST(Rehearsal, AssetEventsThatStartNothingAreAnError) {
  const TestCase test = only("given: {assets: {orders: {at: 0s}}}\nexpect: {run: success}");
  NewRun run{.dag = etl(kOnAssets), .params = Value{ValueMap{}}, .run_id = "test"};
  const auto report = rehearse(std::move(run), test, Config{}, kBegin);
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.error().message, HasSubstr("start no run"));
}

TEST(Rehearsal, IsTheSameEachTime) {
  const TestCase test = only("given: {tasks: {extract: [fail, success]}}\nexpect: {run: success}");
  EXPECT_EQ(play(test).ended_at, play(test).ended_at);
}

TEST(TestFileReading, SaysWhereAMistakeIs) {
  const TestFile file = read_tests(R"(test: x
dag: etl
givn: {}
given:
  tasks: {a: faill, b: {exit: 300}, c: [], d: {ends: fail, exit: 1}, e: {signal: KIL}, f: {takes: 1m}}
  slots: 0
expect:
  {run: sucess, tasks: {a: winning, b: {trys: 2}}, order: a, takes: soon, within: 1h, alerts: [run_faild], waits: {a: {tea: 1m}}}
---
dag: etl
---
test: y
)",
                                   "x.test.yaml");
  std::vector<std::string> told;
  for (const Diagnostic& d : file.diagnostics) told.push_back(std::to_string(d.line) + " " + d.rule);
  EXPECT_THAT(told, ElementsAre("3 unknown-key", "5 invalid-value", "5 invalid-value", "5 invalid-value",
                                "5 conflicting-keys", "5 invalid-value", "5 unknown-key", "6 invalid-value",
                                "8 invalid-value", "8 invalid-value", "8 unknown-key", "8 wrong-type",
                                "8 invalid-duration", "8 unknown-key", "8 invalid-value", "8 invalid-value",
                                "10 invalid-value",
                                "12 missing-key", "12 missing-key"));
}

TEST(TestFileReading, WhatStandsElsewhereIsToldWhere) {
  const TestFile file = read_tests("test: x\ndag: etl\nparams: {}\nwaits: {}\nexpect: {within: 1h}", "x.test.yaml");
  std::vector<std::string> told;
  for (const Diagnostic& d : file.diagnostics) told.push_back(d.message);
  EXPECT_THAT(told, ElementsAre("`params` stands under `given`", "`waits` stands under `expect`",
                                "`within` is `takes: {at_most: …}`"));
}

TEST(TestFileReading, BearsWhatIsNoTest) {
  for (const char* text : {"", "null", "- 1", "test: [", "\xff", "test:\n  - 1\ndag: {}\nexpect: {}", "test: a\nexpect: 1"}) {
    EXPECT_TRUE(has_errors(read_tests(text, "x").diagnostics)) << text;
  }
}

}  // namespace
}  // namespace baton::rehearsal
