// Checks: what they come to, what that makes of the task, and what waits for them.
#include "scheduler/engine/checks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>

#include "scheduler/engine/check_results.h"
#include "scheduler/engine/recovery.h"
#include "scheduler/json/json_value.h"
#include "tests/support/run_driver.h"
#include "tests/unit/engine/engine_bench.h"

namespace baton {
namespace {

using test::DagBuilder;
using test::EngineBench;
using test::RunDriver;

TaskSpec checks(const std::string& json, std::vector<std::pair<std::string, std::string>> expects = {}) {
  TaskSpec spec;
  spec.kind = TaskKind::checks;
  TaskBody body;
  body.json = json;
  for (const auto& [place, text] : expects) body.texts.push_back({place, test::expression(text)});
  spec.body = std::move(body);
  return spec;
}

TaskSpec expects(const std::string& text, const std::string& on_fail) {
  return checks(R"([{"name":"one","expect":"x","on_fail":")" + on_fail + R"("}])", {{"/0/expect", text}});
}

TaskSpec producing(std::vector<std::string> assets) {
  TaskSpec spec = test::run_task();
  spec.produces.edit() = std::move(assets);
  return spec;
}

TaskSpec program_check(const std::string& on_fail = "fail") {
  return checks(R"([{"name":"one","run":"true","on_fail":")" + on_fail + R"("}])");
}

std::string result(int exit, const std::string& own = "", const std::string& file = "") {
  const Value entry = ValueMap{{"exit", std::int64_t{exit}}, {"signal", std::int64_t{0}}, {"problem", ""},
                               {"result", own}, {"file", file}};
  return to_json(Value{ValueMap{{"checks", ValueList{entry}}}});
}

TEST(Checks, ExpressionsAloneLaunchNothing) {
  RunDriver d(DagBuilder().task("q", {}, expects("${{ 1 < 2 }}", "fail")).task("b", {"q"}).build());
  d.begin();
  EXPECT_EQ(d.state("q"), TaskState::success);
  EXPECT_EQ(d.state("b"), TaskState::scheduled);
  ASSERT_EQ(d.out().checks.size(), 1U);
  EXPECT_EQ(d.out().checks[0].name, "one");
  EXPECT_EQ(d.out().checks[0].state, CheckState::passed);
}

TEST(Checks, OneThatDoesNotHoldFailsWarnsOrQuarantines) {
  for (const std::string on_fail : {"fail", "warn", "quarantine"}) {
    RunDriver d(DagBuilder()
                    .task("a", {}, producing({"x"}))
                    .task("q", {"a"}, expects("${{ 1 > 2 }}", on_fail))
                    .build());
    d.begin();
    d.run_to(0, test::exited(0));
    EXPECT_EQ(d.state("q"), on_fail == "fail" ? TaskState::failed : TaskState::success) << on_fail;
    EXPECT_EQ(d.at("q").reason, on_fail == "fail" ? Reason::checks : Reason::none);
    ASSERT_EQ(d.out().checks.size(), 1U);
    EXPECT_EQ(d.out().checks[0].state, on_fail == "warn" ? CheckState::warned : CheckState::failed);
    EXPECT_NE(d.out().checks[0].message.find("is false"), std::string::npos);
    const bool holds = std::ranges::any_of(d.out().quarantines, [](const auto& row) { return !row.by.empty(); });
    EXPECT_EQ(holds, on_fail == "quarantine");
  }
}

TEST(Checks, AnExpressionThatCannotBeEvaluatedCountsAsOneThatDoesNotHold) {
  RunDriver d(DagBuilder().task("q", {}, expects("${{ 1 / 0 == 1 }}", "fail")).build());
  d.begin();
  EXPECT_EQ(d.state("q"), TaskState::failed);
  EXPECT_EQ(d.out().checks.at(0).state, CheckState::error);
}

TEST(Checks, OneThatDoesNotHoldIsNotTriedAgain) {
  TaskSpec spec = program_check();
  spec.retries = test::constant_retries(3);
  RunDriver d(DagBuilder().task("q", {}, spec).build());
  d.begin();
  d.run_to(0, test::exited(0, result(1)));
  EXPECT_EQ(d.state("q"), TaskState::failed);
  EXPECT_EQ(d.at("q").reason, Reason::checks);
  RunDriver broken(DagBuilder().task("q", {}, spec).build());
  broken.begin();
  broken.run_to(0, test::exited(1));  // its program, not one of its checks
  EXPECT_EQ(broken.state("q"), TaskState::up_for_retry);
}

TEST(Checks, TheOutputsCountThem) {
  const TaskSpec spec = checks(
      R"([{"name":"a","expect":"x"},{"name":"b","expect":"x","on_fail":"warn"},{"name":"c","run":"true"}])",
      {{"/0/expect", "${{ true }}"}, {"/1/expect", "${{ false }}"}});
  RunDriver d(DagBuilder().task("q", {}, spec).build());
  d.begin();
  d.run_to(0, test::exited(0, result(0)));
  EXPECT_EQ(d.state("q"), TaskState::success);
  EXPECT_EQ(to_json(d.run().outputs.at(0)), R"({"passed":2,"failed":0,"warned":1,"quarantined":[]})");
}

TEST(Checks, AProgramSaysMoreThanItsExitCode) {
  const auto one = [](const std::string& output) {
    CheckSpec check;
    check.name = "one";
    return ProgramResults(output).next(check).at(0);
  };
  EXPECT_EQ(one(result(0)).state, CheckState::passed);
  EXPECT_EQ(one(result(3)).message, "exit code 3");
  EXPECT_EQ(one(result(127)).state, CheckState::error);
  EXPECT_EQ(one(result(1, R"({"observed": 12, "message": "12 rows"})")).observed, "12");
  EXPECT_EQ(one(result(1, R"({"observed": 12, "message": "12 rows"})")).message, "12 rows");
  EXPECT_EQ(one(result(0, R"({"success": false})")).state, CheckState::failed);
  EXPECT_EQ(one(result(0, "no json")).state, CheckState::error);
  for (const char* garbage : {"", "{", "[]", R"({"checks": 1})", R"({"checks": []})", R"({"checks": [1]})"}) {
    const CheckState state = one(garbage).state;
    EXPECT_TRUE(state == CheckState::error || state == CheckState::passed) << garbage;
  }
  EXPECT_EQ(one("").state, CheckState::error);
}

TEST(Checks, GreatExpectationsAndDbtAreRead) {
  CheckSpec check;
  check.name = "gx";
  check.reads_great_expectations = true;
  const std::string gx = R"({"success": false, "results": [
    {"success": true, "expectation_config": {"type": "expect_column_to_exist", "kwargs": {"column": "id"}}, "result": {}},
    {"success": false, "expectation_config": {"expectation_type": "expect_column_values_to_not_be_null",
     "kwargs": {"column": "price"}}, "result": {"unexpected_count": 3, "observed_value": 0.5}},
    {"success": false, "expectation_config": {"type": "x"},
     "exception_info": {"raised_exception": true, "exception_message": "no such column"}}]})";
  auto found = ProgramResults(result(1, "", gx)).next(check);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].name, "expect_column_to_exist(id)");
  EXPECT_EQ(found[1].message, "3 unexpected values");
  EXPECT_EQ(found[2].state, CheckState::error);
  const std::string nested = R"({"run_results": {"a": {"validation_result": )" + gx + "}}}";
  EXPECT_EQ(ProgramResults(result(0, "", nested)).next(check).size(), 3U);
  EXPECT_EQ(ProgramResults(result(0, "", "{}")).next(check).at(0).state, CheckState::error);

  const auto states_of = [&](const std::string& file) {
    std::string states;
    for (const CheckResult& one : ProgramResults(result(0, "", file)).next(check))
      states += to_string(one.state), states += ' ';
    return states;
  };
  const std::string held = R"("results": [{"success": true, "expectation_config": {"type": "x"}}])";
  EXPECT_EQ(states_of("{\"success\": true, " + held + "}"), "passed ");
  EXPECT_EQ(states_of("{\"success\": false, " + held + "}"), "passed failed ");
  EXPECT_EQ(states_of("{\"success\": false, \"run_results\": {\"a\": {\"success\": true, " + held + "}}}"),
            "passed failed ");
  const auto only_failures = [&](const char* success, int successful) {
    return states_of("{\"success\": " + std::string(success) +
                     ", \"results\": [], \"statistics\": "
                     "{\"evaluated_expectations\": 5, \"successful_expectations\": " +
                     std::to_string(successful) + "}}");
  };
  EXPECT_EQ(only_failures("true", 5), "passed ");
  EXPECT_EQ(only_failures("false", 4), "failed ");
  EXPECT_EQ(only_failures("true", 4), "failed ");

  check.reads_great_expectations = false;
  check.reads_dbt = true;
  EXPECT_EQ(states_of(R"({"results": [{"unique_id": "test.a", "status": "skipped"}]})"), "error ");
  found = ProgramResults(result(0, "", R"({"results": [{"unique_id": "test.a", "status": "pass", "failures": 0},
    {"unique_id": "test.b", "status": "fail", "failures": 7, "message": "Got 7 results"},
    {"unique_id": "test.c", "status": "warn"}, {"unique_id": "test.d", "status": "error", "message": "no table"}]})"))
              .next(check);
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[1].observed, "7");
  EXPECT_EQ(found[2].state, CheckState::warned);
  EXPECT_EQ(found[3].state, CheckState::error);
}

