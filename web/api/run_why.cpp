// Why a run has not begun, or why it ended as it did: the scheduler is asked, then the rows.
#include <string>
#include <vector>

#include "scheduler/insight/run_wait.h"
#include "scheduler/insight/words.h"
#include "web/api/answers.h"
#include "web/api/compiled_dags.h"
#include "web/api/fields.h"

namespace baton::api {

namespace {

/// One whose version does not read waits too: nothing is known of its limits then.
RunLimits limits_of_run(Reader& reader, const RunRow& run, const Call& call) {
  const auto compiled = call.services.dags->get(reader, run.dag_id, run.dag_version);
  return compiled ? limits_of((*compiled)->dag()) : RunLimits{};
}

/// One that has ended: what the engine has noted.
std::vector<insight::WaitReason> reasons_of_end(const RunRow& run) {
  if (run.reason == Reason::none) return {};
  const std::string words = insight::reason_words(run.reason);
  return {
      {std::string(run_reason_name(run.reason)), run.note.empty() ? words : words + ": " + run.note, run.ended_at, {}}};
}

void append_wait_reason(std::string& out, const insight::WaitReason& reason) {
  JsonObject one(out);
  one.text("kind", reason.kind);
  one.text("text", reason.text);
  time_field(one, "since", reason.since);
  append_json_array(one.member("holders"), reason.holders,
                    [](std::string& list, const std::string& holder) { append_json_string(list, holder); });
}

http::Response told(RunNo run_no, QueueWait wait, const Call& call) {
  auto lease = call.services.readers->take();
  if (!lease) return read_error(lease.error(), call);
  const auto run = (*lease)->run(run_no);
  if (!run) return read_error(run.error(), call);
  std::vector<insight::WaitReason> reasons = reasons_of_end(run->row);
  if (run->row.state == RunState::queued) {
    const insight::WaitQuestion question{*run, wait, limits_of_run(**lease, run->row, call), call.services.now()};
    auto waits = insight::tell_wait(**lease, question);
    if (!waits) return read_error(waits.error(), call);
    reasons = std::move(*waits);
  }
  std::string body;
  {
    JsonObject one(body);
    one.text("dag_id", run->row.dag_id);
    one.text("dag_run_id", run->row.run_id);
    one.text("state", to_string(run->row.state));
    append_json_array(one.member("reasons"), reasons, append_wait_reason);
  }
  return json_response(std::move(body));
}

void why_of_run(const Call& call, const http::Reply& reply) {
  RunNo run_no = 0;
  {
    auto lease = call.services.readers->take();
    if (!lease) return reply.send(read_error(lease.error(), call));
    const auto found = run_of_path(**lease, call.request);
    if (!found) return reply.send(read_error(found.error(), call));
    run_no = *found;
  }
  call.services.door->find_wait(run_no, [call, reply, run_no](QueueWait wait) {
    reply.later([call, run_no, wait] { return told(run_no, wait, call); });
  });
}

}  // namespace

void add_run_why(Operations& operations) {
  operations.later["get_dag_run_why"] = why_of_run;
}

}  // namespace baton::api
