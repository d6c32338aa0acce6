#include <gtest/gtest.h>

#include "cli/display/eta.h"
#include "cli/display/frame.h"
#include "cli/display/line_display.h"
#include "cli/display/live_display.h"
#include "cli/display/log_glimpse.h"
#include "cli/text/display_width.h"
#include "tests/unit/cli/support.h"

namespace baton::display {
namespace {

using cli::dag_from;
using cli::row_of;
using cli::run_row;

constexpr const char* kDiamond = R"(
dag: d
tasks:
  a: {run: x}
  b: {needs: a, run: x}
  b2: {needs: b, run: x}
  c: {needs: a, run: x}
  d: {needs: [b2, c], run: x}
  e: {needs: d, run: x}
on_finish: {run: x}
)";

std::string drawn(const std::vector<TreeRow>& rows, const Dag& dag) {
  std::string out;
  for (const TreeRow& row : rows) out += row.lead + dag.task(row.task_no).id + "\n";
  return out;
}

TEST(TreeLayout, BranchesStandBetweenForkAndJoin) {
  const auto dag = dag_from(kDiamond);
  EXPECT_EQ(drawn(tree_layout(*dag, true), *dag), "a\n├─ b\n│  b2\n└─ c\nd\ne\non_finish\n");
  EXPECT_EQ(drawn(tree_layout(*dag, false), *dag), "a\n|- b\n|  b2\n`- c\nd\ne\non_finish\n");
}

TEST(TreeLayout, RootsStandSideBySideWithoutLines) {
  const auto dag = dag_from("dag: d\ntasks:\n  a: {run: x}\n  b: {run: x}\n  c: {needs: [a, b], run: x}\n");
  EXPECT_EQ(drawn(tree_layout(*dag, true), *dag), "a\nb\nc\n");
}

TEST(TreeLayout, AForkInsideABranchIsIndentedTwice) {
  const auto dag = dag_from(
      "dag: d\ntasks:\n  a: {run: x}\n  b: {needs: a, run: x}\n  c: {needs: a, run: x}\n"
      "  b1: {needs: b, run: x}\n  b2: {needs: b, run: x}\n");
  EXPECT_EQ(drawn(tree_layout(*dag, true), *dag), "a\n├─ b\n│  ├─ b1\n│  └─ b2\n└─ c\n");
}

FrameOptions options_at(DurationUs since_begin) {
  FrameOptions options;
  options.now = 1'000 * kSecond + since_begin;
  return options;
}

TEST(Frame, ShowsTheTreeWithStatesAndABar) {
  const auto dag = dag_from(kDiamond);
  RunPicture picture(dag, run_row(*dag));
  picture.put(row_of(*dag, "a", TaskState::success));
  picture.put(row_of(*dag, "b", TaskState::running));
  for (const char* id : {"b2", "c", "d", "e"}) picture.put(row_of(*dag, id, TaskState::none));
  picture.set_glimpse(*dag->find("b"), "reading", 40);
  const std::vector<std::string> lines = frame_of(picture, tree_layout(*dag, true), options_at(2 * kSecond));
  const std::vector<std::string> expected = {" d · manual__1",
                                             "",
                                             " ✓ a           1.0s",
                                             " ├─ ● b        2.0s  40%  reading",
                                             " │  ○ b2             waits for b",
                                             " └─ ○ c              ready",
                                             " ○ d                 waits for b2, c",
                                             " ○ e                 waits for d",
                                             "",
                                             " ██████▋░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  1/6 · 1 running · 2.0s"};
  EXPECT_EQ(lines, expected);
}

TEST(Frame, NoLineIsWiderThanTheTerminal) {
  const auto dag = dag_from(kDiamond);
  RunPicture picture(dag, run_row(*dag));
  picture.put(row_of(*dag, "a", TaskState::running));
  picture.set_glimpse(0, std::string(500, 'x') + "日本語", 40);
  for (const std::size_t columns : {20U, 40U, 80U, 120U}) {
    FrameOptions options = options_at(kSecond);
    options.columns = columns;
    options.style.color = true;
    for (const std::string& line : frame_of(picture, tree_layout(*dag, true), options)) {
      EXPECT_LT(text::display_width(line), columns) << line;
    }
  }
}

TEST(Frame, ALargeRunIsTotalsWhatRunsAndWhatFailed) {
  const auto dag = dag_from("dag: d\ntasks:\n  t:\n    for_each: {items: [0, 1], as: i}\n    run: x\n");
  RunPicture picture(dag, run_row(*dag));
  picture.expect(5'000);
  for (std::int32_t i = 0; i < 5'000; ++i) {
    Row row;
    row.instance_no = i;
    row.map_index = i;
    row.started_at = 1'000 * kSecond;
    row.state = i < 3'000 ? TaskState::success : i < 3'040 ? TaskState::failed : i < 3'060 ? TaskState::running : TaskState::none;
    if (is_final(row.state)) row.ended_at = 1'001 * kSecond + i;
    if (row.state == TaskState::failed) row.reason = Reason::exit_code, row.exit_code = 2;
    picture.put(row);
  }
  EXPECT_FALSE(fits_tree(picture, 50));
  FrameOptions options = options_at(10 * kSecond);
  options.rows = 24;
  const std::vector<std::string> lines = frame_of(picture, {}, options);
  EXPECT_LT(lines.size(), 24U);
  EXPECT_EQ(lines[2], " ✓ 3,000  ✗ 40  ● 20  ○ 1,940");
  EXPECT_EQ(lines[4], " running");
  EXPECT_EQ(lines[5], " ● t[3040]    10.0s");
  const auto failed = std::find(lines.begin(), lines.end(), " failed");
  ASSERT_NE(failed, lines.end());
  EXPECT_EQ(failed[1], " ✗ t[3039]     1.0s  exit code 2");
}

TEST(RunPicture, KeepsNoRowsOfWhatEndedWellInALargeRun) {
  const auto dag = dag_from("dag: d\ntasks:\n  t:\n    for_each: {items: [0, 1], as: i}\n    run: x\n");
  RunPicture picture(dag, run_row(*dag));
  picture.expect(100'000);
  for (std::int32_t i = 0; i < 100'000; ++i) {
    Row row;
    row.instance_no = i;
    row.state = TaskState::running;
    picture.put(row);
    row.state = TaskState::success;
    picture.put(row);
  }
  EXPECT_TRUE(picture.rows().empty());
  EXPECT_EQ(picture.ended(), 100'000);
}

TEST(RunPicture, CountsEachInstanceOnceWhateverComesAgain) {
  const auto dag = dag_from("dag: d\ntasks:\n  a: {run: x}\n");
  RunPicture picture(dag, run_row(*dag));
  for (const TaskState state : {TaskState::none, TaskState::running, TaskState::up_for_retry, TaskState::running, TaskState::success, TaskState::success}) {
    picture.put(row_of(*dag, "a", state));
  }
  EXPECT_EQ(picture.total(), 1);
  EXPECT_EQ(picture.count(TaskState::success), 1);
  EXPECT_EQ(picture.of_task(0).run_count, 1);
}

TEST(RunPicture, KeepsTheExitCodeOfTheLastTry) {
  const auto dag = dag_from("dag: d\ntasks:\n  a: {run: x}\n");
  RunPicture picture(dag, run_row(*dag));
  picture.note_try(0, 75, 0);
  picture.put(row_of(*dag, "a", TaskState::failed));
  EXPECT_EQ(picture.row(0)->exit_code, 75);
}

TEST(Eta, IsTheLongestPathOrTheWorkOverTheSlots) {
  const auto dag = dag_from("dag: d\ntasks:\n  a: {run: x}\n  b: {needs: a, run: x}\n  c: {run: x}\n  e: {run: x}\n");
  RunPicture picture(dag, run_row(*dag));
  for (const char* id : {"a", "b", "c", "e"}) picture.put(row_of(*dag, id, TaskState::none));
  const Means means = {{"a", 10 * kSecond}, {"b", 20 * kSecond}, {"c", 60 * kSecond}, {"e", 60 * kSecond}};
  const WallUs now = 1'000 * kSecond;
  EXPECT_EQ(estimate_left(picture, means, 100, now), 60 * kSecond);
  EXPECT_EQ(estimate_left(picture, means, 1, now), 150 * kSecond);
  picture.put(row_of(*dag, "c", TaskState::running));
  EXPECT_EQ(estimate_left(picture, means, 100, now + 15 * kSecond), 60 * kSecond);  // e has not begun
  picture.put(row_of(*dag, "e", TaskState::success));
  EXPECT_EQ(estimate_left(picture, means, 100, now + 15 * kSecond), 45 * kSecond);
}

TEST(Eta, SaysNothingWhereNothingIsKnown) {
  const auto dag = dag_from("dag: d\ntasks:\n  a: {run: x}\n");
  RunPicture picture(dag, run_row(*dag));
  picture.put(row_of(*dag, "a", TaskState::running));
  EXPECT_EQ(estimate_left(picture, {}, 1, 1'001 * kSecond), std::nullopt);
}

TEST(Bar, FillsInEighths) {
  EXPECT_EQ(bar_of(0.5, 4, {}), "██░░");
  EXPECT_EQ(bar_of(0.54, 4, {}), "██▏░");
  EXPECT_EQ(bar_of(2, 3, {}), "███");
  EXPECT_EQ(bar_of(0.5, 4, {false, false}), "##..");
}

TEST(Canvas, FindsItsFirstLineAgainAfterTheTerminalBecameNarrower) {
  Canvas canvas(-1);
  EXPECT_NE(canvas.redraw({std::string(70, 'x'), "y"}, 80).find("y\x1b[K\n"), std::string::npos);
  EXPECT_NE(canvas.redraw({"z"}, 40).find("\x1b[3A"), std::string::npos);  // two lines wide, and one
  EXPECT_EQ(canvas.redraw({"z"}, 40), "");                                 // nothing new
}

TEST(ChangeLine, HoldsTimeTaskStateSpanAndReason) {
  const auto dag = dag_from("dag: d\ntasks:\n  load: {run: x, retries: 2}\n");
  RunPicture picture(dag, run_row(*dag));
  Row row = row_of(*dag, "load", TaskState::failed);
  row.reason = Reason::exit_code;
  row.exit_code = 3;
  row.try_number = 3;
  const std::string line = change_line(picture, row, row.ended_at, 8, {});
  EXPECT_EQ(line.substr(12), "  load      failed             1.0s  exit code 3, try 3 of 3");
}

TEST(Glimpse, UnderstandsProgressAndTheLastLine) {
  const Glimpse glimpse = glimpse_in("a\n::progress 10::\nb 1%\rb 2%\n::progress 40.5::\n::group::x\n\n");
  EXPECT_EQ(glimpse.progress, 40);
  EXPECT_EQ(glimpse.last_line, "b 2%");
  EXPECT_EQ(progress_in("::progress 140::"), 100);
  EXPECT_EQ(progress_in("::progress x::"), -1);
  EXPECT_EQ(glimpse_in("\x1b[31mred\x1b[0m\x1b[2J").last_line, "red");
}

}  // namespace
}  // namespace baton::display
