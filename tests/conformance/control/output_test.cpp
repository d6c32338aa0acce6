// What Control promises of outputs that people write: with who wrote them in one part, on a success alone, and never while
// something that follows is made of the earlier ones.
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "scheduler/control/control.h"
#include "tests/support/run_driver.h"
#include "tests/unit/engine/engine_bench.h"

namespace baton {
namespace {

using enum TaskState;
using test::DagBuilder;
using test::EngineBench;
using test::HandLoader;

class OutputConformance : public testing::Test {
 protected:
  OutputConformance()
      : bench(DagBuilder().task("a").task("b", {"a"}).build(), 1),
        control(bench.loop, bench.engine, loader, {4, 2},
                {nullptr, nullptr, [](const Dag&, TaskNo) { return std::vector<std::string>{"kept-secret"}; }}) {
    bench.begin();
    bench.settle();
  }
  void end_next(const std::string& output) {
    AttemptEnd how;
    how.outcome = AttemptEnd::Outcome::exited;
    how.exit_code = 0;
    how.output = output;
    bench.end(bench.executor.launched.back(), how);
    bench.settle();
  }
  std::size_t put(const std::string& task, const std::string& name, const std::string& json,
                  PutOutput::Wish wish = PutOutput::Wish::change) {
    const std::size_t k = answers.size();
    answers.emplace_back();
    PutOutput request;
    request.run_no = 1;
    request.task.task_id = task;
    request.name = name;
    request.wish = wish;
    request.json = json;
    const Status taken = control.ask(std::move(request), {"ada", "", "api"},
                                     [this, k](const Result<Answer>& how) { answers[k] = how; });
    if (!taken) answers[k] = taken.error();
    bench.loop.drain();
    return k;
  }
  [[nodiscard]] std::optional<ErrorKind> kind(std::size_t k) const {
    if (!answers[k] || answers[k]->ok()) return std::nullopt;
    return answers[k]->error().kind;
  }

  EngineBench bench;
  HandLoader loader;
  Control control;
  std::vector<std::optional<Result<Answer>>> answers;
};

TEST_F(OutputConformance, NotOfWhatHasNotSucceededNorWhileSomethingFollows) {
  EXPECT_EQ(kind(put("a", "n", "2")), ErrorKind::conflict) << "it runs";
  EXPECT_EQ(kind(put("c", "n", "2")), ErrorKind::not_found);
  end_next(R"({"n":1})");
  ASSERT_TRUE(is_live(bench.state("b")));
  const auto k = put("a", "n", "2");
  EXPECT_EQ(kind(k), ErrorKind::conflict);
  EXPECT_NE(answers[k]->error().message.find("\"b\" follows"), std::string::npos);
  EXPECT_EQ(bench.run().outputs.at(0), Value(ValueMap{{"n", 1}}));
}

TEST_F(OutputConformance, OfARunThatLivesItIsWrittenWithItsAuditBehindTheRowOfItsSuccess) {
  end_next(R"({"n":1})");
  AttemptEnd how;
  how.outcome = AttemptEnd::Outcome::exited;
  how.exit_code = 0;
  bench.end(bench.executor.launched.back(), how);  // b: its end is not written yet
  const auto k = put("a", "n", "2");
  EXPECT_FALSE(answers[k].has_value()) << "it is not durable yet";
  bool is_written = false;
  for (; !bench.store.offered.empty(); bench.answer({}), bench.loop.drain()) {
    for (const Part& part : bench.store.offered.front().first.parts) {
      if (part.service.outputs.empty()) continue;
      is_written = true;
      EXPECT_FALSE(answers[k].has_value());
      EXPECT_EQ(part.service.outputs[0].json, R"({"n":2})");
      ASSERT_EQ(part.audit.size(), 1U);
      EXPECT_EQ(part.audit[0].action, "set_output");
      EXPECT_EQ(part.audit[0].before_json, R"({"n":1})");
      EXPECT_EQ(part.audit[0].after_json, R"({"n":2})");
    }
  }
  EXPECT_TRUE(is_written);
  ASSERT_TRUE(answers[k].has_value());
  EXPECT_TRUE(answers[k]->ok());
}

TEST_F(OutputConformance, OfARunThatHasEndedItsRowAloneIsWritten) {
  end_next(R"({"n":1})");
  end_next("");
  bench.settle();
  ASSERT_EQ(bench.engine.run(1), nullptr) << "it has ended";
  LoadedRun loaded;
  RunRow row;
  row.run_no = 1;
  row.dag_id = bench.dag->id;
  row.run_id = "r1";
  row.state = RunState::success;
  row.begun_at = 1;
  const Moment now{bench.loop.wall_now(), bench.loop.mono_now()};
  loaded.run = make_run(row, bench.dag, Value{ValueMap{}}, now, std::vector<TaskState>(2, success));
  loaded.run.keep_outputs(0, Value(ValueMap{{"n", 1}}));
  const auto k = put("a", "m", "[true]", PutOutput::Wish::create);
  const auto secret = put("a", "s", R"("a kept-secret here")", PutOutput::Wish::create);
  loader.answer(std::move(loaded));
  bench.loop.drain();
  ASSERT_EQ(bench.store.offered.size(), 1U);
  const Part& part = bench.store.offered.front().first.parts.back();
  ASSERT_EQ(part.service.outputs.size(), 1U);
  EXPECT_EQ(part.service.outputs[0].json, R"({"n":1,"m":[true]})");
  EXPECT_TRUE(part.instances.empty());
  EXPECT_FALSE(answers[k].has_value());
  bench.settle();
  ASSERT_TRUE(answers[k].has_value());
  EXPECT_TRUE(answers[k]->ok()) << "durable";
  EXPECT_FALSE(answers[secret].has_value()) << "the run is loaded anew for it, with what was written";
  ASSERT_EQ(loader.wishes.size(), 1U);
}

}  // namespace
}  // namespace baton
