#include "scheduler/insight/plan.h"

#include "scheduler/engine/body.h"
#include "scheduler/engine/dag_run.h"
#include "scheduler/engine/expand.h"
#include "scheduler/engine/render.h"
#include "scheduler/engine/run_names.h"
#include "scheduler/json/json_value.h"

namespace baton::insight {
namespace {

/// A run in memory that nobody will carry out, for the names of expressions.
DagRun imagined_run(const std::shared_ptr<const Dag>& dag, const Value& params, timetable::Interval interval) {
  RunRow row;
  row.dag_id = dag->id;
  row.run_id = "manual__dry_run";
  row.interval_start = interval.start;
  row.interval_end = interval.end;
  return make_run(std::move(row), dag, params, Moment{}, {});
}

std::string source_of(const TaskSpec& spec) {
  switch (spec.kind) {
    case TaskKind::run: return spec.script.source;
    case TaskKind::exec: {
      std::string out;
      for (const Text& word : spec.argv) out += (out.empty() ? "" : " ") + word.source;
      return out;
    }
    case TaskKind::sensor:
      switch (spec.sensor->kind) {
        case Sensor::Kind::file: return "file " + spec.sensor->file.source;
        case Sensor::Kind::time: return "time " + spec.sensor->time.source;
        case Sensor::Kind::run: return spec.sensor->run.source;
        case Sensor::Kind::http: return "http " + spec.sensor->http.json;
        case Sensor::Kind::asset: return "asset " + spec.sensor->asset;
      }
      return "";
    case TaskKind::noop: return "";
    case TaskKind::http:
    case TaskKind::sql:
    case TaskKind::checks:
    case TaskKind::approval:
    case TaskKind::trigger_dag: return std::string(to_string(spec.kind)) + " " + spec.body->json;
  }
  return "";
}

/// The kind and its body as JSON, secrets by their names.
Result<std::string> rendered_body(std::string_view kind, const TaskBody& body, const expr::Names& names) {
  const Result<Value> value = evaluated(body, names);
  if (!value) return value.error();
  return std::string(kind) + " " + to_json(*value);
}

Result<std::string> rendered(const TaskSpec& spec, const expr::Names& names) {
  switch (spec.kind) {
    case TaskKind::run: return text_of(spec.script, names);
    case TaskKind::exec: {
      std::string out;
      for (const Text& word : spec.argv) {
        Result<std::string> one = text_of(word, names);
        if (!one) return one;
        out += (out.empty() ? "" : " ") + *one;
      }
      return out;
    }
    case TaskKind::sensor:
      switch (spec.sensor->kind) {
        case Sensor::Kind::file: {
          Result<std::string> path = text_of(spec.sensor->file, names);
          if (!path) return path;
          return "file " + *path;
        }
        case Sensor::Kind::time: return "time " + spec.sensor->time.source;
        case Sensor::Kind::run: return text_of(spec.sensor->run, names);
        case Sensor::Kind::http: return rendered_body("http", spec.sensor->http, names);
        case Sensor::Kind::asset: return "asset " + spec.sensor->asset;
      }
      return std::string();
    case TaskKind::noop: return std::string();
    case TaskKind::http:
    case TaskKind::sql:
    case TaskKind::checks:
    case TaskKind::approval:
    case TaskKind::trigger_dag: return rendered_body(to_string(spec.kind), spec.body, names);
  }
  return std::string();
}

PlanRow row_of(const DagRun& run, const Dag& dag, TaskNo t, std::int32_t instances_max) {
  PlanRow row;
  row.task_no = t;
  const TaskSpec& spec = dag.spec(t);
  if (spec.mapping->kind != Mapping::Kind::none) {
    const Result<std::vector<MappedItem>> items = expand(run, t, instances_max);
    row.instances = items ? static_cast<std::int64_t>(items->size()) : -1;
  }
  const Result<std::string> command = rendered(spec, RunNames(run, t, -1));
  row.is_rendered = command.ok();
  row.command = command ? *command : source_of(spec);
  return row;
}

}  // namespace

std::vector<PlanRow> plan(const std::shared_ptr<const Dag>& dag, const Value& params, timetable::Interval interval,
                          const std::vector<bool>& selected, std::int32_t instances_max) {
  const DagRun run = imagined_run(dag, params, interval);
  std::vector<PlanRow> out;
  for (const TaskNo t : dag->topological) {
    if (selected[static_cast<std::size_t>(t)]) out.push_back(row_of(run, *dag, t, instances_max));
  }
  for (std::size_t t = 0; t < dag->tasks.size(); ++t) {
    if (dag->tasks[t].hook != Hook::none) out.push_back(row_of(run, *dag, static_cast<TaskNo>(t), instances_max));
  }
  return out;
}

}  // namespace baton::insight
