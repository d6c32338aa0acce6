// What Control promises of answers to approvals: who may give them, that they are written with who gave them, once.
#include "scheduler/control/control.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "tests/unit/engine/deferred_tasks.h"
#include "tests/unit/engine/engine_bench.h"

namespace baton {
namespace {

using enum TaskState;
using test::DagBuilder;
using test::EngineBench;
using test::HandLoader;

std::shared_ptr<const Dag> asking(const std::string& body) {
  return DagBuilder().task("ask", {}, test::approval_task(body)).build();
}

class AnswerConformance : public testing::Test {
 protected:
  void begin(const std::string& body) {
    bench.emplace(asking(body), 1);
    control.emplace(bench->loop, bench->engine, loader, ControlLimits{4, 2});
    bench->ready();
    TriggerRun request;
    request.creation.dag = bench->dag;
    request.creation.run.run_no = 1;
    request.creation.run.dag_id = bench->dag->id;
    request.creation.run.run_id = "r1";
    request.params = Value{ValueMap{}};
    ask(std::move(request), "ada");
    bench->settle();
  }
  std::size_t ask(Request request, const std::string& who) {
    const std::size_t k = answers.size();
    answers.emplace_back();
    const Status taken = control->ask(std::move(request), {who, "", "api"},
                                      [this, k](const Result<Answer>& how) { answers[k] = how; });
    if (!taken) answers[k] = taken.error();
    return k;
  }
  std::size_t answer(const std::string& who, std::vector<std::string> chosen) {
    AnswerApproval request;
    request.run_no = 1;
    request.task.task_id = "ask";
    request.chosen = std::move(chosen);
    request.note = "looks fine";
    request.requester = "ada";
    return ask(std::move(request), who);
  }
  [[nodiscard]] std::optional<ErrorKind> kind(std::size_t k) const {
    if (!answers[k] || answers[k]->ok()) return std::nullopt;
    return answers[k]->error().kind;
  }

  std::optional<EngineBench> bench;
  HandLoader loader;
  std::optional<Control> control;
  std::vector<std::optional<Result<Answer>>> answers;
};

TEST_F(AnswerConformance, ItIsWrittenWithItsAuditAndTheEndOfTheTaskInOnePart) {
  begin(R"({"prompt": "Go?"})");
  const auto k = answer("maria", {"approve"});
  bench->loop.drain();
  ASSERT_EQ(bench->store.offered.size(), 1U);
  const Part& part = bench->store.offered.front().first.parts.at(1);
  ASSERT_EQ(part.audit.size(), 1U);
  EXPECT_EQ(part.audit[0].actor, "maria");
  EXPECT_EQ(part.audit[0].action, "answer");
  EXPECT_EQ(part.audit[0].task_id, "ask");
  EXPECT_NE(part.audit[0].extra_json.find("looks fine"), std::string::npos);
  ASSERT_EQ(part.instances.size(), 1U);
  EXPECT_EQ(part.instances[0].state, success);
  ASSERT_EQ(part.service.approval_closings.size(), 1U);
  EXPECT_EQ(part.service.approval_closings[0].by, "maria");
  EXPECT_FALSE(answers[k].has_value()) << "it is not durable yet";
  bench->settle();
  EXPECT_TRUE(answers[k]->ok());
}

TEST_F(AnswerConformance, ASecondAnswerIsAConflict) {
  begin(R"({"prompt": "Go?"})");
  const auto first = answer("maria", {"approve"});
  const auto second = answer("bob", {"reject"});
  bench->settle();
  EXPECT_TRUE(answers[first]->ok());
  EXPECT_EQ(kind(second), ErrorKind::conflict);
  EXPECT_NE(answers[second]->error().message.find("success"), std::string::npos) << "it says what has happened";
}

TEST_F(AnswerConformance, WhatWasMarkedOrStoppedIsNotAnsweredAnyMore) {
  begin(R"({"prompt": "Go?"})");
  MarkTasks mark;
  mark.run_no = 1;
  mark.tasks = {{"ask", std::nullopt}};
  mark.state = failed;
  ask(std::move(mark), "bob");
  const auto late = answer("maria", {"approve"});
  bench->settle();
  EXPECT_EQ(kind(late), ErrorKind::conflict);
}

TEST_F(AnswerConformance, WhoHasTriggeredTheRunDoesNotApproveIt) {
  begin(R"({"prompt": "Go?"})");
  EXPECT_EQ((bench->settle(), kind(answer("ada", {"approve"}))), std::nullopt);
  bench->settle();
  EXPECT_EQ(kind(answers.size() - 1), ErrorKind::denied);
  begin(R"({"prompt": "Go?", "self": true})");
  const auto k = answer("ada", {"approve"});
  bench->settle();
  EXPECT_TRUE(answers[k]->ok());
}

TEST_F(AnswerConformance, OnlyWhoIsAskedMayAnswer) {
  begin(R"({"prompt": "Go?", "assignees": ["maria"]})");
  const auto bob = answer("bob", {"approve"});
  bench->settle();
  EXPECT_EQ(kind(bob), ErrorKind::denied);
  const auto maria = answer("maria", {"approve"});
  bench->settle();
  EXPECT_TRUE(answers[maria]->ok());
}

TEST_F(AnswerConformance, WhatIsNoOptionIsInvalid) {
  begin(R"({"prompt": "Go?"})");
  const auto k = answer("maria", {"perhaps"});
  bench->settle();
  EXPECT_EQ(kind(k), ErrorKind::invalid);
}

}  // namespace
}  // namespace baton
