#include "scheduler/engine/fair_queue.h"

#include <algorithm>

#include "scheduler/model/check.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {

bool FairQueue::by_deadline(const Flow* a, const Flow* b) {
  if (a->deadline() != b->deadline()) return a->deadline() < b->deadline();
  return a->share->dag_id < b->share->dag_id;
}

bool FairQueue::by_start(const Flow* a, const Flow* b) {
  if (a->start != b->start) return a->start < b->start;
  return a->share->dag_id < b->share->dag_id;
}

void FairQueue::place(Level& level, Flow& flow) {
  flow.weight = std::max(flow.share->weight, 1);
  if (BATON_BUG(weights_ignored)) flow.weight = 1;
  flow.is_eligible = flow.start <= level.now;
  auto& list = flow.is_eligible ? level.eligible : level.later;
  list.insert(std::lower_bound(list.begin(), list.end(), &flow, flow.is_eligible ? by_deadline : by_start), &flow);
  level.weight += flow.weight;
}

void FairQueue::unplace(Level& level, Flow& flow) {
  auto& list = flow.is_eligible ? level.eligible : level.later;
  const auto at = std::lower_bound(list.begin(), list.end(), &flow, flow.is_eligible ? by_deadline : by_start);
  BATON_CHECK(at != list.end() && *at == &flow);
  list.erase(at);
  level.weight -= flow.weight;
}

/// Of a priority in which somebody waits.
FairQueue::Flow& FairQueue::first_of(Level& level) {
  // All are ahead of their shares: the present comes to them, or nobody would go although there is room.
  if (level.eligible.empty()) level.now = std::max(level.now, level.later.front()->start);
  std::size_t due = 0;
  for (; due < level.later.size() && level.later[due]->start <= level.now; ++due) {
    Flow* const flow = level.later[due];
    flow->is_eligible = true;
    level.eligible.insert(std::lower_bound(level.eligible.begin(), level.eligible.end(), flow, by_deadline), flow);
  }
  level.later.erase(level.later.begin(), level.later.begin() + static_cast<std::ptrdiff_t>(due));
  return *level.eligible.front();
}

const Waiter& FairQueue::front() {
  BATON_CHECK(size_ > 0);
  Level* best = nullptr;
  std::int64_t best_rank = 0;
  for (auto& [priority, level] : levels_) {
    if (level.size == 0) continue;
    const std::int64_t rank = std::int64_t{priority} - level.oldest;
    if (best != nullptr && rank <= best_rank) continue;  // of equal ones the higher priority
    best = &level;
    best_rank = rank;
  }
  return *first_of(*best).waiting.begin();
}

bool FairQueue::would_be_first(const Candidate& c) {
  if (empty()) return true;
  push(c);
  const bool is_first = front().candidate.age == c.age;
  erase(c);
  return is_first;
}

void FairQueue::count_hour(Level& level, std::int32_t hour) {
  level.oldest = std::min(level.oldest, hour);
  const auto at = std::lower_bound(level.hours.begin(), level.hours.end(), std::pair{hour, std::size_t{0}});
  if (at != level.hours.end() && at->first == hour) {
    ++at->second;
  } else {
    level.hours.insert(at, {hour, 1});
  }
}

/// The level stays as high as it was until the next grant: what is asked between two grants has one order.
void FairQueue::forget_hour(Level& level, std::int32_t hour) {
  const auto at = std::lower_bound(level.hours.begin(), level.hours.end(), std::pair{hour, std::size_t{0}});
  BATON_CHECK(at != level.hours.end() && at->first == hour);
  if (--at->second == 0) level.hours.erase(at);
}

FairQueue::Flow& FairQueue::begin_waiting(Level& level, const Candidate& c) {
  Flow& flow = level.flows[c.share];
  flow.share = c.share;
  if (!flow.waiting.empty()) return flow;
  flow.start = std::max(flow.start, level.now);
  if (BATON_BUG(idle_saves_credit)) flow.start = 0;
  place(level, flow);
  return flow;
}

void FairQueue::push(const Candidate& c, std::int32_t amount) {
  Level& level = levels_[c.priority];
  Flow& flow = begin_waiting(level, c);
  flow.waiting.insert(flow.waiting.end(), {c, amount});
  count_hour(level, c.hour);
  ++level.size;
  ++size_;
}

/// Its flow stands in no list meanwhile.
void FairQueue::take_out(Level& level, Flow& flow, const Candidate& c) {
  BATON_CHECK(flow.waiting.erase({c, 1}) == 1);
  forget_hour(level, c.hour);
  --size_;
  if (--level.size > 0) return;
  // Nobody waits: whoever comes next begins anew, and has neither credit nor debt.
  level.now = 0;
  level.oldest = std::numeric_limits<std::int32_t>::max();
  if (level.flows.size() > 1) level.flows.clear();
  for (auto& [share, only] : level.flows) only.start = 0;
}

void FairQueue::erase(const Candidate& c) {
  const auto found = levels_.find(c.priority);
  BATON_CHECK(found != levels_.end());
  Level& level = found->second;
  Flow& flow = level.flows.at(c.share);
  if (flow.waiting.size() > 1) return take_out(level, flow, c);
  unplace(level, flow);
  take_out(level, flow, c);
  if (level.size == 0 && levels_.size() > 8) levels_.erase(found);
}

void FairQueue::grant(const Candidate& c, bool waits_here) {
  const auto found = levels_.find(c.priority);
  if (found == levels_.end() || found->second.size <= (waits_here ? 1U : 0U)) {
    if (waits_here) erase(c);
    return;  // nobody else of this priority waits: there is nothing to share
  }
  Level& level = found->second;
  Flow& flow = level.flows[c.share];
  flow.share = c.share;
  if (flow.waiting.empty()) {
    flow.weight = std::max(c.share->weight, 1);
    flow.start = std::max(flow.start, level.now);
  } else {
    unplace(level, flow);
  }
  level.now += kTurn / (level.weight + flow.weight);
  flow.start += kTurn / flow.weight;
  if (BATON_BUG(turn_not_counted)) flow.start -= kTurn / flow.weight;
  if (waits_here) take_out(level, flow, c);
  level.oldest = level.hours.front().first;
  if (!flow.waiting.empty()) place(level, flow);
  forget_idle(level);
}

/// Those that have no debt are as if they had never been here.
void FairQueue::forget_idle(Level& level) {
  if (level.flows.size() <= 2 * (level.eligible.size() + level.later.size()) + 8) return;
  std::erase_if(level.flows, [&](const auto& one) { return one.second.waiting.empty() && one.second.start <= level.now; });
}

void FairQueue::drain(const std::function<void(const Candidate&)>& each) {
  for (const auto& [priority, level] : levels_) {
    for (const auto& [share, flow] : level.flows) {
      for (const Waiter& waiter : flow.waiting) each(waiter.candidate);
    }
  }
  levels_.clear();
  size_ = 0;
}

}  // namespace baton
