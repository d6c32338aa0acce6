// What the keys of a DAG become: defaults, retries, groups, teardowns, mappings, environments.
#include <gmock/gmock.h>

#include "scheduler/expr/template.h"
#include "scheduler/timetable/schedule_spec.h"
#include "tests/unit/dagfile/load.h"

namespace baton {
namespace {

using test::load;
using test::rules_of;
using test::spec;
using test::upstream;

TEST(Defaults, ATasksOwnKeyWinsAndEnvMergesByName) {
  const auto dag = load(R"(dag: x
defaults: {timeout: 30m, retries: {max: 3, delay: 30s}, env: {A: "1", B: "2"}}
tasks:
  a: {run: echo}
  b: {run: echo, timeout: 5m, retries: 1, env: {B: "3", C: "4"}}
)");
  ASSERT_TRUE(dag);
  EXPECT_EQ(spec(*dag, "a").timeout_us, 30 * kMinute);
  EXPECT_EQ(spec(*dag, "a").retries->max, 3);
  EXPECT_EQ(spec(*dag, "a").retries->delay_us, 30 * kSecond);
  EXPECT_EQ(spec(*dag, "b").timeout_us, 5 * kMinute);
  EXPECT_EQ(spec(*dag, "b").retries->max, 1);
  EXPECT_EQ(spec(*dag, "b").retries->delay_us, 5 * kSecond);
  std::string env;
  for (const auto& e : spec(*dag, "b").env) env += e.name + "=" + e.value.source + " ";
  EXPECT_EQ(env, "A=1 B=3 C=4 ");
}

TEST(Retries, ANumberIsExponentialWithFullJitterAndDelayAloneIsConstant) {
  const auto dag = load(R"(dag: x
tasks:
  number: {run: echo, retries: 2}
  delay: {run: echo, retries: {max: 2, delay: 1m}}
  all: {run: echo, retries: {max: 1, backoff: linear, jitter: equal, max_delay: 1h, on: [exit:75, signal, timeout, lost], never_on: exit:64}}
)");
  ASSERT_TRUE(dag);
  const RetryPolicy& number = spec(*dag, "number").retries;
  EXPECT_EQ(number.backoff, RetryPolicy::Backoff::exponential);
  EXPECT_EQ(number.jitter, RetryPolicy::Jitter::full);
  EXPECT_EQ(number.max_delay_us, 10 * kMinute);
  const RetryPolicy& delay = spec(*dag, "delay").retries;
  EXPECT_EQ(delay.backoff, RetryPolicy::Backoff::constant);
  EXPECT_EQ(delay.jitter, RetryPolicy::Jitter::none);
  const RetryPolicy& all = spec(*dag, "all").retries;
  EXPECT_EQ(all.backoff, RetryPolicy::Backoff::linear);
  EXPECT_EQ(all.jitter, RetryPolicy::Jitter::equal);
  ASSERT_EQ(all.on.size(), 4U);
  EXPECT_EQ(all.on[0], (FailureClass{FailureClass::Kind::exit, 75}));
  ASSERT_EQ(all.never_on.size(), 1U);
}

TEST(Schedules, EachOfAListHasItsZoneAndAllOfThemOneAnswerToTheRest) {
  const auto dag = load(R"(
dag: d
schedule: ["0 6 * * *", {cron: "0 18 * * *", timezone: America/New_York}]
tasks: {t: {noop: true}}
)");
  ASSERT_NE(dag, nullptr);
  ASSERT_EQ(dag->schedule->entries.size(), 2U);
  EXPECT_EQ(dag->schedule->entries[0].timezone, "UTC");
  EXPECT_EQ(dag->schedule->entries[1].timezone, "America/New_York");
  for (const char* option : {"catchup: all}, {cron: \"1 1 * * *\", catchup: none}",
                             "overlap: skip}, {cron: \"1 1 * * *\", overlap: queue}",
                             "jitter: 1m}, {cron: \"1 1 * * *\", jitter: 2m}"}) {
    const auto text =
        std::string("dag: d\nschedule: [{cron: \"0 6 * * *\", ") + option + "]\ntasks: {t: {noop: true}}\n";
    EXPECT_EQ(rules_of(load_text(text, "d.yaml")), "conflicting-keys") << text;
  }
}

TEST(Groups, ANeedOfAGroupMeansItsLastTasks) {
  const auto dag = load(R"(dag: x
groups: {load: {tooltip: Loads, retries: 4}}
tasks:
  a: {run: echo, group: load}
  b: {run: echo, group: load, needs: a}
  c: {run: echo, group: load.deep, retries: 1}
  d: {run: echo, group: load.deep, needs: c}
  e: {run: echo, group: load, needs: load.deep}
  after: {noop: true, needs: load}
)");
  ASSERT_TRUE(dag);
  EXPECT_EQ(upstream(*dag, "e"), "d");
  EXPECT_EQ(upstream(*dag, "after"), "b e");
  EXPECT_EQ(spec(*dag, "a").retries->max, 4);
  EXPECT_EQ(spec(*dag, "d").retries->max, 4);
  EXPECT_EQ(spec(*dag, "c").retries->max, 1);
}

TEST(Groups, ATaskMayNotNeedItsOwnGroup) {
  EXPECT_EQ(
      rules_of(load_text("dag: x\ntasks:\n  a: {noop: true, group: g}\n  b: {noop: true, group: g, needs: g}\n", "x")),
      "cycle");
}

TEST(Teardown, WithoutNeedsItWaitsForAllThatFollowsFromItsSetups) {
  const auto dag = load(R"(dag: x
tasks:
  create: {run: echo, setup: true}
  drop: {run: echo, teardown: create}
  work: {run: echo, needs: create}
  more: {run: echo, needs: work}
  other: {run: echo, needs: create}
  report: {run: echo, needs: drop}
  apart: {run: echo}
)");
  ASSERT_TRUE(dag);
  EXPECT_EQ(upstream(*dag, "drop"), "create work more other");
  EXPECT_EQ(upstream(*dag, "report"), "drop");
}

TEST(Teardown, WithNeedsOfItsOwnItWaitsForTheseAndItsSetups) {
  const auto dag = load(R"(dag: x
tasks:
  create: {run: echo, setup: true}
  work: {run: echo, needs: create}
  more: {run: echo, needs: work}
  drop: {run: echo, teardown: {of: [create], fail_run: true}, needs: work}
)");
  ASSERT_TRUE(dag);
  EXPECT_EQ(upstream(*dag, "drop"), "create work");
  EXPECT_TRUE(spec(*dag, "drop").teardown);
  EXPECT_TRUE(spec(*dag, "drop").teardown_fails_run);
}

TEST(Teardown, WhatARuleMayPassByIsWaitedForToo) {
  // `last` is upstream_failed as soon as `quick` has failed; `slow` still uses what `drop` removes.
  const auto dag = load(R"(dag: x
tasks:
  create: {run: echo, setup: true}
  quick: {run: echo, needs: create}
  slow: {run: echo, needs: create}
  last: {run: echo, needs: [quick, slow]}
  drop: {run: echo, teardown: create, needs: last}
)");
  ASSERT_TRUE(dag);
  EXPECT_EQ(upstream(*dag, "drop"), "create quick slow last");
  EXPECT_EQ(*spec(*dag, "drop").teardown_of, std::vector<std::string>{"create"});
}

TEST(Teardown, NestedOnesDoNotWaitForEachOther) {
  const auto dag = load(R"(dag: x
tasks:
  outer: {run: echo, setup: true}
  inner: {run: echo, setup: true, needs: outer}
  work: {run: echo, needs: inner}
  drop_inner: {run: echo, teardown: inner}
  drop_outer: {run: echo, teardown: outer}
)");
  ASSERT_TRUE(dag);
  EXPECT_EQ(upstream(*dag, "drop_inner"), "inner work");
  EXPECT_EQ(upstream(*dag, "drop_outer"), "outer inner work");
}

TEST(Mapping, LiteralsAndExpressionsAreKept) {
  const auto dag = load(R"(dag: x
params: {regions: {type: array, items: {type: string}, default: []}}
tasks:
  a: {run: "echo ${{ item }}", for_each: {items: [1, 2, 3]}}
  b: {run: "echo ${{ r.key }} ${{ r.value + 1 }}", for_each: {items: {x: 1}, as: r, key: "${{ r.key }}", max_parallel: 2}}
  c: {run: "echo ${{ r.upper() }}", for_each: {items: "${{ params.regions }}", as: r}, if: "r != 'eu'"}
  d:
    run: echo ${{ matrix.fold + 1 }}
    matrix: {fold: [0, 1], kind: [a, b], include: [{fold: 9, extra: true}], exclude: [{fold: 0, kind: a}], max_parallel: 3}
    if: params.regions.size() > 0
)");
  ASSERT_TRUE(dag);
  EXPECT_EQ(spec(*dag, "a").mapping->literal_items->as_list().size(), 3U);
  EXPECT_EQ(spec(*dag, "b").mapping->as, "r");
  EXPECT_EQ(spec(*dag, "b").mapping->max_parallel, 2);
  EXPECT_TRUE(spec(*dag, "c").mapping->items.compiled->single() != nullptr);
  EXPECT_TRUE(spec(*dag, "c").condition_per_instance);
  const Mapping& matrix = spec(*dag, "d").mapping;
  ASSERT_EQ(matrix.axes.size(), 2U);
  EXPECT_EQ(matrix.axes[0].name, "fold");
  EXPECT_EQ(matrix.include.size(), 1U);
  EXPECT_EQ(matrix.exclude.size(), 1U);
  EXPECT_EQ(matrix.max_parallel, 3);
  EXPECT_FALSE(spec(*dag, "d").condition_per_instance);
}

TEST(Mapping, TheTypeOfTheItemIsKnown) {
  EXPECT_EQ(
      rules_of(load_text("dag: x\ntasks:\n  a: {run: \"echo ${{ item.upper() }}\", for_each: {items: [1, 2]}}\n", "x")),
      "expression-type");
  EXPECT_EQ(rules_of(load_text("dag: x\ntasks:\n  a: {run: \"echo ${{ item }}\"}\n", "x")), "unknown-name");
  EXPECT_EQ(rules_of(load_text("dag: x\ntasks:\n  a: {run: echo, for_each: {items: \"${{ item }}\"}}\n", "x")),
            "unknown-name");
}

TEST(Env, WholeSecretsBecomeEntries) {
  const auto dag = load(R"(dag: x
env: {A: {secret: one}, B: '${{ secret("two") }}', C: plain, D: "${{ env.C }}2"}
secrets: {E: three, F: {secret: four}}
tasks:
  a: {run: echo, env: {C: "${{ env.C }}+"}}
)");
  ASSERT_TRUE(dag);
  std::string text;
  for (const auto& e : dag->env) text += e.name + ":" + e.secret + " ";
  EXPECT_EQ(text, "A:one B:two C: D: E:three F:four ");
}

TEST(Env, AnEntryKnowsOnlyThoseBeforeIt) {
  EXPECT_EQ(rules_of(load_text("dag: x\nenv: {A: \"${{ env.B }}\", B: b}\ntasks: {a: {noop: true}}\n", "x")),
            "unknown-name");
}

TEST(Hooks, StandBehindTheTasksWithoutEdges) {
  const auto dag = load(R"(dag: x
tasks: {a: {noop: true}}
on_failure: {run: "echo ${{ tasks.a.state }}"}
on_success: {noop: true}
)");
  ASSERT_TRUE(dag);
  ASSERT_EQ(dag->tasks.size(), 3U);
  EXPECT_EQ(dag->tasks[1].id, "on_success");
  EXPECT_EQ(dag->tasks[2].hook, Hook::on_failure);
  EXPECT_EQ(dag->topological.size(), 1U);
}

TEST(Sharing, TasksThatSayTheSameShareOneSpec) {
  const auto dag =
      load("dag: x\ntasks:\n  a: {noop: true}\n  b: {noop: true, needs: a}\n  c: {noop: true, priority: 1}\n");
  ASSERT_TRUE(dag);
  EXPECT_EQ(dag->tasks[0].spec, dag->tasks[1].spec);
  EXPECT_NE(dag->tasks[0].spec, dag->tasks[2].spec);
}

TEST(Sharing, AMistakeIsReportedForEveryTaskThatMakesIt) {
  EXPECT_EQ(rules_of(load_text("dag: x\ntasks:\n  a: {run: echo, timeout: x}\n  b: {run: echo, timeout: x}\n", "x")),
            "invalid-duration invalid-duration");
}

TEST(Schedules, AllFormsAreRead) {
  const auto cron = load("dag: x\nschedule: \"30 2 * * *\"\ntasks: {a: {noop: true}}\n");
  ASSERT_TRUE(cron && cron->schedule);
  EXPECT_EQ(cron->schedule->entries[0].cron, "30 2 * * *");
  const auto every = load("dag: x\nschedule: every 15m\ntasks: {a: {noop: true}}\n");
  ASSERT_TRUE(every && every->schedule);
  EXPECT_EQ(every->schedule->entries[0].every_us, 15 * kMinute);
  const auto list = load(
      "dag: x\nschedule: [\"@daily\", {cron: \"0 12 * * *\", timezone: Europe/Berlin}]\ntasks: {a: {noop: true}}\n");
  ASSERT_TRUE(list && list->schedule);
  EXPECT_EQ(list->schedule->entries.size(), 2U);
  EXPECT_EQ(list->timezone, "Europe/Berlin");
  EXPECT_FALSE(load("dag: x\nschedule:\ntasks: {a: {noop: true}}\n")->schedule);
  EXPECT_FALSE(load("dag: x\nschedule: none\ntasks: {a: {noop: true}}\n")->schedule);
}

TEST(Schedules, APlainDateIsMidnightInTheDagsZone) {
  const auto dag = load(
      "dag: x\nschedule: {cron: \"@daily\", timezone: Europe/Berlin, start: 2026-01-01}\ntasks: {a: {noop: true}}\n");
  ASSERT_TRUE(dag && dag->schedule);
  EXPECT_EQ(dag->schedule->start, std::int64_t{1767222000} * kSecond);
}

TEST(Upstreams, AreFoundAcrossAnyDistanceAndInAnyNumber) {
  std::string text = "dag: x\ntasks:\n  t0: {run: echo, outputs: {n: int}}\n";
  for (int i = 1; i < 300; ++i) {
    const std::string n = std::to_string(i);
    text += "  t" + n + ": {run: \"echo ${{ tasks.t" + std::to_string(i / 2) + ".outputs.n }}\", needs: t" +
            std::to_string(i - 1) + ", outputs: {n: int}}\n";
  }
  const auto good = load_text(text, "x");
  EXPECT_TRUE(good.ok()) << render_text(good.diagnostics);
  const auto bad = load_text(text + "  end: {run: \"echo ${{ tasks.t150.outputs.n }}\", needs: t149}\n", "x");
  EXPECT_EQ(rules_of(bad), "not-upstream");
}

}  // namespace
}  // namespace baton
