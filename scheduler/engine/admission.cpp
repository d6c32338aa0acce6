#include "scheduler/engine/admission.h"

#include <algorithm>
#include <limits>

#include "scheduler/engine/computed.h"
#include "scheduler/model/check.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

/// A try after one that failed or was lost. The next look of a sensor is none, nor is what a person has cleared.
bool retries(const Instance& instance) {
  return !instance.looks_again && (instance.failures > 0 || instance.losses > 0);
}

}  // namespace

void Admission::set_pool(const std::string& name, std::int32_t slots, bool is_by_person) {
  const auto narrow = narrow_.find(name);
  if (narrow != narrow_.end()) narrow->second.waiting.drain([this](const Candidate& c) { ready_.push(c); });
  if (is_by_person) {
    narrow_.try_emplace(name);
  } else if (narrow != narrow_.end()) {
    narrow_.erase(narrow);
  }
  Door& pool = pools_[name];
  const bool shrinks = slots < pool.capacity;
  pool.capacity = slots;
  pool.is_declared = true;
  if (!shrinks) return call(pool, true);
  // Some may never fit now: all are looked at again.
  if (pool.called) ready_.erase(*pool.called);
  pool.called.reset();
  pool.waiting.drain([this](const Candidate& c) { ready_.push(c); });
}

std::optional<PoolSpec> Admission::spec_of(const std::string& pool) const {
  const auto slots = capacity(pool);
  if (!slots) return std::nullopt;
  PoolSpec spec{pool, *slots};
  if (const auto rate = rates_.find(pool); rate != rates_.end()) spec.rate = rate->second.bucket.rate();
  const auto budget = budgets_.find({Kind::pool, pool});
  if (budget != budgets_.end()) spec.retry_millionths = budget->second.budget.millionths();
  return spec;
}

std::vector<PoolSpec> Admission::declared() const {
  std::vector<PoolSpec> out;
  for (const auto& [name, pool] : pools_) {
    if (pool.is_declared) out.push_back(*spec_of(name));
  }
  return out;
}

void Admission::set_gate(const std::string& breaker, std::int32_t permits) {
  Door& gate = gates_[breaker];
  gate.capacity = permits;
  call(gate, true);
}

/// Who of it is first somewhere goes to stand at the pause: what it would wait for there is not kept for it.
void Admission::pause_run(RunNo run_no) {
  paused_runs_[run_no].capacity = 0;
  const auto pass_on = [&](Door& door) {
    if (!door.waiting.empty() && door.waiting.front().candidate.run_no == run_no) call(door, false);
  };
  for (auto& [name, pool] : pools_) pass_on(pool);
  for (auto& [name, narrow] : narrow_) pass_on(narrow);
  for (auto& [name, gate] : gates_) pass_on(gate);
  for (auto& [name, rate] : rates_) pass_on(rate.door);
  for (auto& [key, budget] : budgets_) pass_on(budget.door);
}

bool Admission::stands_elsewhere_than_at_its_pause(const Candidate& c, const Door& door) const {
  const auto pause = paused_runs_.find(c.run_no);
  return pause != paused_runs_.end() && pause->second.capacity == 0 && &pause->second != &door;
}

/// The door stays until nobody stands before it: they are called one by one, each by the one before.
void Admission::unpause_run(RunNo run_no) {
  const auto door = paused_runs_.find(run_no);
  if (door == paused_runs_.end()) return;
  door->second.capacity = std::numeric_limits<std::int32_t>::max();
  call(door->second, true);
}

void Admission::drop_pool(const std::string& name) {
  set_pool(name, 0);
  pools_.at(name).is_declared = false;
  set_rate(name, {}, now_);
  set_retry_budget(Kind::pool, name, 0);
}

void Admission::set_rate(const std::string& pool, Rate rate, MonoUs begun_at) {
  const auto known = rates_.find(pool);
  if (known == rates_.end()) {
    if (!rate.is_set()) return;
    rates_.emplace(pool, RateLimit{{}, TokenBucket(rate, begun_at)});
  } else {
    known->second.bucket.set_rate(rate, now_);
  }
  tick(now_);
}

void Admission::set_retry_budget(Kind of, const std::string& name, std::int32_t millionths) {
  const auto known = budgets_.find({of, name});
  if (known == budgets_.end()) {
    if (millionths <= 0) return;
    budgets_.emplace(BudgetKey{of, name}, RetryLimit{{}, RetryBudget(millionths)});
  } else {
    known->second.budget.set_millionths(millionths);
  }
  tick(now_);
}

void Admission::tick(MonoUs now) {
  now_ = now;
  for (auto& [pool, limit] : rates_) {
    limit.door.capacity = limit.bucket.permits(now);
    call(limit.door, true);
  }
  for (auto& [key, limit] : budgets_) {
    limit.door.capacity = limit.budget.permits(now);
    call(limit.door, true);
  }
}

