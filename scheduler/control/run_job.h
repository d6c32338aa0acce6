// A job over runs: which ones, and what is to become of each. Its row keeps it as JSON, so that a server that starts
// again goes on with it. Values; pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "scheduler/engine/reader_queries.h"
#include "scheduler/engine/service_rows.h"
#include "scheduler/model/result.h"

namespace baton {

enum class RunJobAction : std::uint8_t { remove, clear, retry, cancel, mark_success, mark_failed };
inline constexpr std::size_t kRunJobActionCount = 6;
/// As the API names it: `delete`, `clear`, `retry`, `cancel`, `mark_success`, `mark_failed`.
[[nodiscard]] std::string_view to_string(RunJobAction action);

struct RunJobAsk {
  RunJobAction action = RunJobAction::clear;
  RunFilter filter;           ///< of those that are so when it comes to them; number_max is its end
  double per_second = 0;      ///< so many at most; 0: as fast as they can be written
  bool takes_latest = false;  ///< they go on with the version that their DAG has now
  std::string why;
};

/// The kind of its row: `delete_runs`, `clear_runs`, …
[[nodiscard]] std::string kind_of(const RunJobAsk& ask);
[[nodiscard]] std::string job_json(const RunJobAsk& ask);
/// storage: it is none that job_json() has written.
[[nodiscard]] Result<RunJobAsk> run_job_from_json(const std::string& json);

// ── what is left of one run ──

inline constexpr std::string_view kRunRestKind = "delete_run";
/// Task instances that one part deletes.
inline constexpr std::int64_t kRestPart = 1'000;

/// A run has gone, and its task instances go now. Its row counts them: all below `cursor` have gone.
struct RunRestAsk {
  RunNo run_no = 0;
  std::string name;  ///< DAG/RUN
};

/// Where there are no more than one part, that goes with the run, and the job is through when it begins.
[[nodiscard]] BulkJobRow rest_job(std::int64_t job_no, const RunRestAsk& ask, std::int64_t instances,
                                  const std::string& actor, WallUs at);
[[nodiscard]] Result<RunRestAsk> rest_from_json(const std::string& json);

}  // namespace baton
