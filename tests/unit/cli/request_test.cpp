#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "cli/interval.h"
#include "cli/log_text.h"
#include "cli/plan.h"
#include "cli/run_request.h"
#include "cli/state_lookup.h"
#include "scheduler/host/folders.h"
#include "scheduler/timetable/time_text.h"
#include "tests/unit/cli/support.h"

namespace baton::cli {
namespace {

namespace fs = std::filesystem;

class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "baton-cli-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Scratch() { fs::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

LoadedDag loaded_from(const std::string& yaml) {
  LoadedDag out;
  out.dag = dag_from(yaml);
  out.source = yaml;
  out.file = "/tmp/test.dag.yaml";
  return out;
}

std::string shown(const Result<timetable::Interval>& interval) {
  if (!interval) return interval.error().message;
  return timetable::format_rfc3339(interval->start, timetable::utc()) + " " + timetable::format_rfc3339(interval->end, timetable::utc());
}

std::string interval_text(const std::string& yaml, std::string_view text) {
  const LoadedDag loaded = loaded_from(yaml);
  const Result<timetable::Timetable> timetable = timetable_of(loaded);
  EXPECT_TRUE(timetable);
  return shown(parse_interval(text, *loaded.dag, *timetable));
}

constexpr const char* kManual = "dag: d\ntasks:\n  a: {run: x}\n";
constexpr const char* kHourly = "dag: d\nschedule: \"0 * * * *\"\ntasks:\n  a: {run: x}\n";

TEST(Interval, OfADateIsItsDayWithoutASchedule) {
  EXPECT_EQ(interval_text(kManual, "2026-01-31"), "2026-01-31T00:00:00+00:00 2026-02-01T00:00:00+00:00");
}

TEST(Interval, OfATimeIsThatInstantWithoutASchedule) {
  EXPECT_EQ(interval_text(kManual, "2026-01-31T05:00:00Z"), "2026-01-31T05:00:00+00:00 2026-01-31T05:00:00+00:00");
}

TEST(Interval, GoesToTheNextTickOfASchedule) {
  EXPECT_EQ(interval_text(kHourly, "2026-01-31"), "2026-01-31T00:00:00+00:00 2026-01-31T01:00:00+00:00");
  EXPECT_EQ(interval_text(kHourly, "2026-01-31T05:30:00Z"), "2026-01-31T05:30:00+00:00 2026-01-31T06:00:00+00:00");
}

TEST(Interval, MayNameBothEnds) {
  EXPECT_EQ(interval_text(kHourly, "2026-01-31/2026-02-02"), "2026-01-31T00:00:00+00:00 2026-02-02T00:00:00+00:00");
  EXPECT_NE(interval_text(kHourly, "2026-02-02/2026-01-31").find("before the start"), std::string::npos);
  EXPECT_NE(interval_text(kHourly, "yesterday").find("write START"), std::string::npos);
}

TEST(Interval, WithoutTheFlagIsTheLatestThatIsOver) {
  const WallUs now = *timetable::parse_time("2026-01-31T05:30:00Z", timetable::utc());
  EXPECT_EQ(shown(interval_of(loaded_from(kHourly), {}, now)), "2026-01-31T04:00:00+00:00 2026-01-31T05:00:00+00:00");
  EXPECT_EQ(shown(interval_of(loaded_from(kManual), {}, now)), "2026-01-31T05:30:00+00:00 2026-01-31T05:30:00+00:00");
}

TEST(Selection, HoldsTheTasksAndAllTheirUpstreams) {
  const auto dag = dag_from("dag: d\ntasks:\n  a: {run: x}\n  b: {needs: a, run: x}\n  c: {needs: b, run: x}\n  e: {run: x}\n");
  const Result<std::vector<bool>> selected = selection_of(*dag, {"b"});
  ASSERT_TRUE(selected);
  EXPECT_EQ(*selected, (std::vector<bool>{true, true, false, false}));
  EXPECT_EQ(*selection_of(*dag, {}), (std::vector<bool>{true, true, true, true}));
  const Result<std::vector<bool>> unknown = selection_of(*dag, {"bb"});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind, ErrorKind::not_found);
}

TEST(Refusals, NameEachTaskThatCannotRunHereWithItsLine) {
  const LoadedDag loaded = loaded_from(
      "dag: d\ntasks:\n  ok: {run: x}\n  ask:\n    trigger_dag: other\n  far: {run: x, executor: slurm}\n");
  const std::vector<Diagnostic> all = refusals(loaded, {true, true, true});
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].line, 4U);
  EXPECT_NE(all[0].message.find("\"ask\" is of kind trigger_dag"), std::string::npos);
  EXPECT_EQ(all[1].line, 6U);
  EXPECT_EQ(refusals(loaded, {true, false, false}).size(), 0U);
}

TEST(LeftOut, IsOneSentenceOfWhatBelongsToTheService) {
  EXPECT_EQ(left_out(*dag_from(kManual)), "");
  EXPECT_NE(left_out(*dag_from(kHourly)).find("schedule"), std::string::npos);
}

