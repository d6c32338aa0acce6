// `validate`, `fmt`, `graph`, `schema`: commands on DAG files alone.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "cli/dag_lookup.h"
#include "cli/handlers.h"
#include "cli/text/clock_text.h"
#include "cli/text/document_text.h"
#include "cli/test_files.h"
#include "scheduler/dagfile/format.h"
#include "scheduler/dagfile/graph.h"
#include "scheduler/dagfile/schema.h"
#include "scheduler/json/json_value.h"

namespace baton::cli {
namespace {

struct Findings {
  std::vector<Diagnostic> diagnostics;
  std::size_t files = 0, dags = 0;
  [[nodiscard]] std::int64_t count(Severity severity) const {
    return std::ranges::count(diagnostics, severity, &Diagnostic::severity);
  }
};

namespace fs = std::filesystem;

/// The folder in which the ids of `argument`'s DAGs must differ: itself, or the one of a file.
std::string folder_of_ids(const std::string& argument) {
  std::error_code ignored;
  const fs::path path = fs::weakly_canonical(argument, ignored);
  return fs::is_directory(path, ignored) ? path.string() : path.parent_path().string();
}

/// Ids by folder, and which files have been counted: a file may be given twice.
struct KnownIds {
  std::map<std::string, std::vector<FoundId>> by_folder;
  std::set<std::pair<std::string, std::string>> counted;

