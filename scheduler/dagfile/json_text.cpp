#include "scheduler/dagfile/json_text.h"

#include <charconv>
#include <cmath>

namespace baton::dagfile {
namespace {

void append_escaped(std::string& out, unsigned char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  out += "\\u00";
  out += kHex[c >> 4U];
  out += kHex[c & 15U];
}

void append_map_key(std::string& out, const Value& key) {
  switch (key.type()) {
    case ValueType::string:
      append_json_string(out, key.as_string());
      return;
    case ValueType::integer:
      append_json_string(out, std::to_string(key.as_int()));
      return;
    case ValueType::boolean:
      append_json_string(out, key.as_bool() ? "true" : "false");
      return;
    case ValueType::null:
    case ValueType::floating:
    case ValueType::list:
    case ValueType::map:
    case ValueType::timestamp:
    case ValueType::duration:
      append_json_string(out, "");
      return;
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t clean = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, clean, i - clean);
    append_escaped(out, c);
    clean = i + 1;
  }
  out.append(text, clean, text.size() - clean);
  out += '"';
}

void append_json_int(std::string& out, std::int64_t number) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number);
  out.append(buffer, end.ptr);
}

void append_json_double(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number);
  const std::string_view text(buffer, static_cast<std::size_t>(end.ptr - buffer));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void append_json_value(std::string& out, const Value& value) {
  switch (value.type()) {
    case ValueType::null:
      out += "null";
      return;
    case ValueType::boolean:
      out += value.as_bool() ? "true" : "false";
      return;
    case ValueType::integer:
      append_json_int(out, value.as_int());
      return;
    case ValueType::floating:
      append_json_double(out, value.as_double());
      return;
    case ValueType::string:
      append_json_string(out, value.as_string());
      return;
    case ValueType::list: {
      out += '[';
      bool first = true;
      for (const auto& item : value.as_list()) {
        if (!first) out += ',';
        first = false;
        append_json_value(out, item);
      }
      out += ']';
      return;
    }
    case ValueType::map: {
      out += '{';
      bool first = true;
      for (const auto& [key, item] : value.as_map()) {
        if (!first) out += ',';
        first = false;
        append_map_key(out, key);
        out += ':';
        append_json_value(out, item);
      }
      out += '}';
      return;
    }
    case ValueType::timestamp:
    case ValueType::duration:
      out += "null";
      return;  // no literal of the language makes one
  }
}

std::string to_json_text(const Value& value) {
  std::string out;
  append_json_value(out, value);
  return out;
}

}  // namespace baton::dagfile
