#include "scheduler/engine/admission.h"

#include <algorithm>

#include "scheduler/engine/computed.h"
#include "scheduler/model/check.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {

void Admission::set_pool(const std::string& name, std::int32_t slots) {
  Resource& pool = pools_[name];
  const bool shrinks = slots < pool.capacity;
  pool.capacity = slots;
  pool.is_declared = true;
  // Some may never fit now: all are looked at again.
  for (; shrinks && !pool.waiting.empty(); pool.waiting.pop()) ready_.push(pool.waiting.top().candidate);
  wake(pool, true);
}

void Admission::set_gate(const std::string& breaker, std::int32_t permits) {
  Resource& gate = gates_[breaker];
  gate.capacity = permits;
  wake(gate, true);
}

std::optional<std::string> Admission::never_fits(const DagRun& run, InstanceNo i) const {
  for (const PoolUse& use : run.spec_of(i).pools) {
    const auto pool = pools_.find(use.name);
    const std::int32_t capacity = pool == pools_.end() ? 0 : pool->second.capacity;
    if (use.slots <= capacity) continue;
    if (capacity == 0) return "there is no pool \"" + use.name + "\" (any more)";
    return "it wants " + std::to_string(use.slots) + " slots of pool \"" + use.name + "\", which has " +
           std::to_string(capacity);
  }
  return std::nullopt;
}

void Admission::offer(Candidate c) {
  c.age = next_age_++;
  ready_.push(c);
}

Admission::Resource* Admission::limit_of_run(const DagRun& run) {
  if (run.dag->max_active_tasks <= 0) return nullptr;
  Resource& r = run_limits_[run.row.run_no];
  r.capacity = run.dag->max_active_tasks;
  return &r;
}

Admission::Resource* Admission::limit_of_task(const DagRun& run, TaskNo t) {
  const Mapping& mapping = run.dag->spec(t).mapping;
  if (mapping.max_parallel <= 0 && !mapping.computed_max_parallel.is_set()) return nullptr;
  const auto known = task_limits_.find({run.row.run_no, t});
  if (known != task_limits_.end()) return &known->second;
  const auto computed = max_parallel_of(run, t);  // its expansion has seen it
  const std::int32_t limit = computed ? *computed : 1;
  Resource& r = task_limits_[{run.row.run_no, t}];
  r.capacity = limit;
  return &r;
}

void Admission::needs_of(const DagRun& run, InstanceNo i, std::vector<Need>& out) {
  const TaskNo t = run.at(i).task_no;
  if (Resource* r = limit_of_run(run)) out.push_back({r, 1, Wait::limit});
  if (Resource* r = limit_of_task(run, t)) out.push_back({r, 1, Wait::limit});
  for (const PoolUse& use : run.dag->spec(t).pools) out.push_back({&pools_[use.name], use.slots, Wait::pool});
}

void Admission::gates_of(const DagRun& run, InstanceNo i, std::vector<Need>& out) {
  for (const std::string& name : run.spec_of(i).breakers) {
    const auto gate = gates_.find(name);
    if (gate != gates_.end()) out.push_back({&gate->second, 1, Wait::breaker});
  }
}

bool Admission::next(Candidate& out, const Lookup& run_of,
                     const std::function<void(const Candidate&, Wait)>& blocked) {
  while (!ready_.empty() && live_ < slots_ + ahead_) {
    const Candidate c = ready_.top();
    ready_.pop();
    const DagRun* run = run_of(c);
    if (run == nullptr) {
      wake_after_drop(c.run_no);
      continue;
    }
    if (never_fits(*run, c.instance)) {
      hold(*run, c.instance);
      out = c;
      return true;
    }
    needs_.clear();
    gates_of(*run, c.instance, needs_);
    const bool has_gates = !needs_.empty();
    needs_of(*run, c.instance, needs_);
    for (const Need& n : needs_) drop_heads(*n.resource, run_of);
    const auto lacking = std::find_if(needs_.begin(), needs_.end(), [&](const Need& n) {
      auto amount = n.amount;
      if (BATON_BUG(pool_overcommitted)) amount = 1;
      if (n.resource->used + amount > n.resource->capacity) return true;
      // Who waits longer in rank goes first, also when it wants more than is free now: no starvation.
      return !n.resource->waiting.empty() && Later{}(c, n.resource->waiting.top().candidate);
    });
    if (lacking == needs_.end()) {
      // None goes ahead of a slot through a breaker: it would start when its turn comes, whatever has opened until then.
      if (has_gates && live_ >= slots_) {
        ready_.push(c);
        return false;
      }
      hold(*run, c.instance);
      drop_twin(c);
      out = c;
      return true;
    }
    lacking->resource->waiting.push({c, lacking->amount});
    blocked(c, lacking->wait);
    for (const Need& n : needs_) {
      if (n.resource != lacking->resource) wake(*n.resource, false);
    }
  }
  return false;
}

