#include <gtest/gtest.h>

#include "cli/text/clock_text.h"
#include "cli/text/display_width.h"
#include "cli/text/document_text.h"
#include "cli/text/reason_text.h"
#include "cli/text/table.h"
#include "scheduler/model/attempt_key.h"

namespace baton::text {
namespace {

TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("ü✓"), 2U);
  EXPECT_EQ(display_width("日本"), 4U);
  EXPECT_EQ(display_width("e\xCC\x81"), 1U);
  EXPECT_EQ(display_width("\x1b[31mred\x1b[0m"), 3U);
}

TEST(Printable, NothingThatSteersATerminalGetsThrough) {
  EXPECT_EQ(printable("a\x1b[2Jb"), "a\xEF\xBF\xBD[2Jb");
  EXPECT_EQ(printable("a\tb\n"), "a b\xEF\xBF\xBD");
  EXPECT_EQ(printable("\xff\xfe"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(printable("a\xE2\x80\xAE" "b"), "a\xEF\xBF\xBD" "b");  // right-to-left override
  EXPECT_EQ(printable("\xC2\x9B" "2J"), "\xEF\xBF\xBD" "2J");      // CSI as one character
}

TEST(Clip, CutsAtColumnsAndKeepsColoursWhole) {
  EXPECT_EQ(clip("abcdef", 6), "abcdef");
  EXPECT_EQ(clip("abcdef", 4), "abc…");
  EXPECT_EQ(clip("abcdef", 5, false), "ab...");
  EXPECT_EQ(clip("日本語", 4), "日…");
  EXPECT_EQ(clip("\x1b[31mabcdef\x1b[0m", 3), "\x1b[31mab…\x1b[0m");
}

TEST(Span, IsShortAndSteady) {
  EXPECT_EQ(span(0), "0.0ms");
  EXPECT_EQ(span(1'240), "1.2ms");
  EXPECT_EQ(span(35 * kMillisecond), "35ms");
  EXPECT_EQ(span(999'999), "999ms");
  EXPECT_EQ(span(1'250 * kMillisecond), "1.2s");
  EXPECT_EQ(span(59'999 * kMillisecond), "59.9s");
  EXPECT_EQ(span(125 * kSecond), "2m05s");
  EXPECT_EQ(span(3'720 * kSecond), "1h02m");
  EXPECT_EQ(span(100 * kHour), "4d04h");
  EXPECT_EQ(span(-5), "0.0ms");
}

TEST(Times, AreRfc3339InUtcForPrograms) {
  EXPECT_EQ(utc_time(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(utc_time(1'500'000), "1970-01-01T00:00:01.500000Z");
  EXPECT_TRUE(json_time(kNoTime).is_null());
}

TEST(Numbers, AreGroupedAndSized) {
  EXPECT_EQ(grouped(1'234'567), "1,234,567");
  EXPECT_EQ(grouped(-1'000), "-1,000");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(size(512), "512B");
  EXPECT_EQ(size(1'536), "1.5KiB");
  EXPECT_EQ(size(64LL << 20), "64.0MiB");
}

TEST(Table, AlignsColumnsWithoutSpacesAtLineEnds) {
  Table table({{"NAME"}, {"N", true}, {"NOTE"}});
  table.add({"a", "1", ""});
  table.add({"longer", "1000", "x"});
  EXPECT_EQ(table.render({}, 0), "NAME       N  NOTE\na          1\nlonger  1000  x\n");
}

TEST(Table, ShrinksTheColumnsThatMayBeforeItDropsOthers) {
  Table table({{"NAME", false, true, 6}, {"ID"}, {"EXTRA", false, false, 0, 1}});
  table.add({"a-very-long-name", "0123456789", "extra"});
  EXPECT_EQ(table.render({}, 40), "NAME              ID          EXTRA\na-very-long-name  0123456789  extra\n");
  EXPECT_EQ(table.render({}, 28), "NAME       ID          EXTRA\na-very-l…  0123456789  extra\n");
  EXPECT_EQ(table.render({}, 20), "NAME      ID\na-very-…  0123456789\n");
}

TEST(Documents, JsonForPeopleKeepsShortThingsOnOneLine) {
  const Value value = Object().set("a", 1).set("list", ValueList{1, 2}).set("deep", ValueList{Object().set("b", "x").take()}).take();
  EXPECT_EQ(json_pretty(value), "{\n  \"a\": 1,\n  \"list\": [1,2],\n  \"deep\": [\n    {\"b\":\"x\"}\n  ]\n}\n");
  EXPECT_EQ(json_line(value), "{\"a\":1,\"list\":[1,2],\"deep\":[{\"b\":\"x\"}]}\n");
}

TEST(Documents, EscapeWhatATerminalCouldObey) {
  const Value value = Object().set("a", "x\x7F\xC2\x9B" "2J\xE2\x80\xAE\xE2\x81\xA6é日\x1b").take();
  EXPECT_EQ(json_line(value), "{\"a\":\"x\\u007f\\u009b2J\\u202e\\u2066é日\\u001b\"}\n");
  EXPECT_EQ(yaml(value), "a: \"x\\u007f\\u009b2J\\u202e\\u2066é日\\u001b\"\n");
}

TEST(Documents, YamlQuotesWhatCouldBeReadAsSomethingElse) {
  const Value value = Object()
                          .set("plain", "abc")
                          .set("boolean", "yes")
                          .set("number", "12")
                          .set("colon", "a: b")
                          .set("empty", ValueList{})
                          .set("list", ValueList{1, Object().set("x", Value()).set("y", 2.5).take()})
                          .take();
  EXPECT_EQ(yaml(value),
            "plain: abc\nboolean: \"yes\"\nnumber: \"12\"\ncolon: \"a: b\"\nempty: []\nlist:\n  - 1\n  - x: null\n"
            "    \"y\": 2.5\n");
}

TEST(Names, LabelsStandInBrackets) {
  EXPECT_EQ(instance_name("load", kUnmapped, ""), "load");
  EXPECT_EQ(instance_name("load", 3, ""), "load[3]");
  EXPECT_EQ(instance_name("load", 3, "eu"), "load[eu]");
  EXPECT_EQ(instance_name("load", 3, "17"), "load[3]");  // [17] would name another
  EXPECT_EQ(instance_name("load", 3, "\x1b[2J"), "load[\xEF\xBF\xBD[2J]");
}

TEST(Reasons, SayCodesAndSignals) {
  EXPECT_EQ(reason_words(Reason::exit_code, 3), "exit code 3");
  EXPECT_EQ(reason_words(Reason::signal, -1, 11), "killed by SIGSEGV");
  EXPECT_EQ(reason_words(Reason::none), "");
}

}  // namespace
}  // namespace baton::text
