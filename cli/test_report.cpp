#include "cli/test_report.h"

#include <algorithm>

#include "cli/text/display_width.h"
#include "cli/text/document_text.h"
#include "cli/text/table.h"
#include "web/http/markup.h"

namespace baton::cli {
namespace {

using text::Ink;

std::string place_of(const TestResult& result, std::uint32_t line) {
  return result.file + ":" + std::to_string(line == 0 ? result.line : line);
}

/// Where the DAG makes it so; empty: nowhere.
std::string cause_of(const TestResult& result, const rehearsal::Difference& d) {
  return d.dag_line == 0 ? std::string() : result.dag_file + ":" + std::to_string(d.dag_line) + ": " + d.cause;
}

std::string sentence_of(const rehearsal::Difference& d) {
  return d.what + ": expected " + d.expected + ", got " + d.got;
}

std::string seconds_of(DurationUs span) {
  const std::string ms = std::to_string(span / kMillisecond % 1000);
  return std::to_string(span / kSecond) + "." + std::string(3 - ms.size(), '0') + ms;
}

std::string case_of(const TestResult& result) {
  std::string out = "    <testcase classname=\"" + http::in_markup(result.dag_id) + "\" name=\"" +
                    http::in_markup(result.name) + "\" file=\"" + http::in_markup(result.file) + "\" line=\"" +
                    std::to_string(result.line) + "\" time=\"" + seconds_of(result.took_us) + "\"";
  if (result.passed()) return out + "/>\n";
  out += ">\n";
  if (!result.error.empty()) {
    out += "      <error message=\"" + http::in_markup(result.error) + "\"/>\n";
  } else {
    std::string all;
    for (const auto& d : result.differences) {
      all += place_of(result, d.line) + ": " + sentence_of(d) + "\n";
      if (const std::string cause = cause_of(result, d); !cause.empty()) all += "  because of " + cause + "\n";
    }
    out += "      <failure message=\"" + http::in_markup(sentence_of(result.differences.front())) + "\">" +
           http::in_markup(all) + "</failure>\n";
  }
  return out + "    </testcase>\n";
}

}  // namespace

std::string text_of(const TestResult& result, const text::Style& style) {
  const std::string name = text::printable(result.dag_id + ": " + result.name);
  const std::string note =
      result.note.empty() ? std::string() : "    " + style.paint(Ink::dim, text::printable(result.note)) + "\n";
  if (result.passed()) return style.paint(Ink::green, style.unicode ? "✓ " : "ok ") + name + "\n" + note;
  std::string out = style.paint(Ink::bold_red, style.unicode ? "✗ " : "FAILED ") + name + "\n";
  if (!result.error.empty()) out += "    " + text::printable(place_of(result, 0) + ": " + result.error) + "\n";
  for (const auto& d : result.differences) {
    out += "    " + text::printable(place_of(result, d.line) + ": " + d.what) + "\n";
    out += "      expected  " + style.paint(Ink::green, text::printable(d.expected)) + "\n";
    out += "      got       " + style.paint(Ink::red, text::printable(d.got)) + "\n";
    if (const std::string cause = cause_of(result, d); !cause.empty()) {
      out += "      because   " + text::printable(cause) + "\n";
    }
  }
  return out + note;
}

std::string summary_of(const std::vector<TestResult>& results, std::size_t files, const text::Style& style) {
  const auto passed = static_cast<std::size_t>(std::ranges::count_if(results, &TestResult::passed));
  const std::size_t failed = results.size() - passed;
  const std::string where = " in " + std::to_string(files) + (files == 1 ? " file\n" : " files\n");
  const std::string words = std::to_string(passed) + " passed, " + std::to_string(failed) + " failed";
  return style.paint(failed == 0 ? Ink::bold_green : Ink::bold_red, words) + where;
}

Value document_of(const std::vector<TestResult>& results) {
  ValueList list;
  for (const TestResult& result : results) {
    ValueList differences;
    for (const auto& d : result.differences) {
      differences.push_back(text::Object()
                                .set("line", static_cast<std::int64_t>(d.line))
                                .set("what", d.what)
                                .set("expected", d.expected)
                                .set("got", d.got)
                                .set("dag_line", static_cast<std::int64_t>(d.dag_line))
                                .set("cause", d.cause)
                                .take());
    }
    list.push_back(text::Object()
                       .set("dag", result.dag_id)
                       .set("test", result.name)
                       .set("file", result.file)
                       .set("line", static_cast<std::int64_t>(result.line))
                       .set("passed", result.passed())
                       .set("error", result.error)
                       .set("dag_file", result.dag_file)
                       .set("note", result.note)
                       .set("differences", std::move(differences))
                       .take());
  }
  return text::Object().set("tests", std::move(list)).take();
}

std::string junit_of(const std::vector<TestResult>& results) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (std::size_t begin = 0; begin < results.size();) {
    std::size_t end = begin, failures = 0, errors = 0;
    DurationUs took = 0;
    std::string cases;
    for (; end < results.size() && results[end].file == results[begin].file; ++end) {
      cases += case_of(results[end]);
      took += results[end].took_us;
      failures += results[end].differences.empty() ? 0 : 1;
      errors += results[end].error.empty() ? 0 : 1;
    }
    out += "  <testsuite name=\"" + http::in_markup(results[begin].file) + "\" tests=\"" + std::to_string(end - begin) +
           "\" failures=\"" + std::to_string(failures) + "\" errors=\"" + std::to_string(errors) + "\" time=\"" +
           seconds_of(took) + "\">\n" + cases + "  </testsuite>\n";
    begin = end;
  }
  return out + "</testsuites>\n";
}

}  // namespace baton::cli
