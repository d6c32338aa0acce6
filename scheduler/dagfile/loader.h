// The door of this room: a DAG file → checked Dags and all findings. Also baton.yaml. Reads only what it is given; no
// globals, any thread. A file that is bad in any way costs a finding with its place, never more than a second or so.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/dagfile/diagnostic.h"
#include "scheduler/model/dag.h"
#include "scheduler/model/result.h"

namespace baton {

struct LoadOptions {
  Config config;  ///< its limits, and the pools, breakers, assets and calendars of all DAGs
  bool warnings_are_errors = false;
};

/// The id of a document, and where it stands: an error without a message, for those who know more files.
struct FoundId {
  std::string id;
  Diagnostic at;
};

struct LoadResult {
  std::vector<std::shared_ptr<const Dag>> dags;  ///< those without an error, in the order of the file
  std::vector<Diagnostic> diagnostics;           ///< in the order of the file; notes for documents without `dag:`
  std::vector<FoundId> ids;                      ///< of all documents with an id, also of those with errors
  std::string source;                            ///< the text that was read; what the store keeps beside the Dag
  std::string source_sha256;                     ///< hex
  [[nodiscard]] bool ok() const { return !has_errors(diagnostics); }
};

/// Opens a regular file (a link to one too), without waiting on what is none, and checks its size before it reads.
LoadResult load_file(const std::string& path, const LoadOptions& options = {});

/// `name` stands for the file in findings; `Dag::work_folder` is the folder of `name` as an absolute path.
LoadResult load_text(std::string text, const std::string& name, const LoadOptions& options = {});

/// An error at every place of an id that several files have. The files are those of one folder: commands choose a DAG
/// by its id there, and two would share their runs. In the order of `ids`.
std::vector<Diagnostic> shared_ids(std::span<const FoundId> ids);

struct ConfigResult {
  Config config;
  std::vector<Diagnostic> diagnostics;
  [[nodiscard]] bool ok() const { return !has_errors(diagnostics); }
};

/// Reads baton.yaml. Where it lies is the caller's question. `profile` empty: the one that the file names, or none; one
/// that the file does not have is an error.
ConfigResult load_config(const std::string& path, const std::string& profile = {});
/// The host that a URL of http or https names, without its port; empty: it is no such URL.
std::string host_of_url(std::string_view url);
ConfigResult load_config_text(std::string text, const std::string& name, const std::string& profile = {});

/// The whole of a regular file of at most `bytes_max`; refuses FIFOs, devices and folders at once, and a file that
/// changes while it is read.
Result<std::string> read_regular_file(const std::string& path, std::int64_t bytes_max);

}  // namespace baton
