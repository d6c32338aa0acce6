#include "scheduler/engine/clear.h"

#include <algorithm>

#include "scheduler/engine/expand.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

bool was_cut_off(const Instance& instance) {
  return instance.state == TaskState::skipped && is_cut_off(instance.reason);
}

void add_all_of(const DagRun& run, TaskNo t, std::vector<char>& chosen) {
  for (std::int32_t k = 0; k < run.progress(t).count; ++k) chosen[static_cast<std::size_t>(run.instance_of(t, k))] = 1;
}

bool any_of_task(const DagRun& run, TaskNo t, const std::vector<char>& chosen) {
  for (std::int32_t k = 0; k < run.progress(t).count; ++k) {
    if (chosen[static_cast<std::size_t>(run.instance_of(t, k))] != 0) return true;
  }
  return false;
}

/// Every instance of what `chosen` follows from.
void add_upstream(const DagRun& run, std::vector<char>& chosen) {
  const auto& order = run.dag->topological;
  for (auto t = order.rbegin(); t != order.rend(); ++t) {
    if (!any_of_task(run, *t, chosen)) continue;
    for (const TaskNo u : run.dag->upstream.of(*t)) add_all_of(run, u, chosen);
  }
}

/// Every instance of what follows from `chosen`, and the setups of the teardowns among these.
void add_downstream(const DagRun& run, std::vector<char>& chosen, bool with_setups) {
  std::vector<char> follows(run.tasks.size(), 0);
  for (const TaskNo t : run.dag->topological) {
    if (follows[static_cast<std::size_t>(t)] != 0) add_all_of(run, t, chosen);
    if (!any_of_task(run, t, chosen)) continue;
    if (BATON_BUG(retry_keeps_what_follows)) continue;
    for (const TaskNo d : run.dag->downstream.of(t)) follows[static_cast<std::size_t>(d)] = 1;
    if (!with_setups) continue;
    for (const std::string& setup : run.dag->spec(t).teardown_of) {
      if (const auto s = run.dag->find(setup)) add_all_of(run, *s, chosen);
    }
  }
}

std::vector<InstanceNo> numbers_of(const std::vector<char>& taken) {
  std::vector<InstanceNo> out;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (taken[i] != 0) out.push_back(static_cast<InstanceNo>(i));
  }
  return out;
}

/// Whether `t` stays upstream_failed when the marked ones succeed and the cleared ones run again.
bool fails_by_others(const DagRun& run, TaskNo t, const std::vector<char>& marked, const std::vector<char>& cleared) {
  const TaskSpec& spec = run.dag->spec(t);
  if (spec.teardown) return false;
  UpstreamCounts counts;
  for (const TaskNo u : run.dag->upstream.of(t)) {
    for (std::int32_t k = 0; k < run.progress(u).count; ++k) {
      const InstanceNo i = run.instance_of(u, k);
      ++counts.open;
      const TaskState s = run.at(i).state;
      if (!is_final(s) || cleared[static_cast<std::size_t>(i)] != 0) continue;
      count_upstream_end(counts, marked[static_cast<std::size_t>(i)] != 0 ? TaskState::success : s);
    }
  }
  return judge(spec.trigger_rule, counts) == Verdict::upstream_failed;
}

/// What is above `t` has ended; it may have done so again since `t` expanded.
bool has_other_items(const DagRun& run, TaskNo t, std::int32_t instances_max) {
  const auto items = expand(run, t, instances_max);
  const std::int32_t count = run.progress(t).count;
  if (!items || static_cast<std::int32_t>(items->size()) != count) return true;
  for (std::int32_t k = 0; k < count; ++k) {
    const auto had = run.items.find(run.instance_of(t, k));
    const MappedItem& has = (*items)[static_cast<std::size_t>(k)];
    if (had == run.items.end() || had->second.key != has.key || !(had->second.item == has.item)) return true;
  }
  return false;
}

