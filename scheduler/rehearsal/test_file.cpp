// Test files → TestCase: their documents. What is given and what is expected have readers of their own.
#include "scheduler/dagfile/scalar.h"
#include "scheduler/dagfile/yaml_reader.h"
#include "scheduler/rehearsal/test_reading.h"

namespace baton::rehearsal {
namespace {

using dagfile::Node;
using dagfile::Reporter;

const Words kTestKeys = {"test", "dag", "file", "given", "expect"};

TestCase read_test(Node root, TestReading& reading) {
  TestCase test;
  test.line = root.line();
  std::vector<std::pair<std::string_view, std::string_view>> moved;
  for (const std::string_view key : {"params", "interval", "now", "slots", "pools", "breakers", "variables", "assets",
                                     "approvals", "tasks", "default"}) {
    moved.emplace_back(key, "stands under `given`");
  }
  for (const std::string_view key : {"run", "takes", "order", "alerts", "waits"}) {
    moved.emplace_back(key, "stands under `expect`");
  }
  reading.check_keys(root, kTestKeys, "a test", moved);
  test.name = reading.text_at(root, "test");
  test.dag_id = reading.text_at(root, "dag");
  test.dag_file = reading.text_at(root, "file");
  if (test.name.empty()) reading.error(Rule::missing_key, root, "a test has a name: `test: what it shows`");
  if (test.dag_id.empty()) reading.error(Rule::missing_key, root, "a test names its DAG: `dag: id`");
  if (const Node given = root.find("given"); given) test.given = read_given(given, reading);
  if (const Node expect = root.find("expect"); expect) {
    test.expect = read_expect(expect, reading);
  } else {
    reading.error(Rule::missing_key, root, "a test says what is expected: `expect: {run: success}`");
  }
  return test;
}

}  // namespace

TestFile read_tests(std::string text, const std::string& name) {
  TestFile out;
  const dagfile::SourceText source(name, std::move(text));
  Reporter reporter(source);
  TestReading reading(reporter);
  if (dagfile::check_characters(reporter)) {
    const std::vector<dagfile::Document> documents = dagfile::read_yaml(reporter, {});
    for (const dagfile::Document& document : documents) {
      const Node root = document.root();
      if (!root || root.is_null()) continue;
      if (!root.is_map() || root.size() == 0 || root.first().text() != "test") {
        reporter.error(Rule::invalid_value, root.span(), "a document of a test file begins with `test:`");
        continue;
      }
      out.cases.push_back(read_test(root, reading));
      out.cases.back().file = name;
    }
    if (out.cases.empty() && reporter.error_count() == 0) {
      reporter.error(Rule::missing_key, {}, "there is no test in this file");
    }
  }
  out.diagnostics = reporter.take();
  return out;
}

}  // namespace baton::rehearsal
