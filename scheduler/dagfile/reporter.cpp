#include "scheduler/dagfile/reporter.h"

#include <algorithm>
#include <numeric>
#include <string_view>

#include "scheduler/model/did_you_mean.h"

namespace baton::dagfile {
namespace {

/// A finding keeps so many bytes of its line before its place, and twice as many from there on: more than is shown.
constexpr std::uint32_t kKeptBytes = 1024;

/// The source line of a finding. A file may be one line of many MiB with a thousand findings in it.
void keep_line(const SourceText& source, std::uint32_t at, Diagnostic& d) {
  const std::string_view line = source.line(d.line);
  const std::uint32_t line_begin = source.line_begin(d.line);
  const auto column_bytes = std::min(at - line_begin, static_cast<std::uint32_t>(line.size()));
  if (line.size() <= 3 * kKeptBytes) {
    d.source_line = line;
    return;
  }
  const auto continues = [&](std::size_t i) {
    return i < line.size() && (static_cast<unsigned char>(line[i]) & 0xC0U) == 0x80U;
  };
  std::size_t begin = column_bytes > kKeptBytes ? column_bytes - kKeptBytes : 0;
  for (int i = 0; i < 3 && continues(begin); ++i) ++begin;
  std::size_t end = std::min<std::size_t>(column_bytes + 2 * kKeptBytes, line.size());
  for (int i = 0; i < 3 && continues(end); ++i) ++end;
  d.source_line = line.substr(begin, end - begin);
  d.source_column = source.place(line_begin + static_cast<std::uint32_t>(begin)).column;
}

}  // namespace

void Reporter::add(Severity severity, Rule rule, Span where, std::string message, std::string hint) {
  if (severity == Severity::error) ++error_count_;
  // Errors have room of their own: no number of warnings makes a bad file look good.
  std::size_t& kept = severity == Severity::error ? kept_errors_ : kept_others_;
  if (kept >= kDiagnosticsMax || (severity == Severity::note && is_dropping_)) {
    is_dropping_ = true;
    ++dropped_;
    return;
  }
  ++kept;
  is_dropping_ = false;
  Diagnostic d = finding(severity, rule, where);
  d.message = std::move(message);
  d.hint = std::move(hint);
  diagnostics_.push_back(std::move(d));
}

Diagnostic Reporter::finding(Severity severity, Rule rule, Span where) const {
  Diagnostic d;
  d.file = source_.name();
  const Place begin = source_.place(where.begin);
  const Place end = source_.place(std::max(where.begin, where.end));
  d.line = begin.line;
  d.column = begin.column;
  d.end_line = end.line;
  d.end_column = end.column;
  d.severity = severity;
  d.rule = to_string(rule);
  keep_line(source_, std::min(where.begin, static_cast<std::uint32_t>(source_.text().size())), d);
  return d;
}

std::string Reporter::did_you_mean(std::string_view given, const std::vector<std::string_view>& known) const {
  return is_full() ? std::string() : did_you_mean_hint(given, known);
}

std::vector<Diagnostic> Reporter::take() {
  // A note sorts with the finding before it.
  std::vector<std::size_t> head(diagnostics_.size());
  for (std::size_t i = 0; i < head.size(); ++i) {
    head[i] = diagnostics_[i].severity == Severity::note && i > 0 ? head[i - 1] : i;
  }
  std::vector<std::size_t> order(diagnostics_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const Diagnostic& x = diagnostics_[head[a]];
    const Diagnostic& y = diagnostics_[head[b]];
    return std::pair(x.line, x.column) < std::pair(y.line, y.column);
  });
  std::vector<Diagnostic> out;
  out.reserve(order.size() + 1);
  for (const std::size_t i : order) out.push_back(std::move(diagnostics_[i]));
  if (dropped_ > 0) {
    Diagnostic d;
    d.file = source_.name();
    d.severity = Severity::note;
    d.rule = to_string(Rule::too_many);
    d.message = std::to_string(dropped_) + " more findings are not shown";
    out.push_back(std::move(d));
  }
  diagnostics_.clear();
  return out;
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kShownMax = 80;
  if (text.size() <= kShownMax) return "\"" + std::string(text) + "\"";
  std::size_t cut = kShownMax;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;
  return "\"" + std::string(text.substr(0, cut)) + "…\"";
}

std::string did_you_mean_hint(std::string_view given, const std::vector<std::string_view>& known) {
  constexpr std::size_t kEditsMax = 2;
  std::string_view nearest;
  std::size_t best = std::min(kEditsMax + 1, std::max<std::size_t>(given.size(), 1));
  for (const std::string_view name : known) {
    const std::size_t gap = name.size() > given.size() ? name.size() - given.size() : given.size() - name.size();
    if (gap >= best) continue;
    const std::size_t distance = edit_distance(given, name, best - 1);
    if (distance >= best) continue;
    best = distance;
    nearest = name;
  }
  return nearest.empty() ? std::string() : "did you mean " + in_quotes(nearest) + "?";
}

}  // namespace baton::dagfile
