#include "scheduler/control/task_choice.h"

#include "scheduler/json/json_value.h"

namespace baton {
namespace {

constexpr std::size_t kNamesMax = 100;

std::string name_of(const TouchedInstance& instance) {
  if (instance.map_index == kUnmapped) return instance.task_id;
  return instance.task_id + "[" + std::to_string(instance.map_index) + "]";
}

}  // namespace

Result<std::vector<InstanceNo>> instances_of(const DagRun& run, const std::vector<TaskChoice>& choices) {
  std::vector<InstanceNo> out;
  const auto add_all = [&](TaskNo t) {
    for (std::int32_t k = 0; k < run.progress(t).count; ++k) out.push_back(run.instance_of(t, k));
  };
  for (std::size_t t = 0; choices.empty() && t < run.tasks.size(); ++t) {
    if (run.dag->tasks[t].hook == Hook::none) add_all(static_cast<TaskNo>(t));
  }
  for (const TaskChoice& choice : choices) {
    const auto t = run.dag->find(choice.task_id);
    const std::string name = "run \"" + run.row.run_id + "\"";
    if (!t) return Error{name + " has no task \"" + choice.task_id + "\"", ErrorKind::not_found};
    if (!choice.map_index || *choice.map_index == kUnmapped) {
      add_all(*t);
      continue;
    }
    const TaskProgress& p = run.progress(*t);
    if (!p.expanded || *choice.map_index < 0 || *choice.map_index >= p.count) {
      return Error{name + " has no instance " + std::to_string(*choice.map_index) + " of task \"" + choice.task_id + "\"",
                   ErrorKind::not_found};
    }
    out.push_back(run.instance_of(*t, *choice.map_index));
  }
  return out;
}

std::vector<TouchedInstance> describe(const DagRun& run, const std::vector<InstanceNo>& instances) {
  std::vector<TouchedInstance> out;
  out.reserve(instances.size());
  for (const InstanceNo i : instances) {
    const Instance& instance = run.at(i);
    out.push_back({run.dag->task(instance.task_no).id, instance.map_index, instance.state, i});
  }
  std::ranges::stable_sort(out, {}, [&run](const TouchedInstance& one) {  // as every list: by task, then by index
    return std::pair(run.at(one.instance_no).task_no, one.map_index);
  });
  return out;
}

Status check_open_to_change(const DagRun& run, bool is_with_us) {
  const std::string name = "run \"" + run.row.run_id + "\"";
  if (run.row.state == RunState::queued && run.row.begun_at == kNoTime) {
    return Error{name + " waits to begin and has no task instances yet", ErrorKind::conflict};
  }
  if (never_began(run)) {
    return Error{name + " has ended without having begun, and has no task instances; retry it", ErrorKind::conflict};
  }
  if (is_with_us || run.is_finished()) return Unit{};
  return Error{name + " is not run by this process; resume it first", ErrorKind::conflict};
}

std::string as_json(const std::vector<TouchedInstance>& instances) {
  ValueList names;
  for (const TouchedInstance& instance : instances) {
    if (names.size() == kNamesMax) break;
    names.emplace_back(name_of(instance));
  }
  ValueMap out;
  out.emplace_back(Value{std::string{"count"}}, Value{static_cast<std::int64_t>(instances.size())});
  out.emplace_back(Value{std::string{"tasks"}}, Value{std::move(names)});
  return to_json(Value{std::move(out)});
}

}  // namespace baton