std::optional<MonoUs> Admission::due() {
  std::optional<MonoUs> first;
  const auto add = [&](const Door& door, std::optional<MonoUs> at) {
    if (!door.waiting.empty() && door.capacity <= 0 && at && (!first || *at < *first)) first = at;
  };
  for (auto& [pool, limit] : rates_) add(limit.door, limit.bucket.due(now_));
  for (auto& [key, limit] : budgets_) add(limit.door, limit.budget.due(now_));
  return first;
}

std::optional<Admission::RateNow> Admission::rate_of(std::string_view pool, MonoUs now) const {
  const auto found = rates_.find(pool);
  if (found == rates_.end() || !found->second.bucket.rate().is_set()) return std::nullopt;
  TokenBucket bucket = found->second.bucket;
  return RateNow{bucket.rate(), found->second.door.waiting.size(), bucket.due(now)};
}

std::optional<std::string> Admission::never_fits(const DagRun& run, InstanceNo i) const {
  for (const PoolUse& use : run.spec_of(i).pools) {
    const auto pool = pools_.find(use.name);
    const std::int32_t capacity = pool == pools_.end() ? 0 : pool->second.capacity;
    if (use.slots <= capacity || is_set_by_person(use.name)) continue;
    if (!this->capacity(use.name)) return "there is no pool \"" + use.name + "\" (any more)";
    return "it wants " + std::to_string(use.slots) + " slots of pool \"" + use.name + "\", which has " +
           std::to_string(capacity);
  }
  return std::nullopt;
}

const Share* Admission::share_of(const std::string& dag_id, std::int32_t weight) {
  Share& share = shares_[dag_id];
  if (share.dag_id.empty()) share.dag_id = dag_id;
  share.weight = weight;
  return &share;
}

void Admission::offer(Candidate c) {
  c.age = next_age_++;
  const MonoUs before = c.since < 0 && c.since % kHour != 0 ? 1 : 0;
  c.hour = static_cast<std::int32_t>(c.since / kHour - before);
  if (c.share == nullptr) c.share = &nobodys_;
  ready_.push(c);
}

Door* Admission::limit_of_run(const DagRun& run) {
  if (run.dag->max_active_tasks <= 0) return nullptr;
  Door& r = run_limits_[run.row.run_no];
  r.capacity = run.dag->max_active_tasks;
  return &r;
}

Door* Admission::limit_of_task(const DagRun& run, TaskNo t) {
  const Mapping& mapping = run.dag->spec(t).mapping;
  if (mapping.max_parallel <= 0 && !mapping.computed_max_parallel.is_set()) return nullptr;
  const auto known = task_limits_.find({run.row.run_no, t});
  if (known != task_limits_.end()) return &known->second;
  const auto computed = max_parallel_of(run, t);  // its expansion has seen it
  const std::int32_t limit = computed ? *computed : 1;
  Door& r = task_limits_[{run.row.run_no, t}];
  r.capacity = limit;
  return &r;
}

void Admission::needs_of(const DagRun& run, InstanceNo i, std::vector<Need>& out) {
  const TaskNo t = run.at(i).task_no;
  if (Door* r = limit_of_run(run)) out.push_back({r, 1, Wait::limit});
  if (Door* r = limit_of_task(run, t)) out.push_back({r, 1, Wait::limit});
  for (const PoolUse& use : run.dag->spec(t).pools) out.push_back({&pools_[use.name], use.slots, Wait::pool});
}

void Admission::note_start(const DagRun& run, InstanceNo i) {
  if (rates_.empty() && budgets_.empty()) return;
  const bool is_retry = retries(run.at(i));
  const auto note_try = [&](Kind of, const std::string& name) {
    const auto found = run.at(i).looks_again ? budgets_.end() : budgets_.find({of, name});
    if (found == budgets_.end()) return;
    found->second.budget.note_start(is_retry, now_);
    found->second.door.capacity = found->second.budget.permits(now_);
  };
  for (const std::string& name : run.spec_of(i).breakers) note_try(Kind::breaker, name);
  for (const PoolUse& use : run.spec_of(i).pools) {
    note_try(Kind::pool, use.name);
    const auto rate = rates_.find(use.name);
    if (rate == rates_.end()) continue;
    rate->second.bucket.take(now_);
    rate->second.door.capacity = rate->second.bucket.permits(now_);
  }
}

