#include "scheduler/service/dag_warnings.h"

#include <gtest/gtest.h>

namespace baton {
namespace {

Dag dag_with_pool(const std::string& id, std::int32_t slots) {
  Dag dag;
  dag.id = id;
  if (slots > 0) dag.pools.push_back({"warehouse", slots});
  return dag;
}

TEST(DagWarnings, WhoSaysAnotherThingThanTheFirstIsWarnedUntilItDoesNot) {
  DagWarnings warnings;
  warnings.learn(dag_with_pool("b", 8), {}, 1);
  warnings.learn(dag_with_pool("a", 4), {}, 2);
  warnings.learn(dag_with_pool("c", 8), {}, 3);
  ASSERT_EQ(warnings.list().size(), 1U);
  EXPECT_EQ(warnings.list()[0].dag_id, "a");
  EXPECT_EQ(warnings.list()[0].at, 2);
  EXPECT_EQ(warnings.list()[0].message,
            "pool \"warehouse\" has 4 slots here and 8 in DAG \"b\", which came first and counts; say it once, in baton.yaml");
  warnings.learn(dag_with_pool("b", 8), {}, 9);  // its file is read again
  EXPECT_EQ(warnings.list()[0].dag_id, "a");
  warnings.learn(dag_with_pool("b", 0), {}, 10);
  ASSERT_EQ(warnings.list().size(), 1U);
  EXPECT_EQ(warnings.list()[0].dag_id, "c") << "what a says stands now";
  warnings.learn(dag_with_pool("c", 4), {}, 11);
  EXPECT_TRUE(warnings.list().empty());
}

TEST(DagWarnings, BreakersToo) {
  DagWarnings warnings;
  BreakerSpec api;
  api.name = "api";
  api.failures = 3;
  warnings.learn(dag_with_pool("a", 0), {api}, 1);
  warnings.learn(dag_with_pool("b", 0), {api}, 2);
  EXPECT_TRUE(warnings.list().empty());
  api.failures = 5;
  warnings.learn(dag_with_pool("b", 0), {api}, 3);
  ASSERT_EQ(warnings.list().size(), 1U);
  EXPECT_EQ(warnings.list()[0].dag_id, "b");
  EXPECT_EQ(warnings.list()[0].at, 3);
}

}  // namespace
}  // namespace baton
