#include "scheduler/dagfile/format.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/unit/dagfile/load.h"
#include "test_paths.h"

namespace baton {
namespace {

std::string formatted(const std::string& text) {
  const auto r = format_text(text);
  return r ? *r : "error: " + r.error().message;
}

TEST(Format, IndentsBlankLinesAndLineEndsAndNothingElse) {
  EXPECT_EQ(
      formatted("\n\n# head\ndag:   x   \n\n\n\ntasks:\n      # about a\n      a:\n            run: echo   # why\n\n"
                "      b: {noop: true,\n           needs: a}\n\n\n"),
      "# head\ndag:   x\n\ntasks:\n  # about a\n  a:\n    run: echo   # why\n\n  b: {noop: true,\n       needs: a}\n");
}

TEST(Format, ContentsOfScalarsStay) {
  EXPECT_EQ(formatted("dag: x\ntasks:\n    a:\n        run: |\n                echo   \n                  deep\n\n\n   "
                      "             end\n"
                      "        description: \"one\n             two  \"\n"),
            "dag: x\ntasks:\n  a:\n    run: |\n      echo   \n        deep\n\n\n      end\n"
            "    description: \"one\n         two  \"\n");
}

TEST(Format, ListsKeepTheirStyle) {
  EXPECT_EQ(formatted("dag: x\ntasks:\n   a:\n      exec:\n      -  sh\n      - -c\n      needs:\n         - b\n"),
            "dag: x\ntasks:\n  a:\n    exec:\n    -  sh\n    - -c\n    needs:\n      - b\n");
  EXPECT_EQ(formatted("a:\n    - b: 1\n      c: 2\n    -\n      d: 3\n"), "a:\n  - b: 1\n    c: 2\n  -\n    d: 3\n");
}

TEST(Format, AListGoesOnAfterOneWithinIt) {
  EXPECT_EQ(formatted("models:\n    - name: a\n      columns:\n          - name: r\n            meta: 1\n          - name: c\n"
                      "    - name: g\n      columns:\n          - - x\n            - y\n          - z\n"),
            "models:\n  - name: a\n    columns:\n      - name: r\n        meta: 1\n      - name: c\n"
            "  - name: g\n    columns:\n      - - x\n        - y\n      - z\n");
}

TEST(Format, IsIdempotentAndKeepsTheMeaningOfEveryValidFile) {
  int count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(baton::checkout::kSourceDir) / "tests/golden")) {
    if (entry.path().extension() != ".yaml") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    const auto once = format_text(text.str());
    if (!once) continue;
    ++count;
    EXPECT_EQ(formatted(*once), *once) << entry.path();
  }
  EXPECT_GT(count, 30);
  const std::string full = formatted(test::kFullExample);
  const auto dag = test::load(full);
  ASSERT_TRUE(dag);
  EXPECT_EQ(dag->version, test::load(test::kFullExample)->version);
}

TEST(Format, LeavesAloneWhatItCannotRead) {
  EXPECT_FALSE(format_text("a: [").ok());
  EXPECT_FALSE(format_text("a: 1\na: 2\n").ok());
}

TEST(Format, AListMayEndWithADashAtTheEndOfTheFile) {
  EXPECT_EQ(formatted("a:\n-"), "a:\n-\n");
}

TEST(Format, CarriageReturnsGo) {
  EXPECT_EQ(formatted("dag: x\r\ntasks: {a: {noop: true}}\r\n"), "dag: x\ntasks: {a: {noop: true}}\n");
}

}  // namespace
}  // namespace baton