void Admission::gates_of(const DagRun& run, InstanceNo i, std::vector<Need>& out) {
  const auto door = paused_runs_.find(run.row.run_no);
  if (door != paused_runs_.end()) {
    Door& pause = door->second;
    if (pause.capacity > 0 && pause.waiting.empty() && !pause.called) {
      paused_runs_.erase(door);
    } else {
      out.push_back({&pause, 1, Wait::pause, false});
    }
  }
  for (const std::string& name : run.spec_of(i).breakers) {
    const auto gate = gates_.find(name);
    if (gate != gates_.end()) out.push_back({&gate->second, 1, Wait::breaker, false});
  }
  if (rates_.empty() && budgets_.empty()) return;
  const bool is_retry = retries(run.at(i));
  const auto add_budget = [&](Kind of, const std::string& name) {
    const auto budget = is_retry ? budgets_.find({of, name}) : budgets_.end();
    if (budget != budgets_.end()) out.push_back({&budget->second.door, 1, Wait::rate, false});
  };
  for (const std::string& name : run.spec_of(i).breakers) add_budget(Kind::breaker, name);
  for (const PoolUse& use : run.spec_of(i).pools) {
    add_budget(Kind::pool, use.name);
    const auto rate = rates_.find(use.name);
    if (rate != rates_.end()) out.push_back({&rate->second.door, 1, Wait::rate, false});
  }
}

void Admission::narrow_pools_of(const DagRun& run, InstanceNo i, std::vector<Need>& out) {
  if (narrow_.empty()) return;
  for (const PoolUse& use : run.spec_of(i).pools) {
    const auto narrow = narrow_.find(use.name);
    const bool is_too_wide = narrow != narrow_.end() && use.slots > pools_[use.name].capacity;
    if (is_too_wide) out.push_back({&narrow->second, 1, Wait::pool, false});
  }
}

const Admission::Need* Admission::lacking(const Candidate& c) {
  const auto lacks = [&](const Need& n) {
    auto amount = n.amount;
    if (BATON_BUG(pool_overcommitted)) amount = 1;
    if (n.door->used + amount > n.door->capacity) return true;
    // Whose turn it is goes first, also when it wants more than is free now: no starvation.
    if (n.door == c.stands_at) return n.door->waiting.front().candidate.age != c.age;
    return !n.door->waiting.would_be_first(c);
  };
  const auto found = std::find_if(needs_.begin(), needs_.end(), lacks);
  return found == needs_.end() ? nullptr : &*found;
}

bool Admission::next(Candidate& out, const Lookup& run_of,
                     const std::function<void(const Candidate&, Wait)>& blocked) {
  while (!ready_.empty() && live_ < slots_ + ahead_) {
    const Candidate c = ready_.front().candidate;
    const DagRun* run = run_of(c);
    if (run == nullptr) {
      drop(c);
      continue;
    }
    needs_.clear();
    if (never_fits(*run, c.instance)) {
      needs_of(*run, c.instance, needs_);
      take(c);
      out = c;
      return true;
    }
    gates_of(*run, c.instance, needs_);
    const bool has_gates = !needs_.empty();
    narrow_pools_of(*run, c.instance, needs_);
    needs_of(*run, c.instance, needs_);
    for (const Need& n : needs_) drop_heads(*n.door, run_of);
    if (const Need* const lacks = lacking(c)) {
      stand(c, *lacks);
      blocked(c, lacks->wait);
      continue;
    }
    // None goes ahead of a slot through a breaker: it would start when its turn comes, whatever has opened until then.
    if (has_gates && live_ >= slots_) return false;
    note_start(*run, c.instance);
    take(c);
    drop_twin(c);
    out = c;
    return true;
  }
  return false;
}

void Admission::take(const Candidate& c) {
  ++live_;
  ready_.grant(c, true);
  bool stands = c.stands_at != nullptr;
  if (stands) c.stands_at->called.reset();
  for (const Need& n : needs_) {
    n.door->used += n.is_held ? n.amount : 0;
    const bool is_here = stands && n.door == c.stands_at;
    n.door->waiting.grant(c, is_here);
    stands = stands && !is_here;  // a task may name a pool twice
  }
  if (stands) c.stands_at->waiting.erase(c);
  for (const Need& n : needs_) {
    // The permit that it takes of a breaker is not counted before set_gate(), which calls the next.
    const bool is_counted = n.wait == Wait::breaker && n.door->capacity != std::numeric_limits<std::int32_t>::max();
    // Who comes to be first where it stood may be wanted no longer: looked at for that also where it does not fit.
    if (!is_counted) call(*n.door, n.door == c.stands_at);
  }
  if (stands) call(*c.stands_at, true);
}

