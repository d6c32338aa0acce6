// Bulk changes of runs and of task instances, in Airflow's form. Runs and instances come of triggers and of runs: none
// is created here, and an instance goes with its run alone.
#include "web/api/answers.h"
#include "web/api/bulk.h"
#include "web/api/fields.h"
#include "web/api/patches.h"
#include "web/api/run_choice.h"

namespace baton::api {
namespace {

BulkStep refused_step(const Call& call, int status, const std::string& why) {
  return {http::error_response(status, why, &call.request), std::nullopt, {}};
}

/// `of` a path or of an entity, which may name the same or, under `~`, any; an Error says what does not fit.
Result<std::string> name_within(const std::string& in_path, const std::string& in_entity, const std::string& what) {
  const std::string& name = in_entity.empty() ? in_path : in_entity;
  if (in_path != "~" && name != in_path) return Error{"the entity names another " + what + " than the path"};
  if (name == "~") return Error{"the entity has to name its " + what + ", since the path does not"};
  return name;
}

std::string place_of(const RunRow& run) { return run.dag_id + "." + run.run_id; }

BulkStep drop_step(const Call& call, const RunRow& run) {
  if (!is_final(run.state)) return refused_step(call, 409, "this run has not ended: stop it first");
  DeleteRun what;
  what.run_no = run.run_no;
  return {std::nullopt, ChangeAsk{std::move(what), ""}, place_of(run)};
}

BulkStep plan_run(const Call& call, BulkWant want, const std::string& name, const Value& entity) {
  if (want == BulkWant::create || want == BulkWant::put) {
    return refused_step(call, 405, "runs are not created in bulk: trigger them");
  }
  const auto dag_id = name_within(call.request.param("dag_id"), text_member(entity, "dag_id"), "DAG");
  if (!dag_id) return refused_step(call, 400, dag_id.error().message);
  auto reader = call.services.readers->take();
  if (!reader) return {read_error(reader.error(), call), std::nullopt, {}};
  const auto run = run_named(**reader, *dag_id, name);
  if (!run) return {read_error(run.error(), call), std::nullopt, {}};
  if (want == BulkWant::drop) return drop_step(call, *run);
  const Value* note = entity.find("note");
  const bool has_note = note != nullptr && note->type() == ValueType::string;
  const auto noted = has_note ? std::optional(note->as_string()) : std::nullopt;
  auto ask = patch_of_run(*run, text_member(entity, "state"), noted);
  if (!ask) return refused_step(call, 422, "the entity changes nothing: give it a state or a note");
  return {std::nullopt, std::move(ask), place_of(*run)};
}

BulkStep plan_instance(const Call& call, BulkWant want, const std::string& name, const Value& entity) {
  if (want != BulkWant::update) {
    return refused_step(call, 405, "task instances come and go with their runs: they are updated in bulk, and no more");
  }
  const auto dag_id = name_within(call.request.param("dag_id"), text_member(entity, "dag_id"), "DAG");
  if (!dag_id) return refused_step(call, 400, dag_id.error().message);
  const auto run_id = name_within(call.request.param("dag_run_id"), text_member(entity, "dag_run_id"), "run");
  if (!run_id) return refused_step(call, 400, run_id.error().message);
  auto reader = call.services.readers->take();
  if (!reader) return {read_error(reader.error(), call), std::nullopt, {}};
  const auto run = run_named(**reader, *dag_id, *run_id);
  if (!run) return {read_error(run.error(), call), std::nullopt, {}};
  auto ask = patch_of_instance(**reader, *run, name, entity);
  if (!ask) return {read_error(ask.error(), call), std::nullopt, {}};
  const Value* index = entity.find("map_index");
  const bool is_one = index != nullptr && index->type() == ValueType::integer;
  return {std::nullopt, std::move(*ask),
          place_of(*run) + "." + name + "[" + std::to_string(is_one ? index->as_int() : -1) + "]"};
}

}  // namespace

void add_bulk_runs(Operations& operations) {
  operations.later["bulk_dag_runs"] = [](const Call& call, const http::Reply& reply) {
    carry_out_bulk(call, reply, "dag_run_id", plan_run, [](const Call& of, const ChangeAsk& ask) {
      const auto* gone = std::get_if<DeleteRun>(&ask.what);
      if (gone != nullptr && of.services.upkeep != nullptr) of.services.upkeep->run_deleted(gone->run_no);
    });
  };
  operations.later["bulk_task_instances"] = [](const Call& call, const http::Reply& reply) {
    carry_out_bulk(call, reply, "task_id", plan_instance);
  };
}

}  // namespace baton::api
