// Tasks that wait for a person or another run: what is asked, which answers end them, what their deadlines do, and what
// becomes of a question when its task waits no more.
#include "scheduler/engine/decide.h"

#include <gtest/gtest.h>

#include "scheduler/engine/approval.h"
#include "scheduler/engine/child_ask.h"
#include "scheduler/json/json_value.h"
#include "tests/support/dag_builder.h"
#include "tests/support/run_driver.h"
#include "tests/unit/engine/deferred_tasks.h"

namespace baton {
namespace {

using enum TaskState;
using test::approval_task;
using test::DagBuilder;
using test::exited;
using test::RunDriver;
using test::trigger_task;

std::shared_ptr<const Dag> asking(const std::string& body) {
  return DagBuilder().task("ask", {}, approval_task(body)).task("go", {"ask"}).build();
}

Answered answer_to(const RunDriver& d, std::vector<std::string> chosen, const std::string& by = "maria") {
  Value value = answer_value(chosen, Value(ValueMap{}), by, d.now().wall, "looks fine");
  return {d.no("ask"), d.at("ask").epoch, std::move(value), by, rejects(chosen)};
}

TEST(Approval, IsDeferredAndAsksWithItsPromptRendered) {
  RunDriver d(asking(R"({"prompt": "Promote ${{ 1 + 1 }}?", "assignees": ["maria"]})"));
  d.begin();
  EXPECT_EQ(d.state("ask"), deferred);
  EXPECT_EQ(d.at("ask").wait, Wait::approval);
  EXPECT_EQ(d.at("ask").epoch, 1);
  EXPECT_EQ(d.at("ask").try_number, 1);
  ASSERT_EQ(d.out().asked.size(), 1U);
  const ApprovalAsk ask = ask_from_json(d.out().asked[0].form_json);
  EXPECT_EQ(ask.prompt, "Promote 2?");
  EXPECT_EQ(ask.options, (std::vector<std::string>{"approve", "reject"}));
  EXPECT_EQ(ask.assignees, std::vector<std::string>{"maria"});
  EXPECT_EQ(d.out().asked[0].epoch, 1);
  EXPECT_EQ(d.out().dirty, std::vector<InstanceNo>{d.no("ask")}) << "its row is in the part of the question";
  EXPECT_EQ(d.commands(Command::Kind::offer), 0U) << "it holds nothing";
}

TEST(Approval, AnAnswerLetsItSucceedWithWhatWasChosen) {
  RunDriver d(asking(R"({"prompt": "Go?"})"));
  d.begin();
  d.pass(kHour);
  d.step(answer_to(d, {"approve"}));
  EXPECT_EQ(d.state("ask"), success);
  EXPECT_EQ(d.state("go"), scheduled);
  ASSERT_EQ(d.out().answered.size(), 1U);
  EXPECT_EQ(d.out().answered[0].state, ApprovalState::answered);
  EXPECT_EQ(d.out().answered[0].by, "maria");
  const Value& outputs = d.run().outputs.at(d.no("ask"));
  EXPECT_EQ(outputs.find("option")->as_string(), "approve");
  EXPECT_EQ(outputs.find("by")->as_string(), "maria");
  EXPECT_EQ(outputs.find("note")->as_string(), "looks fine");
  EXPECT_EQ(outputs.find("chosen")->as_list().size(), 1U);
}

TEST(Approval, ARejectionFailsItWithoutARetry) {
  TaskSpec spec = approval_task(R"({"prompt": "Go?"})");
  spec.retries = test::constant_retries(3);
  RunDriver d(DagBuilder().task("ask", {}, spec).build());
  d.begin();
  d.step(answer_to(d, {"reject"}));
  EXPECT_EQ(d.state("ask"), failed);
  EXPECT_EQ(d.at("ask").reason, Reason::rejected);
  EXPECT_EQ(d.out().answered.at(0).state, ApprovalState::answered);
  EXPECT_EQ(d.run().row.state, RunState::failed);
}

TEST(Approval, AnAnswerToAnEarlierQuestionChangesNothing) {
  RunDriver d(asking(R"({"prompt": "Go?"})"));
  d.begin();
  const Answered early = answer_to(d, {"approve"});
  d.step(Cleared{{d.no("ask")}});
  EXPECT_EQ(d.state("ask"), deferred);
  EXPECT_EQ(d.at("ask").epoch, 2);
  ASSERT_EQ(d.out().answered.size(), 1U);
  EXPECT_EQ(d.out().answered[0].state, ApprovalState::withdrawn);
  EXPECT_EQ(d.out().answered[0].epoch, 1);
  ASSERT_EQ(d.out().asked.size(), 1U);
  EXPECT_EQ(d.out().asked[0].epoch, 2);
  d.step(early);
  EXPECT_EQ(d.state("ask"), deferred);
  d.step(answer_to(d, {"approve"}));
  EXPECT_EQ(d.state("ask"), success);
}

TEST(Approval, AMarkWithdrawsTheQuestion) {
  RunDriver d(asking(R"({"prompt": "Go?"})"));
  d.begin();
  d.step(Marked{{d.no("ask")}, success});
  EXPECT_EQ(d.state("ask"), success);
  ASSERT_EQ(d.out().answered.size(), 1U);
  EXPECT_EQ(d.out().answered[0].state, ApprovalState::withdrawn);
  EXPECT_EQ(d.out().answered[0].reason, Reason::marked);
}

TEST(Approval, AStopOfTheRunWithdrawsTheQuestion) {
  RunDriver d(asking(R"({"prompt": "Go?"})"));
  d.begin();
  const Answered late = answer_to(d, {"approve"});
  d.stop();
  EXPECT_EQ(d.state("ask"), skipped);
  ASSERT_EQ(d.out().answered.size(), 1U);
  EXPECT_EQ(d.out().answered[0].state, ApprovalState::withdrawn);
  EXPECT_EQ(d.out().answered[0].reason, Reason::stopped);
  d.step(late);
  EXPECT_EQ(d.state("ask"), skipped);
}

TEST(Approval, SilenceFailsSkipsOrTakesTheDefault) {
  const auto after_deadline = [](const std::string& body) {
    RunDriver d(asking(body));
    d.begin();
    EXPECT_EQ(d.commands(Command::Kind::timer), 1U);
    d.timer(d.no("ask"));
    EXPECT_EQ(d.out().answered.at(0).state, ApprovalState::expired);
    return std::pair(d.state("ask"), d.at("ask").reason);
  };
  EXPECT_EQ(after_deadline(R"({"prompt": "Go?", "timeout": "24h"})"), std::pair(failed, Reason::timeout));
  EXPECT_EQ(after_deadline(R"({"prompt": "Go?", "timeout": "24h", "on_timeout": "skip"})"),
            std::pair(skipped, Reason::timeout));
  EXPECT_EQ(after_deadline(R"({"prompt": "Go?", "timeout": "24h", "on_timeout": "default", "default": "approve"})"),
            std::pair(success, Reason::none));
  EXPECT_EQ(after_deadline(R"({"prompt": "Go?", "timeout": "24h", "on_timeout": "default", "default": "reject"})"),
            std::pair(failed, Reason::timeout));
}

TEST(Approval, SilenceTakesTheDefaultsOfTheFormToo) {
  const auto after_deadline = [](const std::string& params) {
    RunDriver d(
        asking(R"({"prompt": "Go?", "timeout": "24h", "on_timeout": "default", "default": "approve", "params": )" +
               params + "}"));
    d.begin();
    d.timer(d.no("ask"));
    if (d.state("ask") != success) return d.run().activity(d.no("ask"))->note;
    return to_json(*d.run().outputs.at(d.no("ask")).find("params"));
  };
  EXPECT_EQ(after_deadline(R"({"share": {"type": "integer", "default": 10}, "x": {"type": "number", "default": 1}})"),
            R"({"share":10,"x":1.0})");
  EXPECT_NE(after_deadline(R"({"share": {"type": "integer"}})").find("\"share\" of its form has no default"),
            std::string::npos);
}

TEST(Approval, APromptThatCannotBeRenderedFailsTheTask) {
  RunDriver d(asking(R"({"prompt": "${{ params.nothing }}"})"));
  d.begin();
  EXPECT_EQ(d.state("ask"), failed);
  EXPECT_EQ(d.at("ask").reason, Reason::expression);
  EXPECT_TRUE(d.out().asked.empty());
}

TEST(Approval, WhatMayBeChosenIsHeldAgainstTheOptions) {
  ApprovalAsk ask;
  ask.options = {"a", "b"};
  EXPECT_TRUE(check_chosen(ask, {"a"}));
  EXPECT_FALSE(check_chosen(ask, {}));
  EXPECT_FALSE(check_chosen(ask, {"c"}));
  EXPECT_FALSE(check_chosen(ask, {"a", "b"})) << "one alone";
  ask.multiple = true;
  EXPECT_TRUE(check_chosen(ask, {"a", "b"}));
  EXPECT_FALSE(check_chosen(ask, {"a", "a"}));
}

ChildMoved moved(const RunDriver& d, ChildMoved::Kind kind, RunState state = RunState::queued) {
  ChildMoved out{d.no("start"), d.at("start").epoch, kind, "report", "r1"};
  out.state = state;
  return out;
}

TEST(TriggerDag, ThatDoesNotWaitSucceedsOnceTheRunIsMade) {
  RunDriver d(DagBuilder().task("start", {}, trigger_task(R"({"dag": "report"})")).build());
  d.begin();
  EXPECT_EQ(d.state("start"), deferred);
  EXPECT_EQ(d.commands(Command::Kind::start_child), 1U);
  d.step(moved(d, ChildMoved::Kind::made));
  EXPECT_EQ(d.state("start"), success);
  EXPECT_EQ(d.run().outputs.at(d.no("start")).find("run_id")->as_string(), "r1");
  EXPECT_EQ(d.commands(Command::Kind::stop_child), 0U);
}

TEST(TriggerDag, ThatWaitsEndsAsItsRunDoes) {
  for (const RunState end : {RunState::success, RunState::failed}) {
    RunDriver d(DagBuilder().task("start", {}, trigger_task(R"({"dag": "report", "wait": true})")).build());
    d.begin();
    d.step(moved(d, ChildMoved::Kind::made));
    EXPECT_EQ(d.state("start"), deferred);
    d.step(moved(d, ChildMoved::Kind::ended, end));
    EXPECT_EQ(d.state("start"), end == RunState::success ? success : failed);
    ASSERT_EQ(d.out().children.size(), 1U);
    EXPECT_EQ(d.out().children[0].state, ChildState::over);
  }
}

TEST(TriggerDag, AFailureOfItsRunMayBeLetPass) {
  RunDriver d(
      DagBuilder().task("start", {}, trigger_task(R"({"dag": "report", "wait": true, "on_failure": "ignore"})")).build());
  d.begin();
  d.step(moved(d, ChildMoved::Kind::ended, RunState::failed));
  EXPECT_EQ(d.state("start"), success);
  EXPECT_EQ(d.run().outputs.at(d.no("start")).find("state")->as_string(), "failed");
}

TEST(TriggerDag, ARetryWantsARunOfItsOwn) {
  TaskSpec spec = trigger_task(R"({"dag": "report", "wait": true, "run_id": "mine"})");
  spec.retries = test::constant_retries(1);
  RunDriver d(DagBuilder().task("start", {}, spec).build());
  d.begin();
  EXPECT_EQ(rendered_child_ask(d.run(), d.no("start"))->run_id, "mine");
  d.step(moved(d, ChildMoved::Kind::ended, RunState::failed));
  EXPECT_EQ(d.state("start"), up_for_retry);
  d.timer(d.no("start"));
  EXPECT_EQ(d.state("start"), deferred);
  EXPECT_EQ(d.at("start").epoch, 2);
  EXPECT_EQ(d.commands(Command::Kind::start_child), 1U);
  EXPECT_EQ(rendered_child_ask(d.run(), d.no("start"))->run_id, "mine__2");
  d.step(moved(d, ChildMoved::Kind::ended, RunState::failed));
  EXPECT_EQ(d.state("start"), failed);
}

TEST(TriggerDag, ADeadlockIsNotTriedAgain) {
  TaskSpec spec = trigger_task(R"({"dag": "report", "wait": true})");
  spec.retries = test::constant_retries(5);
  RunDriver d(DagBuilder().task("start", {}, spec).build());
  d.begin();
  ChildMoved refused = moved(d, ChildMoved::Kind::refused);
  refused.reason = Reason::deadlock;
  d.step(refused);
  EXPECT_EQ(d.state("start"), failed);
  EXPECT_EQ(d.at("start").reason, Reason::deadlock);
}

TEST(TriggerDag, AStopCutsTheRunThatItWaitsFor) {
  RunDriver d(DagBuilder().task("start", {}, trigger_task(R"({"dag": "report", "wait": true})")).build());
  d.begin();
  d.stop();
  EXPECT_EQ(d.state("start"), skipped);
  EXPECT_EQ(d.commands(Command::Kind::stop_child), 1U);
  ASSERT_EQ(d.out().children.size(), 1U);
  EXPECT_EQ(d.out().children[0].state, ChildState::cut);
}

}  // namespace
}  // namespace baton
