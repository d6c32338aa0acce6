// The pictures of a DAG: the grid of its runs and tasks, and its graph with the place of each task.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <unordered_map>

#include "web/api/answers.h"
#include "web/api/dag_objects.h"
#include "web/api/fields.h"
#include "web/api/list_query.h"
#include "web/api/tick_story.h"
#include "web/api/whole_run.h"

namespace baton::api {

namespace {

using Compiled = std::shared_ptr<const CompiledDag>;

constexpr std::int64_t kGridRuns = 25;

bool is_mapped(const Task& task) {
  return task.spec->mapping->kind != Mapping::Kind::none;
}

std::string_view kind_of(const Task& task) {
  if (task.hook != Hook::none) return "hook";
  if (task.spec->setup) return "setup";
  if (task.spec->teardown) return "teardown";
  return task.spec->kind == TaskKind::sensor ? "sensor" : "task";
}

void task_fields(JsonObject& out, const Task& task) {
  out.text("task_id", task.id);
  out.text("task_display_name", task.id);
  text_field(out, "group", *task.spec->group);
  bool_field(out, "is_mapped", is_mapped(task));
}

/// `"success"`, null for none.
void append_state(std::string& out, TaskState state) {
  if (state == TaskState::none) {
    out += "null";
  } else {
    append_json_string(out, to_string(state));
  }
}

using Counts = std::array<std::int32_t, kTaskStateCount>;

/// `{"success":3,"none":1}`
void append_counts(std::string& out, const Counts& counts) {
  JsonObject one(out);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts.at(i) > 0) one.number(to_string(static_cast<TaskState>(i)), counts.at(i));
  }
}

// ---- the grid ----

/// The rows of a grid: the tasks of the newest version as a reader takes them, then those that only older ones have.
class GridRows {
 public:
  void add(const Compiled& version) {
    if (!version) return;
    const Dag& dag = version->dag();
    std::vector<std::size_t>& rows = rows_of_[version.get()];
    if (!rows.empty()) return;
    rows.resize(dag.tasks.size());
    std::vector<TaskNo> order = dag.topological;
    for (std::size_t t = 0; t < dag.tasks.size(); ++t) {
      if (dag.tasks[t].hook != Hook::none) order.push_back(static_cast<TaskNo>(t));
    }
    for (const TaskNo t : order) {
      const Task& task = dag.task(t);
      const auto [known, is_new] = by_id_.try_emplace(task.id, tasks_.size());
      if (is_new) tasks_.push_back(&task);
      rows[static_cast<std::size_t>(t)] = known->second;
    }
  }

  void append(std::string& out) const {
    append_json_array(out, tasks_, [](std::string& o, const Task* task) {
      JsonObject one(o);
      task_fields(one, *task);
    });
  }

  /// One for each row: null, a state, or how many stand in each.
  void append_cells(std::string& out, const Compiled& version, const std::vector<GridCell>& cells) const {
    struct Cell {
      bool is_there = false, is_mapped = false;
      TaskState state = TaskState::none;
      Counts counts{};
    };
    std::vector<Cell> row(tasks_.size());
    if (version) {
      const std::vector<std::size_t>& rows = rows_of_.at(version.get());
      for (const GridCell& cell : cells) {
        if (static_cast<std::size_t>(cell.task_no) >= rows.size()) continue;
        Cell& own = row[rows[static_cast<std::size_t>(cell.task_no)]];
        own.is_there = true;
        own.is_mapped = is_mapped(version->dag().task(cell.task_no));
        own.state = cell.state;
        ++own.counts.at(static_cast<std::size_t>(cell.state));
      }
    }
    append_json_array(out, row, [](std::string& o, const Cell& cell) {
      if (cell.is_mapped) {
        append_counts(o, cell.counts);
      } else {
        append_state(o, cell.state);
      }
    });
  }

 private:
  std::vector<const Task*> tasks_;
  std::unordered_map<std::string, std::size_t> by_id_;
  std::unordered_map<const CompiledDag*, std::vector<std::size_t>> rows_of_;  // by TaskNo
};

