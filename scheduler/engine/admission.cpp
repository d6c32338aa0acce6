#include "scheduler/engine/admission.h"

#include <algorithm>

#include "scheduler/model/check.h"

namespace baton {

void Admission::set_pool(const std::string& name, std::int32_t slots) {
  Resource& pool = pools_[name];
  pool.capacity = slots;
  wake(pool);
}

void Admission::offer(Candidate c) {
  c.age = next_age_++;
  ready_.push({.c = c});
}

Admission::Resource* Admission::limit_of_run(const DagRun& run) {
  if (run.dag->max_active_tasks <= 0) return nullptr;
  Resource& r = run_limits_[run.row.run_no];
  r.capacity = run.dag->max_active_tasks;
  r.is_limit = true;
  return &r;
}

Admission::Resource* Admission::limit_of_task(const DagRun& run, TaskNo t) {
  const std::int32_t limit = run.dag->spec(t).mapping.max_parallel;
  if (limit <= 0) return nullptr;
  Resource& r = task_limits_[{run.row.run_no, t}];
  r.capacity = limit;
  r.is_limit = true;
  return &r;
}

void Admission::needs_of(const DagRun& run, InstanceNo i, std::vector<Need>& out) {
  out.clear();
  const TaskNo t = run.at(i).task_no;
  if (Resource* r = limit_of_run(run)) out.push_back({r, 1, Wait::limit});
  if (Resource* r = limit_of_task(run, t)) out.push_back({r, 1, Wait::limit});
  for (const PoolUse& use : run.dag->spec(t).pools) out.push_back({&pools_[use.name], use.slots, Wait::pool});
}

bool Admission::next(Candidate& out, const Lookup& run_of,
                     const std::function<void(const Candidate&, Wait)>& blocked) {
  while (!ready_.empty() && live_ < slots_ + ahead_) {
    const Ready first = ready_.top();
    const Candidate& c = first.c;
    ready_.pop();
    const DagRun* run = run_of(c);
    if (run == nullptr) {
      pass_on(first);
      continue;
    }
    needs_of(*run, c.instance, needs_);
    const auto lacking = std::find_if(needs_.begin(), needs_.end(), [&](const Need& n) {
      Queue& waiting = n.resource->waiting;
      while (!waiting.empty() && run_of(waiting.top()) == nullptr) waiting.pop();
      if (n.resource->used + n.amount > n.resource->capacity) return true;
      // Who waits longer in rank goes first, also when it wants more than is free now: no starvation.
      return !waiting.empty() && Later{}(c, waiting.top());
    });
    if (lacking != needs_.end()) {
      Resource* const lacks = lacking->resource;
      lacks->waiting.push(c);
      blocked(c, lacking->wait);
      if (lacks != first.from) pass_on(first);
      continue;
    }
    hold(*run, c.instance);
    out = c;
    return true;
  }
  return false;
}

void Admission::hold(const DagRun& run, InstanceNo i) {
  ++live_;
  needs_of(run, i, needs_);
  for (const Need& n : needs_) n.resource->used += n.amount;
}

void Admission::release(const DagRun& run, InstanceNo i) {
  --live_;
  BATON_CHECK(live_ >= 0);
  needs_of(run, i, needs_);
  for (const Need& n : needs_) {
    n.resource->used -= n.amount;
    BATON_CHECK(n.resource->used >= 0);
    wake(*n.resource);
  }
}

void Admission::wake(Resource& resource) {
  // One waiter for each unit that is free: a waiter needs one at least, and next() sends back who needs more.
  std::int32_t free = resource.capacity - resource.used;
  while (free-- > 0 && !resource.waiting.empty()) {
    ready_.push({resource.waiting.top(), &resource, resource.is_limit});
    resource.waiting.pop();
  }
}

/// What woke `from` was not taken by it.
void Admission::pass_on(const Ready& from) {
  if (from.from == nullptr) return;
  if (!from.is_limit) return wake(*from.from);  // a pool, and these stay
  if (const auto at = run_limits_.find(from.c.run_no); at != run_limits_.end()) wake(at->second);
  for (auto at = task_limits_.lower_bound({from.c.run_no, 0});
       at != task_limits_.end() && at->first.first == from.c.run_no; ++at) {
    wake(at->second);
  }
}

void Admission::reconsider() {
  for (auto& [name, pool] : pools_) wake(pool);
  for (auto& [run_no, limit] : run_limits_) wake(limit);
  for (auto& [key, limit] : task_limits_) wake(limit);
}

void Admission::forget(const DagRun& run) {
  run_limits_.erase(run.row.run_no);
  std::erase_if(task_limits_, [&](const auto& entry) { return entry.first.first == run.row.run_no; });
}

}  // namespace baton