template <typename Each>
void Admission::limits_of(RunNo run_no, Each each) {
  if (const auto limit = run_limits_.find(run_no); limit != run_limits_.end()) each(limit->second);
  for (auto at = task_limits_.lower_bound({run_no, 0}); at != task_limits_.end() && at->first.first == run_no; ++at) {
    each(at->second);
  }
}

void Admission::drop_unwanted(std::span<const RunNo> runs, const Lookup& run_of) {
  if (BATON_BUG(waits_behind_the_unwanted)) return;
  for (auto& [name, pool] : pools_) drop_heads(pool, run_of);
  for (auto& [name, gate] : gates_) drop_heads(gate, run_of);
  for (const RunNo run_no : runs) limits_of(run_no, [&](Resource& limit) { drop_heads(limit, run_of); });
}

void Admission::drop_heads(Resource& resource, const Lookup& run_of) {
  bool dropped = false;
  for (; !resource.waiting.empty() && run_of(resource.waiting.top().candidate) == nullptr; resource.waiting.pop()) {
    dropped = true;
  }
  if (dropped) wake(resource, false);
}

/// What is cleared while it waits offers itself anew, and its first offer still stands in a list. Where that is the
/// head, nobody else looks at it before the next release.
void Admission::drop_twin(const Candidate& admitted) {
  const auto is_twin = [&](const Candidate& c) {
    return c.run_no == admitted.run_no && c.instance == admitted.instance;
  };
  for (const Need& n : needs_) {
    bool dropped = false;
    for (auto& list = n.resource->waiting; !list.empty() && is_twin(list.top().candidate); list.pop()) dropped = true;
    if (dropped) wake(*n.resource, false);
  }
}

void Admission::hold(const DagRun& run, InstanceNo i) {
  ++live_;
  needs_.clear();
  needs_of(run, i, needs_);
  for (const Need& n : needs_) n.resource->used += n.amount;
}

void Admission::release(const DagRun& run, InstanceNo i) {
  --live_;
  BATON_CHECK(live_ >= 0);
  needs_.clear();
  needs_of(run, i, needs_);
  for (const Need& n : needs_) {
    n.resource->used -= n.amount;
    BATON_CHECK(n.resource->used >= 0);
    if (!BATON_BUG(wake_lost)) wake(*n.resource, true);
  }
  // One that was admitted and could not be launched has taken no permit: it is for the next.
  needs_.clear();
  gates_of(run, i, needs_);
  if (BATON_BUG(permit_kept_by_failed_launch)) needs_.clear();
  for (const Need& n : needs_) wake(*n.resource, true);
}

void Admission::wake(Resource& resource, bool head) {
  std::int32_t free = resource.capacity - resource.used;
  while (free > 0 && !resource.waiting.empty() && (head || resource.waiting.top().amount <= free)) {
    free -= resource.waiting.top().amount;
    head = false;
    ready_.push(resource.waiting.top().candidate);
    resource.waiting.pop();
  }
}

/// The dropped one may have been woken for the sake of any resource that its run may want.
void Admission::wake_after_drop(RunNo run_no) {
  if (BATON_BUG(wake_kept_by_the_dropped)) return;
  for (auto& [name, pool] : pools_) wake(pool, true);
  for (auto& [name, gate] : gates_) wake(gate, true);
  limits_of(run_no, [this](Resource& limit) { wake(limit, true); });
}

void Admission::forget(const DagRun& run) {
  run_limits_.erase(run.row.run_no);
  const RunNo run_no = run.row.run_no;  // its own alone: the limits of all other runs are not looked at
  task_limits_.erase(task_limits_.lower_bound({run_no, 0}), task_limits_.lower_bound({run_no + 1, 0}));
}

}  // namespace baton
