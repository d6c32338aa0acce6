// How far a backfill has come, by asking the server again and again: a line that is drawn anew on a terminal, else one
// line per change. Main thread.
#pragma once

#include <cstdint>
#include <string>

#include "cli/invocation.h"
#include "cli/server_client.h"

namespace baton::cli {

/// What of a backfill is done, as the server counts it.
struct BackfillCounts {
  std::int64_t queued = 0, running = 0, success = 0, failed = 0;
  std::int64_t skipped = 0;  ///< intervals that had a run already

  [[nodiscard]] std::int64_t runs_ended() const { return success + failed; }
  [[nodiscard]] std::int64_t done() const { return runs_ended() + skipped; }
};

BackfillCounts backfill_counts(const Value& backfill);
/// `7 of 10 · 2 running · 1 failed`. `total` 0: not known.
std::string backfill_progress_words(const BackfillCounts& counts, std::int64_t total);

/// Follows it until it is through; its document then. Talk goes to stderr. Ctrl-C leaves the backfill alone.
Result<Value> follow_backfill(const ServerClient& server, const Invocation& call, std::int64_t backfill_no,
                              std::int64_t total);

}  // namespace baton::cli