bool is_taken_in_part(const DagRun& run, TaskNo t, const std::vector<char>& taken) {
  const TaskProgress& p = run.progress(t);
  std::int32_t n = 0;
  for (std::int32_t k = 0; p.expanded && k < p.count; ++k) n += taken[static_cast<std::size_t>(run.instance_of(t, k))];
  return n > 0 && n < p.count;
}

/// What its items are made from runs again or has not ended, or has done so since `t` expanded.
bool may_have_other_items(const DagRun& run, TaskNo t, const std::vector<char>& runs_again,
                          std::int32_t instances_max) {
  for (const TaskNo u : items_come_from(*run.dag, t)) {
    if (runs_again[static_cast<std::size_t>(u)] != 0 || run.progress(u).own_open > 0) return true;
  }
  return has_other_items(run, t, instances_max);
}

}  // namespace

std::vector<InstanceNo> select(const DagRun& run, const Selection& selection) {
  std::vector<char> chosen(run.instances.size(), 0);
  switch (selection.rule) {
    case Selection::Rule::failed:
      for (std::size_t i = 0; i < chosen.size(); ++i) {
        const Instance& instance = run.instances[i];
        if (run.dag->task(instance.task_no).hook != Hook::none) continue;
        const TaskState s = instance.state;
        chosen[i] = s == TaskState::failed || s == TaskState::upstream_failed || was_cut_off(instance) ? 1 : 0;
      }
      break;
    case Selection::Rule::from: add_all_of(run, selection.task_no, chosen); break;
    case Selection::Rule::listed:
      for (const InstanceNo i : selection.instances) chosen[static_cast<std::size_t>(i)] = 1;
      break;
  }
  if (selection.upstream) add_upstream(run, chosen);
  if (selection.downstream) add_downstream(run, chosen, selection.setups);
  std::vector<InstanceNo> out;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (chosen[i] != 0 && run.instances[i].state != TaskState::removed) out.push_back(static_cast<InstanceNo>(i));
  }
  return out;
}

std::vector<InstanceNo> select_failed(const DagRun& run) { return select(run, {}); }

std::vector<InstanceNo> select_from(const DagRun& run, TaskNo task_no) {
  Selection selection;
  selection.rule = Selection::Rule::from;
  selection.task_no = task_no;
  return select(run, selection);
}

std::vector<InstanceNo> with_what_goes_along(const DagRun& run, const std::vector<InstanceNo>& selected,
                                             const std::vector<InstanceNo>& spared, std::int32_t instances_max) {
  std::vector<char> taken(run.instances.size(), 0), is_spared(run.instances.size(), 0), runs_again(run.tasks.size(), 0);
  for (const InstanceNo i : spared) is_spared[static_cast<std::size_t>(i)] = 1;
  for (const InstanceNo i : selected) {
    taken[static_cast<std::size_t>(i)] = 1;
    runs_again[static_cast<std::size_t>(run.at(i).task_no)] = 1;
  }
  const auto take = [&](InstanceNo i) {
    if (is_spared[static_cast<std::size_t>(i)] != 0) return;
    taken[static_cast<std::size_t>(i)] = 1;
    runs_again[static_cast<std::size_t>(run.at(i).task_no)] = 1;
  };
  const auto is_again = [&](TaskNo u) { return runs_again[static_cast<std::size_t>(u)] != 0; };
  for (const TaskNo t : run.dag->topological) {
    const auto& above = run.dag->upstream.of(t);
    bool follows = std::any_of(above.begin(), above.end(), is_again);
    if (BATON_BUG(what_began_after_runs_on)) follows = false;
    for (std::int32_t k = 0; follows && k < run.progress(t).count; ++k) {
      const InstanceNo i = run.instance_of(t, k);
      if (run.at(i).state != TaskState::none && !is_final(run.at(i).state)) take(i);
    }
    if (!is_taken_in_part(run, t, taken) || !may_have_other_items(run, t, runs_again, instances_max)) continue;
    if (BATON_BUG(fan_out_cleared_in_part)) continue;
    for (std::int32_t k = 0; k < run.progress(t).count; ++k) take(run.instance_of(t, k));
  }
  return numbers_of(taken);
}

