// Diagnostics as text with a caret, JSON, SARIF and GitHub annotations.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "scheduler/dagfile/diagnostic.h"
#include "scheduler/model/utf8.h"

namespace baton {
namespace {

constexpr std::size_t kShownColumnsMax = 160;

/// 1 for a byte that is no UTF-8, which is then shown as U+FFFD.
std::size_t code_point_length(std::string_view text, std::size_t at) {
  return std::max<std::size_t>(1, utf8_length(text, at));
}

/// One code point as it may be shown: a control or bidirectional character becomes U+FFFD, a tab one space.
std::string_view shown(std::string_view code_point) {
  static constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  const auto c = static_cast<unsigned char>(code_point[0]);
  if (code_point.size() == 1) return c == '\t' ? " " : c < 0x20 || c >= 0x7F ? kReplacement : code_point;
  if (code_point.size() == 2 && c == 0xC2 && static_cast<unsigned char>(code_point[1]) < 0xA0) return kReplacement;
  if (code_point == "\xEF\xBB\xBF") return kReplacement;
  if (code_point.size() == 3 && c == 0xE2) {
    const unsigned last = static_cast<unsigned char>(code_point[2]);
    const unsigned middle = static_cast<unsigned char>(code_point[1]);
    const bool bidi = (middle == 0x80 && ((last >= 0xAA && last <= 0xAE) || last == 0x8E || last == 0x8F)) ||
                      (middle == 0x81 && last >= 0xA6 && last <= 0xA9);
    if (bidi) return kReplacement;
  }
  return code_point;
}

std::string shown_text(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = code_point_length(text, i);
    out += shown(text.substr(i, length));
    i += length;
  }
  return out;
}

/// The source line and its caret; a long line is cut around the caret.
void append_excerpt(std::string& out, const Diagnostic& d) {
  std::vector<std::string_view> points;
  for (std::size_t i = 0; i < d.source_line.size();) {
    const std::size_t length = code_point_length(d.source_line, i);
    points.push_back(shown(std::string_view(d.source_line).substr(i, length)));
    i += length;
  }
  const std::size_t column = d.column - d.source_column;
  const std::size_t first = column > kShownColumnsMax / 2 && points.size() > kShownColumnsMax
                                ? std::min(column - kShownColumnsMax / 2, points.size())
                                : 0;
  const std::size_t last = std::min(points.size(), first + kShownColumnsMax);
  char number[32];
  std::snprintf(number, sizeof number, "%5u | ", d.line);
  out += number;
  for (std::size_t i = first; i < last; ++i) out += points[i];
  out += '\n';
  out.append(std::string_view(number).size() - 2, ' ');
  out += "| ";
  out.append(column - first, ' ');
  const std::size_t end = d.end_line == d.line ? d.end_column - d.source_column : points.size();
  const std::size_t width = std::min(end, std::max(last, column + 1)) - std::min(column, end);
  out += '^';
  if (width > 1) out.append(width - 1, '~');
  out += '\n';
}

std::string joined(const Diagnostic& d) {
  return d.hint.empty() ? d.message : d.message + "; " + d.hint;
}

/// GitHub's escapes of a workflow command: data, and properties besides.
std::string github_escaped(std::string_view text, bool property) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '%':
        out += "%25";
        break;
      case '\r':
        out += "%0D";
        break;
      case '\n':
        out += "%0A";
        break;
      case ':':
        out += property ? "%3A" : ":";
        break;
      case ',':
        out += property ? "%2C" : ",";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string dump(const nlohmann::ordered_json& json, int indent) {
  return json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

// What render_json() wrote, read again.

nlohmann::json list_of(std::string_view text) {
  nlohmann::json all = nlohmann::json::parse(text, nullptr, false);
  return all.is_array() ? all : nlohmann::json::array();
}

std::string text_of(const nlohmann::json& finding, const char* key) {
  const auto found = finding.find(key);
  return found != finding.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string number_of(const nlohmann::json& finding, const char* key) {
  const auto found = finding.find(key);
  return found != finding.end() && found->is_number_integer() ? std::to_string(found->get<std::int64_t>()) : "1";
}

std::string head_of(const nlohmann::json& finding) {
  return shown_text(text_of(finding, "file")) + ":" + number_of(finding, "line") + ":" + number_of(finding, "column") +
         ": " + text_of(finding, "severity") + ": " + shown_text(text_of(finding, "message"));
}

nlohmann::ordered_json sarif_result(const Diagnostic& d) {
  const char* level = d.severity == Severity::error ? "error" : d.severity == Severity::warning ? "warning" : "note";
  const nlohmann::ordered_json region = {
      {"startLine", d.line}, {"startColumn", d.column}, {"endLine", d.end_line}, {"endColumn", d.end_column}};
  return {{"ruleId", d.rule},
          {"level", level},
          {"message", {{"text", joined(d)}}},
          {"locations", {{{"physicalLocation", {{"artifactLocation", {{"uri", d.file}}}, {"region", region}}}}}}};
}

}  // namespace

std::string render_text(const Diagnostic& d) {
  std::string out = shown_text(d.file) + ":" + std::to_string(d.line) + ":" + std::to_string(d.column) + ": ";
  out += to_string(d.severity);
  out += ": ";
  out += shown_text(joined(d));
  out += " [" + d.rule + "]\n";
  if (!d.source_line.empty()) append_excerpt(out, d);
  return out;
}

std::string render_text(std::span<const Diagnostic> diagnostics) {
  std::string out;
  for (const auto& d : diagnostics) out += render_text(d);
  return out;
}

std::string render_json(std::span<const Diagnostic> diagnostics) {
  auto all = nlohmann::ordered_json::array();
  for (const auto& d : diagnostics) {
    std::string excerpt;
    if (!d.source_line.empty()) append_excerpt(excerpt, d);
    all.push_back({{"file", d.file},
                   {"line", d.line},
                   {"column", d.column},
                   {"end_line", d.end_line},
                   {"end_column", d.end_column},
                   {"severity", to_string(d.severity)},
                   {"rule", d.rule},
                   {"message", d.message},
                   {"hint", d.hint},
                   {"excerpt", excerpt}});
  }
  return dump(all, 2);
}

std::string kept_findings_text(std::string_view text) {
  std::string out;
  for (const nlohmann::json& finding : list_of(text)) {
    if (!finding.is_object()) continue;
    const std::string hint = text_of(finding, "hint");
    out += head_of(finding) + (hint.empty() ? "" : "; " + shown_text(hint)) + " [" + text_of(finding, "rule") + "]\n" +
           text_of(finding, "excerpt");
  }
  return out.empty() ? std::string(text) : out;
}

std::string first_kept_error(std::string_view text) {
  std::string first;
  std::size_t errors = 0;
  for (const nlohmann::json& finding : list_of(text)) {
    if (!finding.is_object() || text_of(finding, "severity") != "error") continue;
    if (++errors == 1) first = head_of(finding);
  }
  return errors > 1 ? first + ", and " + std::to_string(errors - 1) + " more" : first;
}

std::string render_sarif(std::span<const Diagnostic> diagnostics) {
  auto used = nlohmann::ordered_json::array();
  for (const RuleInfo& info : rules()) {
    const bool occurs =
        std::any_of(diagnostics.begin(), diagnostics.end(), [&](const Diagnostic& d) { return d.rule == info.name; });
    if (occurs) used.push_back({{"id", info.name}, {"shortDescription", {{"text", info.doc}}}});
  }
  auto results = nlohmann::ordered_json::array();
  for (const auto& d : diagnostics) results.push_back(sarif_result(d));
  const nlohmann::ordered_json run = {
      {"tool", {{"driver", {{"name", "baton"}, {"version", BATON_VERSION}, {"rules", used}}}}},
      {"columnKind", "unicodeCodePoints"},
      {"results", results}};
  const nlohmann::ordered_json log = {
      {"$schema", "https://json.schemastore.org/sarif-2.1.0.json"}, {"version", "2.1.0"}, {"runs", {run}}};
  return dump(log, 2);
}

std::string render_github(std::span<const Diagnostic> diagnostics) {
  std::string out;
  for (const auto& d : diagnostics) {
    out += d.severity == Severity::error ? "::error " : d.severity == Severity::warning ? "::warning " : "::notice ";
    out +=
        "file=" + github_escaped(d.file, true) + ",line=" + std::to_string(d.line) + ",col=" + std::to_string(d.column);
    if (d.end_line == d.line) out += ",endColumn=" + std::to_string(d.end_column);
    out += ",title=" + d.rule + "::" + github_escaped(joined(d), false) + "\n";
  }
  return out;
}

bool has_errors(std::span<const Diagnostic> diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& d) { return d.severity == Severity::error; });
}

}  // namespace baton
