#include "scheduler/service/retention_plan.h"

#include <utility>

namespace baton {
namespace {

constexpr DurationUs kHistoryUs = 365 * kDay;  // where no span of time is set for runs, but their number
constexpr DurationUs kKeysUs = 24 * kHour;     // a request is repeated within a day, as its answer promises
constexpr DurationUs kTombstonesUs = 7 * kDay;

constexpr std::int64_t kRowsOfPart = 500;
constexpr std::size_t kRunsOfPart = 64;
/// Of the run's own row, its dates, params and tombstone.
constexpr std::int64_t kRowsOfRun = 4;

}  // namespace

OldRows old_rows_of(const Retention& kept, WallUs now) {
  OldRows out;
  out.keys_before = now - kKeysUs;
  out.access_before = now - kTombstonesUs;
  out.tombstones_before = now - kTombstonesUs;
  if (kept.runs_us > 0) {
    out.history_before = now - kept.runs_us;
  } else if (kept.runs_per_dag > 0) {
    out.history_before = now - kHistoryUs;
  }
  return out;
}

std::vector<std::vector<OldRun>> parts_of(std::vector<OldRun> found) {
  std::vector<std::vector<OldRun>> parts;
  std::int64_t rows = 0;
  for (OldRun& run : found) {
    if (run.is_needed) continue;
    const std::int64_t more = run.rows + kRowsOfRun;
    const bool is_full = parts.empty() || rows + more > kRowsOfPart || parts.back().size() >= kRunsOfPart;
    if (is_full) {
      parts.emplace_back();
      rows = 0;
    }
    rows += more;
    parts.back().push_back(std::move(run));
  }
  return parts;
}

FolderFate fate_of(const FolderFacts& folder, RunNo last_known, WallUs logs_before) {
  if (!folder.has_row) return folder.run_no <= last_known ? FolderFate::all_go : FolderFate::stays;
  const bool is_old = logs_before != kNoTime && folder.has_ended && folder.ended_at != kNoTime;
  return is_old && folder.ended_at < logs_before ? FolderFate::logs_go : FolderFate::stays;
}

}  // namespace baton
