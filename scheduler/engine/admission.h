// Admission: which scheduled task instance may take its resources next, over all runs (docs/ARCHITECTURE.md). What is
// held is the set of live attempts, nothing else; it is rebuilt from the rows at recovery by hold(). A blocked instance
// stands in exactly one wait list, that of the first resource it lacks, and whatever frees the resource looks at the
// head of that list alone. Breakers come first, so that who waits for one holds nothing and stands in nobody's way. Who
// is looked at in vain passes the look on to those behind. Pure: no clock, no store. Loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "scheduler/engine/dag_run.h"

namespace baton {

/// A task instance that offers itself.
struct Candidate {
  RunNo run_no = 0;
  InstanceNo instance = -1;
  std::int32_t priority = 0;
  std::int64_t path_us = 0;   ///< critical path from here to the end of the run
  std::uint64_t age = 0;      ///< smaller is older; given by offer()
};

class Admission {
 public:
  /// `slots`: attempts at a time; `ahead`: how many more may be claimed and wait at the executor for a slot.
  Admission(std::int32_t slots, std::int32_t ahead) : slots_(slots), ahead_(ahead) {}

  void set_pool(const std::string& name, std::int32_t slots);
  /// So many more attempts of tasks that name this breaker may start now (Breaker::permits()).
  void set_gate(const std::string& breaker, std::int32_t permits);
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
  /// All pools that somebody has set, by name.
  [[nodiscard]] std::vector<PoolSpec> declared() const {
    std::vector<PoolSpec> out;
    for (const auto& [name, pool] : pools_) {
      if (pool.is_declared) out.push_back({name, pool.capacity});
    }
    return out;
  }
  /// Slots of a pool that live attempts hold.
  [[nodiscard]] std::int32_t used(std::string_view pool) const {
    const auto at = pools_.find(pool);
    return at == pools_.end() ? 0 : at->second.used;
  }

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
  struct Waiter {
    Candidate candidate;
    std::int32_t amount = 1;  ///< of the resource in whose list it stands
  };
  struct Later {  // std::priority_queue keeps the greatest on top
    bool operator()(const Candidate& a, const Candidate& b) const {
      if (a.priority != b.priority) return a.priority < b.priority;
      if (a.path_us != b.path_us) return a.path_us < b.path_us;
      return a.age > b.age;
    }
    bool operator()(const Waiter& a, const Waiter& b) const { return (*this)(a.candidate, b.candidate); }
  };
  struct Resource {
    std::int32_t capacity = 0;
    std::int32_t used = 0;
    bool is_declared = false;  ///< a pool that somebody has set; else one that a task names
    std::priority_queue<Waiter, std::vector<Waiter>, Later> waiting;
  };
  struct Need {
    Resource* resource;
    std::int32_t amount;
    Wait wait;
  };

  void needs_of(const DagRun& run, InstanceNo i, std::vector<Need>& out);
  /// What must let it through and is not held: its breakers.
  void gates_of(const DagRun& run, InstanceNo i, std::vector<Need>& out);
  Resource* limit_of_run(const DagRun& run);
  Resource* limit_of_task(const DagRun& run, TaskNo t);
  /// Those at the head who fit into what is free; `head`: the first also when it does not.
  void wake(Resource& resource, bool head);
  void wake_after_drop(RunNo run_no);
  /// Calls `each` with every limit that a run has of its own.
  template <typename Each>
  void limits_of(RunNo run_no, Each each);
  void drop_heads(Resource& resource, const Lookup& run_of);
  /// What it needs is in `needs_`.
  void drop_twin(const Candidate& admitted);

  std::int32_t slots_;
  std::int32_t ahead_;
  std::int32_t live_ = 0;
  std::uint64_t next_age_ = 1;
  std::priority_queue<Candidate, std::vector<Candidate>, Later> ready_;
  std::map<std::string, Resource, std::less<>> pools_;
  std::map<std::string, Resource, std::less<>> gates_;           ///< breakers; nothing of them is held: `used` is 0
  std::map<RunNo, Resource> run_limits_;                         ///< max_active_tasks
  std::map<std::pair<RunNo, TaskNo>, Resource> task_limits_;     ///< max_parallel of a mapped task
  std::vector<Need> needs_;                                      ///< scratch of next() and release()
};

}  // namespace baton
