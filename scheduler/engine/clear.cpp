#include "scheduler/engine/clear.h"

#include <algorithm>

#include "scheduler/model/check.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

bool was_cut_off(const Instance& instance) {
  return instance.state == TaskState::skipped && is_cut_off(instance.reason);
}

void add_all_of(const DagRun& run, TaskNo t, std::vector<char>& chosen) {
  for (std::int32_t k = 0; k < run.progress(t).count; ++k) chosen[static_cast<std::size_t>(run.instance_of(t, k))] = 1;
}

/// Every instance of what follows from `tasks`, and the setups of the teardowns among what is chosen.
std::vector<InstanceNo> close_over(const DagRun& run, std::vector<char> chosen) {
  std::vector<char> follows(run.tasks.size(), 0);
  for (const TaskNo t : run.dag->topological) {
    bool any = follows[static_cast<std::size_t>(t)] != 0;
    if (any) add_all_of(run, t, chosen);
    for (std::int32_t k = 0; k < run.progress(t).count && !any; ++k) {
      any = chosen[static_cast<std::size_t>(run.instance_of(t, k))] != 0;
    }
    if (!any || BATON_BUG(retry_keeps_what_follows)) continue;
    for (const TaskNo d : run.dag->downstream.of(t)) follows[static_cast<std::size_t>(d)] = 1;
    for (const std::string& setup : run.dag->spec(t).teardown_of) {
      if (const auto s = run.dag->find(setup)) add_all_of(run, *s, chosen);
    }
  }
  std::vector<InstanceNo> out;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (chosen[i] != 0 && run.instances[i].state != TaskState::removed) out.push_back(static_cast<InstanceNo>(i));
  }
  return out;
}

void reset(DagRun& run, InstanceNo i, Moment now, StepOutcome& out) {
  Instance& instance = run.at(i);
  BATON_CHECK(!is_live(instance.state));
  run.drop_activity(i);
  run.drop_outputs(i);
  run.note_change(i);
  run.unexpanded.erase(i);
  instance.state = TaskState::none;
  instance.reason = Reason::none;
  instance.wait = Wait::upstream;
  instance.stop_requested = instance.looks_again = false;
  instance.failures = 0;
  instance.losses = 0;
  if (run.spec_of(i).cache && instance.epoch == 0) instance.epoch = 1;  // what has been cleared does not ask the cache
  instance.since = now.mono;
  out.dirty.push_back(i);
}

/// The placeholder alone stays; the other instances are removed, and an expansion makes new ones.
void collapse(DagRun& run, TaskNo t, StepOutcome& out) {
  TaskProgress& p = run.progress(t);
  for (std::int32_t k = 1; k < p.count; ++k) {
    const InstanceNo i = run.instance_of(t, k);
    run.at(i).state = TaskState::removed;
    run.at(i).wait = Wait::ended;
    run.items.erase(i);
    out.dirty.push_back(i);
  }
  run.has_collapsed = true;
  run.items.erase(t);
  run.described.erase(t);
  run.at(t).map_index = kUnmapped;
  p.count = 1;
  p.extra_first = -1;
  p.expanded = false;
}

bool is_cleared_whole(const DagRun& run, TaskNo t) {
  for (std::int32_t k = 0; k < run.progress(t).count; ++k) {
    if (run.at(run.instance_of(t, k)).state != TaskState::none) return false;
  }
  return true;
}

/// By task: whether an instance of it, or of anything above it, has been cleared, so that items which were made from
/// their ends are no longer true. One instance is enough: the items may hang on any.
std::vector<char> tasks_with_news(const DagRun& run) {
  std::vector<char> news(run.tasks.size(), 0);
  for (const TaskNo t : run.dag->topological) {
    bool any = false;
    for (std::int32_t k = 0; k < run.progress(t).count && !any; ++k) {
      any = run.at(run.instance_of(t, k)).state == TaskState::none;
    }
    for (const TaskNo u : run.dag->upstream.of(t)) any = any || news[static_cast<std::size_t>(u)] != 0;
    news[static_cast<std::size_t>(t)] = any ? 1 : 0;
  }
  return news;
}

}  // namespace

std::vector<InstanceNo> select_failed(const DagRun& run) {
  std::vector<char> chosen(run.instances.size(), 0);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const Instance& instance = run.instances[i];
    if (run.dag->task(instance.task_no).hook != Hook::none) continue;
    const TaskState s = instance.state;
    chosen[i] = s == TaskState::failed || s == TaskState::upstream_failed || was_cut_off(instance) ? 1 : 0;
  }
  return close_over(run, std::move(chosen));
}

std::vector<InstanceNo> select_from(const DagRun& run, TaskNo task_no) {
  std::vector<char> chosen(run.instances.size(), 0);
  add_all_of(run, task_no, chosen);
  return close_over(run, std::move(chosen));
}

void clear_instances(DagRun& run, const std::vector<InstanceNo>& selected, Moment now, StepOutcome& out) {
  for (const InstanceNo i : selected) reset(run, i, now, out);
  const std::vector<char> news = tasks_with_news(run);
  for (const TaskNo t : run.dag->topological) {
    if (!run.progress(t).expanded || !is_cleared_whole(run, t)) continue;
    const auto ups = run.dag->upstream.of(t);
    if (std::any_of(ups.begin(), ups.end(), [&](TaskNo u) { return news[static_cast<std::size_t>(u)] != 0; })) {
      collapse(run, t, out);
    }
  }
  for (std::size_t t = 0; t < run.tasks.size(); ++t) {
    if (run.dag->tasks[t].hook != Hook::none) reset(run, static_cast<InstanceNo>(t), now, out);
  }
  run.row.state = RunState::running;
  run.row.reason = Reason::none;
  run.row.note.clear();
  run.row.started_at = now.wall;  // its time limit and the times of what waits begin anew
  run.row.ended_at = kNoTime;
  for (std::size_t i = 0; i < run.instances.size(); ++i) {
    Instance& instance = run.instances[i];
    if (instance.state != TaskState::none) continue;
    run.drop_activity(static_cast<InstanceNo>(i));
    instance.since = now.mono;
  }
  run.stopping = Reason::none;
  run.killing = false;
  run.pending.clear();
  recount(run);
  out.run_changed = true;
}

}  // namespace baton