void Admission::stand(const Candidate& c, const Need& lacking) {
  ready_.erase(c);
  Door* const stood = c.stands_at;
  if (stood != nullptr) stood->called.reset();
  if (stood != lacking.door) {
    Candidate standing = c;
    standing.stands_at = nullptr;
    lacking.door->waiting.push(standing, lacking.amount);
    if (stood != nullptr) stood->waiting.erase(c);
  }
  // Who comes to be first where it stood may be wanted no longer, and is looked at for that also where it does not fit.
  if (stood != nullptr && stood != lacking.door) call(*stood, true);
  // Whose turn it is there may be another by now, and at all the others those behind it may go on.
  for (const Need& n : needs_) call(*n.door, false);
}

template <typename Each>
void Admission::limits_of(RunNo run_no, Each each) {
  if (const auto door = paused_runs_.find(run_no); door != paused_runs_.end()) each(door->second);
  if (const auto limit = run_limits_.find(run_no); limit != run_limits_.end()) each(limit->second);
  for (auto at = task_limits_.lower_bound({run_no, 0}); at != task_limits_.end() && at->first.first == run_no; ++at) {
    each(at->second);
  }
}

void Admission::drop_unwanted(std::span<const RunNo> runs, const Lookup& run_of) {
  if (BATON_BUG(waits_behind_the_unwanted)) return;
  for (auto& [name, pool] : pools_) drop_heads(pool, run_of);
  for (auto& [name, narrow] : narrow_) drop_heads(narrow, run_of);
  for (auto& [name, gate] : gates_) drop_heads(gate, run_of);
  for (const RunNo run_no : runs) limits_of(run_no, [&](Door& limit) { drop_heads(limit, run_of); });
}

void Admission::drop_heads(Door& door, const Lookup& run_of) {
  bool dropped = false;
  for (; !door.waiting.empty() && run_of(door.waiting.front().candidate) == nullptr; dropped = true) {
    remove(door, door.waiting.front().candidate);
  }
  if (dropped) call(door, false);
}

void Admission::remove(Door& door, const Candidate& c) {
  if (door.called && door.called->age == c.age) {
    ready_.erase(c);
    door.called.reset();
  }
  door.waiting.erase(Candidate(c));  // `c` may be what stands there
}

/// What is cleared while it waits offers itself anew, and its first offer still stands somewhere. Where that is the
/// first, nobody else looks at it before the next release.
void Admission::drop_twin(const Candidate& admitted) {
  const auto is_twin = [&](const Candidate& c) {
    return c.run_no == admitted.run_no && c.instance == admitted.instance;
  };
  for (const Need& n : needs_) {
    bool dropped = false;
    for (auto& list = n.door->waiting; !list.empty() && is_twin(list.front().candidate); dropped = true) {
      remove(*n.door, list.front().candidate);
    }
    if (dropped) call(*n.door, true);
  }
}

void Admission::hold(const DagRun& run, InstanceNo i) {
  ++live_;
  needs_.clear();
  needs_of(run, i, needs_);
  for (const Need& n : needs_) n.door->used += n.amount;
}

void Admission::release(const DagRun& run, InstanceNo i) {
  --live_;
  BATON_CHECK(live_ >= 0);
  needs_.clear();
  needs_of(run, i, needs_);
  for (const Need& n : needs_) {
    n.door->used -= n.amount;
    BATON_CHECK(n.door->used >= 0);
    if (BATON_BUG(wake_lost)) continue;
    call(*n.door, true);
  }
  // One that was admitted and could not be launched has taken no permit: it is for the next.
  needs_.clear();
  gates_of(run, i, needs_);
  if (BATON_BUG(permit_kept_by_failed_launch)) needs_.clear();
  for (const Need& n : needs_) call(*n.door, true);
}

void Admission::call(Door& door, bool any) {
  const std::int32_t free = door.capacity - door.used;
  if (free <= 0 || door.called || door.waiting.empty()) return;
  const Waiter& first = door.waiting.front();
  const bool goes_away = stands_elsewhere_than_at_its_pause(first.candidate, door);
  if (!any && first.amount > free && !goes_away) return;
  door.called = first.candidate;
  door.called->stands_at = &door;
  ready_.push(*door.called);
}

void Admission::drop(const Candidate& c) {
  ready_.erase(c);
  if (c.stands_at == nullptr) return;
  c.stands_at->called.reset();
  c.stands_at->waiting.erase(c);
  if (BATON_BUG(wake_kept_by_the_dropped)) return;
  call(*c.stands_at, true);
}

void Admission::forget(const DagRun& run) {
  const RunNo run_no = run.row.run_no;  // its own alone: the limits of all other runs are not looked at
  limits_of(run_no, [this](Door& limit) {
    if (limit.called) ready_.erase(*limit.called);  // it is called to what is gone
  });
  paused_runs_.erase(run_no);
  run_limits_.erase(run_no);
  task_limits_.erase(task_limits_.lower_bound({run_no, 0}), task_limits_.lower_bound({run_no + 1, 0}));
}

}  // namespace baton
