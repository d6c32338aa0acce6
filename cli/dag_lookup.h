// From what people type (a file, a DAG's id, a folder) to loaded DAGs, with their findings shown. Main thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/invocation.h"
#include "scheduler/dagfile/loader.h"
#include "scheduler/engine/rows.h"

namespace baton::cli {

/// One DAG of a file, ready to run.
struct LoadedDag {
  std::shared_ptr<const Dag> dag;
  std::filesystem::path file;  ///< absolute
  Config config;
  std::string source, source_hash;
};

/// Loads FILE, `-` (stdin), or the DAG with this id under ./dags (else from where it ran last), with baton.yaml and --dag. Findings
/// go to stderr. Errors: invalid (they are errors, or which DAG is meant is not clear), not_found, denied.
Result<LoadedDag> load_one_dag(const Invocation& call, const std::string& file_or_dag);

/// The DAG `id` of `file`, an absolute path, likewise.
Result<LoadedDag> load_dag(const Invocation& call, const std::filesystem::path& file, const std::string& id);

/// baton.yaml as config_file_of() finds it, for commands that ask a server: one with a mistake, with which a server goes
/// on as it was, is one line on stderr and counts as empty.
Result<Config> last_config_beside(const Invocation& call, const std::filesystem::path& dag_file);
/// The same for commands that run a DAG or a server: a mistake is an error, and all findings go to stderr.
Result<Config> load_config_beside(const Invocation& call, const std::filesystem::path& dag_file);

/// The DAGs of stdin, with their findings.
Result<LoadResult> load_stdin(const Config& config);

/// The row that the store keeps of this version. Takes the source out of `loaded`: it may be large.
std::shared_ptr<const VersionRow> take_version_row(LoadedDag& loaded);

/// The files that paths stand for: files as they are, folders with all *.yaml and *.yml beneath, sorted; hidden folders
/// are left out, `-` stays. not_found for a path that is not there.
Result<std::vector<std::string>> dag_files(const std::vector<std::string>& paths);

/// Diagnostics as text, coloured for this style.
std::string diagnostics_text(std::span<const Diagnostic> diagnostics, const text::Style& style);

}  // namespace baton::cli
