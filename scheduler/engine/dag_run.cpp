#include "scheduler/engine/dag_run.h"

#include "scheduler/engine/outputs.h"
#include "scheduler/model/check.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

void count_end(UpstreamCounts& counts, TaskState state, std::int32_t by) {
  switch (state) {
    case TaskState::success: counts.success += by; return;
    case TaskState::failed: counts.failed += by; return;
    case TaskState::upstream_failed: counts.upstream_failed += by; return;
    case TaskState::skipped:
    case TaskState::removed: counts.skipped += by; return;
    default: counts.open += by; return;
  }
}

}  // namespace

InstanceNo DagRun::find(const AttemptKey& key) const {
  if (key.run_no != row.run_no || key.task_no < 0 || static_cast<std::size_t>(key.task_no) >= tasks.size()) return -1;
  const TaskProgress& p = progress(key.task_no);
  const std::int32_t k = key.map_index == kUnmapped ? 0 : key.map_index;
  if (k < 0 || k >= p.count || at(instance_of(key.task_no, k)).map_index != key.map_index) return -1;
  return instance_of(key.task_no, k);
}

void DagRun::keep_outputs(InstanceNo i, Value value) {
  drop_outputs(i);
  outputs_bytes += memory_of(value);
  outputs[i] = std::move(value);
}

void DagRun::drop_outputs(InstanceNo i) {
  const auto kept = outputs.find(i);
  if (kept == outputs.end()) return;
  outputs_bytes -= memory_of(kept->second);
  outputs.erase(kept);
}

void DagRun::note_change(InstanceNo i) {
  if (described.empty()) return;
  const TaskNo t = at(i).task_no;
  const auto seen = described.find(t);
  if (seen == described.end()) return;
  const auto count = static_cast<std::size_t>(progress(t).count);
  if (seen->second.stale.size() >= count) {  // nobody has looked for long: whoever does makes it anew
    described.erase(seen);
  } else {
    seen->second.stale.push_back(std::max(at(i).map_index, 0));
  }
}

Activity& DagRun::ensure_activity(InstanceNo i) {
  Instance& instance = at(i);
  if (instance.activity < 0) {
    if (free_activities.empty()) {
      instance.activity = static_cast<std::int32_t>(activities.size());
      activities.emplace_back();
    } else {
      instance.activity = free_activities.back();
      free_activities.pop_back();
    }
  }
  return activities[static_cast<std::size_t>(instance.activity)];
}

void DagRun::drop_activity(InstanceNo i) {
  Instance& instance = at(i);
  if (instance.activity < 0) return;
  activities[static_cast<std::size_t>(instance.activity)] = Activity{};
  free_activities.push_back(instance.activity);
  instance.activity = -1;
}

DagRun make_run(RunRow row, std::shared_ptr<const Dag> dag, Value params, Moment now,
                const std::vector<TaskState>& initial_states) {
  DagRun run;
  run.row = std::move(row);
  run.params = std::move(params);
  const std::size_t n = dag->tasks.size();
  BATON_CHECK(initial_states.empty() || initial_states.size() == n);
  run.instances.resize(n);
  run.tasks.resize(n);
  for (std::size_t t = 0; t < n; ++t) {
    Instance& instance = run.instances[t];
    instance.task_no = static_cast<TaskNo>(t);
    instance.since = now.mono;
    if (!initial_states.empty()) instance.state = initial_states[t];
    if (is_final(instance.state)) {
      instance.reason = Reason::not_selected;
      instance.wait = Wait::ended;
    }
  }
  run.dag = std::move(dag);
  recount(run);
  return run;
}

bool stands_for_past(const DagRun& run) {
  const bool ends = run.stopping != Reason::none || is_final(run.row.state);
  if (run.waits_for_past.empty() || ends || !run.pending.empty()) return false;
  for (std::size_t s = 0; s < kTaskStateCount; ++s) {
    const auto state = static_cast<TaskState>(s);
    if (state != TaskState::none && !is_final(state) && run.row.counts[s] > 0) return false;
  }
  return std::ranges::any_of(run.waits_for_past, [&](TaskNo t) { return run.progress(t).own_open > 0; });
}

bool is_cut_off(Reason reason) {
  return reason == Reason::stopped || reason == Reason::fail_fast || reason == Reason::run_timeout;
}

void recount(DagRun& run) {
  const std::size_t n = run.tasks.size();
  run.open_instances = run.open_hooks = run.counted_failures = run.cut_off = 0;
  run.first_failure = -1;
  run.row.counts.fill(0);
  for (std::size_t t = 0; t < n; ++t) {
    TaskProgress& p = run.tasks[t];
    p.upstreams = {};
    p.own_open = 0;
    const Task& task = run.dag->tasks[t];
    for (std::int32_t k = 0; k < p.count; ++k) {
      const InstanceNo i = run.instance_of(static_cast<TaskNo>(t), k);
      const Instance& instance = run.at(i);
      ++run.row.counts[static_cast<std::size_t>(instance.state)];
      if (!is_final(instance.state)) ++p.own_open;
      if (fails_run(task, instance.state, instance.reason) && run.counted_failures++ == 0) run.first_failure = i;
      if (task.hook == Hook::none && is_final(instance.state) && is_cut_off(instance.reason)) ++run.cut_off;
    }
    (task.hook == Hook::none ? run.open_instances : run.open_hooks) += p.own_open;
  }
  for (std::size_t t = 0; t < n; ++t) {
    TaskProgress& p = run.tasks[t];
    for (const TaskNo u : run.dag->upstream.of(static_cast<TaskNo>(t))) {
      const TaskProgress& up = run.progress(u);
      for (std::int32_t k = 0; k < up.count; ++k) {
        count_end(p.upstreams, run.at(run.instance_of(u, k)).state, 1);
      }
    }
    p.waits_again = p.expanded && p.own_open > 0;
  }
}

bool counts_for_run(const Task& task) {
  if (task.hook != Hook::none || task.spec->allow_failure) return false;
  return !task.spec->teardown || task.spec->teardown_fails_run;
}

InstanceNo stray_upstream_failed(const DagRun& run) {
  if (run.row.counts[static_cast<std::size_t>(TaskState::upstream_failed)] == 0) return -1;
  for (const TaskNo t : run.dag->topological) {
    const UpstreamCounts& up = run.progress(t).upstreams;
    if (up.failed + up.upstream_failed > 0 || !counts_for_run(run.dag->task(t))) continue;
    for (std::int32_t k = 0; k < run.progress(t).count; ++k) {
      const InstanceNo i = run.instance_of(t, k);
      if (run.at(i).state == TaskState::upstream_failed) return i;
    }
  }
  return -1;
}

RunState outcome_of(const DagRun& run) {
  bool was_cut_off = run.cut_off > 0;
  if (BATON_BUG(stopped_run_succeeds)) was_cut_off = false;
  const bool fails = run.counted_failures > 0 || was_cut_off || stray_upstream_failed(run) >= 0;
  return fails ? RunState::failed : RunState::success;
}

bool fails_run(const Task& task, TaskState state, Reason reason) {
  const bool is_unexpanded = state == TaskState::upstream_failed && reason == Reason::expression;
  return (state == TaskState::failed || is_unexpanded) && counts_for_run(task);
}

void count_upstream_end(UpstreamCounts& counts, TaskState state) {
  --counts.open;
  count_end(counts, state, 1);
}

}  // namespace baton
