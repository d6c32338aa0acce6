#include "scheduler/dagfile/canonical.h"

#include <gtest/gtest.h>

#include "scheduler/digest/digest.h"
#include "tests/unit/dagfile/load.h"

namespace baton {
namespace {

using test::load;

/// Every key of the language that a run depends on.
constexpr const char* kEverything = R"(dag: everything
description: d
doc: "# md"
owner: o
tags: [a, b]
schedule:
  - {cron: "0 2 * * *", timezone: Europe/Berlin, start: 2026-01-01, end: 2027-01-01, catchup: all, overlap: skip, jitter: 5m,
     calendar: {only: business_days, exclude: [off]}}
  - every 6h
  - {assets: {all: [x, {any: [y, z]}]}, merge: true}
params:
  s: {type: string, default: "quote \" \\ \u20ac \n"}
  n: {type: number, default: 1}
  required: {type: array, items: {type: integer}}
env: {A: "${{ params.s }}", B: {secret: b}, EMPTY: ""}
max_active_runs: 2
max_active_tasks: 3
weight: 6
priority: 12
max_consecutive_failed_runs: 4
fail_fast: true
timeout: 6h
sla: 5h
pools: {p: {slots: 8, rate: 100/m, retry_budget: true}, q: 2}
breakers: {br: {failures: 5, window: 10m}}
assets: {x: "u", y: {uri: v}, z: }
calendars: {off: [2026-12-25]}
groups: {g: {tooltip: t}}
alerts: [{events: [run_failed], to: x}]
tasks:
  setup: {run: "echo ${{ params.n }}", setup: true, shell: [bash, -eu]}
  drop: {run: echo, teardown: {of: setup, fail_run: true}}
  exec: {exec: [a, "", "${{ params.s }}"], needs: setup, cwd: /x, stdin: "in ${{ run.id }}", env: {Z: z}, group: g}
  map: {run: "echo ${{ i.value }}", for_each: {items: {a: 1.0, b: [x, null, true]}, as: i, key: "${{ i.key }}", max_parallel: 2},
        needs: exec, if: "i.key != 'a'"}
  grid: {run: echo, matrix: {a: [1, 2.5], b: "${{ params.required }}", include: [{a: 1, c: x}], exclude: [{a: 2.5}]}, needs: map}
  wait: {sensor: {file: "/x/${{ params.s }}", every: 5s}, timeout: 1h}
  wait2: {sensor: {time: "${{ interval.end }}"}}
  wait3: {sensor: {run: "test -e ${{ params.s }}"}}
  http: {http: {url: "http://x/${{ params.s }}", headers: {A: {secret: t}}, json: {a: [1, 2.0]}}}
  all: {run: echo, needs: [wait, grid], trigger_rule: none_failed, allow_failure: true, depends_on_past: true, dead_letter: false,
        retries: {max: 3, delay: 1s, backoff: linear, max_delay: 1h, jitter: equal, on: [exit:75, lost], never_on: [signal]},
        timeout: 1m, grace: 3s, heartbeat: 1m, log_limit: 1Mi, pool: [{name: p, slots: 2}, q], priority: -5, breaker: br,
        worker: {gpu: "true"}, executor: {slurm: {partition: p}}, resources: {cpus: 1.5, memory: 1Gi, gpus: 1},
        outputs: {r: int, m: map}, consumes: x, produces: [y, z], cache: {key: "${{ hashFiles('x') }}", ttl: 1d},
        description: dd, doc: ddd}
  none: {noop: true}
on_finish: {run: "echo ${{ run.id }}"}
)";

TEST(Canonical, TheFormReadsBackToTheSameForm) {
  for (const char* text : {kEverything, test::kFullExample, "dag: x\ntasks: {a: {noop: true}}\n"}) {
    const auto dag = load(text);
    ASSERT_TRUE(dag);
    const std::string json = canonical_json(*dag);
    const auto back = from_canonical(json);
    ASSERT_TRUE(back.ok()) << back.error().message;
    EXPECT_EQ(canonical_json(**back), json);
    EXPECT_EQ((*back)->version, dag->version);
    EXPECT_EQ((*back)->tasks.size(), dag->tasks.size());
    EXPECT_EQ((*back)->upstream.targets, dag->upstream.targets);
    EXPECT_EQ((*back)->topological, dag->topological);
  }
}

TEST(Canonical, ThePlaceIsNotInTheFormAndComesFromTheCaller) {
  const std::string json = canonical_json(*load("dag: x\ntasks: {a: {noop: true}}\n"));
  const auto here = from_canonical(json, {.source_file = "/here/x.yaml", .work_folder = "/here"});
  ASSERT_TRUE(here.ok());
  EXPECT_EQ((*here)->source_file, "/here/x.yaml");
  EXPECT_EQ((*here)->work_folder, "/here");
  EXPECT_EQ((*here)->version, (*from_canonical(json))->version);
}

TEST(Canonical, ExpressionsAreCompiledAgain) {
  const auto dag = load(kEverything);
  const auto back = from_canonical(canonical_json(*dag));
  ASSERT_TRUE(back.ok());
  const Dag& d = **back;
  EXPECT_TRUE(test::spec(d, "setup").script.compiled);
  EXPECT_TRUE(test::spec(d, "wait3").sensor->run.compiled);
  EXPECT_TRUE(test::spec(d, "wait").sensor->file.compiled);
  EXPECT_TRUE(test::spec(d, "map").condition->compiled);
  EXPECT_TRUE(test::spec(d, "map").condition_per_instance);
  EXPECT_TRUE(test::spec(d, "exec").argv.get()[2].compiled);
  EXPECT_FALSE(test::spec(d, "exec").argv.get()[0].compiled);
  EXPECT_TRUE(d.env[0].value.compiled);
  EXPECT_EQ(d.params[0].default_value->as_string(), "quote \" \\ € \n");
  EXPECT_FALSE(d.params[2].default_value);
  EXPECT_EQ(d.params[1].default_value->as_double(), 1.0);
}

std::string version(const std::string& text) {
  const auto dag = load(text);
  return dag ? dag->version : "";
}

TEST(Canonical, TheVersionKnowsMeaningAndNotLayout) {
  const std::string base = version("dag: x\npools: {p: 1}\ntasks:\n  a: {run: echo, pool: p}\n");
  EXPECT_EQ(base,
            version("# comment\ndag:   x\npools:\n  p: {slots: 9}\n\ntasks:\n  a:\n    pool: p\n    run: \"echo\"\n"));
  EXPECT_EQ(base, version("dag: x\npools: {p: 1}\ndefaults: {pool: p}\ntasks:\n  a: {run: echo}\n"));
  EXPECT_NE(base, version("dag: x\npools: {p: 1}\ntasks:\n  a: {run: echo 1, pool: p}\n"));
  EXPECT_NE(base, version("dag: x\npools: {p: 1}\ntasks:\n  a: {run: echo, pool: p, retries: 1}\n"));
  EXPECT_NE(base, version("dag: x\npools: {p: 1}\ntasks:\n  b: {run: echo, pool: p}\n"));
}

TEST(Canonical, KeepsWhatAPoolSaysOfStartsAndTheVersionDoesNot) {
  const char* const text = "dag: x\npools: {p: {slots: 3, rate: 100/m, retry_budget: 0.25}}\ntasks:\n  a: {run: echo, pool: p}\n";
  const auto dag = load(text);
  const auto again = from_canonical(canonical_json(*dag));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again)->pools, (std::vector<PoolSpec>{{"p", 3, {100, kMinute}, 250'000}}));
  EXPECT_EQ(dag->version, version("dag: x\npools: {p: 1}\ntasks:\n  a: {run: echo, pool: p}\n"));
}

TEST(Canonical, ADagsPriorityIsThatOfItsTasksThatHaveNone) {
  const auto dag = load("dag: x\npriority: 7\ntasks:\n  a: {run: echo}\n  b: {run: echo, priority: 1}\n");
  EXPECT_EQ(dag->spec(0).priority, 7);
  EXPECT_EQ(dag->spec(1).priority, 1);
  EXPECT_EQ(dag->weight, 1);
}

TEST(Canonical, EveryKeyIsPartOfTheVersion) {
  const std::string whole = kEverything;
  const std::string base = version(whole);
  const std::vector<std::pair<std::string, std::string>> changes = {
      {"description: d\n", "description: e\n"},
      {"# md", "# nd"},
      {"owner: o", "owner: p"},
      {"[a, b]", "[a, c]"},
      {"0 2 * * *", "0 3 * * *"},
      {"Europe/Berlin", "Europe/Paris"},
      {"2026-01-01,", "2026-01-02,"},
      {"2027-01-01", "2027-01-02"},
      {"catchup: all", "catchup: latest"},
      {"overlap: skip", "overlap: queue"},
      {"jitter: 5m", "jitter: 6m"},
      {"only: business_days", "only: [business_days, off]"},
      {"exclude: [off]", "exclude: [off, off]"},
      {"every 6h", "every 7h"},
      {"any: [y, z]", "any: [y, x]"},
      {"merge: true", "merge: false"},
      {"default: 1}", "default: 2}"},
      {"{A: \"${{ params.s", "{A: \"x${{ params.s"},
      {"secret: b", "secret: c"},
      {"EMPTY: \"\"", "EMPTI: \"\""},
      {"max_active_runs: 2", "max_active_runs: 3"},
      {"max_active_tasks: 3", "max_active_tasks: 4"},
      {"weight: 6", "weight: 7"},
      {"priority: 12", "priority: 13"},
      {"failed_runs: 4", "failed_runs: 5"},
      {"fail_fast: true", "fail_fast: false"},
      {"timeout: 6h", "timeout: 7h"},
      {"sla: 5h", "sla: 4h"},
      {"failures: 5", "failures: 6"},
      {"uri: v", "uri: w"},
      {"2026-12-25", "2026-12-24"},
      {"tooltip: t", "tooltip: u"},
      {"to: x", "to: y"},
      {"setup: true", "setup: true, priority: 1"},
      {"fail_run: true", "fail_run: false"},
      {"cwd: /x", "cwd: /y"},
      {"in ${{", "on ${{"},
      {"Z: z", "Z: y"},
      {"group: g}", "group: g.h}"},
      {"b: [x, null", "b: [y, null"},
      {"max_parallel: 2", "max_parallel: 3"},
      {"\"${{ i.key }}\"", "\"k${{ i.key }}\""},
      {"i.key != 'a'", "i.key != 'b'"},
      {"a: [1, 2.5]", "a: [1, 2]"},
      {"c: x}]", "c: y}]"},
      {"exclude: [{a: 2.5", "exclude: [{a: 1"},
      {"every: 5s", "every: 6s"},
      {"/x/${{", "/y/${{"},
      {"interval.end }}\"}}", "interval.start }}\"}}"},
      {"test -e", "test -f"},
      {"secret: t", "secret: u"},
      {"a: [1, 2.0]", "a: [1, 3.0]"},
      {"needs: [wait, grid]", "needs: [wait]"},
      {"none_failed", "all_done"},
      {"allow_failure: true", "allow_failure: false"},
      {"depends_on_past: true", "depends_on_past: false"},
      {"dead_letter: false", "dead_letter: true"},
      {"max: 3", "max: 4"},
      {"delay: 1s", "delay: 2s"},
      {"linear", "constant"},
      {"max_delay: 1h", "max_delay: 2h"},
      {"equal", "full"},
      {"exit:75", "exit:76"},
      {"never_on: [signal]", "never_on: [timeout]"},
      {"timeout: 1m", "timeout: 2m"},
      {"grace: 3s", "grace: 4s"},
      {"heartbeat: 1m", "heartbeat: 2m"},
      {"log_limit: 1Mi", "log_limit: 2Mi"},
      {"name: p, slots: 2", "name: p, slots: 3"},
      {"priority: -5", "priority: 5"},
      {"breaker: br,", ""},
      {"gpu: \"true\"", "gpu: \"false\""},
      {"partition: p", "partition: q"},
      {"cpus: 1.5", "cpus: 1.6"},
      {"memory: 1Gi", "memory: 2Gi"},
      {"gpus: 1}", "gpus: 2}"},
      {"r: int", "r: bool"},
      {"consumes: x", "consumes: y"},
      {"produces: [y, z]", "produces: [y]"},
      {"hashFiles('x')", "hashFiles('y')"},
      {"ttl: 1d", "ttl: 2d"},
      {"description: dd,", "description: de,"},
      {"doc: ddd", "doc: dde"},
      {"shell: [bash, -eu]", "shell: [bash, -e]"},
      {"max: 3,", "max: \"${{ params.n > 1 ? 3 : 4 }}\","},
      {"timeout: 1m,", "timeout: \"${{ params.s }}\","},
      {"max_parallel: 2}", "max_parallel: \"${{ size(params.required) }}\"}"},
      {"on_finish", "on_success"}};
  for (const auto& [from, to] : changes) {
    std::string changed = whole;
    const std::size_t at = changed.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    changed.replace(at, from.size(), to);
    EXPECT_NE(version(changed), base) << from << " -> " << to;
  }
}

TEST(Canonical, AHashedFormIsStable) {
  // A change here changes every stored version: raise kLanguageVersion and say so in the release notes.
  const auto dag = load("dag: x\ntasks:\n  a: {run: echo}\n  b: {noop: true, needs: a}\n");
  EXPECT_EQ(canonical_json(*dag),
            R"({"language":1,"dag":"x","timezone":"UTC","specs":[{"kind":"run","script":"echo"},{"kind":"noop"}],)"
            R"("tasks":[["a",0],["b",1,[0]]]})");
}

TEST(Canonical, AFormWithNumbersForNamesIsReadAndKeepsItsVersion) {
  // What this program's predecessor wrote.
  const std::string old =
      R"({"language":1,"dag":"x","timezone":"UTC","specs":[{"kind":0,"rule":11,"script":"echo","retries":{"max":1,)"
      R"("delay":1,"backoff":1,"max_delay":2,"jitter":2,"on":["any",75]},"outputs":[["r",1]]},{"kind":8},)"
      R"({"kind":4,"sensor":{"kind":1,"time":"2026-01-01","every":1}}],)"
      R"("tasks":[["a",0,0],["b",1,0,0],["c",2,0,0,1],["on_finish",1,3]],"pools":[{"name":"p","slots":3}]})";
  const auto dag = from_canonical(old);
  ASSERT_TRUE(dag.ok()) << dag.error().message;
  const Dag& d = **dag;
  EXPECT_EQ(test::spec(d, "a").trigger_rule, TriggerRule::always);
  EXPECT_EQ(test::spec(d, "a").retries->jitter, RetryPolicy::Jitter::equal);
  EXPECT_EQ(test::spec(d, "a").outputs.get()[0].type, OutputSpec::Type::integer);
  EXPECT_EQ(test::spec(d, "c").sensor->kind, Sensor::Kind::time);
  EXPECT_EQ(test::upstream(d, "c"), "a b");
  EXPECT_EQ(d.tasks[3].hook, Hook::on_finish);
  EXPECT_EQ(d.version, sha256_hex(old.substr(0, old.find(R"(,"pools")")) + R"(,"pools":[{"name":"p"}]})"));
  const std::string now = canonical_json(d);
  EXPECT_NE(now.find(R"({"kind":"sensor","sensor":{"kind":"time")"), std::string::npos) << now;
  EXPECT_EQ(canonical_json(**from_canonical(now)), now);
}

TEST(Canonical, NumbersKeepTheirSpelling) {
  const auto dag = load("dag: x\ntasks: {a: {run: \"echo ${{ item }}\", for_each: {items: [1.10, 0x1F, 1e3, 2]}}}\n");
  const std::string json = canonical_json(*dag);
  EXPECT_NE(json.find(R"("literal":[1.10,{"$number":"0x1F"},1e3,2])"), std::string::npos) << json;
  EXPECT_EQ(canonical_json(**from_canonical(json)), json);
}

TEST(Canonical, BrokenTextIsAnErrorAndNeverACrash) {
  const std::string json = canonical_json(*load(kEverything));
  for (std::size_t cut = 0; cut < json.size(); cut += 7) EXPECT_FALSE(from_canonical(json.substr(0, cut)).ok());
  for (std::size_t at = 0; at < json.size(); at += 3) {
    for (const char c : {'"', '{', '9', ']'}) {
      std::string changed = json;
      changed[at] = c;
      (void)from_canonical(changed);
    }
  }
  EXPECT_FALSE(from_canonical(json + "x").ok());
  EXPECT_FALSE(from_canonical(R"({"language":2,"dag":"x","specs":[{"kind":8}],"tasks":[["a",0,0]]})").ok());
  EXPECT_FALSE(
      from_canonical(R"({"language":1,"dag":"x","specs":[{"kind":8}],"tasks":[["a",0,0,1],["b",0,0,0]]})").ok());
  EXPECT_FALSE(from_canonical(R"({"language":1,"dag":"x","specs":[{"kind":8}],"tasks":[["a",0,0,7]]})").ok());
}

TEST(Secrets, TheirVariableIsUpperCase) {
  EXPECT_EQ(secret_variable("db-password.1"), "BATON_SECRET_DB_PASSWORD_1");
}

}  // namespace
}  // namespace baton
