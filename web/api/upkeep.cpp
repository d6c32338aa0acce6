// What keeps a server from growing for ever: what it keeps and has removed, and the wish that old runs go now.
#include "scheduler/timetable/time_text.h"
#include "web/api/answers.h"
#include "web/api/fields.h"
#include "web/api/upkeep_door.h"

namespace baton::api {
namespace {

/// Whether this process keeps house; else it is said.
bool has_upkeep(const Call& call, const http::Reply& reply) {
  if (call.services.upkeep != nullptr) return true;
  reply.send(http::error_response(Error{"this process removes nothing", ErrorKind::unavailable}, &call.request));
  return false;
}

void append_counts(std::string& out, const RemovedCounts& counts) {
  JsonObject one(out);
  one.number("runs", counts.runs);
  one.number("rows", counts.rows);
  one.number("dag_versions", counts.versions);
  one.number("folders", counts.folders);
}

void append_job(std::string& out, const UpkeepJob& job) {
  JsonObject one(out);
  one.number("job_id", job.job);
  one.text("actor", job.actor);
  time_field(one, "began_at", job.began);
  time_field(one, "ended_at", job.ended);
  append_counts(one.member("removed"), job.removed);
  text_field(one, "error", job.error);
}

/// As baton.yaml says it.
std::string kept_runs(const Retention& kept) {
  if (kept.runs_per_dag > 0) return std::to_string(kept.runs_per_dag) + " per dag";
  return kept.runs_us > 0 ? timetable::format_duration_exact(kept.runs_us) : std::string();
}

http::Response retention_response(const RetentionNow& now) {
  std::string body;
  {
    JsonObject out(body);
    text_field(out, "runs", kept_runs(now.kept));
    text_field(out, "logs", now.kept.logs_us > 0 ? timetable::format_duration_exact(now.kept.logs_us) : std::string());
    bool_field(out, "is_busy", now.is_busy);
    append_counts(out.member("removed"), now.removed);
    append_json_array(out.member("jobs"), now.jobs, append_job);
  }
  return json_response(std::move(body));
}

void get_retention(const Call& call, const http::Reply& reply) {
  if (!has_upkeep(call, reply)) return;
  call.services.upkeep->retention([reply](const RetentionNow& now) { reply.send(retention_response(now)); });
}

/// Answers at once: a large history takes its time, and shows among the jobs when it is through.
void prune(const Call& call, const http::Reply& reply) {
  if (!has_upkeep(call, reply)) return;
  const auto span = timetable::parse_duration(call.text("older_than"));
  if (!span) return reply.send(http::error_response(Error{"older_than: " + span.error().message}, &call.request));
  PruneWanted wanted{call.text("dag_id"), call.services.now() - *span};
  if (!wanted.dag_id.empty()) {
    auto reader = call.services.readers->take();
    if (!reader) return reply.send(read_error(reader.error(), call));
    if (Status known = check_dag(**reader, wanted.dag_id); !known) return reply.send(read_error(known.error(), call));
  }
  const auto begun = [call, reply](const Result<std::int64_t>& job) {
    if (!job) return reply.send(http::error_response(job.error(), &call.request));
    reply.send(json_response("{\"job_id\":" + std::to_string(*job) + "}", 202));
  };
  call.services.upkeep->prune(std::move(wanted), asker_of(call.request), begun);
}

/// What of it has not ended keeps a DAG.
std::optional<http::Response> refusal_to_delete(const Call& call, const std::string& dag_id) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  if (Status known = check_dag(**reader, dag_id); !known) return read_error(known.error(), call);
  RunQuery runs;
  runs.filter.dag_ids = {dag_id};
  runs.filter.states = {RunState::queued, RunState::running};
  runs.page.limit = 1;
  const auto open = (*reader)->list_runs(runs);
  if (!open) return read_error(open.error(), call);
  if (!open->rows.empty()) {
    return http::error_response(409, "runs of this DAG have not ended: stop them first", &call.request);
  }
  NameQuery backfills;
  backfills.name.parts = {dag_id};
  backfills.descending = true;  // at most one of a DAG is not through: the newest
  backfills.page.limit = 1;
  const auto filling = (*reader)->list_backfills(backfills);
  if (!filling) return read_error(filling.error(), call);
  if (filling->rows.empty() || filling->rows.front().row.completed_at != kNoTime) return std::nullopt;
  return http::error_response(409, "a backfill of this DAG is not through: cancel it first", &call.request);
}

void delete_dag(const Call& call, const http::Reply& reply) {
  if (!has_upkeep(call, reply)) return;
  const std::string& dag_id = call.request.param("dag_id");
  if (auto refused = refusal_to_delete(call, dag_id)) return reply.send(std::move(*refused));
  call.services.upkeep->delete_dag(dag_id, asker_of(call.request), [call, reply](const Status& done) {
    reply.send(done ? no_content() : http::error_response(done.error(), &call.request));
  });
}

}  // namespace

void add_upkeep(Operations& operations) {
  operations.later["delete_dag"] = delete_dag;
  operations.later["get_retention"] = get_retention;
  operations.later["prune_runs"] = prune;
}

}  // namespace baton::api
