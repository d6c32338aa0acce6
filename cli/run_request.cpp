#include "cli/run_request.h"

#include <algorithm>

#include "cli/interval.h"
#include "scheduler/dagfile/calendars.h"
#include "scheduler/host/task_selection.h"

namespace baton::cli {
namespace {

bool runs_here(TaskKind kind) {
  switch (kind) {
    case TaskKind::run:
    case TaskKind::exec:
    case TaskKind::sensor:
    case TaskKind::checks:
    case TaskKind::approval:
    case TaskKind::http:
    case TaskKind::sql:
    case TaskKind::noop: return true;
    case TaskKind::trigger_dag: return false;
  }
  return false;
}

std::string line_of(const std::string& source, std::uint32_t line) {
  std::size_t begin = 0;
  for (std::uint32_t i = 1; i < line && begin != std::string::npos; ++i) {
    begin = source.find('\n', begin);
    if (begin != std::string::npos) ++begin;
  }
  if (begin == std::string::npos || begin >= source.size()) return {};
  return source.substr(begin, source.find('\n', begin) - begin);
}

Diagnostic refusal(const LoadedDag& loaded, const Task& task, const std::string& what, const std::string& hint) {
  Diagnostic d;
  d.file = loaded.dag->source_file;
  d.line = d.end_line = std::max<std::uint32_t>(1, task.line);
  d.source_line = line_of(loaded.source, d.line);
  const std::size_t at = d.source_line.find_first_not_of(' ');
  d.column = at == std::string::npos ? 1 : static_cast<std::uint32_t>(at) + 1;
  d.end_column = d.column + static_cast<std::uint32_t>(task.id.size());
  d.rule = "not-here";
  d.message = "task \"" + task.id + "\" " + what + ", which `baton run` cannot do";
  d.hint = hint;
  return d;
}

}  // namespace

Result<timetable::Timetable> timetable_of(const LoadedDag& loaded) {
  if (!loaded.dag->schedule) return timetable::Timetable();
  std::vector<timetable::Calendar> calendars = dagfile::calendars_from_json(loaded.dag->calendars_json);
  for (timetable::Calendar& calendar : dagfile::calendars_from_json(loaded.config.calendars_json)) {
    const bool known = std::ranges::any_of(calendars, [&](const auto& own) { return own.name == calendar.name; });
    if (!known) calendars.push_back(std::move(calendar));
  }
  return timetable::Timetable::build(*loaded.dag->schedule, loaded.dag->id, calendars);
}

Result<timetable::Interval> interval_of(const LoadedDag& loaded, const Arguments& arguments, WallUs now) {
  const Result<timetable::Timetable> timetable = timetable_of(loaded);
  if (!timetable) return timetable.error();
  if (arguments.has("interval")) return parse_interval(arguments.value("interval"), *loaded.dag, *timetable);
  if (const std::optional<timetable::Tick> last = timetable->prev_tick(now + 1)) return last->data_interval;
  const WallUs second = now - now % kSecond;
  return timetable::Interval{second, second};
}

Result<Labels> labels_of(const Arguments& arguments) {
  Labels labels;
  for (const std::string& text : arguments.values("label")) {
    auto label = read_label(text);
    if (!label) return Error{"--label: " + label.error().message, ErrorKind::invalid};
    put_label(labels, std::move(label->first), std::move(label->second));
  }
  if (labels.size() > kLabelsMax) {
    return Error{"--label: a run has at most " + std::to_string(kLabelsMax) + " labels", ErrorKind::invalid};
  }
  return labels;
}

Result<std::vector<bool>> selection_of(const Dag& dag, const std::vector<std::string>& names) {
  Result<std::vector<bool>> selected = select_tasks(dag, names);
  if (selected) return selected;
  return Error{"--task: " + selected.error().message, selected.error().kind};
}

std::vector<Diagnostic> refusals(const LoadedDag& loaded, const std::vector<bool>& selected) {
  std::vector<Diagnostic> out;
  for (std::size_t t = 0; t < loaded.dag->tasks.size(); ++t) {
    const Task& task = loaded.dag->tasks[t];
    if (!selected[t]) continue;
    if (!runs_here(task.spec->kind)) {
      out.push_back(refusal(loaded, task, "is of kind " + std::string(to_string(task.spec->kind)),
                            "leave it out with --task, or write it as `run`"));
    }
    if (task.spec->executor) {
      out.push_back(refusal(loaded, task, "wants the executor " + *task.spec->executor,
                            "leave it out with --task, or say `executor: local`"));
    }
  }
  return out;
}

std::string left_out(const Dag& dag) {
  std::vector<std::string> parts;
  const auto add = [&](bool is_set, const char* name) {
    if (is_set) parts.emplace_back(name);
  };
  const auto any_task = [&](auto has) {
    return std::ranges::any_of(dag.tasks, [&](const Task& t) { return has(*t.spec); });
  };
  add(dag.schedule != nullptr, "schedule");
  add(!dag.alerts_json.empty() && dag.alerts_json != "[]", "alerts");
  add(dag.sla.is_set() || any_task([](const TaskSpec& s) { return s.expected->sla.is_set(); }), "sla");
  add(dag.max_active_runs > 0 || dag.max_consecutive_failed_runs > 0, "limits across runs");
  add(any_task([](const TaskSpec& s) { return s.depends_on_past; }), "depends_on_past");
  add(any_task([](const TaskSpec& s) { return !s.worker_labels.empty(); }), "worker labels");
  if (parts.empty()) return {};
  std::string out = "this run leaves out what belongs to the service: ";
  for (std::size_t i = 0; i < parts.size(); ++i) out += (i == 0 ? "" : ", ") + parts[i];
  return out;
}

}  // namespace baton::cli