// ── gates ──

std::shared_ptr<const Dag> guarded() {
  return DagBuilder()
      .task("make", {}, producing({"x"}))
      .task("more", {"make"}, producing({"y"}))
      .task("gate", {"more"}, program_check("quarantine"))
      .task("next", {"gate"}, producing({"z"}))
      .build();
}

TEST(Gates, WhatIsProducedWaitsForTheChecksBehindItWithoutOthersBetween) {
  const auto dag = guarded();
  ASSERT_TRUE(dag->has_gates);
  EXPECT_EQ(gates_of(*dag, 0), std::vector<TaskNo>{2});
  EXPECT_EQ(gates_of(*dag, 1), std::vector<TaskNo>{2});
  EXPECT_TRUE(gates_of(*dag, 3).empty());
  EXPECT_EQ(assets_before(*dag, 2), (std::vector<std::string>{"x", "y"}));
  const auto twice = DagBuilder()
                         .task("a", {}, producing({"x"}))
                         .task("first", {"a"}, program_check("warn"))
                         .task("second", {"first"}, program_check("quarantine"))
                         .build();
  EXPECT_TRUE(gates_of(*twice, 0).empty()) << "the checks between say what becomes of it";
}

TEST(Gates, TheEventIsToldWhenTheChecksHaveEndedAndNotBefore) {
  RunDriver d(guarded());
  d.begin();
  d.run_to(0, test::exited(0));
  EXPECT_TRUE(d.out().produced.empty());
  ASSERT_EQ(d.out().held.size(), 1U);
  EXPECT_FALSE(d.out().held[0].is_gone);
  d.run_to(1, test::exited(0));
  d.run_to(2, test::exited(0, result(0)));
  EXPECT_EQ(d.out().produced, (std::vector<InstanceNo>{0, 1}));
  EXPECT_TRUE(d.run().held_events.empty());
  d.run_to(3, test::exited(0));
  EXPECT_EQ(d.out().produced, (std::vector<InstanceNo>{3}));
}

