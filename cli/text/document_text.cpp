#include "cli/text/document_text.h"

#include <algorithm>
#include <cctype>

#include "scheduler/json/json_value.h"

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
  return key.type() == ValueType::string ? key.as_string() : to_json(key);
}

void append_pretty(std::string& out, const Value& value, std::size_t depth) {
  if (is_scalar(value) || is_empty(value)) {
    append_json(out, value);
    return;
  }
  if (depth > 0 && holds_scalars_only(value)) {
    const std::string line = to_json(value);
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
      append_json_string(out, key_text(key));
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
  return to_json(value);  // JSON's quoted strings, numbers and words are YAML's too
}

void append_yaml(std::string& out, const Value& value, std::size_t depth, bool after_dash) {
  if (is_scalar(value) || is_empty(value)) {
    out += is_scalar(value) ? yaml_scalar(value) : to_json(value);
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

/// The same document with every character escaped that a terminal could obey and JSON does not escape by itself: delete,
/// the C1 controls (U+009B is ESC [ in one character), and what turns the direction of text. They stand in quoted texts
/// only, so no value changes.
std::string harmless(std::string document) {
  const auto is_lead = [](char c) { return c == '\x7F' || c == '\xC2' || c == '\xE2'; };
  if (std::ranges::none_of(document, is_lead)) return document;
  std::string out;
  out.reserve(document.size());
  for (std::size_t i = 0; i < document.size(); ++i) {
    const auto byte = [&](std::size_t k) {
      return i + k < document.size() ? static_cast<unsigned char>(document[i + k]) : 0U;
    };
    const bool is_delete = byte(0) == 0x7F;
    const bool is_c1 = byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) <= 0x9F;
    const bool is_general = byte(0) == 0xE2 && ((byte(1) == 0x80 && byte(2) >= 0xA8 && byte(2) <= 0xAE) ||
                                                (byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9));
    if (!is_delete && !is_c1 && !is_general) {
      out += document[i];
      continue;
    }
    const unsigned code = is_delete ? 0x7F : is_c1 ? byte(1) : 0x2000 + ((byte(1) & 0x3FU) << 6U) + (byte(2) & 0x3FU);
    constexpr std::string_view kDigits = "0123456789abcdef";
    out += "\\u";
    for (const unsigned shift : {12U, 8U, 4U, 0U}) out += kDigits[(code >> shift) & 0xFU];
    i += is_general ? 2 : is_c1 ? 1 : 0;
  }
  return out;
}

}  // namespace

std::string json_pretty(const Value& value) {
  std::string out;
  append_pretty(out, value, 0);
  out += '\n';
  return harmless(std::move(out));
}

std::string json_line(const Value& value) {
  std::string out = to_json(value);
  out += '\n';
  return harmless(std::move(out));
}

std::string yaml(const Value& value) {
  std::string out;
  append_yaml(out, value, 0, false);
  return harmless(std::move(out));
}

}  // namespace baton::text
