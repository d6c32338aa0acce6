// Store: the one writer of durable state, and what recovery reads. Implemented by SQLite, in memory, and (later)
// PostgreSQL; tests/conformance/store runs the same suite over each. Engine's loop thread calls it; `done` comes back
// on the loop thread through the Loop given at construction.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "scheduler/engine/rows.h"
#include "scheduler/model/result.h"

namespace baton {

/// How a commit ended (docs/ARCHITECTURE.md).
enum class CommitOutcome : std::uint8_t {
  durable,      ///< fsynced: effects may follow
  rolled_back,  ///< nothing was written and the batch may be offered again: the disk is full
  conflict,     ///< nothing was written: a run with this id or (dag, logical_date) exists, or the fence has moved
  unknown,      ///< an I/O error: take no more events (SQLite: exit 70 and recover)
};

/// Changes that become durable together or not at all. Rows of instances carry all their columns; the store writes the
/// mutable ones, conditionally on the epoch not going backwards, and checks that the row was there.
struct Batch {
  std::vector<RunCreation> creations;
  std::vector<RunCreation> reversions;  ///< runs that exist and go on with another version: `run`, `dag`, `version`
  std::vector<TaskRow> new_instances;  ///< mapped instances beyond index 0, when they expand
  std::vector<TaskRow> instances;      ///< changed
  std::vector<TryRow> tries;
  std::vector<RunRow> runs;            ///< changed; includes the counts
  std::vector<CacheRow> cache;
  std::vector<DurationRow> durations;
  std::vector<AuditRow> audit;

  [[nodiscard]] bool empty() const {
    return creations.empty() && reversions.empty() && new_instances.empty() && instances.empty() && tries.empty() && runs.empty() &&
           cache.empty() && durations.empty() && audit.empty();
  }
};

/// A run as recovery finds it: every row of it.
struct RunSnapshot {
  RunRow run;
  VersionRow version;
  std::vector<TaskRow> instances;  ///< by instance_no, without gaps
};

class Store {
 public:
  using CommitDone = std::function<void(CommitOutcome)>;

  virtual ~Store() = default;

  /// Takes `batch` for the next transaction. Batches become durable in the order of the calls; several may share one
  /// transaction and one fsync. `done` is called exactly once, in that order, never from within this call.
  virtual void commit(Batch batch, CommitDone done) = 0;
  /// As commit(), for a caller who has nothing else to do meanwhile: it may block for the transaction and its sync.
  virtual void commit_now(Batch batch, CommitDone done) { commit(std::move(batch), std::move(done)); }

  /// Number for a new run; rises with every call, never given twice in the life of the store.
  virtual RunNo next_run_no() = 0;
  [[nodiscard]] virtual const std::string& store_id() const = 0;   ///< a UUID made with the store
  [[nodiscard]] virtual std::int64_t leader_epoch() const = 0;     ///< raised at every open for writing

  /// Reads below block: for the start, before the loop takes events, and for another thread than the loop's.
  [[nodiscard]] virtual Result<std::vector<RunNo>> unfinished_runs() = 0;
  [[nodiscard]] virtual Result<RunSnapshot> load_run(RunNo run_no) = 0;
  /// Mean run time of the successes of each task of a DAG (recent ones weigh more), in µs, by task id.
  [[nodiscard]] virtual Result<std::unordered_map<std::string, DurationUs>> mean_durations(const std::string& dag_id) = 0;

  /// Looks a cache entry up off the loop; `done` comes on the loop thread. An expired entry is none.
  virtual void find_cached(const std::string& dag_id, const std::string& task_id, const std::string& key,
                           const std::string& spec_hash, WallUs now,
                           std::function<void(std::optional<CacheRow>)> done) = 0;
};

}  // namespace baton
