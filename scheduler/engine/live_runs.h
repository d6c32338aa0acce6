// LiveRuns: the runs in memory, and what of them is still to be written or decided. Whatever asks "is there something
// to do" asks a list of those who have something, never all runs: a commit costs what has changed, not what is alive.
// Owned by the engine; loop thread.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "scheduler/engine/dag_run.h"
#include "scheduler/engine/fair_queue.h"
#include "scheduler/engine/pending.h"
#include "scheduler/engine/run_timers.h"

namespace baton {

struct LiveRun {
  LiveRun(DagRun of, std::vector<DurationUs> path, Loop& loop)
      : run(std::move(of)), path_us(std::move(path)), timers(loop) {}

  DagRun run;
  std::vector<DurationUs> path_us;  ///< critical path from each task to the end of the run; empty: not known
  RunTimers timers;
  const Share* share = nullptr;     ///< its DAG's, once something of it was offered
  std::map<InstanceNo, bool> waits; ///< for a limit or a pool; whether their rows say so. See LiveRuns::note_waiting()
  std::size_t untold_waits = 0;     ///< of these, whose rows do not
  std::set<InstanceNo> unwritten;   ///< running, and their rows do not say so yet; see LiveRuns::note_running()
  RunPart part;                     ///< where its rows go in the batch that gathers
  bool counts_stale = false;        ///< its counts have changed since its row was written
  bool is_due = false;              ///< its row goes with the next batch
  bool is_listed = false;           ///< in the list of those with something to write lazily
  bool has_more = false;            ///< its core has more to do
  bool stands = false;              ///< as the queue knows it; see stands_for_past()
  /// Batches that are not durable yet and tell of an outcome of it, and of its end. While one is being written a mark or
  /// a clear may give it another; then neither is told, nor is it forgotten, before that one is durable too.
  int outcomes_to_come = 0, ends_to_come = 0;
};

class LiveRuns {
 public:
  /// `variables`: what expressions of the runs are told of them; outlives them. Null: nobody has said any.
  explicit LiveRuns(Loop& loop, const Variables* variables = nullptr) : loop_(loop), variables_(variables) {}

  /// Null where no such run lives.
  [[nodiscard]] LiveRun* find(RunNo run_no);
  [[nodiscard]] const LiveRun* find(RunNo run_no) const;
  [[nodiscard]] std::size_t size() const { return runs_.size(); }
  LiveRun& add(DagRun run, std::vector<DurationUs> path_us);
  /// Its timers go with it; nothing of it is due any more.
  void erase(RunNo run_no);

  /// The row of the run goes with the next batch.
  void note_due(LiveRun& live);
  /// For display alone: the counts of the run have changed.
  void note_counts(LiveRun& live);
  /// For display alone: an instance is running.
  void note_running(LiveRun& live, InstanceNo i);

  /// For display alone: an instance waits for a limit or a pool. Its row is to say so when it has waited for `long_us`;
  /// of a run the first kWaitsMax do: a crowd is told by its heads, or each of its tasks would be written once more.
  void note_waiting(LiveRun& live, InstanceNo i);

  [[nodiscard]] bool has_due() const { return !due_.empty(); }
  /// Puts the rows that are due into `next`; whether a run among them has its outcome.
  bool take_due(Pending& next);
  [[nodiscard]] bool has_lazy();
  /// Puts what is for display alone into `next`, and makes the rows of these runs due. Who has waited for less than
  /// `long_us` is left for the next time.
  void take_lazy(Pending& next, MonoUs now, DurationUs long_us);

  /// The core of this run stopped half way (see advance()). Each run stands in this queue once.
  void note_more(LiveRun& live);
  [[nodiscard]] bool has_more() const { return !more_.empty(); }
  /// The run that has waited longest for its next share; null: none.
  LiveRun* take_more();

 private:
  void list(LiveRun& live);
  void take_waits(LiveRun& live, Part& part, MonoUs before);
  static bool is_lazy(const LiveRun& live) {
    return live.counts_stale || !live.unwritten.empty() || live.untold_waits > 0;
  }

  Loop& loop_;
  const Variables* variables_;
  std::unordered_map<RunNo, std::unique_ptr<LiveRun>> runs_;
  std::vector<RunNo> due_;
  std::vector<RunNo> lazy_;  ///< may name runs that have been written meanwhile
  std::deque<RunNo> more_;
};

}  // namespace baton
