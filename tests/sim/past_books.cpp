#include "tests/sim/past_books.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tests/sim/disk.h"
#include "tests/sim/reference.h"

namespace baton::sim {
namespace {

bool is_done(TaskState state) {
  return state == TaskState::success || state == TaskState::skipped || state == TaskState::removed;
}

bool is_open_task(const DiskRun& run, TaskNo t) {
  const auto rows = run.of_task(t);
  return std::ranges::any_of(rows, [](const TaskRow* row) { return !is_final(row->state); });
}

/// Something of it has not started, and what is above it would let it. A mapped task is let go as a whole.
bool is_ready(const DiskRun& run, TaskNo t) {
  const auto rows = run.of_task(t);
  const bool is_to_come = std::ranges::any_of(rows, [](const TaskRow* row) { return row->state == TaskState::none; });
  return is_to_come && settled(run, t) != Rule::open;
}

bool is_open(const DiskRun& run) { return !run.is_finished(); }
bool has_begun(const DiskRun& run) { return run.row.begun_at != kNoTime && run.row.state != RunState::queued; }

}  // namespace

bool looks_back(const Dag& dag) {
  return std::ranges::any_of(dag.tasks, [](const Task& task) { return task.spec->depends_on_past; });
}

void PastBooks::fail(const DiskRun& run, const std::string& what) const {
  ground_.findings.fail("PAST", fmt::format("run {} of {}: {}", run.row.run_no, run.row.dag_id, what));
}

void PastBooks::take(const RunCreation& creation) {
  const RunRow& run = creation.run;
  if (run.logical_date == kNoTime) return;
  dates_[{run.dag_id, run.logical_date}] = run.run_no;
  for (const WallUs date : creation.inner_dates) dates_[{run.dag_id, date}] = run.run_no;
  if (looks_back(*creation.dag)) dated_.insert(run.run_no);
}

const DiskRun* PastBooks::before(const DiskRun& run) const {
  auto at = dates_.lower_bound({run.row.dag_id, run.row.logical_date});
  if (run.row.logical_date == kNoTime || at == dates_.begin()) return nullptr;
  --at;
  return at->first.first == run.row.dag_id ? &runs_.at(at->second) : nullptr;
}

std::vector<std::string> PastBooks::held(const std::string& dag_id, WallUs date,
                                         const std::vector<std::string>& tasks) const {
  auto at = dates_.lower_bound({dag_id, date});
  if (at == dates_.begin() || (--at)->first.first != dag_id) return {};
  const DiskRun& run = runs_.at(at->second);
  const bool did_nothing = run.row.begun_at == kNoTime && run.row.state != RunState::success;
  std::vector<std::string> out;
  for (const std::string& id : tasks) {
    const auto task = run.dag->find(id);
    if (!task) continue;
    const bool is_open = std::ranges::any_of(run.instances, [&](const TaskRow& row) {
      return row.task_no == *task && !is_done(row.state);
    });
    if (did_nothing || is_open) out.push_back(id);
  }
  return out;
}

bool PastBooks::is_held(const DiskRun& run, TaskNo t) const {
  if (!run.dag->spec(t).depends_on_past || run.row.logical_date == kNoTime) return false;
  return !held(run.row.dag_id, run.row.logical_date, {run.dag->task(t).id}).empty();
}

/// By its rows: of who waits for a slot they may say either, and a restart takes it for not begun.
bool PastBooks::stands(const DiskRun& run) const {
  if (!has_begun(run) || !is_open(run) || is_final(run.row.state) || run.cut_seq != 0) return false;
  bool is_kept = false;
  for (const TaskRow& row : run.instances) {
    if (run.dag->task(row.task_no).hook != Hook::none || is_final(row.state)) continue;
    if (row.state != TaskState::none && row.state != TaskState::scheduled) return false;
    is_kept = is_kept || run.dag->spec(row.task_no).depends_on_past;
  }
  return is_kept;
}

/// Once it was ready and its past was well it may have waited for a slot, and goes on whatever is cleared meanwhile.
bool PastBooks::may_be_let_go(const DiskRun& run, TaskNo t) const {
  if (!is_held(run, t)) return true;
  const std::pair key{run.row.run_no, t};
  const auto well = well_in_.find(key);
  const auto ready = ready_in_.find(key);
  const std::int64_t since = ready == ready_in_.end() ? batch_ : ready->second;
  return well != well_in_.end() && well->second >= since - 1;  // what one batch holds was decided in any order
}

/// Whether something of it may wait for a slot, though by its rows it stands still: memory alone knows.
bool PastBooks::may_be_at_work(const DiskRun& run) const {
  if (!stands(run)) return true;
  for (std::size_t k = 0; k < run.dag->tasks.size(); ++k) {
    const auto t = static_cast<TaskNo>(k);
    if (run.dag->task(t).hook == Hook::none && is_ready(run, t) && may_be_let_go(run, t)) return true;
  }
  return false;
}

/// Runs of its DAG that live beside it, and do not stand still; `perhaps`: those too of which the rows do not tell.
std::int32_t PastBooks::others_at_work(const DiskRun& run, bool perhaps) const {
  const bool is_backfill = run.row.type == RunType::backfill;
  return static_cast<std::int32_t>(std::ranges::count_if(runs_, [&](const auto& one) {
    const DiskRun& other = one.second;
    const bool counts = &other != &run && other.row.dag_id == run.row.dag_id && is_open(other) && has_begun(other) &&
                        (other.row.type == RunType::backfill) == is_backfill;
    return counts && (perhaps ? may_be_at_work(other) : !stands(other));
  }));
}

bool PastBooks::gives_way(const DiskRun& run) const { return stands(run) && others_at_work(run, true) > 0; }

void PastBooks::begins(const DiskRun& run, std::int32_t live, std::int32_t limit) {
  const bool is_of_these = dated_.contains(run.row.run_no);
  if (limit > 0 && live > limit) {
    if (!is_of_these) {
      ground_.findings.fail("INV-16",
                            fmt::format("run {} begins as number {} of {} that may", run.row.run_no, live, limit));
      return;
    }
    crowded_[run.row.run_no] = limit;
  }
  if (!is_of_these) return;
  for (std::size_t k = 0; k < run.dag->tasks.size(); ++k) {  // as it was then, whatever the same batch makes beside it
    const auto t = static_cast<TaskNo>(k);
    if (!is_held(run, t)) well_in_[{run.row.run_no, t}] = batch_;
  }
  for (const RunNo other_no : dated_) {
    if (other_no == run.row.run_no) continue;
    const DiskRun& other = runs_.at(other_no);
    const bool is_earlier = other.row.dag_id == run.row.dag_id && other.row.logical_date < run.row.logical_date;
    if (!is_earlier || !is_open(other)) continue;
    fail(run, fmt::format("it begins, and run {} of an earlier date has not ended", other_no));
  }
}

void PastBooks::starts(const DiskRun& run, TaskNo t) {
  if (!run.dag->spec(t).depends_on_past || run.row.logical_date == kNoTime || run.cut_seq != 0) return;
  const std::pair key{run.row.run_no, t};
  if (has_waited_.erase(key) > 0) ground_.strike(Fault::past_awaited);
  if (!may_be_let_go(run, t)) early_.push_back(key);
}

void PastBooks::end_batch(const std::set<RunNo>& changed) {
  for (const auto& [run_no, t] : std::exchange(early_, {})) {
    const DiskRun& run = runs_.at(run_no);
    if (run.cut_seq != 0) continue;  // a stop waits for nothing, and its row comes last
    fail(run, run.dag->task(t).id + " starts, and is not done in the run of the date before");
  }
  for (const RunNo run_no : dated_) {
    const DiskRun& run = runs_.at(run_no);
    if (!is_open(run)) continue;  // it may come back
    for (std::size_t k = 0; k < run.dag->tasks.size(); ++k) {
      const auto t = static_cast<TaskNo>(k);
      if (!run.dag->spec(t).depends_on_past) continue;
      if (has_begun(run) && is_ready(run, t)) {
        ready_in_.try_emplace({run_no, t}, batch_);
      } else {
        ready_in_.erase({run_no, t});
      }
      if (!is_held(run, t)) {
        well_in_[{run_no, t}] = batch_;
      } else if (stands(run) && is_open_task(run, t)) {
        has_waited_.insert({run_no, t});
      }
    }
  }
  for (const auto& [run_no, limit] : crowded_) {
    const DiskRun& run = runs_.at(run_no);
    const std::int32_t at_work = 1 + others_at_work(run, false);
    ground_.strike(Fault::past_gave_way);
    if (at_work <= limit) continue;
    const auto is_changed = [&](RunNo other) { return runs_.at(other).row.dag_id == run.row.dag_id; };
    if (std::ranges::any_of(changed, is_changed)) continue;  // somebody has woken one of those meanwhile
    ground_.findings.fail("INV-16", fmt::format("run {} begins as number {} of {} that may", run_no, at_work, limit));
  }
  crowded_.clear();
  ++batch_;
}

void PastBooks::check_quiet() const {
  for (const RunNo run_no : dated_) {
    const DiskRun& run = runs_.at(run_no);
    if (run.row.state != RunState::queued) continue;
    const auto is_before = [&](RunNo other_no) {
      const DiskRun& other = runs_.at(other_no);
      return other_no != run_no && other.row.dag_id == run.row.dag_id && is_open(other) &&
             other.row.logical_date < run.row.logical_date;
    };
    if (std::ranges::any_of(dated_, is_before) || others_at_work(run, true) > 0) continue;
    const auto waits_for_it = [&](RunNo other_no) {
      const DiskRun& other = runs_.at(other_no);
      return before(other) == &run && stands(other);
    };
    const bool is_due = run.row.run_after == kNoTime || run.row.run_after < ground_.loop.wall() - kMinute;
    if (!is_due || std::ranges::none_of(dated_, waits_for_it)) continue;
    fail(run, "it waits for the place of one that waits for it");
  }
}

}  // namespace baton::sim
