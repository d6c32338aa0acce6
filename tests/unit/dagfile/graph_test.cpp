#include "scheduler/dagfile/graph.h"

#include <gmock/gmock.h>

#include "tests/unit/dagfile/load.h"

namespace baton {
namespace {

using testing::HasSubstr;
using testing::Not;

std::shared_ptr<const Dag> diamond() {
  return test::load(R"(dag: shapes
tasks:
  a: {noop: true}
  b: {noop: true, needs: a, group: g}
  c: {run: "echo ${{ item }}", for_each: {items: [1]}, needs: a}
  d: {noop: true, needs: [a, b, c]}
on_failure: {noop: true}
)");
}

TEST(Graph, EdgesThatALongerPathImpliesAreLeftOut) {
  const auto dag = diamond();
  EXPECT_EQ(reduced_edges(*dag), (std::vector<std::pair<TaskNo, TaskNo>>{{0, 1}, {0, 2}, {1, 3}, {2, 3}}));
  EXPECT_EQ(layers(*dag), (std::vector<std::int32_t>{0, 1, 1, 2, 0}));
}

TEST(Graph, DotHasClustersAndColours) {
  GraphOptions options;
  options.state = [](TaskNo t) { return t == 0 ? std::optional(TaskState::success) : std::nullopt; };
  const std::string dot = to_dot(*diamond(), options);
  EXPECT_THAT(dot, HasSubstr("digraph \"shapes\""));
  EXPECT_THAT(dot, HasSubstr("subgraph cluster_0"));
  EXPECT_THAT(dot, HasSubstr("n0 -> n1;"));
  EXPECT_THAT(dot, Not(HasSubstr("n0 -> n3;")));
  EXPECT_THAT(dot, HasSubstr("fillcolor=\"#2e7d32\""));
}

TEST(Graph, MermaidHasSubgraphs) {
  const std::string text = to_mermaid(*diamond());
  EXPECT_THAT(text, testing::StartsWith("flowchart LR\n"));
  EXPECT_THAT(text, HasSubstr("subgraph g0 [\"g\"]"));
  EXPECT_THAT(text, HasSubstr("n2[\"c [ ]\"]"));
  EXPECT_THAT(text, HasSubstr("n1 --> n3"));
}

TEST(Graph, TextShowsLayersAndNeeds) {
  EXPECT_EQ(to_ascii(*diamond()),
            "shapes\n"
            "├─ a\n"
            "├─ ┬ b  ← a\n"
            "│  └ c [ ]  ← a\n"
            "└─ d  ← b, c\n"
            "afterwards: on_failure\n");
}

TEST(Graph, TextMarksStates) {
  GraphOptions options;
  options.state = [](TaskNo) { return std::optional(TaskState::failed); };
  EXPECT_THAT(to_ascii(*diamond(), options), HasSubstr("✗ a"));
  options.colour = true;
  EXPECT_THAT(to_ascii(*diamond(), options), HasSubstr("\x1b[31m✗ a\x1b[0m"));
}

}  // namespace
}  // namespace baton
