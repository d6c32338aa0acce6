// Malformed definitions (docs/INVARIANTS.md): each is refused with one place, soon, and with little memory.
#include "scheduler/dagfile/yaml_reader.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>

#include "scheduler/dagfile/loader.h"
#include "tests/unit/dagfile/load.h"

namespace baton {
namespace {

using test::rules_of;

std::string repeat(std::string_view text, std::size_t n) {
  std::string out;
  out.reserve(text.size() * n);
  for (std::size_t i = 0; i < n; ++i) out += text;
  return out;
}

long peak_rss_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

struct Bad {
  const char* name;
  std::string text;
  const char* rules;
};

std::vector<Bad> corpus() {
  const std::string tasks = "tasks: {a: {noop: true}}\n";
  std::string laughs = "dag: x\nl0: &l0 [a, a, a, a, a, a, a, a, a, a]\n";
  for (int i = 1; i < 20; ++i) {
    const std::string before = "*l" + std::to_string(i - 1);
    laughs += "l" + std::to_string(i) + ": &l" + std::to_string(i) + " [" + repeat(before + ", ", 9) + before + "]\n";
  }
  return {
      {"flow depth", "dag: x\ntags: " + repeat("[", 100'000), "yaml-depth"},
      {"map depth", "dag: x\ntags: " + repeat("{a: ", 100'000), "yaml-depth"},
      {"question depth", repeat("? ", 100'000), "yaml-depth"},
      {"dash depth", repeat("- ", 100'000), "yaml-depth"},
      {"billion laughs", laughs, "yaml-alias"},
      {"self alias map", "dag: &a {b: *a}\n", "yaml-alias"},
      {"unknown alias", "dag: *a\n", "yaml-syntax"},
      {"unterminated single", "dag: 'x\n" + tasks, "yaml-syntax"},
      {"unterminated double at the end", "dag: x\ntasks: \"a", "yaml-syntax"},
      {"percent", "%", "yaml-syntax"},
      {"comma", ",", "yaml-syntax"},
      {"closing brace", "}", "yaml-syntax"},
      {"reserved at", "dag: @x\n", "yaml-syntax"},
      {"backtick", "dag: `x`\n", "yaml-syntax"},
      {"bad escape", "dag: \"\\q\"\n", "yaml-syntax"},
      {"lone surrogate escape", "dag: \"\\ud800\"\n", "yaml-syntax"},
      {"lone surrogate bytes", "dag: \xED\xA0\x80\n", "not-utf8"},
      {"overlong", "dag: \xC0\xAF\n", "not-utf8"},
      {"latin1", "dag: caf\xE9\n", "not-utf8"},
      {"utf16 be", std::string("\xFE\xFF\0d\0a", 6), "not-utf8"},
      {"utf16 le without mark", std::string("d\0a\0g\0", 6), "not-utf8"},
      {"bom",
       "\xEF\xBB\xBF"
       "dag: x\n",
       "not-utf8"},
      {"nul", std::string("dag: x\0\n", 8), "forbidden-character"},
      {"escape character", "dag: \x1b[31m\n", "forbidden-character"},
      {"bidi isolate", "dag: \"\xE2\x81\xA6\"\n", "forbidden-character"},
      {"tab", "dag: x\ntasks:\n\ta: {noop: true}\n", "yaml-syntax"},
      {"tag", "dag: !!python/object:os.system x\n" + tasks, "yaml-tag"},
      {"merge", "dag: x\n<<: {a: 1}\n" + tasks, "merge-key"},
      {"homoglyph id",
       "dag: \xD0\xB0"
       "bc\n" +
           tasks,
       "invalid-id"},
      {"dots id", "dag: \"..\"\n" + tasks, "invalid-id"},
      {"slash id", "dag: a/b\n" + tasks, "invalid-id"},
      {"long id", "dag: " + std::string(4000, 'a') + "\n" + tasks, "invalid-id"},
      {"list as document", "- dag: x\n", "not-a-dag"},
      {"scalar as document", "hello\n", "not-a-dag"},
      {"null dag", "dag:\n" + tasks, "wrong-type"},
      {"tasks as text", "dag: x\ntasks: hello\n", "wrong-type"},
      {"text after the quote", "dag: \"x\" y\n" + tasks, "yaml-syntax"},
      {"key without colon", "dag: x\ntasks\n", "yaml-syntax wrong-type"},
  };
}

TEST(Malformed, EachIsRefusedWithItsPlaceSoonAndWithLittleMemory) {
  (void)load_text("dag: x\ntasks: {a: {noop: true}}\n", "warm up");
  const long rss_before = peak_rss_mib();
  for (const Bad& bad : corpus()) {
    const auto begin = std::chrono::steady_clock::now();
    const auto r = load_text(bad.text, bad.name);
    const auto took = std::chrono::steady_clock::now() - begin;
    EXPECT_EQ(rules_of(r), bad.rules) << bad.name << "\n" << render_text(r.diagnostics).substr(0, 2000);
    EXPECT_TRUE(r.dags.empty()) << bad.name;
    EXPECT_LT(took, std::chrono::seconds(5)) << bad.name;  // a second in a release build
    for (const auto& d : r.diagnostics) {
      EXPECT_GE(d.line, 1U);
      EXPECT_EQ(d.message.find('\n'), std::string::npos);
    }
  }
  EXPECT_LE(peak_rss_mib() - rss_before, 256);  // the sanitizers' shadow counts too
}

TEST(Malformed, AHundredThousandDuplicatesAreFoundInLinearTime) {
  std::string text = "dag: x\ntasks:\n";
  for (int i = 0; i < 50'000; ++i) text += "  t" + std::to_string(i) + ": {noop: true}\n";
  text += "  t7: {noop: true}\n";
  const auto r = load_text(text, "x");
  EXPECT_EQ(rules_of(r), "duplicate-key duplicate-key");
  EXPECT_EQ(r.diagnostics[0].line, 50'003U);
  EXPECT_EQ(r.diagnostics[1].line, 10U);
}

std::vector<dagfile::Document> read(const dagfile::SourceText& source, const dagfile::YamlLimits& limits = {}) {
  dagfile::Reporter reporter(source);
  auto documents = dagfile::read_yaml(reporter, limits);
  EXPECT_EQ(reporter.error_count(), 0U) << render_text(reporter.take());
  return documents;
}

TEST(YamlLimits, DepthIsASetting) {
  const auto rules_at = [](int depth) {
    LoadOptions options;
    options.config.max_depth = depth;
    return rules_of(load_text("dag: x\ntags: [[[[a]]]]\n", "x", options));
  };
  EXPECT_EQ(rules_at(4), "yaml-depth");
  EXPECT_NE(rules_at(5), "yaml-depth");
}

TEST(YamlLimits, AliasesCountTowardsDepth) {
  dagfile::YamlLimits limits;
  limits.depth_max = 6;
  const dagfile::SourceText source("x", "a: &a [[[1]]]\nb: [[[*a]]]\n");
  dagfile::Reporter reporter(source);
  (void)dagfile::read_yaml(reporter, limits);
  EXPECT_EQ(reporter.take().at(0).rule, "yaml-depth");
}

TEST(YamlLimits, AliasesMayMultiplyALargeDocumentTenfold) {
  std::string text = "a: &a [" + repeat("x, ", 5000) + "x]\nb: [";
  EXPECT_TRUE(read(dagfile::SourceText("x", text + repeat("*a, ", 8) + "*a]\n")).size() == 1);
  const dagfile::SourceText source("x", text + repeat("*a, ", 10) + "*a]\n");
  dagfile::Reporter reporter(source);
  (void)dagfile::read_yaml(reporter, {});
  EXPECT_EQ(reporter.take().at(0).rule, "yaml-alias");
}

TEST(Nodes, TextsAliasesAndPlaces) {
  const dagfile::SourceText source("x",
                                   "plain: a b\nquoted: \"q\\tx\"\nsingle: 'it''s'\nblock: |\n  one\n  two\n"
                                   "empty:\nnull1: ~\nlist: [1, &k v, *k]\n");
  const auto documents = read(source);
  const dagfile::Node root = documents.at(0).root();
  EXPECT_EQ(root.size(), 7U);
  EXPECT_EQ(root.find("plain").text(), "a b");
  EXPECT_EQ(root.find("quoted").text(), "q\tx");
  EXPECT_EQ(root.find("single").text(), "it's");
  EXPECT_EQ(root.find("block").text(), "one\ntwo\n");
  EXPECT_TRUE(root.find("empty").is_null());
  EXPECT_TRUE(root.find("null1").is_null());
  EXPECT_FALSE(root.find("nothing"));
  std::string items;
  for (const auto item : dagfile::Items(root.find("list"))) items += std::string(item.text()) + ",";
  EXPECT_EQ(items, "1,v,v,");
  const auto block = root.find("block");
  EXPECT_EQ(source.place(block.source_offset(4)).line, 6U);
  EXPECT_EQ(source.place(block.source_offset(4)).column, 3U);
  const auto quoted = root.find("quoted");
  EXPECT_EQ(source.place(quoted.source_offset(2)).column, 13U);
}

}  // namespace
}  // namespace baton
