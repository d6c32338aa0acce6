#include "web/api/waiting_instances.h"

#include <algorithm>

#include "scheduler/digest/derived_uuid.h"
#include "web/api/answers.h"
#include "web/api/compiled_dags.h"
#include "web/api/list_query.h"

namespace baton::api {

namespace {

InstanceView waiting_view(const RunView& run, const Task& task, TaskNo t, const std::string& store_id) {
  const TaskSpec& spec = *task.spec;
  InstanceView view;
  view.row.run_no = run.row.run_no;
  view.row.instance_no = static_cast<InstanceNo>(t);
  view.row.task_no = t;
  view.dag_id = run.row.dag_id;
  view.run_id = run.row.run_id;
  view.task_id = task.id;
  view.group = *spec.group;
  if (!spec.pools->empty()) {
    view.pool = spec.pools->front().name;
    view.pool_slots = spec.pools->front().slots;
  }
  view.priority = spec.priority;
  view.max_tries = 1 + spec.retries->max;
  view.kind = spec.kind;
  view.hook = task.hook;
  view.is_mapped = spec.mapping->kind != Mapping::Kind::none;
  view.version_number = run.version_number;
  view.logical_date = run.row.logical_date;
  view.run_after = run.row.run_after == kNoTime ? run.row.queued_at : run.row.run_after;
  view.interval_start = run.row.interval_start;
  view.interval_end = run.row.interval_end;
  view.uuid = derived_uuid(store_id, "ti/" + std::to_string(run.row.run_no) + '/' + std::to_string(t));
  return view;
}

template <typename Of>
bool is_one_of(const std::vector<Of>& wanted, const Of& one) {
  return wanted.empty() || std::ranges::find(wanted, one) != wanted.end();
}

/// None of them has begun, ended or waited for anything: who asks for such asks for none of these.
bool fits(const InstanceView& view, const InstanceFilter& filter) {
  const bool asks_for_past = !filter.started_at.is_open() || !filter.ended_at.is_open() ||
                             !filter.updated_at.is_open() || !filter.duration.is_open() || !filter.executors.empty();
  return !asks_for_past && is_one_of(filter.task_ids, view.task_id) && is_one_of(filter.groups, view.group) &&
         is_one_of(filter.pools, view.pool) && is_one_of(filter.map_indexes, view.row.map_index) &&
         is_one_of(filter.try_numbers, view.row.try_number) && is_one_of(filter.states, view.row.state) &&
         is_one_of(filter.kinds, view.kind) && matches(view.task_id, filter.task_id) &&
         matches(view.row.map_key, filter.map_key) && matches(view.pool, filter.pool);
}

}  // namespace

Result<std::vector<InstanceView>> waiting_instances(Reader& reader, RunNo run_no, const Call& call) {
  std::vector<InstanceView> out;
  const auto run = reader.run(run_no);
  if (!run) return run.error();
  if (run->row.state != RunState::queued || run->row.begun_at != kNoTime) return out;
  const auto info = reader.info();
  if (!info) return info.error();
  const auto compiled = call.services.dags->get(reader, run->row.dag_id, run->row.dag_version);
  if (!compiled) return compiled.error();
  const Dag& dag = (*compiled)->dag();
  for (std::size_t t = 0; t < dag.tasks.size(); ++t) {
    out.push_back(waiting_view(*run, dag.tasks[t], static_cast<TaskNo>(t), info->store_id));
  }
  return out;
}

/// What tells them apart is their task alone: any order is that of the file, or of their ids.
InstancePage page_of_waiting(std::vector<InstanceView> all, const InstanceQuery& query) {
  std::erase_if(all, [&](const InstanceView& view) { return !fits(view, query.filter); });
  if (!query.order.empty()) {
    if (query.order.front().field == InstanceField::task_id) std::ranges::stable_sort(all, {}, &InstanceView::task_id);
    if (query.order.front().descending) std::ranges::reverse(all);
  }
  InstancePage page;
  page.total = static_cast<std::int64_t>(all.size());
  page.rows = rows_of_page(all, query.page);
  return page;
}

Result<InstanceView> found_or_waiting(Reader& reader, const Call& call) {
  auto found = instance_of_path(reader, call.request);
  if (found || found.error().kind != ErrorKind::not_found) return found;
  const auto run_no = run_of_path(reader, call.request);
  if (!run_no) return run_no.error();
  auto waiting = waiting_instances(reader, *run_no, call);
  if (!waiting) return waiting.error();
  const std::string index = call.request.param("map_index");
  for (InstanceView& one : *waiting) {
    if (one.task_id != call.request.param("task_id")) continue;
    if (index.empty() || std::to_string(one.row.map_index) == index) return std::move(one);
  }
  return found;
}

}  // namespace baton::api
