// Admission: which scheduled task instance may take its resources next, over all runs (docs/ARCHITECTURE.md). What is
// held is the set of live attempts, nothing else; it is rebuilt from the rows at recovery by hold(). A blocked instance
// stands before exactly one door, that of the first thing it lacks, and whatever opens the door looks at who is first
// there alone (fair_queue.h). That one is called: it is looked at when its turn among the ready comes, and keeps its
// place at the door until then. One at a time is called to each door, and who is looked at passes the call on, in vain or
// not. Breakers come first, so that who waits for one holds nothing and stands in nobody's way. Pure: no clock, no store.
// Loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/engine/dag_run.h"
#include "scheduler/engine/fair_queue.h"
#include "scheduler/engine/start_limits.h"

namespace baton {

/// What there is so much of, and who waits for it.
struct Door {
  std::int32_t capacity = 0;
  std::int32_t used = 0;
  bool is_declared = false;  ///< a pool that somebody has set; else one that a task names
  FairQueue waiting;
  std::optional<Candidate> called;  ///< who stands here and stands among the ready too
};

class Admission {
 public:
  /// What a retry budget belongs to.
  enum class Kind : std::uint8_t { pool, breaker };

  /// `slots`: attempts at a time; `ahead`: how many more may be claimed and wait at the executor for a slot.
  Admission(std::int32_t slots, std::int32_t ahead) : slots_(slots), ahead_(ahead) {}

  /// `is_by_person`: somebody holds it back for a while. Who wants more than it has waits until it is opened again, and
  /// keeps nobody else from it; where files say so, it never fits.
  void set_pool(const std::string& name, std::int32_t slots, bool is_by_person = false);
  [[nodiscard]] bool is_set_by_person(std::string_view pool) const { return narrow_.contains(pool); }
  /// Nobody says anything of it any more: who wants it never fits.
  void drop_pool(const std::string& name);
  /// Of starts of tasks that name the pool; `starts` 0: no limit. The first that is said of a pool is as if it had been
  /// used up at `begun_at`.
  void set_rate(const std::string& pool, Rate rate, MonoUs begun_at);
  /// Of retries among the starts of tasks that name it; 0: no limit.
  void set_retry_budget(Kind of, const std::string& name, std::int32_t millionths);
  /// What time it is: rates and budgets let through what they may by now.
  void tick(MonoUs now);
  /// When tick() has somebody to let through; none: nobody waits for the time.
  [[nodiscard]] std::optional<MonoUs> due();
  /// Of a pool that has a rate: what is told of it.
  struct RateNow {
    Rate rate;
    std::size_t waiting = 0;  ///< tasks
    MonoUs next_at = 0;       ///< when the next may start
  };
  [[nodiscard]] std::optional<RateNow> rate_of(std::string_view pool, MonoUs now) const;
  /// So many more attempts of tasks that name this breaker may start now (Breaker::permits()).
  void set_gate(const std::string& breaker, std::int32_t permits);
  /// Nothing of this run is let through until it goes on; what it holds it keeps.
  void pause_run(RunNo run_no);
  void unpause_run(RunNo run_no);
  void set_ahead(std::int32_t ahead) { ahead_ = ahead; }
  [[nodiscard]] std::int32_t slots() const { return slots_; }
  /// More, or fewer than are held: nothing is admitted then until enough are free.
  void set_slots(std::int32_t slots) { slots_ = slots; }
  [[nodiscard]] std::int32_t live() const { return live_; }
  [[nodiscard]] bool has_candidates() const { return !ready_.empty(); }
  /// Slots of a pool; none: there is no such pool.
  [[nodiscard]] std::optional<std::int32_t> capacity(std::string_view pool) const {
    const auto at = pools_.find(pool);
    return at == pools_.end() || !at->second.is_declared ? std::nullopt : std::optional(at->second.capacity);
  }
  /// What has been set of a pool; none: there is no such pool.
  [[nodiscard]] std::optional<PoolSpec> spec_of(const std::string& pool) const;
  /// All pools that somebody has set, by name.
  [[nodiscard]] std::vector<PoolSpec> declared() const;
  /// Tasks that stand before a pool.
  [[nodiscard]] std::int64_t waiting(std::string_view pool) const {
    const auto at = pools_.find(pool);
    const auto narrow = narrow_.find(pool);
    const std::size_t wide = narrow == narrow_.end() ? 0 : narrow->second.waiting.size();
    return static_cast<std::int64_t>(wide + (at == pools_.end() ? 0 : at->second.waiting.size()));
  }
  /// Slots of a pool that live attempts hold.
  [[nodiscard]] std::int32_t used(std::string_view pool) const {
    const auto at = pools_.find(pool);
    return at == pools_.end() ? 0 : at->second.used;
  }