TEST(Gates, WhatDidNotHoldIsToldBehindAQuarantineThatALaterSuccessLifts) {
  RunDriver d(guarded());
  d.begin();
  d.run_to(0, test::exited(0));
  d.run_to(1, test::exited(0));
  d.run_to(2, test::exited(0, result(1)));
  EXPECT_EQ(d.state("gate"), TaskState::success);
  EXPECT_EQ(d.out().produced, (std::vector<InstanceNo>{0, 1}));
  ASSERT_EQ(d.out().quarantines.size(), 2U);
  EXPECT_EQ(d.out().quarantines[0].asset, "x");
  const std::string by = d.out().quarantines[0].by;
  EXPECT_EQ(by, d.out().quarantines[0].only_of);
  d.step(Cleared{{2, 3}});
  d.run_to(2, test::exited(0, result(0)));
  EXPECT_TRUE(d.out().produced.empty());
  ASSERT_EQ(d.out().quarantines.size(), 2U);
  EXPECT_EQ(d.out().quarantines[0].by, "");
  EXPECT_EQ(d.out().quarantines[0].only_of, by);
}

TEST(Gates, ChecksThatNeverRanHoldBackAndThoseThatArePassedOverDoNot) {
  RunDriver failed(DagBuilder()
                       .task("a", {}, producing({"x"}))
                       .task("b")
                       .task("gate", {"a", "b"}, program_check("quarantine"))
                       .build());
  failed.begin();
  failed.run_to(0, test::exited(0));
  failed.run_to(1, test::exited(1));
  EXPECT_EQ(failed.state("gate"), TaskState::upstream_failed);
  EXPECT_EQ(failed.out().produced, (std::vector<InstanceNo>{0}));
  ASSERT_EQ(failed.out().quarantines.size(), 1U);
  TaskSpec gate = program_check("quarantine");
  gate.condition = test::expression("${{ false }}");
  RunDriver passed(DagBuilder().task("a", {}, producing({"x"})).task("gate", {"a"}, gate).build());
  passed.begin();
  passed.run_to(0, test::exited(0));
  EXPECT_EQ(passed.out().produced, (std::vector<InstanceNo>{0}));
  EXPECT_TRUE(passed.out().quarantines.empty());
}

