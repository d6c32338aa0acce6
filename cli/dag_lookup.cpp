#include "cli/dag_lookup.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "cli/permissions.h"
#include "cli/reading.h"
#include "cli/state_lookup.h"
#include "cli/terminal.h"
#include "scheduler/dagfile/canonical.h"
#include "scheduler/dagfile/git_commit.h"
#include "scheduler/model/did_you_mean.h"

namespace baton::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFilesMax = 100'000;
/// What stands for the file of a DAG from stdin: no file is called so, its folder is the one that Baton runs in.
constexpr const char* kStdinName = "<stdin>";

bool is_yaml(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".yaml" || extension == ".yml";
}

void show_findings(const Invocation& call, std::span<const Diagnostic> diagnostics, bool hints_too) {
  std::vector<Diagnostic> shown;
  for (const Diagnostic& d : diagnostics) {
    if (hints_too || d.severity == Severity::error || d.severity == Severity::warning) shown.push_back(d);
  }
  const std::string text = diagnostics_text(shown, call.err_style());
  std::fflush(stdout);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

std::string errors_words(std::span<const Diagnostic> diagnostics) {
  const auto errors = std::ranges::count(diagnostics, Severity::error, &Diagnostic::severity);
  return std::to_string(errors) + (errors == 1 ? " error" : " errors");
}

Result<LoadedDag> choose(const Invocation& call, const fs::path& file, LoadResult loaded, Config config,
                         const std::string& wanted) {
  show_findings(call, loaded.diagnostics, false);
  if (!loaded.ok()) {
    return Error{shown_path(file) + " has " + errors_words(loaded.diagnostics) +
                     "; mend what is said above, nothing was started"};
  }
  std::vector<std::string> ids;
  for (const auto& dag : loaded.dags) ids.push_back(dag->id);
  if (loaded.dags.empty()) {
    return Error{"there is no DAG in " + shown_path(file) + ": a DAG is a YAML document whose first key is `dag:`"};
  }
  const auto found = std::ranges::find(ids, wanted);
  if (wanted.empty() ? loaded.dags.size() > 1 : found == ids.end()) {
    std::string list;
    for (const std::string& id : ids) list += (list.empty() ? "" : ", ") + id;
    if (wanted.empty()) return Error{shown_path(file) + " holds several DAGs; choose one with --dag: " + list};
    return Error{"there is no DAG \"" + wanted + "\" in " + shown_path(file) + did_you_mean_suffix(wanted, ids) +
                     " It holds " + list,
                 ErrorKind::not_found};
  }
  LoadedDag out;
  out.dag = loaded.dags[wanted.empty() ? 0 : static_cast<std::size_t>(found - ids.begin())];
  out.file = file;
  out.config = std::move(config);
  out.source = std::move(loaded.source);
  out.source_hash = std::move(loaded.source_sha256);
  return out;
}

/// All of stdin, for `-`. The limit is looked at while reading: a pipe may never end.
Result<std::string> read_stdin(std::int64_t bytes_max) {
  std::string out;
  std::string block(64 << 10, '\0');
  while (const std::size_t n = std::fread(block.data(), 1, block.size(), stdin)) {
    out.append(block, 0, n);
    if (static_cast<std::int64_t>(out.size()) > bytes_max)
      return Error{"stdin holds more than " + std::to_string(bytes_max) + " bytes (limits.file in baton.yaml)"};
  }
  if (std::ferror(stdin) != 0) return Error{"stdin cannot be read", ErrorKind::storage};
  return out;
}

Result<LoadedDag> load_from(const Invocation& call, const fs::path& file, const std::string& wanted) {
  Result<Config> config = load_config_beside(call, file);
  if (!config) return config.error();
  LoadOptions options;
  options.config = *config;
  return choose(call, file, load_file(shown_path(file), options), std::move(*config), wanted);
}

Result<LoadedDag> load_from_stdin(const Invocation& call, const std::string& wanted) {
  Result<Config> config = load_config_beside(call, kStdinName);
  if (!config) return config.error();
  Result<LoadResult> loaded = load_stdin(*config);
  if (!loaded) return loaded.error();
  return choose(call, kStdinName, std::move(*loaded), std::move(*config), wanted);
}

/// What is found of a DAG's id under ./dags.
struct DagPlaces {
  std::vector<FoundId> here;      ///< this id
  std::vector<std::string> ids;   ///< all others
};

Result<DagPlaces> places_of_dag(const std::string& id) {
  DagPlaces out;
  std::error_code ignored;
  if (!fs::is_directory("dags", ignored)) return out;
  const Result<std::vector<std::string>> files = dag_files({"dags"});
  if (!files) return files.error();
  for (const std::string& file : *files) {
    for (FoundId& found : load_file(file).ids) {
      if (found.id == id) {
        out.here.push_back(std::move(found));
      } else {
        out.ids.push_back(std::move(found.id));
      }
    }
  }
  return out;
}

/// The file under ./dags that holds this DAG, or the one that it last ran from. Two that hold it are an error: whose
/// runs would they be?
Result<fs::path> file_of_dag(const Invocation& call, const std::string& id) {
  const Result<DagPlaces> places = places_of_dag(id);
  if (!places) return places.error();
  if (const std::vector<Diagnostic> shared = shared_ids(places->here); !shared.empty()) {
    std::string where;
    for (const FoundId& found : places->here) {
      where += (where.empty() ? "" : ", ") + found.at.file + ":" + std::to_string(found.at.line);
    }
    return Error{"the DAG \"" + id + "\" stands in several files: " + where + "; give one of them another id"};
  }
  if (!places->here.empty()) return fs::absolute(places->here.front().at.file);
  std::error_code ignored;
  if (Result<OpenState> state = open_state(call.args())) {
    const Result<std::vector<VersionView>> versions = state->reader->list_versions(id);
    if (versions && !versions->empty() && fs::is_regular_file(standing(*versions).source_file, ignored)) {
      return fs::path(standing(*versions).source_file);
    }
  }
  return Error{"there is no file \"" + id + "\", and no DAG of that name under ./dags" +
                   did_you_mean_suffix(id, places->ids),
               ErrorKind::not_found};
}

}  // namespace