  /// What a DAG may have beside others; its weight is the last that was said. Lives as long as this.
  [[nodiscard]] const Share* share_of(const std::string& dag_id, std::int32_t weight);
  void offer(Candidate c);

  /// Why instance `i` could not start even if nothing else ran, with the numbers; nothing where it could. Pools shrink and
  /// go away between two starts: who wants more than there is must fail aloud, or it would wait for ever.
  [[nodiscard]] std::optional<std::string> never_fits(const DagRun& run, InstanceNo i) const;

  /// The run of a candidate that still stands where it was offered; null when it does not (a stop may have come since).
  using Lookup = std::function<const DagRun*(const Candidate&)>;
  /// The next candidate that gets all it needs, which it then holds; false when none can be admitted now. One that never
  /// fits comes out too, and holds what it wants until release(): ask never_fits() and let it fail.
  /// `blocked` is told what a candidate now waits for.
  bool next(Candidate& out, const Lookup& run_of, const std::function<void(const Candidate&, Wait)>& blocked);

  /// Some who wait in these runs may be wanted no longer (their run stops): nobody waits behind these any more. Looks
  /// at the heads of the pools and breakers and of these runs' own lists only: stopping one of ten thousand runs costs
  /// what it has.
  void drop_unwanted(std::span<const RunNo> runs, const Lookup& run_of);

  /// Takes what a live attempt holds, without asking: recovery.
  void hold(const DagRun& run, InstanceNo i);
  /// Gives back what a live attempt held.
  void release(const DagRun& run, InstanceNo i);
  /// Forgets a run that has finished.
  void forget(const DagRun& run);

 private:
  struct RateLimit {
    Door door;
    TokenBucket bucket;
  };
  struct RetryLimit {
    Door door;
    RetryBudget budget;
  };
  using BudgetKey = std::pair<Kind, std::string>;

  struct Need {
    Door* door;
    std::int32_t amount;
    Wait wait;
    bool is_held = true;  ///< until release(); else it only lets through
  };

  void needs_of(const DagRun& run, InstanceNo i, std::vector<Need>& out);
  /// What must let it through and is not held: its breakers, and what counts starts.
  void gates_of(const DagRun& run, InstanceNo i, std::vector<Need>& out);
  /// The pools that a person has made smaller than what it wants.
  void narrow_pools_of(const DagRun& run, InstanceNo i, std::vector<Need>& out);
  Door* limit_of_run(const DagRun& run);
  Door* limit_of_task(const DagRun& run, TaskNo t);
  /// Of what is in `needs_`, the first that it lacks, or for which others go before it.
  [[nodiscard]] const Need* lacking(const Candidate& c);
  /// It gets all that is in `needs_`.
  void take(const Candidate& c);
  /// What counts starts counts one.
  void note_start(const DagRun& run, InstanceNo i);
  /// It does not: it stands there now.
  void stand(const Candidate& c, const Need& lacking);
  /// The first who stands there is to be looked at, where it fits into what is free; `any`: also where it does not.
  void call(Door& door, bool any);
  [[nodiscard]] bool stands_elsewhere_than_at_its_pause(const Candidate& c, const Door& door) const;
  void remove(Door& door, const Candidate& c);
  /// It is not wanted any more, and the call that it has had is for the next.
  void drop(const Candidate& c);
  /// Calls `each` with every limit that a run has of its own.
  template <typename Each>
  void limits_of(RunNo run_no, Each each);
  void drop_heads(Door& door, const Lookup& run_of);
  /// What it needs is in `needs_`.
  void drop_twin(const Candidate& admitted);

  std::int32_t slots_;
  std::int32_t ahead_;
  std::int32_t live_ = 0;
  std::uint64_t next_age_ = 1;
  Share nobodys_;  ///< of those whose DAG is not said
  FairQueue ready_;
  std::map<std::string, Share, std::less<>> shares_;
  std::map<std::string, Door, std::less<>> pools_;
  /// Of the pools that a person has set: where those stand who want more than there is. Never open: whoever sets the
  /// pool looks at all of them again.
  std::map<std::string, Door, std::less<>> narrow_;
  std::map<std::string, Door, std::less<>> gates_;           ///< breakers; nothing of them is held: `used` is 0
  std::map<std::string, RateLimit, std::less<>> rates_;      ///< by pool; likewise
  std::map<BudgetKey, RetryLimit> budgets_;                  ///< likewise
  MonoUs now_ = 0;                                           ///< of the last tick()
  std::map<RunNo, Door> paused_runs_;                        ///< likewise; one that has gone on lets everybody through
  std::map<RunNo, Door> run_limits_;                         ///< max_active_tasks
  std::map<std::pair<RunNo, TaskNo>, Door> task_limits_;     ///< max_parallel of a mapped task
  std::vector<Need> needs_;                                  ///< scratch of next() and release()
};

}  // namespace baton
