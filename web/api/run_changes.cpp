// What can be done to runs: trigger, cancel, retry, and what a person says of one (its state, its note). Each is answered
// when it is durable, with the run as it is then.
#include <algorithm>
#include <optional>

#include "scheduler/control/idempotency.h"
#include "scheduler/json/json_value.h"
#include "web/api/answers.h"
#include "web/api/condition.h"
#include "web/api/list_query.h"
#include "web/api/patches.h"
#include "web/api/run_choice.h"

namespace baton::api {

namespace {

http::Response run_now(const Call& call, RunNo run_no) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  return run_response(**reader, run_no, 200, call);
}

Door::OnRun answer_of(const Call& call, const http::Reply& reply) {
  return [call, reply](Result<RunNo> done) {
    if (!done) return reply.send(http::error_response(done.error(), &call.request));
    answer_with_run(*done, call, reply);
  };
}

void trigger(const Call& call, const http::Reply& reply) {
  TriggerAsk ask;
  ask.dag_id = call.request.param("dag_id");
  trigger_run(std::move(ask), call, reply);
}

/// The run of the path is given to `ask_of`, and what that wants of it is asked for, if the request's condition holds.
template <typename AskOf>
void change_run(const Call& call, const http::Reply& reply, AskOf ask_of) {
  Call kept = call;
  std::optional<ChangeAsk> ask;
  RunNo run_no = 0;
  {
    auto reader = call.services.readers->take();
    if (!reader) return reply.send(read_error(reader.error(), call));
    const auto found = run_of_path(**reader, call.request);
    if (!found) return reply.send(read_error(found.error(), call));
    run_no = *found;
    const auto run = (*reader)->run(run_no);
    if (!run) return reply.send(read_error(run.error(), call));
    if (auto refused = check_match(kept, run_object(run_no), run->row.seq)) return reply.send(std::move(*refused));
    ask = ask_of(run->row);
  }
  if (!ask) return reply.send(run_now(call, run_no));
  call.services.door->change(std::move(*ask), asker_of(call.request), once_of(call.request),
                             [kept, reply, run_no](const Result<Changed>& done) {
                               answer_of(kept, reply)(done ? Result<RunNo>(run_no) : done.error());
                             });
}

void cancel(const Call& call, const http::Reply& reply) {
  change_run(call, reply, [&](const RunRow& run) -> std::optional<ChangeAsk> {
    return ChangeAsk{StopRun{run.run_no, false, call.text("why")}, ""};
  });
}

void pause(const Call& call, const http::Reply& reply, bool is_paused) {
  change_run(call, reply, [&](const RunRow& run) -> std::optional<ChangeAsk> {
    return ChangeAsk{PauseRun{run.run_no, is_paused, call.text("why")}, ""};
  });
}

void retry(const Call& call, const http::Reply& reply) {
  change_run(call, reply, [&](const RunRow& run) -> std::optional<ChangeAsk> {
    RetryRun what;
    what.run_no = run.run_no;
    if (const std::string from = call.text("from"); !from.empty()) what.from = from;
    what.why = call.text("why");
    return ChangeAsk{std::move(what), call.flag("run_on_latest_version", false) ? run.dag_id : ""};
  });
}

ChangeAsk note_on(const RunRow& run, const std::string& note) {
  WriteRecords what;
  what.rows.notes.push_back({run.run_no, -1, note});
  what.audit.action = "note";
  what.audit.dag_id = run.dag_id;
  what.audit.run_id = run.run_id;
  what.audit.before_json = to_json(Value(run.user_note));
  what.audit.after_json = to_json(Value(note));
  what.object = run_object(run.run_no);
  return ChangeAsk{std::move(what), ""};
}

}  // namespace

Result<Labels> labels_of_body(const Call& call) {
  Labels out;
  const Value* labels = call.body.find("labels");
  if (labels == nullptr || labels->type() != ValueType::map) return out;
  for (const auto& [name, value] : labels->as_map()) {
    if (Status good = check_label(name.as_string(), value.as_string()); !good) return good.error();
    put_label(out, name.as_string(), value.as_string());
  }
  if (out.size() > kLabelsMax) {
    return Error{"a run has at most " + std::to_string(kLabelsMax) + " labels", ErrorKind::invalid};
  }
  return out;
}

