#include "scheduler/dagfile/loader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "scheduler/digest/digest.h"
#include "tests/unit/dagfile/load.h"

namespace baton {
namespace {

using test::kFullExample;
using test::load;
using test::rules_of;

constexpr const char* kSmall = "dag: small\ntasks:\n  a: {noop: true}\n";

TEST(Loader, HelloWorldIsADag) {
  const auto dag = load("dag: hello\ntasks:\n  greet:\n    run: echo \"hello, $BATON_RUN_ID\"\n");
  ASSERT_TRUE(dag);
  EXPECT_EQ(dag->id, "hello");
  ASSERT_EQ(dag->tasks.size(), 1U);
  EXPECT_EQ(dag->tasks[0].id, "greet");
  EXPECT_EQ(dag->tasks[0].line, 3U);
  EXPECT_EQ(dag->spec(0).script.source, "echo \"hello, $BATON_RUN_ID\"");
  EXPECT_EQ(dag->version.size(), 64U);
  EXPECT_EQ(dag->source_file, "test.yaml");
  EXPECT_EQ(dag->work_folder, std::filesystem::current_path().string());
}

TEST(Loader, TheFullExampleOfTheLanguageLoadsWithoutAFinding) {
  const auto r = load_text(kFullExample, "churn.dag.yaml");
  EXPECT_TRUE(r.diagnostics.empty()) << render_text(r.diagnostics);
  ASSERT_EQ(r.dags.size(), 1U);
  EXPECT_EQ(r.dags[0]->tasks.size(), 9U);
}

TEST(Loader, DocumentsOfOneFileStandAlone) {
  const auto r = load_text(
      "dag: one\ntasks: {a: {noop: true}}\n---\nother: 1\n---\ndag: two\ntasks: {b: {nop: true}}\n", "x.yaml");
  ASSERT_EQ(r.dags.size(), 1U);
  EXPECT_EQ(r.dags[0]->id, "one");
  EXPECT_EQ(rules_of(r), "not-a-dag task-kind unknown-key");
}

TEST(Loader, EmptyTextHasNeitherDagNorFinding) {
  for (const char* text : {"", "\n", "# only a comment\n", "---\n---\n"}) {
    const auto r = load_text(text, "x.yaml");
    EXPECT_TRUE(r.dags.empty());
    EXPECT_TRUE(r.diagnostics.empty()) << text << render_text(r.diagnostics);
  }
}

TEST(Loader, FindingsBeyondTheLimitAreCounted) {
  std::string text = "dag: many\ntasks:\n";
  for (int i = 0; i < 1500; ++i) text += "  t" + std::to_string(i) + ": {nope: 1, noop: true}\n";
  const auto r = load_text(text, "x.yaml");
  ASSERT_EQ(r.diagnostics.size(), 1001U);
  EXPECT_EQ(r.diagnostics.back().rule, "too-many");
  EXPECT_NE(r.diagnostics.back().message.find("500"), std::string::npos);
}

TEST(Loader, AnErrorIsKeptBehindAnyNumberOfWarnings) {
  std::string text = "dag: x\nparams: {p: {default: 1}}\ntasks:\n";
  for (int i = 0; i < 2000; ++i) text += "  t" + std::to_string(i) + ": {run: \"echo ${{ raw(params.p) }}\"}\n";
  EXPECT_TRUE(load_text(text, "x").ok());
  EXPECT_FALSE(load_text(text + "  last: {noop: true, needs: nowhere}\n", "x").ok());
}

TEST(Loader, AFindingInALongLineKeepsWhatStandsAroundIt) {
  const std::string doc(100'000, 'x');
  const std::string text = "{dag: x, tasks: {a: {noop: true}}, doc: \"" + doc + "\", \u00e9: 1}\n";
  const auto r = load_text(text, "x");
  ASSERT_EQ(rules_of(r), "unknown-key");
  EXPECT_LT(r.diagnostics[0].source_line.size(), 4096U);
  const std::string shown = render_text(r.diagnostics[0]);
  const std::size_t source = shown.find('\n') + 1;
  const std::size_t caret = shown.find('\n', source) + 1;
  // Each line by itself: the caret stands below the key, which is two bytes and one column.
  EXPECT_EQ(shown.find("\u00e9", source) - source, shown.find('^', caret) - caret);
}

TEST(Loader, ALongScriptIsNoMatterOfItsBrackets) {
  std::string script;
  for (int i = 0; i < 20'000; ++i) script += "      echo {[\"a\", 'b'], c: d}\n";
  EXPECT_TRUE(load_text("dag: x\ntasks:\n  a:\n    run: |\n" + script, "x").ok());
  EXPECT_TRUE(load_text("dag: x\ntasks:\n  a:\n    \"run\": >-\n" + script, "x").ok());
  EXPECT_TRUE(load_text("dag: x\ntasks:\n  a:\n    exec:\n    - bash\n    - |-  # c\n" + script, "x").ok());
}

TEST(Loader, EnvNamesTheVariablesBeforeItAlone) {
  const auto rules = [](const std::string& env) {
    const std::string before = "dag: x\ntasks: {a: {noop: true}}\nenv: {A: a, B: \"${{ env.A }}\", ";
    return rules_of(load_text(before + env + "}\n", "x"));
  };
  EXPECT_EQ(rules("C: \"${{ env.B }}\""), "");
  EXPECT_EQ(rules("C: \"${{ env.D }}\", D: d"), "unknown-name");
}

TEST(Loader, WarningsCanCountAsErrors) {
  const std::string text = "dag: x\nparams: {p: {type: string}}\ntasks:\n  a: {run: \"echo ${{ raw(params.p) }}\"}\n";
  EXPECT_TRUE(load_text(text, "x.yaml").ok());
  LoadOptions strict;
  strict.warnings_are_errors = true;
  EXPECT_FALSE(load_text(text, "x.yaml", strict).ok());
}

class LoadFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "baton-load-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return (folder_ / name).string();
  }
  std::filesystem::path folder_;
};

TEST_F(LoadFile, ReadsARegularFileAndALinkToOne) {
  const std::string path = write("a.yaml", kSmall);
  const auto r = load_file(path);
  ASSERT_EQ(r.dags.size(), 1U);
  EXPECT_EQ(r.dags[0]->work_folder, folder_.string());
  EXPECT_EQ(r.source, kSmall);
  EXPECT_EQ(r.source_sha256, sha256_hex(kSmall));
  std::filesystem::create_symlink(path, folder_ / "link.yaml");
  EXPECT_EQ(load_file((folder_ / "link.yaml").string()).dags.size(), 1U);
}

TEST_F(LoadFile, RefusesWhatIsNoFileWithoutWaiting) {
  const std::string fifo = (folder_ / "fifo").string();
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  for (const std::string& path : {fifo, folder_.string(), std::string("/dev/zero"), (folder_ / "none.yaml").string()}) {
    const auto r = load_file(path);
    EXPECT_EQ(rules_of(r), "file-unreadable") << path;
    EXPECT_TRUE(r.dags.empty());
  }
}

TEST_F(LoadFile, ChecksTheSizeBeforeItReads) {
  const std::string path = write("big.yaml", "");
  ASSERT_EQ(::truncate(path.c_str(), off_t{1} << 40), 0);  // a sparse file of a terabyte
  EXPECT_EQ(rules_of(load_file(path)), "file-too-large");
  LoadOptions options;
  options.config.max_file_bytes = 10;
  EXPECT_EQ(rules_of(load_file(write("small.yaml", kSmall), options)), "file-too-large");
  EXPECT_EQ(rules_of(load_text(kSmall, "x", options)), "file-too-large");
}

TEST(ConfigFile, GivesPoolsLimitsAndNames) {
  const auto r = load_config_text(
      "pools: {warehouse: {slots: 8}, small: 2}\npass_env: [HTTPS_PROXY]\nlimits: {file: 64Mi, instances: 5}\n"
      "retention: 90d\nbreakers: {db: {consecutive: 3}}\nassets: {orders: \"s3://x\"}\ncalendars: {off: "
      "[2026-01-01]}\n",
      "baton.yaml");
  ASSERT_TRUE(r.ok()) << render_text(r.diagnostics);
  ASSERT_EQ(r.config.pools.size(), 2U);
  EXPECT_EQ(r.config.pools[0].slots, 8);
  EXPECT_EQ(r.config.pools[1].slots, 2);
  EXPECT_EQ(r.config.max_file_bytes, 64 << 20);
  EXPECT_EQ(r.config.max_instances, 5);
  EXPECT_EQ(r.config.retention, Retention{.runs_us = 90 * kDay});
  EXPECT_EQ(r.config.pass_env, std::vector<std::string>{"HTTPS_PROXY"});
  LoadOptions options;
  options.config = r.config;
  EXPECT_TRUE(
      load("dag: x\nschedule: {cron: \"@daily\", calendar: {exclude: off}}\ntasks:\n  a: {noop: true, pool: warehouse, "
           "breaker: db, "
           "consumes: orders}\n",
           options));
  EXPECT_EQ(
      rules_of(load_text("dag: x\ntasks:\n  a: {run: echo, for_each: {items: [1, 2, 3, 4, 5, 6]}}\n", "x", options)),
      "mapping-limit");
}

TEST(ConfigFile, RetentionIsASpanOrANumberOfRuns) {
  const auto kept = [](const std::string& text) {
    const auto r = load_config_text("retention: " + text + "\n", "baton.yaml");
    EXPECT_TRUE(r.ok()) << render_text(r.diagnostics);
    return r.config.retention;
  };
  EXPECT_EQ(kept("1000 per dag"), Retention{.runs_per_dag = 1000});
  EXPECT_EQ(kept("{runs: 2w, logs: 36h}"), (Retention{.runs_us = 14 * kDay, .logs_us = 36 * kHour}));
  EXPECT_EQ(kept("{runs: 5 per dag}"), Retention{.runs_per_dag = 5});
  EXPECT_EQ(kept("{logs: 30d}"), Retention{.logs_us = 30 * kDay});
  for (const char* wrong : {"0 per dag", "per dag", "-3 per dag", "1.5 per dag", "1000 per dags", "soon", "0s", "[90d]",
                            "{runs: 90d, log: 1d}", "{logs: 5 per dag}", "{logs: 0s}"}) {
    EXPECT_FALSE(load_config_text(std::string("retention: ") + wrong + "\n", "baton.yaml").ok()) << wrong;
  }
}

TEST(ConfigFile, BackupsNameAnAbsoluteFolder) {
  const auto r = load_config_text("backup: {path: /backup/baton, every: 6h, keep: 3}\n", "baton.yaml");
  ASSERT_TRUE(r.ok()) << render_text(r.diagnostics);
  EXPECT_EQ(r.config.backup, (BackupSettings{"/backup/baton", 6 * kHour, 3}));
  EXPECT_EQ(load_config_text("backup: {path: /b}\n", "baton.yaml").config.backup, (BackupSettings{"/b", kDay, 7}));
  for (const char* wrong : {"{path: here}", "{every: 1d}", "{path: /b, keep: 0}", "{path: /b, every: 1s}", "/b"}) {
    EXPECT_FALSE(load_config_text(std::string("backup: ") + wrong + "\n", "baton.yaml").ok()) << wrong;
  }
}

TEST(ConfigFile, SaysWhatIsWrong) {
  const auto r = load_config_text("pols: {}\nlimits: {fil: 1}\n", "baton.yaml");
  EXPECT_FALSE(r.ok());
  ASSERT_EQ(r.diagnostics.size(), 2U);
  EXPECT_EQ(r.diagnostics[0].hint, "did you mean \"pools\"?");
  EXPECT_TRUE(load_config_text("", "baton.yaml").ok());
  EXPECT_FALSE(load_config_text("[1]", "baton.yaml").ok());
}

TEST(SharedIds, OfTwoFilesAreAnErrorAtBothPlaces) {
  const LoadResult a = load_text("dag: x\ntasks: {a: {noop: true}}\n", "dags/a.yaml");
  const LoadResult b = load_text("# broken too\ndag: x\ntasks: 5\n---\ndag: y\ntasks: {a: {noop: true}}\n", "dags/b.yaml");
  std::vector<FoundId> ids = a.ids;
  ids.insert(ids.end(), b.ids.begin(), b.ids.end());
  const std::vector<Diagnostic> found = shared_ids(ids);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].file, "dags/a.yaml");
  EXPECT_EQ(found[0].line, 1U);
  EXPECT_NE(found[0].message.find("also that of dags/b.yaml:2"), std::string::npos) << found[0].message;
  EXPECT_EQ(found[1].file, "dags/b.yaml");
  EXPECT_EQ(found[1].line, 2U);
  EXPECT_NE(found[1].message.find("also that of dags/a.yaml:1"), std::string::npos) << found[1].message;
  EXPECT_EQ(found[1].rule, "duplicate-id");
  EXPECT_TRUE(has_errors(found));
}

TEST(SharedIds, OfOneFileAreItsOwnBusiness) {
  EXPECT_TRUE(shared_ids(load_text("dag: x\n---\ndag: x\n", "a.yaml").ids).empty());
}

TEST(Sizes, AreExact) {
  const auto memory = [](const std::string& size) {
    const LoadResult r = load_text("dag: x\ntasks: {a: {run: echo, resources: {memory: " + size + "}}}\n", "a.yaml");
    return r.ok() ? r.dags[0]->spec(0).resources->memory_bytes : -1;
  };
  EXPECT_EQ(memory("9007199254740993"), 9007199254740993);
  EXPECT_EQ(memory("1.5Gi"), std::int64_t{3} << 29U);
  EXPECT_EQ(memory("0.1k"), 100);
  EXPECT_EQ(memory("0.1Ki"), -1);
  EXPECT_EQ(memory("9000P"), 9'000'000'000'000'000'000);
  EXPECT_EQ(memory("10000P"), -1);
  EXPECT_EQ(memory("1..5M"), -1);
}

}  // namespace
}  // namespace baton
