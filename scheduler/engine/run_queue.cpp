#include "scheduler/engine/run_queue.h"

#include <algorithm>

#include "scheduler/model/check.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

std::int8_t rank_of(RunType type) {
  if (BATON_BUG(queue_by_number)) return 0;
  switch (type) {
    case RunType::manual: return 0;
    case RunType::scheduled:
    case RunType::asset_triggered: return 1;
    case RunType::backfill: return 2;
  }
  return 0;
}

bool is_due(WallUs run_after, WallUs now) { return run_after == kNoTime || run_after <= now; }

}  // namespace

bool RunQueue::set_limits(const std::string& dag_id, RunLimits limits, RunNo said_by) {
  DagQueue& dag = dags_[dag_id];
  if (said_by < dag.said_by) return false;
  const bool is_same = dag.said_by != 0 && dag.limits == limits;
  dag.said_by = said_by;
  if (is_same) return false;
  dag.limits = limits;
  refresh(dag);
  return true;
}

void RunQueue::set_backfill_limit(const std::string& dag_id, std::int32_t runs) {
  DagQueue& dag = dags_[dag_id];
  dag.backfill_limit = runs;
  refresh(dag);
}

void RunQueue::hold(const std::string& dag_id, bool is_held) {
  DagQueue& dag = dags_[dag_id];
  dag.is_held = is_held;
  refresh(dag);
}

bool RunQueue::may_begin(const RunRow& run, WallUs now) {
  promote_due(now);
  if (is_frozen_ || !is_due(run.run_after, now)) return false;
  const auto at = dags_.find(run.dag_id);
  if (at == dags_.end()) return true;
  const DagQueue& dag = at->second;
  const LaneNo own = lane_of(run.type);
  const bool is_first = is_first_date(dag, run.logical_date);
  const bool beside_standing = is_first && run.logical_date != kNoTime;
  if ((dag.is_held && own != kBackfills) || !has_room(dag, own, beside_standing)) return false;
  if (dag.limits.in_order && !is_first) return false;
  const Order order{rank_of(run.type), run.run_after, run.run_no};
  const auto is_behind = [&](const std::set<Order>& waiting) { return !waiting.empty() && *waiting.begin() < order; };
  for (const LaneNo lane : {kAsked, kScheduled, kBackfills}) {
    const bool shares = lane == own || (lane == kAsked && own == kScheduled && dag.limits.max_active_runs > 0);
    if (shares && (is_behind(dag.lanes[lane].dated) || is_behind(dag.lanes[lane].undated))) return false;
  }
  return true;
}

RunQueue::Entry& RunQueue::insert(const RunRow& run, State state) {
  DagQueue& dag = dags_[run.dag_id];
  const auto [at, is_new] = runs_.try_emplace(run.run_no);
  BATON_CHECK(is_new);
  at->second = {&dag,  {rank_of(run.type), run.run_after, run.run_no}, run.logical_date, lane_of(run.type),
                state, true};
  if (run.logical_date != kNoTime) dag.dates.emplace(run.logical_date, run.run_no);
  return at->second;
}

void RunQueue::add(const RunRow& run, bool is_durable, WallUs now) {
  Entry& entry = insert(run, is_due(run.run_after, now) ? State::waits : State::later);
  entry.is_durable = is_durable;
  ++waiting_;
  list(entry);
  refresh(*entry.dag);
}

void RunQueue::note_durable(RunNo run_no) {
  const auto at = runs_.find(run_no);
  if (at == runs_.end()) return;
  at->second.is_durable = true;
  refresh(*at->second.dag);
}

void RunQueue::add_active(const RunRow& run) {
  Entry& entry = insert(run, State::active);
  ++lane_of(entry).held;
  if (entry.lane != kBackfills) entry.dag->holders.insert(run.run_no);
  refresh(*entry.dag);
}

std::optional<RunNo> RunQueue::take(WallUs now) {
  promote_due(now);
  if (is_frozen_ || heads_.empty()) return std::nullopt;
  Entry& entry = runs_.at(heads_.begin()->run_no);
  unlist(entry);
  entry.state = State::taken;
  ++entry.dag->taken;
  ++lane_of(entry).held;
  if (entry.lane != kBackfills) entry.dag->holders.insert(entry.order.run_no);
  refresh(*entry.dag);
  return entry.order.run_no;
}

void RunQueue::put_back(RunNo run_no) {
  Entry& entry = runs_.at(run_no);
  BATON_CHECK(entry.state == State::taken);
  --entry.dag->taken;
  --lane_of(entry).held;
  entry.dag->holders.erase(run_no);
  list(entry);
  refresh(*entry.dag);
}