TEST(Plan, RendersWhatIsKnownBeforeTheRun) {
  const LoadedDag loaded = loaded_from(
      "dag: d\nparams:\n  n: {type: integer, default: 3}\ntasks:\n  a:\n    run: echo ${{ params.n }}\n    outputs: {rows: list}\n"
      "  b:\n    needs: a\n    for_each: {items: \"${{ tasks.a.outputs.rows }}\", as: row}\n    run: echo ${{ row }}\n"
      "  c:\n    for_each: {items: [1, 2], as: i}\n    run: echo hi\n");
  const Value params = ValueMap{{"n", 3}};
  const std::vector<PlanRow> rows = plan_of(loaded, params, {0, 0}, {true, true, true});
  ASSERT_EQ(rows.size(), 3U);
  std::map<std::string, PlanRow> by_id;
  for (const PlanRow& row : rows) by_id[loaded.dag->task(row.task_no).id] = row;
  EXPECT_EQ(by_id["a"].command, "echo '3'");
  EXPECT_TRUE(by_id["a"].is_rendered);
  EXPECT_EQ(by_id["b"].instances, -1);
  EXPECT_FALSE(by_id["b"].is_rendered);
  EXPECT_EQ(by_id["c"].instances, 2);
}

TEST(StateFolder, IsTheNearestOwnFolderUpwardsElseANewOneHere) {
  const Scratch scratch;
  const fs::path deep = scratch.path() / "a" / "b";
  fs::create_directories(deep);
  EXPECT_EQ(find_state_folder(deep), deep / ".baton");
  fs::create_directory(scratch.path() / ".baton");
  EXPECT_EQ(find_state_folder(deep), scratch.path() / ".baton");
  fs::create_directory(scratch.path() / "a" / ".baton");
  EXPECT_EQ(find_state_folder(deep), scratch.path() / "a" / ".baton");
}

TEST(ConfigFile, StandsBesideTheDagFileOrAboveItUpToTheStateFolder) {
  const Scratch scratch;
  const fs::path top = scratch.path() / "top";
  const fs::path deep = top / "dags" / "etl";
  fs::create_directories(deep);
  const fs::path dag = deep / "x.yaml";
  std::ofstream(scratch.path() / "baton.yaml") << "";
  EXPECT_EQ(*config_file_of({}, dag, top / ".baton"), fs::path());  // above the state folder's: not looked at
  std::ofstream(top / "baton.yaml") << "";
  EXPECT_EQ(*config_file_of({}, dag, top / ".baton"), top / "baton.yaml");
  EXPECT_EQ(*config_file_of({}, dag, "/elsewhere/.baton"), fs::path());
  std::ofstream(deep / "baton.yaml") << "";
  EXPECT_EQ(*config_file_of({}, dag, top / ".baton"), deep / "baton.yaml");
  Arguments arguments;
  arguments.flags["config"] = {"/no/such/file"};
  const auto missing = config_file_of(arguments, dag, top / ".baton");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
}

TEST(DagFiles, AreSortedAndHiddenFoldersLeftOut) {
  const Scratch scratch;
  fs::create_directories(scratch.path() / "b" / ".hidden");
  for (const char* name : {"b/z.yaml", "a.yml", "b/.hidden/x.yaml", "b/readme.md"}) std::ofstream(scratch.path() / name) << "";
  const Result<std::vector<std::string>> files = dag_files({scratch.path().string()});
  ASSERT_TRUE(files);
  EXPECT_EQ(*files, (std::vector<std::string>{scratch.path() / "a.yml", scratch.path() / "b" / "z.yaml"}));
  EXPECT_EQ(dag_files({"/no/such/thing"}).error().kind, ErrorKind::not_found);
}

TEST(LogLine, CommandsAreUnderstood) {
  std::string out;
  EXPECT_TRUE(line_for_terminal("::warning::low", {}, out));
  EXPECT_EQ(out, "warning: low");
  EXPECT_FALSE(line_for_terminal("::progress 10::", {}, out));
}

TEST(LogLine, OnATerminalColoursStayAndNothingElseSteersIt) {
  const auto shown = [](std::string_view line, bool color) {
    std::string out;
    text::Style style;
    style.color = color;
    line_for_terminal(line, style, out);
    return out;
  };
  EXPECT_EQ(shown("a\x1b[31mb\x1b[2Jc\x1b]0;x\x07", false), "ab^[[2Jc^[]0;x^G");
  EXPECT_EQ(shown("a\x1b[1;31mb", true), "a\x1b[1;31mb\x1b[0m");
  EXPECT_EQ(shown("\x1b[38:2::1:2:3mb", true), "\x1b[38:2::1:2:3mb\x1b[0m");
  EXPECT_EQ(shown("\x1b[>4;2mb", true), "^[[>4;2mb");
  EXPECT_EQ(shown("10 %\r20 %\r\r", true), "10 %^M20 %");
  EXPECT_EQ(shown("a\bb\tc", true), "a^Hb\tc");
  EXPECT_EQ(shown(std::string_view("a\0b", 3), true), "a^@b");
  EXPECT_EQ(shown("\x1b", true), "^[");
  EXPECT_EQ(shown("\xC2\x9B" "2J", true), "\xEF\xBF\xBD" "2J");
}

}  // namespace
}  // namespace baton::cli
