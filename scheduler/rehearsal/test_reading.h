// What the readers of test files share: the strictness and the places of DAG files, for the few kinds of values that
// tests have. Each says what is wrong by itself. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/dagfile/reporter.h"
#include "scheduler/dagfile/node.h"
#include "scheduler/rehearsal/test_case.h"

namespace baton::rehearsal {

using Words = std::vector<std::string_view>;

class TestReading {
 public:
  explicit TestReading(dagfile::Reporter& reporter) : reporter_(reporter) {}

  [[nodiscard]] dagfile::Reporter& reporter() { return reporter_; }
  void error(Rule rule, dagfile::Node node, std::string message, std::string hint = {});
  /// `wanted` is what should stand there instead.
  void wrong(dagfile::Node node, const std::string& wanted);
  /// `body` is a mapping, and every key of it one of `known`. `moved`: keys that stand elsewhere, with where.
  bool check_keys(dagfile::Node body, const Words& known, const char* what,
                  const std::vector<std::pair<std::string_view, std::string_view>>& moved = {});
  std::string text_at(dagfile::Node body, const char* key);
  std::optional<std::int64_t> integer(dagfile::Node node, std::int64_t least, std::int64_t most);
  /// `5m`, and `+5m` too.
  std::optional<DurationUs> duration(dagfile::Node node);
  std::optional<std::string_view> word(dagfile::Node node, const Words& known, const char* what);
  /// `5m`, or `{at_least: 5m, at_most: 6m}`.
  std::optional<Span> span(dagfile::Node node);

 private:
  dagfile::Reporter& reporter_;
};

/// `given:` and `expect:`, as far as they are right.
Given read_given(dagfile::Node body, TestReading& reading);
Expect read_expect(dagfile::Node body, TestReading& reading);

}  // namespace baton::rehearsal
