// What retention lets go, by the settings: pure. Who carries it out is retention.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/engine/old_runs.h"
#include "scheduler/model/dag.h"

namespace baton {

/// What is over for everybody at `now`. Rows that only matter for a while go whatever the settings say, so that no
/// database grows for ever; what tells of the past goes with the runs, or after a year where only their number counts.
[[nodiscard]] OldRows old_rows_of(const Retention& kept, WallUs now);

/// Of these the runs that go, in parts of which each is one transaction: not many rows, so that others write in
/// between. A run is never divided: one with more rows is a part of its own.
[[nodiscard]] std::vector<std::vector<OldRun>> parts_of(std::vector<OldRun> found);

/// What is known of the run that a folder of logs, outputs or work belongs to.
struct FolderFacts {
  RunNo run_no = 0;
  bool has_row = false;
  bool has_ended = false;  ///< with its hooks
  WallUs ended_at = kNoTime;
};

enum class FolderFate : std::uint8_t { stays, logs_go, all_go };

/// `last_known`: the number of the newest run when this process began. One up to there that has no row was deleted: no
/// run gets its number again. Of a later one the row may still be on its way.
[[nodiscard]] FolderFate fate_of(const FolderFacts& folder, RunNo last_known, WallUs logs_before);

}  // namespace baton
