// What can be done to runs: trigger, cancel, retry. Each is answered when it is durable, with the run as it is then.
#include "scheduler/json/json_value.h"
#include "scheduler/model/time_value.h"
#include "web/api/answers.h"

namespace baton::api {

namespace {

WallUs time_member(const Call& call, std::string_view name) {
  const std::string text = call.text(name);
  if (text.empty()) return kNoTime;
  const auto time = parse_timestamp(text);  // the description has checked it
  return time ? time->seconds * kSecond + time->nanos / 1000 : kNoTime;
}

/// Told on the thread that decides, which must not read: so the run is read on one of ours.
Door::OnRun answer_with_run(const Call& call, const http::Reply& reply) {
  return [call, reply](Result<RunNo> done) {
    reply.later([call, done = std::move(done)]() -> http::Response {
      if (!done) return http::error_response(done.error(), &call.request);
      auto reader = call.services.readers->take();
      if (!reader) return read_error(reader.error(), call);
      return run_response(**reader, *done, 200, call);
    });
  };
}

void trigger(const Call& call, const http::Reply& reply) {
  TriggerAsk ask;
  ask.dag_id = call.request.param("dag_id");
  ask.run_id = call.text("dag_run_id");
  ask.logical_date = time_member(call, "logical_date");
  ask.interval_start = time_member(call, "data_interval_start");
  ask.interval_end = time_member(call, "data_interval_end");
  ask.run_after = time_member(call, "run_after");
  ask.note = call.text("note");
  const Value* conf = call.body.find("conf");
  if (conf != nullptr && !conf->is_null()) ask.conf_json = to_json(*conf);
  call.services.door->trigger(std::move(ask), asker_of(call.request), once_of(call.request),
                              answer_with_run(call, reply));
}

/// The run of the path, given to `change`; else the error is sent.
template <typename Change>
void change_run(const Call& call, const http::Reply& reply, Change change) {
  Result<RunNo> run_no = RunNo{0};
  {
    auto reader = call.services.readers->take();
    if (!reader) return reply.send(read_error(reader.error(), call));
    run_no = run_of_path(**reader, call.request);
  }
  if (!run_no) return reply.send(read_error(run_no.error(), call));
  change(*run_no);
}

void cancel(const Call& call, const http::Reply& reply) {
  change_run(call, reply, [&](RunNo run_no) {
    call.services.door->cancel(run_no, call.text("why"), asker_of(call.request), answer_with_run(call, reply));
  });
}

void retry(const Call& call, const http::Reply& reply) {
  change_run(call, reply, [&](RunNo run_no) {
    call.services.door->retry(run_no, asker_of(call.request), answer_with_run(call, reply));
  });
}

}  // namespace

void add_run_changes(Operations& operations) {
  operations.later["trigger_dag_run"] = trigger;
  operations.later["cancel_dag_run"] = cancel;
  operations.later["retry_dag_run"] = retry;
}

}  // namespace baton::api