std::string diagnostics_text(std::span<const Diagnostic> diagnostics, const text::Style& style) {
  if (!style.color) return render_text(diagnostics);
  std::string out;
  for (const Diagnostic& d : diagnostics) {
    std::string one = render_text(d);
    const std::string word = ": " + std::string(to_string(d.severity)) + ": ";
    const text::Ink ink = d.severity == Severity::error     ? text::Ink::bold_red
                          : d.severity == Severity::warning ? text::Ink::yellow
                                                            : text::Ink::cyan;
    if (const std::size_t at = one.find(word); at != std::string::npos) {
      one.replace(at + 2, word.size() - 3, style.paint(ink, std::string_view(word).substr(2, word.size() - 3)));
      one = style.paint(text::Ink::bold, one.substr(0, at)) + one.substr(at);
    }
    out += one;
  }
  return out;
}

Result<Config> load_config_beside(const Invocation& call, const fs::path& dag_file) {
  const Result<fs::path> path = config_file_of(call.args(), dag_file, state_folder_of(call.args()));
  if (!path) return path.error();
  const char* const environment = std::getenv("BATON_PROFILE");
  const std::string profile = call.args().value("profile", environment == nullptr ? "" : environment);
  if (path->empty() && !profile.empty()) {
    return Error{"there is no baton.yaml that could say what profile \"" + profile + "\" is", ErrorKind::invalid};
  }
  if (path->empty()) return Config{};
  ConfigResult loaded = load_config(path->string(), profile);
  show_findings(call, loaded.diagnostics, false);
  if (!loaded.ok())
    return Error{shown_path(*path) + " has " + errors_words(loaded.diagnostics) + "; mend what is said above"};
  loaded.config.path = path->string();
  return std::move(loaded.config);
}