void RunQueue::begun(RunNo run_no) {
  Entry& entry = runs_.at(run_no);
  BATON_CHECK(entry.state == State::taken);
  entry.state = State::active;
  --entry.dag->taken;
  --waiting_;
  refresh(*entry.dag);
}

void RunQueue::note_standing(RunNo run_no, bool stands) {
  const auto at = runs_.find(run_no);
  if (at == runs_.end() || at->second.state != State::active || at->second.stands == stands) return;
  at->second.stands = stands;
  lane_of(at->second).standing += stands ? 1 : -1;
  refresh(*at->second.dag);
}

bool RunQueue::may_go_on(RunNo run_no) const {
  const auto at = runs_.find(run_no);
  return at == runs_.end() || !at->second.stands || has_room(*at->second.dag, at->second.lane, true);
}

void RunQueue::remove(RunNo run_no) {
  const auto at = runs_.find(run_no);
  if (at == runs_.end()) return;
  Entry& entry = at->second;
  DagQueue& dag = *entry.dag;
  const bool held = entry.state == State::taken || entry.state == State::active;
  if (held) {
    if (!BATON_BUG(ended_run_keeps_its_place)) --lane_of(entry).held;
  } else {
    unlist(entry);
  }
  if (entry.stands) --lane_of(entry).standing;
  if (entry.state == State::taken) --dag.taken;
  if (entry.state != State::active) --waiting_;
  dag.holders.erase(run_no);
  dag.dates.erase({entry.logical_date, run_no});
  runs_.erase(at);
  refresh(dag);
}

std::vector<RunNo> RunQueue::runs() const {
  std::vector<RunNo> out;
  out.reserve(runs_.size());
  for (const auto& [run_no, entry] : runs_) out.push_back(run_no);
  return out;
}

bool RunQueue::is_waiting(RunNo run_no) const {
  const auto at = runs_.find(run_no);
  return at != runs_.end() && at->second.state != State::active;
}

bool RunQueue::may_change(RunNo run_no) const {
  const auto at = runs_.find(run_no);
  return at != runs_.end() && at->second.is_durable && at->second.state != State::active;
}

bool RunQueue::is_next(RunNo run_no) const {
  const Entry& entry = runs_.at(run_no);
  const DagQueue& dag = *entry.dag;
  const bool is_held = is_frozen_ || (dag.is_held && entry.lane != kBackfills);
  if (entry.state != State::waits || is_held || dag.limits.in_order) return false;
  const auto waiting = [&](LaneNo lane) {
    return static_cast<std::int32_t>(dag.lanes[lane].dated.size() + dag.lanes[lane].undated.size());
  };
  const auto all_fit = [](std::int32_t limit, std::int32_t runs) { return limit <= 0 || runs <= limit; };
  if (entry.lane == kBackfills) {
    return all_fit(limit_of(dag, kBackfills), held(dag, kBackfills) + waiting(kBackfills));
  }
  if (entry.lane == kScheduled &&
      !all_fit(dag.limits.scheduled(), dag.lanes[kScheduled].held + waiting(kScheduled))) {
    return false;
  }
  return all_fit(dag.limits.max_active_runs, held(dag, kAsked) + waiting(kAsked) + waiting(kScheduled));
}

QueueWait RunQueue::why(RunNo run_no, WallUs now) const {
  const auto at = runs_.find(run_no);
  if (at == runs_.end() || at->second.state == State::active) return QueueWait::none;
  const Entry& entry = at->second;
  const DagQueue& dag = *entry.dag;
  if (!is_due(entry.order.run_after, now)) return QueueWait::run_after;
  if (is_frozen_) return QueueWait::frozen;
  if (dag.is_held && entry.lane != kBackfills) return QueueWait::paused;
  if (entry.state == State::taken) return QueueWait::turn;
  const bool is_first = entry.logical_date != kNoTime && dag.dates.begin()->second == run_no;
  if (dag.limits.in_order && entry.logical_date != kNoTime && !is_first) return QueueWait::past;
  return has_room(dag, entry.lane, is_first) ? QueueWait::turn : QueueWait::limit;
}

bool RunQueue::has_next(WallUs now) const {
  return !is_frozen_ && (!heads_.empty() || (!later_.empty() && later_.begin()->first <= now));
}

std::int32_t RunQueue::active(const std::string& dag_id, bool backfills) const {
  const auto at = dags_.find(dag_id);
  return at == dags_.end() ? 0 : held(at->second, backfills ? kBackfills : kAsked);
}

