// What a person says of task instances: that they have succeeded or failed, and notes. Answered with what was touched.
#include <algorithm>
#include <cstdlib>
#include <optional>

#include "scheduler/control/idempotency.h"
#include "scheduler/json/json_value.h"
#include "web/api/answers.h"
#include "web/api/condition.h"
#include "web/api/list_query.h"
#include "web/api/fields.h"
#include "web/api/many_changes.h"
#include "web/api/patches.h"
#include "web/api/run_choice.h"

namespace baton::api {

namespace {

/// What the request wants, as far as `update_mask` lets it.
struct Wish {
  std::string state;
  std::optional<std::string> note;
  bool upstream = false, downstream = false, past = false, future = false;
};

Wish wish_of(const Call& call) {
  const std::vector<std::string> mask = words(call.request, "update_mask");
  const auto is_meant = [&](std::string_view name) {
    return mask.empty() || std::find(mask.begin(), mask.end(), name) != mask.end();
  };
  Wish wish;
  if (is_meant("new_state")) wish.state = call.text("new_state");
  if (is_meant("note")) wish.note = call.text_if_given("note");
  wish.upstream = call.flag("include_upstream", false);
  wish.downstream = call.flag("include_downstream", false);
  wish.past = call.flag("include_past", false);
  wish.future = call.flag("include_future", false);
  return wish;
}

std::optional<std::int32_t> index_of(const http::Request& request) {
  const std::string in_path = request.param("map_index");
  const std::string text = in_path.empty() ? std::string(request.query_value("map_index").value_or("")) : in_path;
  if (text.empty()) return std::nullopt;
  return static_cast<std::int32_t>(std::strtol(text.c_str(), nullptr, 10));
}

/// The instances that the path names: of a mapped task without its index, all of them. not_found: there are none;
/// conflict: the run waits to begin, and its tasks are nothing yet that somebody could speak of.
Result<std::vector<InstanceView>> named(Reader& reader, const RunRow& run, const std::string& task_id,
                                        std::optional<std::int32_t> index) {
  InstanceQuery query;
  query.filter.run_no = run.run_no;
  query.filter.task_ids = {task_id};
  if (index) query.filter.map_indexes = {*index};
  query.page.limit = 10'000;
  query.page.with_total = false;
  auto page = reader.list_instances(query);
  if (!page) return page.error();
  if (page->rows.empty() && run.state == RunState::queued && run.begun_at == kNoTime) {
    return Error{"run \"" + run.run_id + "\" waits to begin and has no task instances yet", ErrorKind::conflict};
  }
  if (page->rows.empty()) {
    return Error{"there is no such instance of the task \"" + task_id + "\" in this run", ErrorKind::not_found};
  }
  return std::move(page->rows);
}

ChangeAsk mark(const RunRow& run, std::vector<TaskChoice> tasks, const Wish& wish, bool is_dry) {
  MarkTasks what;
  what.run_no = run.run_no;
  what.tasks = std::move(tasks);
  what.state = wish.state == "success" ? TaskState::success
               : wish.state == "failed" ? TaskState::failed
                                        : TaskState::skipped;
  what.include_upstream = wish.upstream;
  what.include_downstream = wish.downstream;
  what.dry_run = is_dry;
  what.note = wish.note;
  return {std::move(what), ""};
}

ChangeAsk note_on(const RunRow& run, const std::vector<InstanceView>& instances, const std::string& note) {
  WriteRecords what;
  for (const InstanceView& one : instances) what.rows.notes.push_back({run.run_no, one.row.instance_no, note});
  what.audit.action = "note";
  what.audit.dag_id = run.dag_id;
  what.audit.run_id = run.run_id;
  what.audit.task_id = instances.front().task_id;
  if (instances.size() == 1) what.audit.map_index = instances.front().row.map_index;
  what.audit.before_json = to_json(Value(instances.front().user_note));
  what.audit.after_json = to_json(Value(note));
  std::vector<InstanceNo> numbers;
  for (const InstanceView& one : instances) numbers.push_back(one.row.instance_no);
  what.object = run_object(run.run_no, numbers);
  return {std::move(what), ""};
}

}  // namespace

Result<ChangeAsk> patch_of_instance(Reader& reader, const RunRow& run, const std::string& task_id,
                                    const Value& entity) {
  const auto is_set = [&](const char* name) {
    const Value* found = entity.find(name);
    return found != nullptr && found->type() == ValueType::boolean && found->as_bool();
  };
  if (is_set("include_past") || is_set("include_future")) {
    return Error{"include_past and include_future mean other runs: patch the task instance by itself"};
  }
  Wish wish;
  wish.state = text_member(entity, "new_state");
  const Value* note = entity.find("note");
  if (note != nullptr && note->type() == ValueType::string) wish.note = note->as_string();
  wish.upstream = is_set("include_upstream");
  wish.downstream = is_set("include_downstream");
  const Value* number = entity.find("map_index");
  const bool is_one = number != nullptr && number->type() == ValueType::integer;
  const auto index = is_one ? std::optional(static_cast<std::int32_t>(number->as_int())) : std::nullopt;
  const auto instances = named(reader, run, task_id, index);
  if (!instances) return instances.error();
  if (!wish.state.empty()) return mark(run, {{task_id, index}}, wish, false);
  if (wish.note) return note_on(run, *instances, *wish.note);
  return Error{"the entity changes nothing: give it a new_state or a note"};
}

namespace {

/// What was named, and beside it what was touched: each once.
using Shown = std::vector<std::pair<RunNo, std::vector<InstanceNo>>>;

void answer_with(const Call& call, const http::Reply& reply, Shown shown, const Result<std::vector<Changed>>& done) {
  if (!done) return reply.send(http::error_response(done.error(), &call.request));
  for (const Changed& one : *done) {
    if (one.run_no == 0) continue;
    auto at = std::find_if(shown.begin(), shown.end(), [&](const auto& run) { return run.first == one.run_no; });
    if (at == shown.end()) at = shown.insert(shown.end(), {one.run_no, {}});
    for (const TouchedInstance& instance : one.instances) at->second.push_back(instance.instance_no);
  }
  reply.later([call, shown = std::move(shown)]() -> http::Response {
    auto reader = call.services.readers->take();
    if (!reader) return read_error(reader.error(), call);
    return instances_response(**reader, shown, call);
  });
}

void patch_instances(const Call& call, const http::Reply& reply, bool is_dry) {
  const Wish wish = wish_of(call);
  const std::string& task_id = call.request.param("task_id");
  const auto index = index_of(call.request);
  Call kept = call;
  Shown shown;
  std::vector<ChangeAsk> asks;
  {
    auto reader = call.services.readers->take();
    if (!reader) return reply.send(read_error(reader.error(), call));
    const auto run = run_named(**reader, call.request.param("dag_id"), call.request.param("dag_run_id"));
    if (!run) return reply.send(read_error(run.error(), call));
    const auto instances = named(**reader, *run, task_id, index);
    if (!instances) return reply.send(read_error(instances.error(), call));
    const std::string object = run_object(run->run_no, {instances->front().row.instance_no});
    if (auto refused = check_match(kept, object, instances->front().row.seq)) return reply.send(std::move(*refused));
    if (!is_dry) {
      shown.emplace_back(run->run_no, std::vector<InstanceNo>());
      for (const InstanceView& one : *instances) shown.front().second.push_back(one.row.instance_no);
    }
    if (wish.state.empty() && wish.note && !is_dry) asks.push_back(note_on(*run, *instances, *wish.note));
    if (!wish.state.empty()) {
      const auto runs = runs_around(**reader, *run, wish.past, wish.future);
      if (!runs) return reply.send(http::error_response(runs.error(), &call.request));
      for (const RunRow& one : *runs) asks.push_back(mark(one, {{task_id, index}}, wish, is_dry));
    }
  }
  change_all(*call.services.door, std::move(asks), asker_of(call.request), once_of(call.request),
             [kept, reply, shown](const Result<std::vector<Changed>>& done) { answer_with(kept, reply, shown, done); });
}

/// The tasks of a group and of those within it, in the version that the run has.
Result<std::vector<TaskChoice>> tasks_of_group(Reader& reader, const RunRow& run, const Call& call) {
  if (call.services.known_dags == nullptr) return Error{"its version cannot be read here", ErrorKind::unavailable};
  const auto known = call.services.known_dags->get(reader, run.dag_id, run.dag_version);
  if (!known) return known.error();
  const std::string& group = call.request.param("group_id");
  std::vector<TaskChoice> tasks;
  for (const Task& task : known->dag->tasks) {
    const std::string& of = task.spec->group;
    if (of == group || of.starts_with(group + ".")) tasks.push_back({task.id, std::nullopt});
  }
  if (!tasks.empty()) return tasks;
  return Error{"the DAG has no group \"" + group + "\" with tasks", ErrorKind::not_found};
}

void patch_group(const Call& call, const http::Reply& reply, bool is_dry) {
  const Wish wish = wish_of(call);
  std::vector<ChangeAsk> asks;
  {
    auto reader = call.services.readers->take();
    if (!reader) return reply.send(read_error(reader.error(), call));
    const auto run = run_named(**reader, call.request.param("dag_id"), call.request.param("dag_run_id"));
    if (!run) return reply.send(read_error(run.error(), call));
    const auto tasks = tasks_of_group(**reader, *run, call);
    if (!tasks) return reply.send(read_error(tasks.error(), call));
    if (wish.state.empty()) {
      const Error nothing{"say which new_state", ErrorKind::invalid};
      return reply.send(http::error_response(nothing, &call.request));
    }
    const auto runs = runs_around(**reader, *run, wish.past, wish.future);
    if (!runs) return reply.send(http::error_response(runs.error(), &call.request));
    for (const RunRow& one : *runs) asks.push_back(mark(one, *tasks, wish, is_dry));
  }
  change_all(*call.services.door, std::move(asks), asker_of(call.request), once_of(call.request),
             [call, reply](const Result<std::vector<Changed>>& done) { answer_with(call, reply, {}, done); });
}

}  // namespace

void add_instance_changes(Operations& operations) {
  const OperateLater change = [](const Call& call, const http::Reply& reply) { patch_instances(call, reply, false); };
  const OperateLater dry = [](const Call& call, const http::Reply& reply) { patch_instances(call, reply, true); };
  operations.later["patch_task_instance"] = operations.later["patch_task_instance_by_map_index"] = change;
  operations.later["patch_task_group_instances"] = [](const Call& call, const http::Reply& reply) {
    patch_group(call, reply, false);
  };
  operations.later["patch_task_group_instances_dry_run"] = [](const Call& call, const http::Reply& reply) {
    patch_group(call, reply, true);
  };
  operations.later["patch_task_instance_dry_run"] = operations.later["patch_task_instance_dry_run_by_map_index"] = dry;
}

}  // namespace baton::api