void append_grid_run(std::string& out, const GridColumn& column, const Compiled& version, const GridRows& rows) {
  const RunRow& run = column.run.row;
  JsonObject one(out);
  one.text("dag_run_id", run.run_id);
  one.text("state", to_string(run.state));
  text_field(one, "state_reason", run.reason == Reason::none ? std::string_view() : run_reason_name(run.reason));
  one.text("run_type", to_string(run.type));
  time_field(one, "logical_date", run.logical_date);
  time_field(one, "run_after", run.run_after == kNoTime ? run.queued_at : run.run_after);
  time_field(one, "start_date", run.started_at);
  time_field(one, "end_date", run.ended_at);
  rows.append_cells(one.member("cells"), version, column.cells);
}

constexpr std::int64_t kGridTicks = 100;

WallUs due_of(const RunRow& run) {
  return run.run_after == kNoTime ? run.queued_at : run.run_after;
}

/// Ticks that made no run, of the time that the columns show: from the first of them on, where older runs may be beyond
/// it, and up to where the page before begins.
Result<TickPage> grid_ticks(Reader& reader, const std::string& dag_id, const std::vector<GridColumn>& columns,
                            bool has_older, RunNo before) {
  TickQuery query;
  query.dag_id = dag_id;
  query.page.limit = kGridTicks;
  query.page.with_total = false;
  if (has_older && !columns.empty()) {
    WallUs first = due_of(columns.front().run.row);
    for (const GridColumn& column : columns) first = std::min(first, due_of(column.run.row));
    query.due.at_least = first;
  }
  if (before != 0) {
    const auto later = reader.run(before);
    if (!later) return later.error();
    query.due.below = due_of(later->row);
  }
  return reader.list_ticks(query);
}

void append_grid_tick(std::string& out, const TickView& tick) {
  JsonObject one(out);
  tick_fields(one, tick);
}

http::Response grid(const Call& call) {
  auto lease = call.services.readers->take_together();
  if (!lease) return read_error(lease.error(), call);
  Reader& reader = **lease;
  const auto dag = dag_of_path(reader, call);
  if (!dag) return read_error(dag.error(), call);
  RunNo before = 0;
  if (const auto run_id = call.request.query_value("before")) {
    const auto found = run_no_named(reader, dag->dag_id, std::string(*run_id));
    if (!found) return read_error(found.error(), call);
    before = *found;
  }
  auto limit = call.request.query_value("runs");
  if (!limit) limit = call.request.query_value("limit");  // the same by the name that lists have for it
  const std::int64_t runs = limit ? std::atoll(std::string(*limit).c_str()) : kGridRuns;
  const auto info = reader.info();  // before what is shown: a tag may be older than the answer, never newer
  if (!info) return read_error(info.error(), call);
  auto columns = reader.grid(dag->dag_id, runs, before);
  if (!columns) return read_error(columns.error(), call);
  std::ranges::reverse(*columns);  // the newest first
  const bool has_older = static_cast<std::int64_t>(columns->size()) >= runs;
  const auto ticks = grid_ticks(reader, dag->dag_id, *columns, has_older, before);
  if (!ticks) return read_error(ticks.error(), call);

  const bool with_dag = flag(call.request, "dag_details").value_or(false);
  const auto versions_of_dag = with_dag ? reader.list_versions(dag->dag_id) : std::vector<VersionView>{};
  if (!versions_of_dag) return read_error(versions_of_dag.error(), call);
  GridRows rows;
  if (!dag->latest_version.empty()) {
    // One that does not read keeps no others from being shown.
    if (const auto latest = call.services.dags->get(reader, dag->dag_id, dag->latest_version)) rows.add(*latest);
  }
  std::map<std::string, Compiled> versions;  // null: it does not read, and its runs show no cells
  for (const GridColumn& column : *columns) {
    const auto [known, is_new] = versions.try_emplace(column.run.row.dag_version);
    if (!is_new) continue;
    if (auto found = call.services.dags->get(reader, dag->dag_id, known->first)) known->second = std::move(*found);
    rows.add(known->second);
  }
  std::string body;
  {
    JsonObject one(body);
    rows.append(one.member("tasks"));
    append_json_array(one.member("runs"), *columns, [&](std::string& out, const GridColumn& column) {
      append_grid_run(out, column, versions.at(column.run.row.dag_version), rows);
    });
    append_json_array(one.member("ticks"), ticks->rows, append_grid_tick);
    std::int64_t total = 0;
    for (const std::int64_t count : dag->runs_by_state) total += count;
    one.number("total_entries", total);
    if (with_dag) append_dag_details(one.member("dag"), *dag, known_of(reader, *dag, call), *versions_of_dag);
  }
  return list_response(std::move(body), info->seq, call);
}

