// Store: the one writer of durable state, and what recovery reads. Implemented over SQLite (on a file and in memory) and
// by the simulator; tests/conformance/store runs one suite over all of them.
//
// The engine gives it batches; each is one transaction or a part of one, and ends in one of four ways:
//
//   commit(batch) ──┬─▶ durable       it is fsynced. Each part has a verdict: done, or struck because what it would make
//                   │                 exists. A struck part leaves nothing behind, the other parts stand.
//                   ├─▶ rolled_back   no space. Nothing of it is there, nor of any batch that was given before this was
//                   │                 told: what was offered later is never durable before what was offered earlier.
//                   │                 Offer it again, in the same order.
//                   ├─▶ fenced        the store has another leader, or a row is not as this one left it. Nothing of it is
//                   │                 there. No later batch will be written: end.
//                   └─▶ unknown       an I/O error. It may be there or not. No later batch will be written: end, and
//                                     recover from the files.
//
// The loop's thread calls it; what it answers comes back there, through the Loop given at construction, never from within
// a call. It outlives no Loop. One process at a time leads: opening for writing raises `leader_epoch`, and every
// transaction checks it, so that a process that was only believed dead writes nothing any more.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "scheduler/engine/batch.h"
#include "scheduler/engine/rows.h"
#include "scheduler/model/result.h"

namespace baton {

/// A run as recovery finds it: every row of it.
struct RunSnapshot {
  RunRow run;
  VersionRow version;
  std::vector<TaskRow> instances;  ///< by instance_no, without gaps
  std::vector<InstanceNo> held_events = {};  ///< whose asset events wait for checks
  std::vector<OpenLetter> open_letters = {};  ///< one of an instance at most
};

class Store {
 public:
  using OnCommitted = std::function<void(const CommitDone&)>;

  virtual ~Store() = default;

  /// Takes `batch` for the next transaction. Batches become durable in the order of the calls; several may share one
  /// transaction and one fsync. `done` is called exactly once, in that order, never from within this call.
  ///
  /// A part is struck (`exists`) when a run that it creates has the id or the logical date of a run that is there, be it
  /// through an earlier part of the same batch. A change of a row that is missing, or whose epoch would go backwards,
  /// and a second end of one attempt fence the whole batch: the engine never does so by itself.
  virtual void commit(Batch batch, OnCommitted done) = 0;
  /// As commit(), for a caller who has nothing else to do meanwhile: it may block for the transaction and its sync.
  /// `done` still comes through the loop.
  virtual void commit_now(Batch batch, OnCommitted done) { commit(std::move(batch), std::move(done)); }

  /// Number for a new run; rises with every call, never given twice in the life of the store.
  virtual RunNo next_run_no() = 0;
  [[nodiscard]] virtual const std::string& store_id() const = 0;   ///< a UUID made with the store
  [[nodiscard]] virtual std::int64_t leader_epoch() const = 0;     ///< raised at every open for writing
  /// Attempts get epochs above this one. More than 0 once the store has been put back from a copy: attempts that the copy
  /// does not know may still live, or have left logs.
  [[nodiscard]] virtual Epoch attempts_above() const { return 0; }

  /// Reads below block: for the start, before the loop takes events, and for another thread than the loop's. They never
  /// wait for a transaction that is being written.
  [[nodiscard]] virtual Result<std::vector<RunNo>> unfinished_runs() = 0;
  /// Of these the ones that wait to begin (queued), by number, as rows: one query. A row that cannot be read is told as
  /// an Error and keeps none of the others from being read.
  using OnRow = std::function<void(RunNo, const Result<RunRow>&)>;
  [[nodiscard]] virtual Status waiting_runs(const OnRow& each) = 0;
  /// The other ones, by number, whole: each kind of row in one scan, each version read once. `read` says why one cannot
  /// be read; its snapshot is worth nothing then, and the others are told all the same. The snapshot is gone after the
  /// call. Neither this nor waiting_runs() may be answered with another call of the store.
  using OnRun = std::function<void(RunNo, const Status& read, const RunSnapshot&)>;
  [[nodiscard]] virtual Status live_runs(const OnRun& each) = 0;
  [[nodiscard]] virtual Result<RunSnapshot> load_run(RunNo run_no) = 0;
  /// Mean run time of the successes of each task of a DAG (recent ones weigh more), in µs, by task id.
  [[nodiscard]] virtual Result<std::unordered_map<std::string, DurationUs>> mean_durations(const std::string& dag_id) = 0;
  /// The variables that people keep, by name; what was committed before.
  [[nodiscard]] virtual Result<Variables> variables() { return Variables{}; }
  /// The circuit breakers as they were left, by name; what was committed before.
  [[nodiscard]] virtual Result<std::vector<BreakerRow>> breakers() { return std::vector<BreakerRow>{}; }

  /// The values that live on from run to run, of all DAGs, those that are taken away too.
  [[nodiscard]] virtual Result<std::vector<TaskStateRow>> task_states() { return std::vector<TaskStateRow>{}; }

  /// Where every run has ended: when the last one did; kNoTime: there has never been one. None: it is not known.
  [[nodiscard]] virtual std::optional<WallUs> idle_since() { return std::nullopt; }

  /// The number of the last asset event that was ever committed; it may be gone since.
  [[nodiscard]] virtual Result<std::int64_t> last_asset_event() { return std::int64_t{0}; }
  /// When the last event of each asset was.
  using AssetTimes = std::vector<std::pair<std::string, WallUs>>;
  [[nodiscard]] virtual Result<AssetTimes> last_asset_times() { return AssetTimes{}; }

  /// Runs that tasks have started and whose end is still owed to somebody: awaited or cut.
  [[nodiscard]] virtual Result<std::vector<ChildRow>> owed_children() { return std::vector<ChildRow>{}; }

  /// Looks up off the loop, in what is durable, which of `tasks` have not all succeeded or been skipped in the run of the
  /// last date before `date` (depends_on_past). None: there is no such run, it does not know them, or all is well there.
  /// `done` comes on the loop thread, never from within the call. A store that keeps no runs has no past.
  using OnPast = std::function<void(Result<std::vector<std::string>> held)>;
  virtual void find_past(const std::string& dag_id, WallUs date, std::vector<std::string> tasks, OnPast done) = 0;

  /// Looks a cache entry up off the loop; `done` comes on the loop thread. An expired entry is none.
  virtual void find_cached(const std::string& dag_id, const std::string& task_id, const std::string& key,
                           const std::string& spec_hash, WallUs now,
                           std::function<void(std::optional<CacheRow>)> done) = 0;
};

}  // namespace baton
