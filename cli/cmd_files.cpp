// `validate`, `fmt`, `graph`, `schema`: commands on DAG files alone.
#include <algorithm>
#include <array>

#include "cli/dag_lookup.h"
#include "cli/handlers.h"
#include "cli/text/clock_text.h"
#include "cli/text/document_text.h"
#include "scheduler/dagfile/formatter.h"
#include "scheduler/dagfile/graph_text.h"
#include "scheduler/dagfile/schema.h"
#include "scheduler/expr/json.h"

namespace baton::cli {
namespace {

struct Findings {
  std::vector<Diagnostic> diagnostics;
  std::size_t files = 0, dags = 0;
  [[nodiscard]] std::int64_t count(Severity severity) const {
    return std::ranges::count(diagnostics, severity, &Diagnostic::severity);
  }
};

Result<Findings> validate_all(const Invocation& call) {
  const Result<std::vector<std::string>> files = dag_files(call.args().positional);
  if (!files) return files.error();
  Findings out;
  for (const std::string& file : *files) {
    if (std::filesystem::path(file).filename() == "baton.yaml") {
      ConfigResult config = load_config(file);
      std::move(config.diagnostics.begin(), config.diagnostics.end(), std::back_inserter(out.diagnostics));
      ++out.files;
      continue;
    }
    Result<Config> config = load_config_beside(call, file);
    if (!config) return config.error();
    LoadOptions options;
    options.config = std::move(*config);
    LoadResult loaded = load_file(file, options);
    std::move(loaded.diagnostics.begin(), loaded.diagnostics.end(), std::back_inserter(out.diagnostics));
    out.dags += loaded.dags.size();
    ++out.files;
  }
  return out;
}

std::string plural(std::int64_t n, const std::string& word) {
  return text::grouped(n) + " " + word + (n == 1 ? "" : "s");
}

/// `2 errors, 1 warning in 3 files`.
std::string summary(const Findings& findings, const text::Style& style) {
  std::string what;
  const auto add = [&](Severity severity, const char* word, text::Ink ink) {
    if (const std::int64_t n = findings.count(severity); n > 0) what += (what.empty() ? "" : ", ") + style.paint(ink, plural(n, word));
  };
  add(Severity::error, "error", text::Ink::bold_red);
  add(Severity::warning, "warning", text::Ink::yellow);
  add(Severity::hint, "hint", text::Ink::cyan);
  const std::string where = plural(static_cast<std::int64_t>(findings.files), "file") + ", " + plural(static_cast<std::int64_t>(findings.dags), "DAG");
  if (what.empty()) return style.paint(text::Ink::bold_green, style.unicode ? "✓ " : "ok ") + where + ": no findings\n";
  return what + " in " + where + "\n";
}

}  // namespace

int validate_command(const Invocation& call) {
  const Result<Findings> findings = validate_all(call);
  if (!findings) return call.fail(findings.error());
  const std::span<const Diagnostic> all = findings->diagnostics;
  const auto end_line = [](std::string text) {
    if (!text.empty() && text.back() != '\n') text += '\n';
    return text;
  };
  switch (call.format()) {
    case Format::json: Invocation::print(end_line(render_json(all))); break;
    case Format::sarif: Invocation::print(end_line(render_sarif(all))); break;
    case Format::github: Invocation::print(end_line(render_github(all))); break;
    case Format::jsonl:
    case Format::yaml: {
      const Result<Value> list = expr::from_json(render_json(all));
      if (list) call.print_document(*list);
      break;
    }
    case Format::table: {
      Invocation::print(diagnostics_text(all, call.out_style()));
      if (!all.empty()) Invocation::print("\n");
      Invocation::print(summary(*findings, call.out_style()));
      break;
    }
  }
  return has_errors(all) ? kUsage : kOk;
}

}  // namespace baton::cli