namespace {

/// An interval has both its ends, in their order.
std::optional<Error> wrong_interval(const TriggerAsk& ask) {
  if ((ask.interval_start == kNoTime) != (ask.interval_end == kNoTime)) {
    return Error{"data_interval_start and data_interval_end are given both, or neither", ErrorKind::invalid};
  }
  if (ask.interval_start <= ask.interval_end) return std::nullopt;
  return Error{"data_interval_start lies after data_interval_end", ErrorKind::invalid};
}

}  // namespace

void trigger_run(TriggerAsk ask, const Call& call, const http::Reply& reply) {
  ask.run_id = call.text("dag_run_id");
  ask.logical_date = call.time("logical_date");
  ask.interval_start = call.time("data_interval_start");
  ask.interval_end = call.time("data_interval_end");
  ask.run_after = call.time("run_after");
  if (auto wrong = wrong_interval(ask)) return reply.send(http::error_response(*wrong, &call.request));
  ask.note = call.text("note");
  const Value* conf = call.body.find("conf");
  if (conf != nullptr && !conf->is_null()) ask.conf_json = to_json(*conf);
  auto labels = labels_of_body(call);
  if (!labels) return reply.send(http::error_response(labels.error(), &call.request));
  ask.labels = std::move(*labels);
  call.services.door->trigger(std::move(ask), asker_of(call.request), once_of(call.request), answer_of(call, reply));
}

/// `queued` lets what failed of it run again.
std::optional<ChangeAsk> patch_of_run(const RunRow& run, const std::string& state,
                                      const std::optional<std::string>& note) {
  if (state.empty()) return note ? std::optional(note_on(run, *note)) : std::nullopt;
  if (state == "queued") {
    RetryRun what;
    what.run_no = run.run_no;
    what.run_note = note;
    return ChangeAsk{std::move(what), ""};
  }
  MarkRun what;
  what.run_no = run.run_no;
  what.state = state == "success" ? RunState::success : RunState::failed;
  what.note = note;
  return ChangeAsk{std::move(what), ""};
}

namespace {

void patch_run(const Call& call, const http::Reply& reply) {
  const std::vector<std::string> mask = words(call.request, "update_mask");
  const auto is_meant = [&](std::string_view name) {
    return mask.empty() || std::find(mask.begin(), mask.end(), name) != mask.end();
  };
  const std::string state = is_meant("state") ? call.text("state") : std::string();
  const auto note = is_meant("note") ? call.text_if_given("note") : std::nullopt;
  change_run(call, reply, [&](const RunRow& run) { return patch_of_run(run, state, note); });
}

/// The job that deletes what a large run has left: nobody sees any of it from now on.
http::Response deleted_response(const Changed& done) {
  http::Response response = no_content();
  if (done.job_no == 0) return response;
  response.headers.push_back({"Baton-Job-Id", std::to_string(done.job_no)});
  response.headers.push_back({"Location", "/api/v2/bulkJobs/" + std::to_string(done.job_no)});
  return response;
}

/// 409 while it has not ended.
void drop_run(const Call& call, const http::Reply& reply) {
  Call kept = call;
  DeleteRun what;
  {
    auto reader = call.services.readers->take();
    if (!reader) return reply.send(read_error(reader.error(), call));
    const auto run = run_named(**reader, call.request.param("dag_id"), call.request.param("dag_run_id"));
    if (!run) return reply.send(read_error(run.error(), call));
    if (auto refused = check_match(kept, run_object(run->run_no), run->seq)) return reply.send(std::move(*refused));
    if (!is_final(run->state)) {
      return reply.send(http::error_response(409, "this run has not ended: stop it first", &call.request));
    }
    what.run_no = run->run_no;
  }
  const RunNo run_no = what.run_no;
  call.services.door->change({std::move(what), ""}, asker_of(call.request), {},
                             [kept, reply, run_no](const Result<Changed>& done) {
                               if (done && kept.services.upkeep != nullptr) kept.services.upkeep->run_deleted(run_no);
                               reply.send(done ? deleted_response(*done)
                                               : http::error_response(done.error(), &kept.request));
                             });
}

}  // namespace

void add_run_changes(Operations& operations) {
  operations.later["trigger_dag_run"] = trigger;
  operations.later["cancel_dag_run"] = cancel;
  operations.later["pause_dag_run"] = [](const Call& call, const http::Reply& reply) { pause(call, reply, true); };
  operations.later["resume_dag_run"] = [](const Call& call, const http::Reply& reply) { pause(call, reply, false); };
  operations.later["retry_dag_run"] = retry;
  operations.later["patch_dag_run"] = patch_run;
  operations.later["delete_dag_run"] = drop_run;
}

}  // namespace baton::api
