#include "tests/sim/reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "tests/sim/check_truth.h"

namespace baton::sim {
namespace {

/// The rule when all upstreams have ended.
Rule at_the_end(TriggerRule rule, const Ends& e) {
  const bool any_f = e.failed + e.upstream_failed > 0;
  const bool any_success = e.success > 0;
  const bool any_skipped = e.skipped > 0;
  switch (rule) {
    case TriggerRule::all_success: return any_f ? Rule::upstream_failed : any_skipped ? Rule::skips : Rule::runs;
    case TriggerRule::all_failed: return any_success || any_skipped ? Rule::skips : Rule::runs;
    case TriggerRule::all_skipped: return any_success || any_f ? Rule::skips : Rule::runs;
    case TriggerRule::all_done:
    case TriggerRule::always: return Rule::runs;
    case TriggerRule::all_done_min_one_success:
      return any_skipped ? Rule::skips : any_success ? Rule::runs : Rule::upstream_failed;
    case TriggerRule::one_success: return any_success ? Rule::runs : any_f ? Rule::upstream_failed : Rule::skips;
    case TriggerRule::one_failed: return any_f ? Rule::runs : Rule::skips;
    case TriggerRule::one_done: return any_success || e.failed > 0 ? Rule::runs : Rule::skips;
    case TriggerRule::none_failed: return any_f ? Rule::upstream_failed : Rule::runs;
    case TriggerRule::none_failed_min_one_success:
      return any_f ? Rule::upstream_failed : any_success ? Rule::runs : Rule::skips;
    case TriggerRule::none_skipped: return any_skipped ? Rule::skips : Rule::runs;
  }
  return Rule::open;
}

/// What a row's state says: final ends, and the reasons that a stop leaves behind.
bool was_cut(const TaskRow& row) {
  return row.reason == Reason::stopped || row.reason == Reason::fail_fast || row.reason == Reason::run_timeout;
}

}  // namespace

Ends ends_of_upstreams(const DiskRun& run, TaskNo t) {
  Ends e;
  for (const TaskNo u : run.dag->upstream.of(t)) {
    for (const TaskRow* row : run.of_task(u)) {
      switch (row->state) {
        case TaskState::success: ++e.success; break;
        case TaskState::failed: ++e.failed; break;
        case TaskState::upstream_failed: ++e.upstream_failed; break;
        case TaskState::skipped:
        case TaskState::removed: ++e.skipped; break;
        default: ++e.open; break;
      }
    }
  }
  return e;
}

Rule settled(TriggerRule rule, const Ends& e) {
  if (e.success + e.failed + e.upstream_failed + e.skipped + e.open == 0) return Rule::runs;
  if (rule == TriggerRule::always) return Rule::runs;
  if (rule == TriggerRule::all_done && e.open > 0) return Rule::open;
  // Every way in which the open ones may end: only which kinds occur matters to the table.
  std::optional<Rule> verdict;
  for (unsigned kinds = 0; kinds < 16; ++kinds) {
    Ends end = e;
    end.open = 0;
    const int chosen = __builtin_popcount(kinds);
    if (e.open == 0 ? kinds != 0 : (kinds == 0 || chosen > e.open)) continue;
    if ((kinds & 1U) != 0) ++end.success;
    if ((kinds & 2U) != 0) ++end.failed;
    if ((kinds & 4U) != 0) ++end.upstream_failed;
    if ((kinds & 8U) != 0) ++end.skipped;
    const Rule r = at_the_end(rule, end);
    if (verdict && *verdict != r) return Rule::open;
    verdict = r;
  }
  return verdict.value_or(Rule::open);
}

namespace {

/// A mapped task that has not been expanded waits for all instances of the mapped ones above it, whatever its rule.
bool is_behind_barrier(const DiskRun& run, TaskNo t) {
  const auto is_mapped = [&](TaskNo task) { return run.dag->spec(task).mapping->kind != Mapping::Kind::none; };
  if (!is_mapped(t) || run.at(t).map_index != kUnmapped) return false;
  const auto& above = run.dag->upstream.of(t);
  return std::any_of(above.begin(), above.end(), [&](TaskNo u) {
    const auto rows = run.of_task(u);
    return is_mapped(u) &&
           std::any_of(rows.begin(), rows.end(), [](const TaskRow* row) { return !is_final(row->state); });
  });
}

}  // namespace

Rule settled(const DiskRun& run, TaskNo t) {
  const TaskSpec& spec = run.dag->spec(t);
  const Ends e = ends_of_upstreams(run, t);
  if (!spec.teardown) {
    const Rule rule = settled(spec.trigger_rule, e);
    return rule == Rule::runs && is_behind_barrier(run, t) ? Rule::open : rule;
  }
  if (e.open > 0) return Rule::open;
  bool any_failed = false;
  for (const std::string& id : spec.teardown_of) {
    for (const TaskRow* row : run.of_task(*run.dag->find(id))) {
      if (row->state == TaskState::success) return Rule::runs;
      any_failed = any_failed || row->state == TaskState::failed || row->state == TaskState::upstream_failed;
    }
  }
  return any_failed ? Rule::upstream_failed : Rule::skips;
}

bool follows_from_a_mark(const DiskRun& run, TaskNo t) {
  const auto& above = run.dag->upstream.of(t);
  return std::any_of(above.begin(), above.end(), [&](TaskNo u) {
    const auto rows = run.of_task(u);
    return std::any_of(rows.begin(), rows.end(), [](const TaskRow* row) { return row->reason == Reason::marked; });
  });
}

namespace {

/// Judges one finished run, task by task.
class Judge {
 public:
  Judge(const DiskRun& run, const DagPlan& plan, const Behaviours& behaviours, std::uint64_t seed)
      : run_(run), plan_(plan), behaviours_(behaviours), params_(params_of(seed, run.row.run_no)), seed_(seed) {}

