// Tasks that wait for the run of the date before (`depends_on_past`). Whether one is done there is asked of the store,
// which reads what is durable on another thread. An answer counts as long as nobody has changed, made or taken away an
// earlier run since it was asked for. Such a change puts the pasts of its DAG in doubt from when it is decided until it is
// durable: what has not started is held, answers on their way tell nothing any more, and then all ask anew. So what is
// cleared of Monday keeps whatever of Tuesday has not started by then, as a restart would have it.
#include <algorithm>
#include <utility>

#include "scheduler/engine/engine.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

constexpr DurationUs kPastAgainUs = 10 * kSecond;  // after the past could not be read

}  // namespace

/// Of a dated run: its tasks with `depends_on_past`, until the run of the date before is known to have done them. Who
/// works on one run alone (no loader) leaves it out: nobody could mend that other run meanwhile.
void Engine::wait_for_past(DagRun& run) {
  run.waits_for_past.clear();
  if (loader_ == nullptr || run.row.logical_date == kNoTime || BATON_BUG(past_taken_for_well)) return;
  for (std::size_t t = 0; t < run.dag->tasks.size(); ++t) {
    if (run.dag->tasks[t].spec->depends_on_past) run.waits_for_past.insert(static_cast<TaskNo>(t));
  }
  if (run.waits_for_past.empty()) return;
  const auto [pasts, is_first] = pasts_.try_emplace(run.row.dag_id);
  if (is_first) pasts->second.number = ++last_past_;
  pasts->second.runs.insert(run.row.run_no);
}

void Engine::find_past(const LiveRun& live) {
  const DagRun& run = live.run;
  if (doubts_.contains(run.row.dag_id)) return;  // the disk does not know of it yet; asked once it does
  std::vector<std::string> tasks;
  for (const TaskNo t : run.waits_for_past) tasks.push_back(run.dag->task(t).id);
  const auto answer = [this, run_no = run.row.run_no,
                       number = past_number(run.row.dag_id)](const Result<std::vector<std::string>>& held) {
    LiveRun* owner = runs_.find(run_no);
    if (owner == nullptr || dead_) return;
    if (!held) {  // nobody else would ask again
      loop_.call_at(loop_.mono_now() + kPastAgainUs, [this, alive = is_alive_, run_no] {
        const LiveRun* again = *alive ? runs_.find(run_no) : nullptr;
        if (again != nullptr) find_past(*again);
      });
      return;
    }
    if (number != past_number(owner->run.row.dag_id) && !BATON_BUG(late_past_believed)) return;  // asked anew, once durable
    const std::set<TaskNo> asked = owner->run.waits_for_past;
    for (const TaskNo t : asked) {
      if (std::ranges::find(*held, owner->run.dag->task(t).id) != held->end()) continue;
      if (!queue_.may_go_on(run_no)) return;  // asked again when one of those that it gave way to has ended
      handle(*owner, PastSeen{t});
      owner = runs_.find(run_no);
      if (owner == nullptr) return;
    }
  };
  store_.find_past(run.dag->id, run.row.logical_date, std::move(tasks), answer);
}

std::uint64_t Engine::past_number(const std::string& dag_id) const {
  const auto at = pasts_.find(dag_id);
  return at == pasts_.end() ? 0 : at->second.number;
}

/// The runs of a DAG in memory that have a past. Those that have gone are forgotten here.
std::vector<LiveRun*> Engine::runs_with_past(const std::string& dag_id) {
  std::vector<LiveRun*> out;
  const auto at = pasts_.find(dag_id);
  if (at == pasts_.end()) return out;
  std::erase_if(at->second.runs, [&](RunNo run_no) {
    LiveRun* const live = runs_.find(run_no);
    if (live != nullptr) out.push_back(live);
    return live == nullptr;
  });
  if (out.empty()) pasts_.erase(at);
  return out;
}

void Engine::look_at_past_again(const std::string& dag_id, RunNo but) {
  if (BATON_BUG(past_seen_once)) return;
  for (const LiveRun* live : runs_with_past(dag_id)) {
    if (live->run.row.run_no != but && !live->run.waits_for_past.empty()) find_past(*live);
  }
}

/// `changed` is about to be written: what of later runs has not started, and what is done again in this one, waits until
/// the past has been seen as it is then.
void Engine::doubt_past(const RunRow& changed) {
  if (changed.logical_date == kNoTime || BATON_BUG(past_never_doubted)) return;
  for (LiveRun* live : runs_with_past(changed.dag_id)) {
    const RunRow& row = live->run.row;
    if (row.run_no != changed.run_no && row.logical_date <= changed.logical_date) continue;
    pasts_.at(changed.dag_id).number = ++last_past_;
    if (next().pasts.insert(changed.dag_id).second) doubts_.insert(changed.dag_id);
    wait_for_past(live->run);
    note_standing(*live);
  }
}

void Engine::past_changed(const std::string& dag_id) {
  const std::vector<LiveRun*> runs = runs_with_past(dag_id);
  if (runs.empty()) return;
  pasts_.at(dag_id).number = ++last_past_;
  for (LiveRun* live : runs) {
    wait_for_past(live->run);
    note_standing(*live);
  }
  look_at_past_again(dag_id);
}

/// The changes of a batch are durable; the next one may have put the same DAG in doubt already.
void Engine::look_at_changed_pasts(const std::set<std::string>& dags) {
  for (const std::string& dag_id : dags) {
    doubts_.erase(doubts_.find(dag_id));
    look_at_past_again(dag_id);
  }
}

/// Who comes to stand still lets an earlier run begin, or another that stands, and whose past is well, go on.
void Engine::note_standing(LiveRun& live) {
  if (live.run.waits_for_past.empty() && !live.stands) return;
  const bool stands = stands_for_past(live.run);
  if (stands == live.stands) return;
  live.stands = stands;
  queue_.note_standing(live.run.row.run_no, stands);
  if (stands) look_at_past_again(live.run.row.dag_id, live.run.row.run_no);
}

}  // namespace baton
