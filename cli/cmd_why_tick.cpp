// `why DAG --at T`: what became of a tick.
#include "cli/why_tick.h"

#include "cli/contexts.h"
#include "cli/reading.h"
#include "cli/served_dag.h"
#include "cli/text/clock_text.h"
#include "cli/text/document_text.h"
#include "scheduler/timetable/time_text.h"
#include "web/api/tick_story.h"
#include "web/http/target.h"

namespace baton::cli {
namespace {

Value tick_document(const std::string& dag_id, const api::TickStory& story) {
  ValueList ticks;
  for (const TickView& tick : story.ticks) {
    ticks.push_back(text::Object()
                        .set("from", text::json_time(tick.from))
                        .set("to", text::json_time(tick.to))
                        .set("count", tick.count)
                        .set("reason", api::to_string(tick.reason))
                        .set("dag_run_id", tick.run_id.empty() ? Value() : Value(tick.run_id))
                        .take());
  }
  const auto count = static_cast<std::int64_t>(ticks.size());
  return text::Object()
      .set("dag_id", dag_id)
      .set("due", text::json_time(story.due))
      .set("dag_run_id", story.run_id.empty() ? Value() : Value(story.run_id))
      .set("text", story.text)
      .set("ticks", std::move(ticks))
      .set("total_entries", count)
      .take();
}

int why_tick_elsewhere(const Invocation& call, const ServerClient& server, const std::string& id, WallUs at) {
  const auto story = server.get(dag_target(id) + "/why?at=" + http::percent_encoded(text::json_time(at).as_string()));
  if (!story) return call.fail(story.error());
  if (call.format() != Format::table) {
    call.print_document(*story, "ticks");
  } else {
    Invocation::print(id + ": " + text_member(*story, "text") + "\n");
  }
  return kOk;
}

}  // namespace

int why_tick(const Invocation& call) {
  const std::string id = call.args().at(0);
  const bool is_far = is_elsewhere(call.args());
  const auto server = is_far ? ServerClient::of(call.args()) : Result<ServerClient>(Error{""});
  if (is_far && !server) return call.fail(server.error());
  const Result<LoadedDag> dag = is_far ? served_dag(*server, call, id) : served_dag(call, id);
  if (!dag) return call.fail(dag.error());
  const auto zone = timetable::load_zone(dag->dag->timezone);
  if (!zone) return call.fail(zone.error());
  const Result<WallUs> at = timetable::parse_time(call.args().value("at"), *zone);
  if (!at) return call.fail({"--at: " + at.error().message});
  if (is_far) return why_tick_elsewhere(call, *server, id, *at);
  Result<OpenState> state = open_state(call.args());
  if (!state) return call.fail(state.error());
  const auto story = api::tell_tick(*state->reader, id, *at);
  if (!story) return call.fail(story.error());
  if (call.format() != Format::table) {
    call.print_document(tick_document(id, *story), "ticks");
  } else {
    Invocation::print(id + ": " + story->text + "\n");
  }
  return kOk;
}

}  // namespace baton::cli