// ---- the graph ----

/// The states of a run by task: those of a mapped one together.
class RunStates {
 public:
  RunStates(const Dag& dag, const std::vector<InstanceView>& instances) : counts_(dag.tasks.size()) {
    for (const InstanceView& instance : instances) {
      const auto t = static_cast<std::size_t>(instance.row.task_no);
      if (t < counts_.size()) ++counts_[t].at(static_cast<std::size_t>(instance.row.state));
    }
  }
  void append(JsonObject& out, std::size_t task_no, bool is_mapped) const {
    const Counts& counts = counts_[task_no];
    if (is_mapped) return append_counts(out.member("states"), counts);
    const auto state = std::ranges::find_if(counts, [](std::int32_t count) { return count > 0; }) - counts.begin();
    append_state(out.member("state"), state == kTaskStateCount ? TaskState::none : static_cast<TaskState>(state));
  }

 private:
  std::vector<Counts> counts_;
};

void box_fields(JsonObject& out, const insight::LayoutBox& box) {
  out.number("x", box.x);
  out.number("y", box.y);
  out.number("width", box.width);
  out.number("height", box.height);
}

std::string graph_body(const CompiledDag& compiled, const RunStates* states) {
  const Dag& dag = compiled.dag();
  const auto& [layout, edges] = compiled.layout();
  std::string out;
  JsonObject one(out);
  one.number("width", layout.width);
  one.number("height", layout.height);
  std::string& nodes = one.member("nodes") += '[';
  for (std::size_t t = 0; t < dag.tasks.size(); ++t) {
    if (t > 0) nodes += ',';
    JsonObject node(nodes);
    task_fields(node, dag.tasks[t]);
    node.text("kind", kind_of(dag.tasks[t]));
    box_fields(node, layout.nodes[t]);
    if (states != nullptr) states->append(node, t, is_mapped(dag.tasks[t]));
  }
  nodes += ']';
  std::string& links = one.member("edges") += '[';
  for (std::size_t e = 0; e < edges.size(); ++e) {
    if (e > 0) links += ',';
    JsonObject edge(links);
    edge.text("from", dag.task(edges[e].first).id);
    edge.text("to", dag.task(edges[e].second).id);
    append_json_array(edge.member("points"), layout.edges[e], [](std::string& o, const insight::LayoutPoint& point) {
      o.append("[").append(std::to_string(point.x)).append(",").append(std::to_string(point.y)) += ']';
    });
  }
  links += ']';
  append_json_array(one.member("groups"), layout.groups, [](std::string& o, const insight::LayoutGroup& group) {
    JsonObject box(o);
    box.text("group", group.id);
    box_fields(box, group.box);
  });
  return out;
}

http::Response dag_graph(const Call& call) {
  auto lease = call.services.readers->take_together();
  if (!lease) return read_error(lease.error(), call);
  const auto dag = dag_of_path(**lease, call);
  if (!dag) return read_error(dag.error(), call);
  const auto compiled = call.services.dags->get(**lease, dag->dag_id, dag->latest_version);
  if (!compiled) return read_error(compiled.error(), call);
  http::Response response = json_response(graph_body(**compiled, nullptr));
  response.etag = dag->latest_version;
  return response;
}

http::Response run_graph(const Call& call) {
  auto lease = call.services.readers->take_together();
  if (!lease) return read_error(lease.error(), call);
  const auto whole = whole_run_of_path(**lease, call);
  if (!whole) return read_error(whole.error(), call);
  const RunStates states(whole->compiled->dag(), whole->instances);
  return list_response(graph_body(*whole->compiled, &states), whole->seq, call);
}

}  // namespace

void add_pictures(Operations& operations) {
  operations.at_once["get_dag_grid"] = grid;
  operations.at_once["get_dag_graph"] = dag_graph;
  operations.at_once["get_dag_run_graph"] = run_graph;
}

}  // namespace baton::api
