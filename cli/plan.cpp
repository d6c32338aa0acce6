#include "cli/plan.h"

#include <algorithm>

#include "cli/display/tree_layout.h"
#include "cli/reading.h"
#include "cli/text/clock_text.h"
#include "cli/text/display_width.h"
#include "cli/text/document_text.h"
#include "cli/text/table.h"
#include "scheduler/json/json_value.h"

namespace baton::cli {
namespace {

using text::Ink;

constexpr std::size_t kTreeTasksMax = 500;

std::string first_line(const std::string& command) {
  std::size_t begin = command.find_first_not_of(" \n");
  if (begin == std::string::npos) return {};
  const std::size_t end = command.find('\n', begin);
  std::string line = text::printable(command.substr(begin, end == std::string::npos ? end : end - begin));
  if (end != std::string::npos && command.find_first_not_of(" \n", end) != std::string::npos) line += " …";
  return line;
}

}  // namespace

std::vector<PlanRow> plan_of(const LoadedDag& loaded, const Value& params, timetable::Interval interval,
                             const std::vector<bool>& selected) {
  return insight::plan(loaded.dag, params, interval, selected, loaded.config.max_instances);
}

Value plan_object(const LoadedDag& loaded, const Value& params, timetable::Interval interval,
                  const std::vector<PlanRow>& rows) {
  const Dag& dag = *loaded.dag;
  ValueList tasks;
  for (const PlanRow& row : rows) {
    ValueList upstreams;
    for (const TaskNo u : dag.upstream.of(row.task_no)) upstreams.emplace_back(dag.task(u).id);
    tasks.push_back(text::Object()
                        .set("task_id", dag.task(row.task_no).id)
                        .set("operator", to_string(dag.spec(row.task_no).kind))
                        .set("upstream_task_ids", std::move(upstreams))
                        .set("trigger_rule", to_string(dag.spec(row.task_no).trigger_rule))
                        .set("is_mapped", dag.spec(row.task_no).mapping->kind != Mapping::Kind::none)
                        .set("instances", row.instances < 0 ? Value() : Value(row.instances))
                        .set("command", row.command.empty() ? Value() : Value(row.command))
                        .set("is_rendered", row.is_rendered)
                        .take());
  }
  const auto total = static_cast<std::int64_t>(tasks.size());
  return text::Object()
      .set("dag_id", dag.id)
      .set("version", dag.version)
      .set("data_interval_start", text::json_time(interval.start))
      .set("data_interval_end", text::json_time(interval.end))
      .set("conf", params)
      .set("tasks", std::move(tasks))
      .set("total_entries", total)
      .take();
}

std::string plan_text(const LoadedDag& loaded, const Value& params, timetable::Interval interval,
                      const std::vector<PlanRow>& rows, const text::Style& style, std::size_t columns) {
  const Dag& dag = *loaded.dag;
  std::string out = style.paint(Ink::bold, dag.id) + "  would run " + std::to_string(rows.size()) +
                    (rows.size() == 1 ? " task" : " tasks") + "\n";
  text::Table facts({{""}, {"", false, true, 20}});
  facts.add({style.paint(Ink::dim, "interval"), text::utc_time(interval.start) + " / " + text::utc_time(interval.end)});
  if (!params.as_map().empty()) facts.add({style.paint(Ink::dim, "params"), text::printable(to_json(params))});
  out += facts.render(style, columns, "  ") + "\n";

  std::vector<std::string> leads(dag.tasks.size());
  std::vector<std::size_t> place(dag.tasks.size(), 0);
  std::vector<PlanRow> ordered = rows;
  if (dag.tasks.size() <= kTreeTasksMax) {
    const std::vector<display::TreeRow> tree = display::tree_layout(dag, style.unicode);
    for (std::size_t i = 0; i < tree.size(); ++i) {
      leads[static_cast<std::size_t>(tree[i].task_no)] = tree[i].lead;
      place[static_cast<std::size_t>(tree[i].task_no)] = i;
    }
    std::ranges::stable_sort(ordered, {}, [&](const PlanRow& r) { return place[static_cast<std::size_t>(r.task_no)]; });
  }
  text::Table table({{"TASK", false, true, 16}, {"KIND"}, {"TIMES", true}, {"WHAT", false, true, 20}});
  for (const PlanRow& row : ordered) {
    const Task& task = dag.task(row.task_no);
    std::string times;
    if (task.spec->mapping->kind != Mapping::Kind::none)
      times = row.instances < 0 ? "?" : "x" + text::grouped(row.instances);
    table.add({style.paint(Ink::dim, leads[static_cast<std::size_t>(row.task_no)]) + task.id,
               std::string(to_string(task.spec->kind)), times,
               row.is_rendered ? first_line(row.command) : style.paint(Ink::dim, first_line(row.command))});
  }
  return out + table.render(style, columns, "  ");
}

}  // namespace baton::cli
