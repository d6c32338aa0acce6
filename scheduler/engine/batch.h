// Batch: what is offered to a Store at once. Its parts are ordered, and each is atomic by itself: a part stands for one
// request with all rows of the run that it makes or changes, the first one for what the engine does without being asked.
// A part can be struck (what it would make exists already) without the others noticing. Values; no behaviour.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "scheduler/engine/rows.h"
#include "scheduler/engine/service_rows.h"

namespace baton {

/// Rows that become durable together or not at all. Rows of instances carry all their columns; the store writes the
/// mutable ones. Written in the order of the members.
struct Part {
  std::vector<IdempotencyRow> idempotency;  ///< a key that is there strikes the part
  std::vector<RunCreation> creations;
  std::vector<RunCreation> reversions;  ///< runs that exist and go on with another version: `run`, `dag`, `version`
  std::vector<TaskRow> new_instances;   ///< mapped instances beyond index 0, when they expand
  std::vector<TaskRow> instances;       ///< changed
  std::vector<TryRow> tries;
  std::vector<RunRow> runs;             ///< changed; includes the counts
  std::vector<CacheRow> cache;
  std::vector<DurationRow> durations;
  std::vector<AuditRow> audit;
  ServiceRows service;                  ///< of a DAG, its file, its ticks, the server

  [[nodiscard]] bool empty() const {
    return creations.empty() && reversions.empty() && new_instances.empty() && instances.empty() && tries.empty() &&
           runs.empty() && cache.empty() && durations.empty() && audit.empty() && idempotency.empty() && service.empty();
  }
};

/// Parts in the order in which they are written: a later one sees what an earlier one has made.
struct Batch {
  Batch() = default;
  Batch(Part part) { parts.push_back(std::move(part)); }  // NOLINT(google-explicit-constructor): a batch of one part

  std::vector<Part> parts;

  [[nodiscard]] bool empty() const {
    return std::all_of(parts.begin(), parts.end(), [](const Part& part) { return part.empty(); });
  }
};

/// How a commit ended (docs/ARCHITECTURE.md).
enum class CommitOutcome : std::uint8_t {
  durable,      ///< fsynced, but for the parts that were struck: effects may follow
  rolled_back,  ///< nothing was written and the batch may be offered again: the disk is full
  fenced,       ///< nothing was written: another process has taken over. Take no more events
  unknown,      ///< an I/O error: nobody knows what was written. Take no more events (SQLite: exit and recover)
};

/// What became of one part of a durable batch.
struct PartVerdict {
  /// Why a part was struck: what exists already.
  enum class Exists : std::uint8_t { nothing, run_id, logical_date, idempotency_key };
  Exists exists = Exists::nothing;  ///< nothing: the part is written
  RunNo run_no = 0;                 ///< the run that has this id or date; 0 with a key

  [[nodiscard]] bool is_done() const { return exists == Exists::nothing; }
  friend bool operator==(const PartVerdict&, const PartVerdict&) = default;
};

/// The answer to a commit.
struct CommitDone {
  CommitOutcome outcome = CommitOutcome::unknown;
  std::int64_t seq = 0;            ///< durable: what the rows of this batch carry; rises with every transaction
  std::vector<PartVerdict> parts;  ///< durable: by part
};

}  // namespace baton