  std::string judge(InstanceNo i);
  std::string judge_outcome();

 private:
  void judge_row(const TaskRow& row);
  void judge_hook(const TaskRow& row);
  [[nodiscard]] bool is_kept_in_part(TaskNo t) const;
  void judge_attempts(const TaskRow& row);
  [[nodiscard]] std::optional<bool> condition(TaskNo t);
  [[nodiscard]] std::optional<std::int64_t> item_count(TaskNo t) const;
  [[nodiscard]] std::set<TaskState> possible(const TaskRow& row) const;
  void expect(const TaskRow& row, std::initializer_list<TaskState> states, const char* why);
  void fail(const TaskRow& row, const std::string& what) {
    if (!wrong_.empty()) return;
    wrong_ = fmt::format("{}/{}/{} ({}) is {} {}: {}", row.run_no, row.task_no, row.map_index,
                         run_.dag->task(row.task_no).id, to_string(row.state), to_string(row.reason), what);
  }

  const DiskRun& run_;
  const DagPlan& plan_;
  const Behaviours& behaviours_;
  RunParams params_;
  std::uint64_t seed_;
  std::string wrong_;
};

void Judge::expect(const TaskRow& row, std::initializer_list<TaskState> states, const char* why) {
  if (std::find(states.begin(), states.end(), row.state) == states.end()) fail(row, why);
}

std::optional<bool> Judge::condition(TaskNo t) {
  const TaskPlan& plan = plan_.tasks[static_cast<std::size_t>(t)];
  switch (plan.condition) {
    case TaskPlan::Condition::none: return true;
    case TaskPlan::Condition::param: return params_.p >= plan.at_least;
    case TaskPlan::Condition::upstream_state: return run_.at(plan.condition_of).state == TaskState::success;
    case TaskPlan::Condition::upstream_output: {
      const TaskRow& up = run_.at(plan.condition_of);
      if (up.state != TaskState::success || up.reason == Reason::marked) return std::nullopt;
      const InstanceKey key{up.run_no, up.task_no, up.map_index};
      return behaviours_.output_of(run_, key, run_.facts_of(up.instance_no).generation).n >= plan.at_least;
    }
  }
  return true;
}

/// How many instances a mapped task must have; nothing: it cannot be expanded.
std::optional<std::int64_t> Judge::item_count(TaskNo t) const {
  const TaskPlan& plan = plan_.tasks[static_cast<std::size_t>(t)];
  if (plan.successes_of >= 0) {
    const auto rows = run_.of_task(plan.successes_of);
    return std::count_if(rows.begin(), rows.end(), [](const TaskRow* up) {
      return up->state == TaskState::success && up->map_index != kUnmapped;
    });
  }
  if (plan.items_from < 0) return plan.literal_items;
  const TaskRow& up = run_.at(plan.items_from);
  if (up.state != TaskState::success || up.reason == Reason::marked) return std::nullopt;  // a mark has no outputs
  const InstanceKey key{up.run_no, up.task_no, up.map_index};
  return behaviours_.output_of(run_, key, run_.facts_of(up.instance_no).generation).items;
}

bool retries_after(const RetryPolicy& p, const Behaviour& b, bool timed_out, std::int32_t failures) {
  const auto is_of = [&](const FailureClass& c) {
    const bool exited = b.end == Behaviour::End::exits && !timed_out;
    switch (c.kind) {
      case FailureClass::Kind::any: return true;
      case FailureClass::Kind::exit: return exited && b.exit_code == c.exit_code;
      case FailureClass::Kind::signal: return b.end == Behaviour::End::signaled && !timed_out;
      case FailureClass::Kind::timeout: return timed_out;
      case FailureClass::Kind::lost: return false;
    }
    return false;
  };
  return failures <= p.max && std::any_of(p.on.begin(), p.on.end(), is_of) &&
         std::none_of(p.never_on.begin(), p.never_on.end(), is_of);
}

/// The final states that an instance which runs can come to by what its processes do.
std::set<TaskState> Judge::possible(const TaskRow& row) const {
  const TaskSpec& spec = run_.dag->spec(row.task_no);
  const InstanceKey key{row.run_no, row.task_no, row.map_index};
  const std::int32_t generation = run_.facts_of(row.instance_no).generation;
  if (spec.kind == TaskKind::noop) return {TaskState::success};
  if (spec.kind == TaskKind::approval) return {TaskState::success, TaskState::failed, TaskState::skipped};
  if (spec.kind == TaskKind::trigger_dag) return {TaskState::success, TaskState::failed};
  if (spec.kind == TaskKind::sensor && spec.sensor->kind == Sensor::Kind::asset) {
    return {TaskState::success, TaskState::failed};  // which of them, QualityBooks say
  }
  const auto end_of_checks = [&](std::int32_t failures) {
    return truth_of_checks(seed_, run_, row, failures).fails ? TaskState::failed : TaskState::success;
  };
  const bool is_expected = spec.kind == TaskKind::checks && spec.body->json.find("\"run\"") == std::string::npos;
  if (is_expected) return {end_of_checks(0)};
  if (spec.kind == TaskKind::sensor && spec.sensor->kind == Sensor::Kind::time) {
    return spec.timeout_us > 0 ? std::set{TaskState::success, TaskState::failed} : std::set{TaskState::success};
  }
  if (spec.cache && row.reason == Reason::cached) return {TaskState::success};
  if (std::any_of(spec.env.begin(), spec.env.end(), [](const EnvEntry& e) { return !e.secret.empty(); })) {
    return {TaskState::failed};  // there are no secrets here
  }
  std::set<TaskState> out;
  for (std::int32_t failures = 0; failures < 10; ++failures) {
    const bool looks = spec.kind == TaskKind::sensor;
    const Behaviour b = looks ? behaviours_.of_look(run_, key, generation, failures, 100)
                              : behaviours_.of(run_, key, generation, failures);
    // A sensor's time runs while the scheduler is away, and with the wall clock.
    bool timed_out = !looks && spec.timeout_us > 0 && b.end == Behaviour::End::hangs;
    if (looks && spec.timeout_us > 0) {  // it may time out before it comes to what it would have come to
      out.insert({TaskState::failed, b.exit_code == 0    ? TaskState::success
                                     : b.exit_code == 99 ? TaskState::skipped
                                                         : TaskState::failed});
      timed_out = true;
      if (b.exit_code == 127 && retries_after(spec.retries, b, false, failures + 1)) continue;
    }
    const bool bad_output = b.exit_code == 0 && !spec.outputs.empty() &&
                            (b.output_too_large || b.output.find("not a number") != std::string::npos);
    if (b.end == Behaviour::End::exits && !timed_out && b.exit_code == 99) {
      out.insert(TaskState::skipped);
      return out;
    }
    if (b.end == Behaviour::End::exits && !timed_out && b.exit_code == 0 && !bad_output) {
      out.insert(spec.kind == TaskKind::checks ? end_of_checks(failures) : TaskState::success);
      return out;
    }
    if (!retries_after(spec.retries, b, timed_out, failures + 1)) break;
  }
  out.insert(TaskState::failed);
  return out;
}

void Judge::judge_attempts(const TaskRow& row) {
  const Facts& facts = run_.facts_of(row.instance_no);
  if (row.losses >= 3)
    return;  // a loss beyond the budget counts as a failure, and any number of tries may have been it
  if (facts.killed_before_start != 0) return;  // which counts as a failure that no behaviour tells of
  // What another has changed meanwhile, and what cannot be kept, fails a try whatever its process does.
  const bool has_met_another = std::ranges::any_of(run_.tries, [&](const auto& one) {
    return one.first.first == row.instance_no && one.second.reason == Reason::state;
  });
  if (has_met_another) return;
  // A teardown or hook that a kill stopped, and what a stop cut off, end as they were.
  if (was_cut(row)) return;
  const bool in_stop = run_.cut_seq != 0 || facts.ended_in_stop;
  if (in_stop && row.state == TaskState::failed && row.reason == Reason::outputs) return;  // and no retry
  const std::set<TaskState> states = possible(row);
  if (!states.contains(row.state)) {
    std::string names;
    for (const TaskState s : states) names += std::string(to_string(s)) + " ";
    fail(row,
         fmt::format("its tries can only end {}(generation {}, {} failures)", names, facts.generation, row.failures));
  }
  const TaskSpec& spec = run_.dag->spec(row.task_no);
  if (row.state == TaskState::success && !spec.outputs.empty()) {
    const std::string want =
        json_of(behaviours_.output_of(run_, {row.run_no, row.task_no, row.map_index}, facts.generation));
    std::string got = row.outputs_json;
    std::erase(got, ' ');
    if (got != want) fail(row, "its outputs are " + row.outputs_json + " and not " + want);
  }
}

/// Of a mapped task some were run again, and others not: its items are those that it had.
bool Judge::is_kept_in_part(TaskNo t) const {
  const auto rows = run_.of_task(t);
  const Facts& first = run_.facts_of(rows.front()->instance_no);
  return std::any_of(rows.begin(), rows.end(), [&](const TaskRow* row) {
    const Facts& facts = run_.facts_of(row->instance_no);
    return facts.generation != first.generation || facts.cleared_seq != first.cleared_seq;
  });
}

void Judge::judge_row(const TaskRow& row) {
  const TaskNo t = row.task_no;
  if (was_cut(row) && row.state == TaskState::skipped) {
    if (run_.dag->spec(t).teardown && !run_.was_killed) fail(row, "a stop cuts off no teardown");
    return;
  }
  const Rule rule = settled(run_, t);
  if (rule == Rule::open) return fail(row, "it has ended and its upstreams have not settled its rule");
  if (rule == Rule::skips) return expect(row, {TaskState::skipped}, "its trigger rule skips it");
  if (rule == Rule::upstream_failed) return expect(row, {TaskState::upstream_failed}, "its trigger rule fails it");
  if (!is_kept_in_part(t)) {  // else its `if` has held for those that a retry has left alone
    const auto holds = condition(t);
    if (!holds) return expect(row, {TaskState::failed}, "its `if` cannot be evaluated");
    if (!*holds) return expect(row, {TaskState::skipped}, "its `if` is false");
  }
  if (run_.dag->spec(t).mapping->kind == Mapping::Kind::none) return judge_attempts(row);
  const auto count = item_count(t);
  if (!count) return expect(row, {TaskState::upstream_failed}, "it cannot be expanded");
  if (*count == 0) return expect(row, {TaskState::skipped}, "it has no items");
  const auto rows = static_cast<std::int64_t>(run_.of_task(t).size());
  if (rows != *count) return fail(row, fmt::format("{} instances for {} items", rows, *count));
  judge_attempts(row);
}

void Judge::judge_hook(const TaskRow& row) {
  const Hook hook = run_.dag->task(row.task_no).hook;
  if (!is_final(run_.row.state)) return fail(row, "a hook has ended and its run has not");
  const bool ok = run_.row.state == RunState::success;
  const bool due = hook == Hook::on_finish || (hook == Hook::on_success) == ok;
  if (!due) return expect(row, {TaskState::skipped}, "it was not due");
  if (row.state == TaskState::skipped && row.reason == Reason::trigger_rule) {
    if (!run_.was_killed) fail(row, "it was due and did not run");  // only a kill passes hooks over
    return;
  }
  judge_attempts(row);
}

std::string Judge::judge(InstanceNo i) {
  const TaskRow& row = run_.at(i);
  if (row.reason == Reason::marked) return {};  // a person's word
  if (run_.dag->task(row.task_no).hook != Hook::none) {
    judge_hook(row);
    return wrong_;
  }
  judge_row(row);
  if (!wrong_.empty() && follows_from_a_mark(run_, row.task_no)) {  // it had begun before that
    wrong_.clear();
    if (row.try_number > 0) judge_attempts(row);  // else it had ended before that without one, and stays so
  }
  return wrong_;
}

std::string Judge::judge_outcome() {
  if (run_.row.reason == Reason::marked) return {};  // a person's word
  bool fails = false;
  for (const TaskRow& row : run_.instances) {
    const Task& task = run_.dag->task(row.task_no);
    if (task.hook != Hook::none) continue;
    const bool counts = !task.spec->allow_failure && (!task.spec->teardown || task.spec->teardown_fails_run);
    const Ends up = ends_of_upstreams(run_, row.task_no);
    // What could not be expanded, and what a retry of others has left behind: nothing else would fail the run for it.
    const bool is_stray = row.state == TaskState::upstream_failed &&
                          (row.reason == Reason::expression || up.failed + up.upstream_failed == 0);
    fails = fails || was_cut(row) || ((row.state == TaskState::failed || is_stray) && counts);
  }
  if (fails != (run_.row.state == RunState::failed)) {
    fail(run_.instances.front(),
         fmt::format("the run is {} and must be {}", to_string(run_.row.state), fails ? "failed" : "success"));
  }
  return wrong_;
}

}  // namespace

std::string judge_end(const DiskRun& run, InstanceNo i, const DagPlan& plan, const Behaviours& behaviours,
                      std::uint64_t seed) {
  return Judge(run, plan, behaviours, seed).judge(i);
}

std::string judge_outcome(const DiskRun& run, const DagPlan& plan, const Behaviours& behaviours, std::uint64_t seed) {
  return Judge(run, plan, behaviours, seed).judge_outcome();
}

}  // namespace baton::sim
