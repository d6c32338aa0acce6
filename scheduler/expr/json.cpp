#include "scheduler/expr/json.h"

#include <array>
#include <cmath>

#include "scheduler/expr/convert.h"
#include "scheduler/expr/utf8.h"

namespace baton::expr {
namespace {

void append_escaped_control(std::string& out, unsigned char c) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  out += "\\u00";
  out += kHex[c >> 4U];
  out += kHex[c & 0xFU];
}

void append_double(std::string& out, double value) {
  if (!std::isfinite(value)) {
    append_json_string(out, double_text(value));
    return;
  }
  const std::string text = double_text(value);
  out += text;
  // A double keeps its point, or it would come back as an int.
  if (text.find_first_of(".e") == std::string::npos) out += ".0";
}

void append_key(std::string& out, const Value& key) {
  const Result<std::string> text = to_text(key);
  append_json_string(out, text.ok() ? *text : to_json(key));
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const std::size_t length = utf8_length(text, i);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') {
      append_escaped_control(out, static_cast<unsigned char>(c));
    } else if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else {
      out += text.substr(i, length);
    }
    i += length == 0 ? 1 : length;
  }
  out += '"';
}

void append_json(std::string& out, const Value& value) {
  switch (value.type()) {
    case ValueType::null:
      out += "null";
      return;
    case ValueType::boolean:
      out += value.as_bool() ? "true" : "false";
      return;
    case ValueType::integer:
      out += std::to_string(value.as_int());
      return;
    case ValueType::floating:
      append_double(out, value.as_double());
      return;
    case ValueType::string:
      append_json_string(out, value.as_string());
      return;
    case ValueType::timestamp:
      append_json_string(out, timestamp_text(value.as_timestamp()));
      return;
    case ValueType::duration:
      append_json_string(out, duration_text(value.as_duration()));
      return;
    case ValueType::list: {
      out += '[';
      for (std::size_t i = 0; i < value.as_list().size(); ++i) {
        if (i > 0) out += ',';
        append_json(out, value.as_list()[i]);
      }
      out += ']';
      return;
    }
    case ValueType::map: {
      out += '{';
      for (std::size_t i = 0; i < value.as_map().size(); ++i) {
        if (i > 0) out += ',';
        append_key(out, value.as_map()[i].first);
        out += ':';
        append_json(out, value.as_map()[i].second);
      }
      out += '}';
      return;
    }
  }
}

std::string to_json(const Value& value) {
  std::string out;
  append_json(out, value);
  return out;
}

std::string to_tagged_json(const Value& value) {
  return "{\"type\":\"" + std::string(to_string(value.type())) + "\",\"value\":" + to_json(value) + "}";
}

}  // namespace baton::expr
