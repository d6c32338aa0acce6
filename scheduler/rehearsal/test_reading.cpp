#include "scheduler/rehearsal/test_reading.h"

#include <algorithm>

#include "scheduler/dagfile/scalar.h"
#include "scheduler/timetable/time_text.h"

namespace baton::rehearsal {

using dagfile::Entries;
using dagfile::in_quotes;
using dagfile::Node;

void TestReading::error(Rule rule, Node node, std::string message, std::string hint) {
  reporter_.error(rule, node.span(), std::move(message), std::move(hint));
}

void TestReading::wrong(Node node, const std::string& wanted) {
  error(Rule::wrong_type, node, wanted + " is wanted here, not " + dagfile::describe_node(node));
}

bool TestReading::check_keys(Node body, const Words& known, const char* what,
                             const std::vector<std::pair<std::string_view, std::string_view>>& moved) {
  if (!body.is_map()) {
    wrong(body, "a mapping");
    return false;
  }
  for (const auto& [key, value] : Entries(body)) {
    if (std::ranges::find(known, key.text()) != known.end()) continue;
    const std::string_view text = key.text();
    const auto at = std::ranges::find_if(moved, [&](const auto& one) { return one.first == text; });
    if (at != moved.end()) {
      error(Rule::unknown_key, key, "`" + std::string(text) + "` " + std::string(at->second));
    } else {
      error(Rule::unknown_key, key, in_quotes(text) + " is no key of " + what, reporter_.did_you_mean(text, known));
    }
  }
  return true;
}

std::string TestReading::text_at(Node body, const char* key) {
  const Node node = body.find(key);
  if (!node) return {};
  if (node.is_scalar()) return std::string(node.text());
  wrong(node, "a text");
  return {};
}

std::optional<std::int64_t> TestReading::integer(Node node, std::int64_t least, std::int64_t most) {
  const Value value = node.is_scalar() ? dagfile::value_of(node, reporter_) : Value();
  if (value.type() == ValueType::integer && value.as_int() >= least && value.as_int() <= most) return value.as_int();
  error(Rule::invalid_value, node,
        "a whole number from " + std::to_string(least) + " to " + std::to_string(most) + " is wanted here");
  return std::nullopt;
}

std::optional<DurationUs> TestReading::duration(Node node) {
  std::string_view text = node.is_scalar() ? node.text() : std::string_view();
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto span = timetable::parse_duration(text);
  if (span && *span >= 0) return *span;
  error(Rule::invalid_duration, node, "a duration like `5m` is wanted here");
  return std::nullopt;
}

std::optional<std::string_view> TestReading::word(Node node, const Words& known, const char* what) {
  if (node.is_scalar() && std::ranges::find(known, node.text()) != known.end()) return node.text();
  std::string list;
  for (const std::string_view w : known) list += (list.empty() ? "" : ", ") + std::string(w);
  const std::string given = node.is_scalar() ? in_quotes(node.text()) : dagfile::describe_node(node);
  error(Rule::invalid_value, node, given + " is no " + what + "; these are: " + list,
        node.is_scalar() ? reporter_.did_you_mean(node.text(), known) : std::string());
  return std::nullopt;
}

std::optional<Span> TestReading::span(Node node) {
  if (!node.is_map()) {
    const auto exactly = duration(node);
    return exactly ? std::optional(Span{*exactly, *exactly}) : std::nullopt;
  }
  if (!check_keys(node, {"at_least", "at_most"}, "how long something takes")) return std::nullopt;
  Span out;
  if (const Node least = node.find("at_least"); least) out.at_least_us = duration(least);
  if (const Node most = node.find("at_most"); most) out.at_most_us = duration(most);
  if (node.size() == 0) error(Rule::missing_key, node, "`at_least` or `at_most` says how long");
  return out;
}

}  // namespace baton::rehearsal