std::vector<InstanceNo> left_upstream_failed_by(const DagRun& run, const std::vector<InstanceNo>& marked) {
  std::vector<char> is_marked(run.instances.size(), 0), taken(run.instances.size(), 0), leads(run.tasks.size(), 0);
  for (const InstanceNo i : marked) {
    is_marked[static_cast<std::size_t>(i)] = 1;
    leads[static_cast<std::size_t>(run.at(i).task_no)] = 1;
  }
  for (const TaskNo t : run.dag->topological) {
    const auto& above = run.dag->upstream.of(t);
    const auto is_lead = [&](TaskNo u) { return leads[static_cast<std::size_t>(u)] != 0; };
    if (std::none_of(above.begin(), above.end(), is_lead)) continue;
    if (fails_by_others(run, t, is_marked, taken)) continue;
    for (std::int32_t k = 0; k < run.progress(t).count; ++k) {
      const InstanceNo i = run.instance_of(t, k);
      const bool is_left = run.at(i).state == TaskState::upstream_failed && is_marked[static_cast<std::size_t>(i)] == 0;
      if (!is_left) continue;
      taken[static_cast<std::size_t>(i)] = 1;
      leads[static_cast<std::size_t>(t)] = 1;
    }
  }
  return numbers_of(taken);
}

std::vector<TaskNo> tasks_to_expand_anew(const DagRun& run, const std::vector<InstanceNo>& selected,
                                         const std::vector<InstanceNo>& marked, std::int32_t instances_max) {
  std::vector<char> is_selected(run.instances.size(), 0);
  for (const InstanceNo i : selected) is_selected[static_cast<std::size_t>(i)] = 1;
  std::vector<char> news(run.tasks.size(), 0);  // whether anything of a task or above it may end in another way now
  for (const InstanceNo i : marked) news[static_cast<std::size_t>(run.at(i).task_no)] = 1;
  std::vector<TaskNo> out;
  for (const TaskNo t : run.dag->topological) {
    const TaskProgress& p = run.progress(t);
    bool above = false, own = news[static_cast<std::size_t>(t)] != 0, whole = p.expanded;
    for (const TaskNo u : run.dag->upstream.of(t)) above = above || news[static_cast<std::size_t>(u)] != 0;
    for (std::int32_t k = 0; k < p.count; ++k) {
      const InstanceNo i = run.instance_of(t, k);
      const bool taken = is_selected[static_cast<std::size_t>(i)] != 0;
      bool is_seen = true;
      if (BATON_BUG(clear_looks_at_the_first)) is_seen = k == 0;
      own = own || (is_seen && (taken || !is_final(run.at(i).state)));
      whole = whole && (taken || run.at(i).state == TaskState::none);
    }
    news[static_cast<std::size_t>(t)] = above || own ? 1 : 0;
    if (whole && (above || has_other_items(run, t, instances_max))) out.push_back(t);
  }
  return out;
}

void make_none(DagRun& run, InstanceNo i, Moment now) {
  Instance& instance = run.at(i);
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
  run.ensure_activity(i).summed_to = now.wall;  // a restart counts its time from here, not from the run's start
}

void collapse(DagRun& run, TaskNo t, StepOutcome& out) {
  TaskProgress& p = run.progress(t);
  for (std::int32_t k = 0; k < p.count; ++k) {
    const InstanceNo i = run.instance_of(t, k);
    run.items.erase(i);
    name_once(run, i, out.dirty);
    if (k == 0) continue;
    run.at(i).state = TaskState::removed;
    run.at(i).wait = Wait::ended;
  }
  run.has_collapsed = true;
  run.described.erase(t);
  run.at(t).map_index = kUnmapped;
  p.count = 1;
  p.extra_first = -1;
  p.expanded = p.expands_anew = false;
}

}  // namespace baton