/// It had ended before the stop came, and nobody has heard of it until after.
TEST(Gates, WhatSucceedsThoughAStopHasCutOffItsChecksIsHeldBack) {
  RunDriver d(DagBuilder().task("a", {}, producing({"x"})).task("gate", {"a"}, program_check("quarantine")).build());
  d.begin();
  d.admit(0);
  d.start(0);
  d.stop();
  EXPECT_EQ(d.state("gate"), TaskState::skipped);
  d.end(0, test::exited(0));
  EXPECT_EQ(d.state("a"), TaskState::success);
  EXPECT_EQ(d.out().produced, (std::vector<InstanceNo>{0}));
  ASSERT_EQ(d.out().quarantines.size(), 1U);
  EXPECT_EQ(d.out().quarantines[0].asset, "x");
  EXPECT_EQ(d.out().quarantines[0].by, d.out().quarantines[0].only_of);
}

TEST(Gates, WhatAPersonMarksFailedIsToldByNobody) {
  RunDriver d(guarded());
  d.begin();
  d.run_to(0, test::exited(0));
  d.run_to(1, test::exited(0));
  d.step(Marked{{0}, TaskState::failed});
  ASSERT_EQ(d.out().held.size(), 1U);
  EXPECT_TRUE(d.out().held[0].is_gone);
  d.run_to(2, test::exited(0, result(0)));
  EXPECT_EQ(d.out().produced, (std::vector<InstanceNo>{1}));
}

TEST(Gates, EventAndQuarantineAreInThePartOfTheEndOfTheChecks) {
  EngineBench bench(guarded());
  bench.begin();
  bench.settle();
  bench.end(bench.executor.launched.at(0), test::exited(0, R"({"rows":3})"));
  bench.settle();
  bench.end(bench.executor.launched.at(1), test::exited(0));
  bench.settle();
  bench.end(bench.executor.launched.at(2), test::exited(0, result(1)));
  bench.loop.drain();
  ASSERT_FALSE(bench.store.offered.empty());
  const Part& part = bench.store.offered.front().first.parts.front();
  EXPECT_EQ(part.service.quarantines.size(), 2U);
  ASSERT_EQ(part.service.asset_events.size(), 2U);
  EXPECT_EQ(part.service.asset_events[0].extra_json, R"({"rows":3})");
  EXPECT_EQ(part.service.held_events.size(), 2U);
  EXPECT_EQ(part.service.checks.size(), 1U);
}

/// A run whose rows are on a disk of its own: what was not written when it dies is gone.
class Mortal {
 public:
  explicit Mortal(std::uint32_t seed) : random_(seed) {
    RunRow row;
    row.run_no = 1;
    row.dag_id = "dag";
    row.run_id = "r";
    row.state = RunState::running;
    row.started_at = row.begun_at = row.queued_at = now_.wall;
    run_ = make_run(row, dag_, ValueMap{}, now_, {});
    write();
    step(RunBegins{});
  }

  void play() {
    for (int steps = 0; steps < 400 && !(steps > 60 && run_.is_finished()); ++steps) any_step(steps);
    EXPECT_TRUE(run_.is_finished());
    EXPECT_TRUE(held_.empty());
    for (InstanceNo i = 0; i < 4; ++i) {
      if (dag_->spec(i).produces.empty() || run_.at(i).state != TaskState::success) continue;
      EXPECT_EQ(told_.count({i, run_.at(i).epoch}), 1U) << "lost: " << i;
    }
    const bool is_good = run_.at(2).state == TaskState::success && last_good_;
    // Checks that could not run say nothing of data that was let through before they ran again.
    const bool has_bad = run_.at(2).state == TaskState::success && !last_good_ && run_.at(0).state == TaskState::success;
    if (is_good) {
      EXPECT_TRUE(holders_.empty());
    }
    if (has_bad) {
      EXPECT_TRUE(holders_.contains("x"));
    }
  }