  void add(const std::string& folder, const std::string& file, std::vector<FoundId> ids) {
    std::error_code ignored;
    if (!counted.emplace(folder, fs::weakly_canonical(file, ignored).string()).second) return;
    std::move(ids.begin(), ids.end(), std::back_inserter(by_folder[folder]));
  }
};

/// A folder may hold other files; who names a file means a DAG.
void want_a_dag(const std::string& file, LoadResult& loaded) {
  if (!loaded.ids.empty() || !loaded.ok()) return;
  Diagnostic& d = loaded.diagnostics.emplace_back();
  d.file = file;
  d.rule = to_string(Rule::not_a_dag);
  d.message = "there is no DAG in this file";
  d.hint = "a DAG is a YAML document whose first key is `dag:`";
}

Status validate_one(const Invocation& call, const std::string& file, bool is_named, const std::string& folder,
                    KnownIds& known, Findings& out) {
  ++out.files;
  if (fs::path(file).filename() == "baton.yaml") {
    ConfigResult config = load_config(file);
    std::move(config.diagnostics.begin(), config.diagnostics.end(), std::back_inserter(out.diagnostics));
    return Unit{};
  }
  if (is_test_file(file)) {
    Result<std::string> text = read_regular_file(file, kTestBytesMax);
    if (!text) return text.error();
    rehearsal::TestFile tests = rehearsal::read_tests(std::move(*text), file);
    std::move(tests.diagnostics.begin(), tests.diagnostics.end(), std::back_inserter(out.diagnostics));
    return Unit{};
  }
  Result<Config> config = load_config_beside(call, file);
  if (!config) return config.error();
  LoadOptions options;
  options.config = *config;
  Result<LoadResult> read = file == "-" ? load_stdin(*config) : load_file(file, options);
  if (!read) return read.error();
  LoadResult& loaded = *read;
  if (is_named) want_a_dag(file, loaded);
  std::move(loaded.diagnostics.begin(), loaded.diagnostics.end(), std::back_inserter(out.diagnostics));
  out.dags += loaded.dags.size();
  known.add(folder, file, std::move(loaded.ids));
  return Unit{};
}

Result<Findings> validate_all(const Invocation& call) {
  Findings out;
  KnownIds known;
  for (const std::string& argument : call.args().positional) {
    const Result<std::vector<std::string>> files = dag_files({argument});
    if (!files) return files.error();
    if (files->empty()) {  // a wrong path must not pass
      return Error{"there is no DAG file in " + argument + ": they end in .yaml or .yml", ErrorKind::not_found};
    }
    for (const std::string& file : *files) {
      const bool is_named = file == argument;
      if (Status done = validate_one(call, file, is_named, folder_of_ids(argument), known, out); !done) {
        return done.error();
      }
    }
  }
  for (const auto& [folder, ids] : known.by_folder) {
    std::vector<Diagnostic> shared = shared_ids(ids);
    std::move(shared.begin(), shared.end(), std::back_inserter(out.diagnostics));
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
    if (const std::int64_t n = findings.count(severity); n > 0)
      what += (what.empty() ? "" : ", ") + style.paint(ink, plural(n, word));
  };
  add(Severity::error, "error", text::Ink::bold_red);
  add(Severity::warning, "warning", text::Ink::yellow);
  add(Severity::hint, "hint", text::Ink::cyan);
  const std::string where = plural(static_cast<std::int64_t>(findings.files), "file") + ", " +
                            plural(static_cast<std::int64_t>(findings.dags), "DAG");
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
    case Format::junit:
    case Format::csv:
    case Format::yaml: {
      const Result<Value> list = from_json(render_json(all));
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

namespace {

/// Writes beside the file and renames: a crash leaves the old text or the new one.
Status replace_file(const fs::path& path, const std::string& text) {
  std::error_code error;
  const fs::path target = fs::canonical(path, error);
  if (error) return Error{path.string() + ": " + error.message(), ErrorKind::not_found};
  const fs::path beside = target.parent_path() / ("." + target.filename().string() + ".baton-fmt");
  {
    std::ofstream out(beside, std::ios::binary | std::ios::trunc);
    out << text;
    out.close();
    if (!out) {
      fs::remove(beside, error);
      return Error{beside.string() + " could not be written", ErrorKind::denied};
    }
  }
  fs::permissions(beside, fs::status(target, error).permissions(), error);
  fs::rename(beside, target, error);
  if (!error) return Unit{};
  const std::string why = error.message();
  fs::remove(beside, error);
  return Error{target.string() + " could not be replaced: " + why, ErrorKind::denied};
}

struct FmtCounts {
  std::int64_t changed = 0, same = 0, broken = 0;
};

int format_one(const Invocation& call, const std::string& file, bool check, FmtCounts& counts) {
  const Result<std::string> text = read_regular_file(file, Config{}.max_file_bytes);
  if (!text) return call.fail(text.error());
  const Result<std::string> formatted = format_text(*text);
  if (!formatted) {
    ++counts.broken;
    call.warn(file + " is left alone: " + formatted.error().message + "; `baton validate` says more");
    return kOk;
  }
  if (*formatted == *text) {
    ++counts.same;
    return kOk;
  }
  ++counts.changed;
  Invocation::print(file + "\n");
  if (check) return kOk;
  if (const Status written = replace_file(file, *formatted); !written) return call.fail(written.error());
  return kOk;
}

}  // namespace

int fmt_command(const Invocation& call) {
  const Result<std::vector<std::string>> files = dag_files(call.args().positional);
  if (!files) return call.fail(files.error());
  const bool check = call.args().has("check");
  FmtCounts counts;
  for (const std::string& file : *files) {
    if (const int code = format_one(call, file, check, counts); code != kOk) return code;
  }
  const std::string rest = counts.broken == 0 ? "" : ", " + plural(counts.broken, "file") + " left alone";
  if (check && counts.changed > 0) {
    return call.fail({plural(counts.changed, "file") + " would change" + rest},
                     "`baton fmt` without --check changes them");
  }
  call.note(plural(counts.changed, "file") + (check ? " would change, " : " changed, ") + text::grouped(counts.same) +
            " as they should be" + rest);
  return counts.broken > 0 ? kUsage : kOk;
}

int graph_command(const Invocation& call) {
  const Arguments& args = call.args();
  const int forms =
      static_cast<int>(args.has("ascii")) + static_cast<int>(args.has("dot")) + static_cast<int>(args.has("mermaid"));
  if (forms > 1) return call.fail({"--ascii, --dot and --mermaid exclude each other; give one"});
  const Result<LoadedDag> loaded = load_one_dag(call, args.at(0));
  if (!loaded) return call.fail(loaded.error());
  GraphOptions options;
  options.colour = call.out_style().color;
  std::string out = args.has("dot")       ? to_dot(*loaded->dag, options)
                    : args.has("mermaid") ? to_mermaid(*loaded->dag, options)
                                          : to_ascii(*loaded->dag, options);
  if (!out.ends_with('\n')) out += '\n';
  Invocation::print(out);
  return kOk;
}

int schema_command(const Invocation& call) {
  (void)call;
  std::string out = dag_schema_json();
  if (!out.ends_with('\n')) out += '\n';
  Invocation::print(out);
  return kOk;
}

}  // namespace baton::cli