Result<Config> last_config_beside(const Invocation& call, const fs::path& dag_file) {
  const Result<fs::path> path = config_file_of(call.args(), dag_file, state_folder_of(call.args()));
  if (!path) return path.error();
  if (path->empty()) return Config{};
  const char* const environment = std::getenv("BATON_PROFILE");
  ConfigResult loaded = load_config(path->string(), call.args().value("profile", environment ? environment : ""));
  if (loaded.ok()) {
    loaded.config.path = path->string();
    return std::move(loaded.config);
  }
  for (const Diagnostic& one : loaded.diagnostics) {
    if (one.severity != Severity::error) continue;
    call.warn(shown_path(*path) + ":" + std::to_string(one.line) + ":" + std::to_string(one.column) + ": " +
              one.message + "; a server goes on with the settings that it read last");
    break;
  }
  return Config{};
}

Result<LoadedDag> load_dag(const Invocation& call, const fs::path& file, const std::string& id) {
  return load_from(call, file, id);
}

Result<LoadedDag> load_one_dag(const Invocation& call, const std::string& file_or_dag) {
  if (file_or_dag == "-") return load_from_stdin(call, call.args().value("dag"));
  std::error_code ignored;
  if (Status may = may_read(file_or_dag); !may) return may.error();
  const std::string wanted = call.args().value("dag");
  const bool looks_like_id = file_or_dag.find('/') == std::string::npos && !is_yaml(file_or_dag);
  if (fs::exists(file_or_dag, ignored)) {
    if (fs::is_directory(file_or_dag, ignored)) {
      return Error{file_or_dag + " is a folder; name one DAG file in it"};
    }
    return load_from(call, fs::absolute(file_or_dag).lexically_normal(), wanted);
  }
  if (!looks_like_id) return Error{"there is no file \"" + file_or_dag + "\"", ErrorKind::not_found};
  const Result<fs::path> file = file_of_dag(call, file_or_dag);
  if (!file) return file.error();
  return load_from(call, *file, file_or_dag);
}

Result<LoadResult> load_stdin(const Config& config) {
  if (is_terminal(STDIN_FILENO)) std::fputs("reading a DAG from the terminal; Ctrl-D ends it\n", stderr);
  Result<std::string> text = read_stdin(config.max_file_bytes);
  if (!text) return text.error();
  LoadOptions options;
  options.config = config;
  return load_text(std::move(*text), kStdinName, options);
}

std::shared_ptr<const VersionRow> take_version_row(LoadedDag& loaded) {
  auto row = std::make_shared<VersionRow>();
  row->dag_id = loaded.dag->id;
  row->version = loaded.dag->version;
  row->canonical_json = canonical_json(*loaded.dag);
  row->source = std::move(loaded.source);
  row->source_hash = loaded.source_hash;
  if (!loaded.file.empty()) row->commit = git_commit_of(loaded.file.string());
  row->source_file = loaded.file.string();
  row->work_folder = loaded.dag->work_folder;
  row->created_at = now_us();
  return row;
}

Result<std::vector<std::string>> dag_files(const std::vector<std::string>& paths) {
  std::vector<std::string> out;
  for (const std::string& path : paths) {
    std::error_code error;
    if (path == "-") {
      out.push_back(path);
      continue;
    }
    if (Status may = may_read(path); !may) return may.error();
    if (!fs::exists(path, error)) return Error{"there is no file or folder \"" + path + "\"", ErrorKind::not_found};
    if (!fs::is_directory(path, error)) {
      out.push_back(path);
      continue;
    }
    const std::size_t first = out.size();
    fs::recursive_directory_iterator it(path, fs::directory_options::skip_permission_denied, error);
    for (const fs::recursive_directory_iterator end; !error && it != end; it.increment(error)) {
      const fs::path& entry = it->path();
      std::error_code ignored;
      if (entry.filename().string().starts_with(".")) {
        it.disable_recursion_pending();
        continue;
      }
      if (is_yaml(entry) && it->is_regular_file(ignored)) out.push_back(entry.string());
      if (out.size() > kFilesMax)
        return Error{path + " holds more than " + std::to_string(kFilesMax) + " DAG files; name a folder further down"};
    }
    if (error) return Error{path + " cannot be read: " + error.message(), ErrorKind::storage};
    std::sort(out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
  }
  return out;
}

}  // namespace baton::cli