 private:
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_()) % n; }

  void any_step(int steps) {
    now_.wall += kSecond;
    now_.mono += kSecond;
    const auto i = static_cast<InstanceNo>(below(4));
    const Instance& instance = run_.at(i);
    if (instance.state == TaskState::scheduled) return (void)step(Admitted{i, {}});
    if (is_live(instance.state)) return end(i);
    if (steps > 60 || below(4) != 0 || !is_final(instance.state)) return;
    std::vector<InstanceNo> selected;
    for (InstanceNo k = i; k < 4; ++k) selected.push_back(k);
    (void)step(Cleared{selected});
  }

  void end(InstanceNo i) {
    AttemptEnd end = test::exited(below(4) == 0 ? 1 : 0);
    const bool good = below(2) == 0;
    if (i == 2) end.output = result(good ? 0 : 1);
    end.key = run_.key_of(i);
    end.started = true;
    const bool counts = step(AttemptEnded{i, end});
    if (counts && i == 2) last_good_ = good;
    if (!counts) step(AttemptEnded{i, end});  // told again to who comes next
    if (!counts && i == 2) last_good_ = good;
  }

  /// False: it died before that was written.
  bool step(const Event& event) {
    out_.clear();
    for (bool more = advance(run_, event, now_, {}, out_); more;) more = advance_pending(run_, now_, {}, out_);
    if (below(6) == 0) {
      recover();
      return false;
    }
    write();
    for (const HeldEventRow& row : out_.held) {
      row.is_gone ? (void)held_.erase(row.instance_no) : (void)held_.insert(row.instance_no);
    }
    for (const AssetQuarantineRow& row : out_.quarantines) {
      const auto holder = holders_.find(row.asset);
      if (!row.by.empty()) holders_.emplace(row.asset, row.by);
      if (row.by.empty() && holder != holders_.end() && holder->second == row.only_of) holders_.erase(holder);
    }
    for (const InstanceNo i : out_.produced) {
      EXPECT_TRUE(told_.insert({i, run_.at(i).epoch}).second) << "doubled: " << i;
    }
    if (below(8) == 0) recover();
    return true;
  }

  void write() {
    disk_.run = run_.row;
    disk_.instances.clear();
    for (InstanceNo i = 0; i < 4; ++i) disk_.instances.push_back(row_of(run_, i));
    for (const TaskRow& row : disk_.instances) outputs_[row.instance_no] = row.outputs_json;
  }

  void recover() {
    disk_.held_events.assign(held_.begin(), held_.end());
    auto restored = restore_run(disk_, dag_, now_);
    ASSERT_TRUE(restored.ok());
    run_ = std::move(*restored);
    out_.clear();
    for (bool more = advance(run_, RunBegins{}, now_, {}, out_); more;) more = advance_pending(run_, now_, {}, out_);
    EXPECT_TRUE(out_.produced.empty());
  }

  std::mt19937 random_;
  std::shared_ptr<const Dag> dag_ = guarded();
  Moment now_{1'700'000'000 * kSecond, kHour};
  DagRun run_;
  StepOutcome out_;
  RunSnapshot disk_;
  std::map<InstanceNo, std::string> outputs_;
  std::set<InstanceNo> held_;
  std::map<std::string, std::string> holders_;
  std::set<std::pair<InstanceNo, Epoch>> told_;
  bool last_good_ = false;
};

TEST(Gates, NoEventIsLostOrDoubledWhateverDiesInWhicheverOrder) {
  for (std::uint32_t seed = 1; seed <= 2'000 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Mortal(seed).play();
  }
}

/// Somebody lets an asset go in the batch in which checks hold it back: on the disk that is the last word.
TEST(Gates, WhoIsToldHearsOfAQuarantineAndOfWhatWasAskedInTheOrderOfTheirParts) {
  EngineBench bench(guarded());
  bench.begin();
  bench.settle();
  std::vector<std::string> told;
  bench.engine.on_asset_quarantines([&](const auto& rows) { told.push_back("held " + rows.at(0).asset); });
  for (const std::size_t k : {0U, 1U}) {
    bench.end(bench.executor.launched.at(k), test::exited(0));
    bench.settle();
  }
  bench.end(bench.executor.launched.at(2), test::exited(0, result(1)));
  EngineRequest release;
  release.service.quarantines.push_back({"x", "", "", kNoTime, ""});
  release.done = [&](const PartVerdict&) { told.push_back("let go"); };
  bench.engine.write(std::move(release));
  bench.settle();
  EXPECT_EQ(told, (std::vector<std::string>{"held x", "let go"}));
}

}  // namespace
}  // namespace baton
