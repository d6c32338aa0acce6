// The ticks of a DAG's schedule that made no run, and what became of one.
#include "web/api/answers.h"
#include "web/api/fields.h"
#include "web/api/list_query.h"
#include "web/api/objects.h"
#include "web/api/tick_story.h"

namespace baton::api {

namespace {

void append_tick(std::string& out, const TickView& tick) {
  JsonObject one(out);
  tick_fields(one, tick);
  text_field(one, "dag_run_id", tick.run_id);
}

/// The description has checked its form.
WallUs time_word(const http::Request& request, std::string_view name) {
  const auto text = request.query_value(name);
  return text ? time_of_text(*text) : kNoTime;
}

http::Response list_ticks(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  TickQuery query;
  query.dag_id = call.request.param("dag_id");
  if (const auto known = check_dag(**reader, query.dag_id); !known) return read_error(known.error(), call);
  query.due.at_least = time_word(call.request, "from");
  const WallUs to = time_word(call.request, "to");
  if (to != kNoTime) query.due.below = to + 1;
  query.page = page_of(call.request);
  const auto page = (*reader)->list_ticks(query);
  if (!page) return read_error(page.error(), call);
  return json_response(list_body("ticks", page->rows, page->total, append_tick));
}

http::Response why(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const auto story = tell_tick(**reader, call.request.param("dag_id"), time_word(call.request, "at"));
  if (!story) return read_error(story.error(), call);
  std::string body;
  {
    JsonObject out(body);
    time_field(out, "due", story->due);
    text_field(out, "dag_run_id", story->run_id);
    out.text("text", story->text);
    append_json_array(out.member("ticks"), story->ticks, append_tick);
    out.number("total_entries", static_cast<std::int64_t>(story->ticks.size()));
  }
  return json_response(std::move(body));
}

}  // namespace

void add_ticks(Operations& operations) {
  operations.at_once["get_dag_ticks"] = list_ticks;
  operations.at_once["get_dag_tick_why"] = why;
}

}  // namespace baton::api
