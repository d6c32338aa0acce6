#include "scheduler/engine/live_runs.h"

#include <algorithm>

#include "scheduler/engine/decide.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

constexpr std::size_t kWaitsMax = 100;

}  // namespace

LiveRun* LiveRuns::find(RunNo run_no) {
  const auto at = runs_.find(run_no);
  return at == runs_.end() ? nullptr : at->second.get();
}

const LiveRun* LiveRuns::find(RunNo run_no) const {
  const auto at = runs_.find(run_no);
  return at == runs_.end() ? nullptr : at->second.get();
}

LiveRun& LiveRuns::add(DagRun run, std::vector<DurationUs> path_us) {
  const RunNo run_no = run.row.run_no;
  run.variables = variables_;
  return *(runs_[run_no] = std::make_unique<LiveRun>(std::move(run), std::move(path_us), loop_));
}

void LiveRuns::erase(RunNo run_no) {
  const auto at = runs_.find(run_no);
  if (at == runs_.end()) return;
  if (at->second->is_due) std::erase(due_, run_no);
  if (at->second->has_more) std::erase(more_, run_no);
  runs_.erase(at);  // lazy_ may go on naming it: take_lazy() looks
}

void LiveRuns::note_due(LiveRun& live) {
  if (!std::exchange(live.is_due, true)) due_.push_back(live.run.row.run_no);
}

void LiveRuns::note_counts(LiveRun& live) {
  live.counts_stale = true;
  list(live);
}

void LiveRuns::note_running(LiveRun& live, InstanceNo i) {
  live.unwritten.insert(i);
  list(live);
}

void LiveRuns::note_waiting(LiveRun& live, InstanceNo i) {
  if (live.waits.size() >= kWaitsMax || !live.waits.try_emplace(i, false).second) return;
  ++live.untold_waits;
  list(live);
}

void LiveRuns::list(LiveRun& live) {
  if (!std::exchange(live.is_listed, true)) lazy_.push_back(live.run.row.run_no);
}

bool LiveRuns::take_due(Pending& next) {
  bool has_outcome = false;
  for (const RunNo run_no : due_) {
    LiveRun& live = *find(run_no);
    live.is_due = false;
    live.counts_stale = false;
    RunRow& row = live.run.row;
    has_outcome = has_outcome || is_final(row.state);
    row.hooks_open = is_final(row.state) && live.run.open_hooks > 0;  // so long it is nobody's to forget
    if (BATON_BUG(open_hooks_forgotten)) row.hooks_open = false;
    next.part(live.part).runs.push_back(row);
  }
  due_.clear();
  return has_outcome;
}

bool LiveRuns::has_lazy() {
  for (; !lazy_.empty(); lazy_.pop_back()) {  // those that were written with another batch leave the list here
    LiveRun* live = find(lazy_.back());
    if (live == nullptr) continue;
    if (is_lazy(*live)) return true;
    live->is_listed = false;
  }
  return false;
}

void LiveRuns::take_lazy(Pending& next, MonoUs now, DurationUs long_us) {
  for (const RunNo run_no : std::exchange(lazy_, {})) {
    LiveRun* live = find(run_no);
    if (live == nullptr) continue;
    live->is_listed = false;
    if (live->counts_stale || !live->unwritten.empty()) note_due(*live);
    Part& part = next.part(live->part);
    take_waits(*live, part, now - long_us);
    for (const InstanceNo i : live->unwritten) {
      if (is_live(live->run.at(i).state)) part.instances.push_back(row_of(live->run, i));
    }
    live->unwritten.clear();
  }
}

/// Who waits since `before` or longer is told; who waits no more is forgotten; the others are looked at again.
void LiveRuns::take_waits(LiveRun& live, Part& part, MonoUs before) {
  live.untold_waits = 0;
  for (auto at = live.waits.begin(); at != live.waits.end();) {
    auto& [i, is_told] = *at;
    const Instance& instance = live.run.at(i);
    if (instance.state != TaskState::scheduled || !is_told_wait(instance.wait)) {
      at = live.waits.erase(at);
      continue;
    }
    if (!is_told && instance.since <= before) {
      is_told = true;
      part.instances.push_back(row_of(live.run, i));
    }
    live.untold_waits += is_told ? 0 : 1;
    ++at;
  }
  if (live.untold_waits > 0) list(live);
}

void LiveRuns::note_more(LiveRun& live) {
  if (!std::exchange(live.has_more, true)) more_.push_back(live.run.row.run_no);
}

LiveRun* LiveRuns::take_more() {
  if (more_.empty()) return nullptr;
  LiveRun* live = find(more_.front());  // erase() takes a run out of this queue: it is there
  more_.pop_front();
  live->has_more = false;
  return live;
}

}  // namespace baton
