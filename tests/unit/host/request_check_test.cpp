// What is known of a run before its first task.
#include "scheduler/host/request_check.h"

#include <gtest/gtest.h>

#include "tests/support/dag_builder.h"
#include "tests/support/run_driver.h"

namespace baton {
namespace {

using test::DagBuilder;

TaskSpec task_with_secret(std::string name) {
  TaskSpec spec = test::run_task();
  EnvEntry entry;
  entry.name = "TOKEN";
  entry.secret = std::move(name);
  spec.env.edit().push_back(std::move(entry));
  return spec;
}

Result<std::string> nobody_knows(const std::string& name) {
  return Error{"secret \"" + name + "\" is not set"};
}
Result<std::string> everybody_knows(const std::string&) {
  return std::string("sesame");
}

std::string why_not(const Status& status) {
  return status ? "" : status.error().message;
}

TEST(RequestCheck, NamesEveryMissingSecretOnceWithATaskThatWantsIt) {
  const auto dag = DagBuilder()
                       .task("a", {}, task_with_secret("one"))
                       .task("b", {}, task_with_secret("one"))
                       .task("c", {}, task_with_secret("two"))
                       .build();
  EXPECT_EQ(why_not(check_request(*dag, {}, Value{ValueMap{}}, nobody_knows)),
            "secret \"one\" is not set, for task \"a\"\nsecret \"two\" is not set, for task \"c\"");
  EXPECT_EQ(why_not(check_request(*dag, {}, Value{ValueMap{}}, everybody_knows)), "");
}

TEST(RequestCheck, ASecretOfTheWholeDagIsNeededByWhateverStartsAProcess) {
  Dag dag = *DagBuilder().task("n", {}, test::noop_task()).task("a", {}, test::run_task()).build();
  dag.env.push_back(task_with_secret("one").env.edit().front());
  EXPECT_EQ(why_not(check_request(dag, {}, Value{ValueMap{}}, nobody_knows)),
            "secret \"one\" is not set, for task \"a\"");
  EXPECT_EQ(why_not(check_request(dag, {true, false}, Value{ValueMap{}}, nobody_knows)), "");
}

TEST(RequestCheck, LooksAtSelectedTasksAlone) {
  const auto dag = DagBuilder().task("a").task("b", {}, task_with_secret("one")).build();
  EXPECT_EQ(why_not(check_request(*dag, {true, false}, Value{ValueMap{}}, nobody_knows)), "");
}

TEST(RequestCheck, ParamsMustFitTheEnvironmentOfATask) {
  const auto dag = DagBuilder().task("a", {}, test::run_task()).task("n", {}, test::noop_task()).build();
  const auto of = [](std::size_t bytes) { return Value{ValueMap{{"p", Value{std::string(bytes, 'x')}}}}; };
  EXPECT_EQ(why_not(check_request(*dag, {}, of(100 * 1024 - 8), everybody_knows)), "") << "{\"p\":\"\"} is 8 bytes";
  EXPECT_NE(why_not(check_request(*dag, {}, of(100 * 1024 - 7), everybody_knows)).find("102401 bytes"),
            std::string::npos);
  EXPECT_EQ(why_not(check_request(*dag, {false, true}, of(200 * 1024), everybody_knows)), "") << "no process gets them";
}

TEST(RequestCheck, ARunThatGoesOnNeedsTheSecretsOfWhatIsWantedAlone) {
  const auto dag = DagBuilder().task("a", {}, task_with_secret("one")).task("b", {"a"}, task_with_secret("two")).build();
  EXPECT_EQ(why_not(check_secrets(*dag, {false, true}, nobody_knows)), "secret \"two\" is not set, for task \"b\"");
}

}  // namespace
}  // namespace baton
