// Clearing: task instances run again, of one run, of several, or as a dry run that tells which.
#include <optional>

#include "scheduler/control/idempotency.h"
#include "web/api/answers.h"
#include "web/api/fields.h"
#include "web/api/condition.h"
#include "web/api/many_changes.h"
#include "web/api/objects.h"
#include "web/api/run_choice.h"

namespace baton::api {

namespace {

http::Fault fault(std::string member, std::string message) {
  return {"value_error", {"body", std::move(member)}, std::move(message), "null"};
}

/// `["a", ["b", 2]]`. A fault: something else stands there.
std::optional<http::Fault> read_tasks(const Call& call, std::vector<TaskChoice>& out) {
  const Value* list = call.body.find("task_ids");
  if (list == nullptr || list->is_null()) return std::nullopt;
  for (const Value& one : list->as_list()) {
    if (one.type() == ValueType::string) {
      out.push_back({one.as_string(), std::nullopt});
      continue;
    }
    const ValueList& pair = one.as_list();
    const bool is_pair = pair.size() == 2 && pair[0].type() == ValueType::string && pair[1].type() == ValueType::integer;
    if (!is_pair) return fault("task_ids", "each must be a task id, or [task id, map index]");
    out.push_back({pair[0].as_string(), static_cast<std::int32_t>(pair[1].as_int())});
  }
  return out.empty() ? std::optional(fault("task_ids", "names no task; leave it out to mean all")) : std::nullopt;
}

Result<std::vector<RunRow>> runs_to_clear(Reader& reader, const Call& call) {
  const std::string& dag_id = call.request.param("dag_id");
  if (Status known = check_dag(reader, dag_id); !known) return known.error();
  if (const std::string run_id = call.text("dag_run_id"); !run_id.empty()) {
    const auto run = run_named(reader, dag_id, run_id);
    if (!run) return run.error();
    return runs_around(reader, *run, call.flag("include_past", false), call.flag("include_future", false));
  }
  Range dates;
  if (const WallUs from = call.time("start_date"); from != kNoTime) dates.at_least = from;
  if (const WallUs to = call.time("end_date"); to != kNoTime) dates.below = to + 1;
  return runs_within(reader, dag_id, dates);
}

using OnAll = std::function<http::Response(const Call&, Reader&, const std::vector<Changed>&)>;

/// Carries all of it out, and answers on a thread of ours with what `render` makes of it.
void carry_out(const Call& call, const http::Reply& reply, std::vector<ChangeAsk> asks, OnAll render) {
  change_all(*call.services.door, std::move(asks), asker_of(call.request), once_of(call.request),
             [call, reply, render = std::move(render)](Result<std::vector<Changed>> done) {
               reply.later([call, render, done = std::move(done)]() -> http::Response {
                 if (!done) return http::error_response(done.error(), &call.request);
                 auto reader = call.services.readers->take();
                 if (!reader) return read_error(reader.error(), call);
                 return render(call, **reader, *done);
               });
             });
}

http::Response instances_of_all(const Call& call, Reader& reader, const std::vector<Changed>& all) {
  std::vector<std::pair<RunNo, std::vector<InstanceNo>>> named;
  for (const Changed& one : all) {
    named.emplace_back(one.run_no, std::vector<InstanceNo>());
    for (const TouchedInstance& instance : one.instances) named.back().second.push_back(instance.instance_no);
  }
  return instances_response(reader, named, call);
}

std::vector<ChangeAsk> asks_for(const std::vector<RunRow>& runs, const ClearTasks& like, bool on_latest) {
  std::vector<ChangeAsk> asks;
  for (const RunRow& run : runs) {
    ClearTasks what = like;
    what.run_no = run.run_no;
    asks.push_back({std::move(what), on_latest ? run.dag_id : ""});
  }
  return asks;
}

bool names_running(const std::vector<Changed>& all) {
  for (const Changed& one : all) {
    for (const TouchedInstance& instance : one.instances) {
      if (is_live(instance.state)) return true;
    }
  }
  return false;
}

/// Of Airflow's own form: what failed of the runs and tasks that are named, with what follows from it, as a dry run.
void clear_tasks(const Call& call, const http::Reply& reply) {
  ClearTasks like;
  if (const auto wrong = read_tasks(call, like.tasks)) return reply.send(http::faults_response({*wrong}, &call.request));
  like.dry_run = call.flag("dry_run", true);
  like.only_failed = call.flag("only_failed", true);
  like.only_running = call.flag("only_running", false);
  like.include_upstream = call.flag("include_upstream", false);
  like.include_downstream = call.flag("include_downstream", false);
  like.resets_state = call.flag("reset_state", false);
  like.why = call.text("why");
  like.note = call.text_if_given("note");
  const bool on_latest = call.flag("run_on_latest_version", false);
  Result<std::vector<RunRow>> runs = std::vector<RunRow>{};
  {
    auto reader = call.services.readers->take();
    if (!reader) return reply.send(read_error(reader.error(), call));
    runs = runs_to_clear(**reader, call);
  }
  if (!runs) return reply.send(http::error_response(runs.error(), &call.request));
  if (!call.flag("prevent_running_task", false) || like.dry_run) {
    return carry_out(call, reply, asks_for(*runs, like, on_latest), instances_of_all);
  }
  ClearTasks dry = like;
  dry.dry_run = true;
  change_all(*call.services.door, asks_for(*runs, dry, on_latest), asker_of(call.request), {},
             [call, reply, asks = asks_for(*runs, like, on_latest)](const Result<std::vector<Changed>>& found) {
               if (!found) return reply.send(http::error_response(found.error(), &call.request));
               if (names_running(*found)) {
                 const char* why = "some of these task instances are running";
                 return reply.send(http::error_response(409, why, &call.request));
               }
               carry_out(call, reply, asks, instances_of_all);
             });
}

ClearTasks whole_run(const Call& call) {
  ClearTasks like;
  like.dry_run = call.flag("dry_run", true);
  like.only_failed = call.flag("only_failed", false);
  like.run_note = call.text_if_given("note");
  return like;
}

bool refuses_only_new(const Call& call, const http::Reply& reply) {
  if (!call.flag("only_new", false)) return false;
  reply.send(http::faults_response({fault("only_new", "new tasks alone cannot be added to a run")}, &call.request));
  return true;
}

void clear_run(const Call& call, const http::Reply& reply) {
  if (refuses_only_new(call, reply)) return;
  const ClearTasks like = whole_run(call);
  Call kept = call;
  Result<RunRow> run = RunRow{};
  {
    auto reader = call.services.readers->take();
    if (!reader) return reply.send(read_error(reader.error(), call));
    run = run_named(**reader, call.request.param("dag_id"), call.request.param("dag_run_id"));
    if (!run) return reply.send(read_error(run.error(), call));
  }
  if (auto refused = check_match(kept, run_object(run->run_no), run->seq)) return reply.send(std::move(*refused));
  OnAll render = instances_of_all;
  if (!like.dry_run) {
    render = [run_no = run->run_no](const Call& of, Reader& reader, const std::vector<Changed>&) {
      return run_response(reader, run_no, 200, of);
    };
  }
  carry_out(kept, reply, asks_for({*run}, like, call.flag("run_on_latest_version", false)), std::move(render));
}

http::Response runs_of_all(const Call& call, Reader& reader, const std::vector<Changed>& all) {
  std::vector<RunView> runs;
  for (const Changed& one : all) {
    const auto run = reader.run(one.run_no);
    if (!run) return read_error(run.error(), call);
    runs.push_back(*run);
  }
  return json_response(list_body("dag_runs", runs, static_cast<std::int64_t>(runs.size()),
                                 [](std::string& out, const RunView& run) { append_run(out, run, {}); }));
}

void clear_runs(const Call& call, const http::Reply& reply) {
  if (refuses_only_new(call, reply)) return;
  const ClearTasks like = whole_run(call);
  std::vector<RunRow> runs;
  {
    auto reader = call.services.readers->take();
    if (!reader) return reply.send(read_error(reader.error(), call));
    for (const Value& one : call.body.find("dag_runs")->as_list()) {
      const Value* dag_id = one.find("dag_id");
      const bool names_dag = dag_id != nullptr && dag_id->type() == ValueType::string;
      auto run = run_named(**reader, names_dag ? dag_id->as_string() : call.request.param("dag_id"),
                           one.find("dag_run_id")->as_string());
      if (!run) return reply.send(read_error(run.error(), call));
      runs.push_back(std::move(*run));
    }
  }
  carry_out(call, reply, asks_for(runs, like, call.flag("run_on_latest_version", false)),
            like.dry_run ? OnAll(instances_of_all) : OnAll(runs_of_all));
}

/// Airflow's runs may belong to a partition; none of Baton's does, so nothing is ever reset.
http::Response clear_partitions(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const auto dag = dag_of_path(**reader, call);
  if (!dag) return read_error(dag.error(), call);
  const bool has_window = !call.text("partition_date_start").empty() || !call.text("partition_date_end").empty();
  const int chosen = (call.text("partition_key").empty() ? 0 : 1) + (call.text("run_id").empty() ? 0 : 1) +
                     (has_window ? 1 : 0);
  const auto refused = [&](const char* why) {
    return http::error_response(Error{why, ErrorKind::invalid}, &call.request);
  };
  if (chosen != 1) return refused("say which runs: by partition_key, by run_id, or by a window of dates");
  if (call.flag("clear_task_instances", false)) {  // whoever asks for that must not hear that it was done to none
    return refused("runs have no partitions here that their tasks could be cleared by: ask clearTaskInstances");
  }
  std::string body;
  {
    JsonObject out(body);
    out.number("dag_runs_cleared", 0);
    out.number("task_instances_cleared", 0);
    bool_field(out, "dry_run", call.flag("dry_run", true));
  }
  return json_response(std::move(body));
}

}  // namespace

void add_clears(Operations& operations) {
  operations.later["post_clear_task_instances"] = clear_tasks;
  operations.later["clear_dag_run"] = clear_run;
  operations.later["clear_dag_runs"] = clear_runs;
  operations.at_once["clear_dag_run_partitions"] = clear_partitions;
}

}  // namespace baton::api