std::vector<RunNo> RunQueue::full_of(const std::string& dag_id) const {
  const auto at = dags_.find(dag_id);
  if (at == dags_.end() || has_room(at->second, kAsked, false)) return {};
  return {at->second.holders.begin(), at->second.holders.end()};
}

RunQueue::LaneNo RunQueue::lane_of(RunType type) {
  if (type == RunType::backfill) return kBackfills;
  return type == RunType::scheduled ? kScheduled : kAsked;
}

/// Places that are taken of those that `lane` may have.
std::int32_t RunQueue::held(const DagQueue& dag, LaneNo lane) {
  if (lane == kBackfills) return dag.lanes[kBackfills].held;
  return dag.lanes[kAsked].held + dag.lanes[kScheduled].held;
}

std::int32_t RunQueue::limit_of(const DagQueue& dag, LaneNo lane) {
  return lane == kBackfills && dag.backfill_limit ? *dag.backfill_limit : dag.limits.max_active_runs;
}

/// Of the places that `lane` may have, those of runs that stand still for their past.
std::int32_t RunQueue::standing(const DagQueue& dag, LaneNo lane) {
  if (lane == kBackfills) return dag.lanes[kBackfills].standing;
  return dag.lanes[kAsked].standing + dag.lanes[kScheduled].standing;
}

/// `beside_standing`: those that stand still do not count, for they wait for nothing else than such a one.
bool RunQueue::has_room(const DagQueue& dag, LaneNo lane, bool beside_standing) {
  if (BATON_BUG(standing_keeps_its_place)) beside_standing = false;
  if (BATON_BUG(max_active_runs_ignored)) return true;
  if (dag.said_by == 0 && dag.taken > 0) return false;
  const Lane& scheduled = dag.lanes[kScheduled];
  const std::int32_t of_schedule = scheduled.held - (beside_standing ? scheduled.standing : 0);
  if (lane == kScheduled && of_schedule >= dag.limits.scheduled()) return false;
  const std::int32_t limit = limit_of(dag, lane);
  return limit <= 0 || held(dag, lane) - (beside_standing ? standing(dag, lane) : 0) < limit;
}

/// Whether no run of an earlier or of this date is open.
bool RunQueue::is_first_date(const DagQueue& dag, WallUs date) {
  return date == kNoTime || dag.dates.empty() || date < dag.dates.begin()->first;
}

/// It waits: for its time, or for its turn.
void RunQueue::list(Entry& entry) {
  if (entry.state == State::later) {
    later_.emplace(entry.order.run_after, entry.order.run_no);
    return;
  }
  entry.state = State::waits;
  Lane& lane = lane_of(entry);
  (entry.logical_date == kNoTime ? lane.undated : lane.dated).insert(entry.order);
}

void RunQueue::unlist(Entry& entry) {
  if (entry.state == State::later) {
    later_.erase({entry.order.run_after, entry.order.run_no});
    return;
  }
  Lane& lane = lane_of(entry);
  (entry.logical_date == kNoTime ? lane.undated : lane.dated).erase(entry.order);
}

/// The one of this lane that may begin now.
std::optional<RunQueue::Order> RunQueue::head_of(const DagQueue& dag, LaneNo lane) const {
  if (dag.is_held && lane != kBackfills) return std::nullopt;
  const bool is_free = has_room(dag, lane, false);
  const std::set<Order>& dated = dag.lanes[lane].dated;
  const std::set<Order>& undated = dag.lanes[lane].undated;
  std::optional<Order> head;
  if (is_free && !undated.empty()) head = *undated.begin();
  if (!dated.empty()) {
    Order first = *dated.begin();
    bool may = is_free;
    if (dag.limits.in_order || !is_free) {  // only the earliest of all that are open
      first = runs_.at(dag.dates.begin()->second).order;
      may = dated.contains(first) && has_room(dag, lane, true);
    }
    if (may && (!head || first < *head)) head = first;
  }
  if (head && !runs_.at(head->run_no).is_durable) return std::nullopt;  // nobody overtakes it
  return head;
}

void RunQueue::refresh(DagQueue& dag) {
  for (const LaneNo lane : {kAsked, kScheduled, kBackfills}) {
    const std::optional<Order> head = head_of(dag, lane);
    std::optional<Order>& listed = dag.lanes[lane].head;
    if (head == listed) continue;
    if (listed) heads_.erase(*listed);
    if (head) heads_.insert(*head);
    listed = head;
  }
}

void RunQueue::promote_due(WallUs now) {
  while (!later_.empty() && later_.begin()->first <= now) {
    Entry& entry = runs_.at(later_.begin()->second);
    later_.erase(later_.begin());
    entry.state = State::waits;
    list(entry);
    refresh(*entry.dag);
  }
}

}  // namespace baton
