// openapi_json IN.yaml OUT.cpp: the description of the API as JSON inside of a source file, and what of it is about
// requests, for the build.
#include <yaml-cpp/yaml.h>

#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>

#include "scheduler/json/json_value.h"
#include "web/api/request_rules.h"

namespace {

void append_string(std::string& out, const std::string& text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out.append("\\u00").append(1, kHex[(c >> 4) & 15]).append(1, kHex[c & 15]);
    } else {
      out += c;
    }
  }
  out += '"';
}

/// One or more digits from `at` on, which moves behind them.
bool takes_digits(const std::string& text, std::size_t& at) {
  const std::size_t begin = at;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
  return at > begin;
}

/// As JSON writes one, without an exponent: what the description holds.
bool is_number(const std::string& text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const std::size_t begin = at;
  if (!takes_digits(text, at) || (text[begin] == '0' && at > begin + 1)) return false;
  if (at < text.size() && text[at] == '.' && !takes_digits(text, ++at)) return false;
  return at == text.size();
}

/// A plain scalar may be a number, a truth or null; a quoted one is a text.
void append_scalar(std::string& out, const YAML::Node& node) {
  const std::string& text = node.Scalar();
  const bool is_plain = node.Tag() == "?";
  if (is_plain && (text == "true" || text == "false" || text == "null" || is_number(text))) {
    out += text;
  } else {
    append_string(out, text);
  }
}

void append_node(std::string& out, const YAML::Node& node) {
  if (node.IsNull()) {
    out += "null";
  } else if (node.IsScalar()) {
    append_scalar(out, node);
  } else if (node.IsSequence()) {
    out += '[';
    for (std::size_t k = 0; k < node.size(); ++k) {
      if (k > 0) out += ',';
      append_node(out, node[k]);
    }
    out += ']';
  } else {
    out += '{';
    bool is_first = true;
    for (const auto& entry : node) {
      if (!is_first) out += ',';
      is_first = false;
      append_string(out, entry.first.Scalar());
      out += ':';
      append_node(out, entry.second);
    }
    out += '}';
  }
}

void write_function(std::ostream& out, const char* name, const std::string& json) {
  out << "std::string_view " << name << "() {\n  return std::string_view(\n";
  constexpr std::size_t kPiece = 8'000;  // literals that are too long are no portable ones
  for (std::size_t at = 0; at < json.size(); at += kPiece) out << "R\"~~~(" << json.substr(at, kPiece) << ")~~~\"\n";
  out << ", " << json.size() << ");\n}\n\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    std::string json;
    append_node(json, YAML::LoadFile(argv[1]));
    const auto document = baton::from_json(json);
    if (!document) throw std::runtime_error(document.error().message);
    std::ofstream out(argv[2]);
    out << "#include \"web/api/description.h\"\n\nnamespace baton::api {\n\n";
    write_function(out, "openapi_json", json);
    write_function(out, "request_rules_json", baton::to_json(baton::api::request_rules(*document)));
    out << "}  // namespace baton::api\n";
    return out.good() ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << argv[1] << ": " << error.what() << "\n";
    return 1;
  }
}
