#include "cli/text/document_text.h"

#include <algorithm>
#include <cctype>

#include "scheduler/expr/json.h"

namespace baton::text {
namespace {

constexpr std::size_t kShortBytes = 60;

bool is_scalar(const Value& value) {
  return value.type() != ValueType::list && value.type() != ValueType::map;
}

bool is_empty(const Value& value) {
  return (value.type() == ValueType::list && value.as_list().empty()) ||
         (value.type() == ValueType::map && value.as_map().empty());
}

bool holds_scalars_only(const Value& value) {
  if (value.type() == ValueType::list) return std::ranges::all_of(value.as_list(), is_scalar);
  return std::ranges::all_of(value.as_map(), [](const auto& entry) { return is_scalar(entry.second); });
}

std::string key_text(const Value& key) {
  return key.type() == ValueType::string ? key.as_string() : expr::to_json(key);
}

void append_pretty(std::string& out, const Value& value, std::size_t depth) {
  if (is_scalar(value) || is_empty(value)) {
    expr::append_json(out, value);
    return;
  }
  if (depth > 0 && holds_scalars_only(value)) {
    const std::string line = expr::to_json(value);
    if (line.size() <= kShortBytes) {
      out += line;
      return;
    }
  }
  const std::string indent(2 * (depth + 1), ' ');
  const bool is_list = value.type() == ValueType::list;
  out += is_list ? "[\n" : "{\n";
  bool first = true;
  const auto begin_entry = [&] {
    if (!first) out += ",\n";
    first = false;
    out += indent;
  };
  if (is_list) {
    for (const Value& item : value.as_list()) {
      begin_entry();
      append_pretty(out, item, depth + 1);
    }
  } else {
    for (const auto& [key, item] : value.as_map()) {
      begin_entry();
      expr::append_json_string(out, key_text(key));
      out += ": ";
      append_pretty(out, item, depth + 1);
    }
  }
  out += '\n';
  out.append(2 * depth, ' ');
  out += is_list ? ']' : '}';
}

/// Whether YAML reads `text` without quotes as this very text: letters first, nothing that means something.
bool is_plain_yaml(const std::string& text) {
  if (text.empty() || std::isalpha(static_cast<unsigned char>(text.front())) == 0) return false;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != '-' && c != '.' && c != '/') return false;
  }
  std::string lower = text;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const char* word : {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}) {
    if (lower == word) return false;
  }
  return true;
}

std::string yaml_scalar(const Value& value) {
  if (value.type() == ValueType::string && is_plain_yaml(value.as_string())) return value.as_string();
  return expr::to_json(value);  // JSON's quoted strings, numbers and words are YAML's too
}

void append_yaml(std::string& out, const Value& value, std::size_t depth, bool after_dash) {
  if (is_scalar(value) || is_empty(value)) {
    out += is_scalar(value) ? yaml_scalar(value) : expr::to_json(value);
    out += '\n';
    return;
  }
  const std::string indent(2 * depth, ' ');
  bool first = true;
  const auto begin_entry = [&] {
    if (!first || !after_dash) out += indent;
    first = false;
  };
  if (value.type() == ValueType::list) {
    for (const Value& item : value.as_list()) {
      begin_entry();
      out += "- ";
      append_yaml(out, item, depth + 1, true);
    }
    return;
  }
  for (const auto& [key, item] : value.as_map()) {
    begin_entry();
    out += yaml_scalar(Value(key_text(key)));
    out += ':';
    const bool nested = !is_scalar(item) && !is_empty(item);
    out += nested ? '\n' : ' ';
    append_yaml(out, item, depth + 1, false);
  }
}

}  // namespace

std::string json_pretty(const Value& value) {
  std::string out;
  append_pretty(out, value, 0);
  out += '\n';
  return out;
}

std::string json_line(const Value& value) {
  std::string out = expr::to_json(value);
  out += '\n';
  return out;
}

std::string yaml(const Value& value) {
  std::string out;
  append_yaml(out, value, 0, false);
  return out;
}

}  // namespace baton::text
