// `bulk`: deletes, clears, retries, cancels or marks all runs that a filter names, as a job of the server.
#include <string>
#include <utility>
#include <vector>

#include "cli/handlers_server.h"
#include "cli/job_progress.h"
#include "cli/reading.h"
#include "cli/server_client.h"
#include "cli/text/table.h"
#include "scheduler/control/letter_job.h"
#include "scheduler/insight/words.h"
#include "scheduler/json/json_value.h"
#include "scheduler/timetable/time_text.h"
#include "web/http/target.h"

namespace baton::cli {
namespace {

/// A time, or how long ago; kNoTime: not given.
Result<WallUs> run_time_flag(const Arguments& arguments, const std::string& flag) {
  if (!arguments.has(flag)) return kNoTime;
  const std::string text = arguments.value(flag);
  if (const auto ago = timetable::parse_duration(text); ago && *ago > 0) return now_us() - *ago;
  const auto at = timetable::parse_time(text, timetable::utc());
  if (at) return *at;
  return Error{"--" + flag + " is no time and no duration: write 2026-03-01, 2026-03-01T06:00:00Z or 6h", ErrorKind::invalid};
}

void add_list(ValueMap& into, const char* name, const std::vector<std::string>& texts) {
  ValueList out;
  for (const std::string& text : texts) out.emplace_back(text);
  if (!out.empty()) into.emplace_back(name, std::move(out));
}

/// invalid: nothing was chosen, and --all was not said.
Result<Value> runs_chosen(const Arguments& arguments) {
  ValueMap filter;
  add_list(filter, "dag_ids", arguments.values("dag"));
  add_list(filter, "states", arguments.values("status"));
  add_list(filter, "run_types", arguments.values("type"));
  add_list(filter, "labels", arguments.values("label"));
  if (arguments.has("id") && arguments.value("id").empty()) {
    return Error{"--id is empty: it would be every run, which only --all says", ErrorKind::invalid};
  }
  if (arguments.has("id")) filter.emplace_back("dag_run_id_part", arguments.value("id"));
  for (const auto& [flag, member] : {std::pair{"since", "run_after_gte"}, std::pair{"until", "run_after_lt"}}) {
    const Result<WallUs> at = run_time_flag(arguments, flag);
    if (!at) return at.error();
    if (*at != kNoTime) filter.emplace_back(member, insight::utc_time(*at));
  }
  if (filter.empty() && !arguments.has("all")) {
    return Error{"say which runs: --dag, --status, --type, --label, --id, --since, --until, or --all of them",
                 ErrorKind::invalid};
  }
  return Value(std::move(filter));
}

Result<ValueMap> bulk_body(const Arguments& arguments) {
  std::string action = arguments.at(0);
  for (char& c : action) c = c == '-' ? '_' : c;
  Result<Value> filter = runs_chosen(arguments);
  if (!filter) return filter.error();
  ValueMap body{{"action", action}, {"filter", std::move(*filter)}};
  if (arguments.has("dry-run")) body.emplace_back("dry_run", true);
  if (arguments.has("latest")) body.emplace_back("run_on_latest_version", true);
  if (arguments.has("why")) body.emplace_back("note", arguments.value("why"));
  if (!arguments.has("rate")) return body;
  if (const auto rate = parse_job_rate(arguments.value("rate")); !rate) return rate.error();
  body.emplace_back("rate", arguments.value("rate"));
  return body;
}

int show_chosen(const Invocation& call, const Value& found) {
  if (call.format() != Format::table) {
    call.print_document(found, "dag_runs");
    return kOk;
  }
  text::Table table({{"RUN", false, true, 16}, {"STATE"}, {"TYPE"}, {"RUN AFTER"}});
  const Value* runs = found.find("dag_runs");
  for (const Value& run : runs != nullptr && runs->type() == ValueType::list ? runs->as_list() : ValueList{}) {
    table.add({text_member(run, "dag_id") + "/" + text_member(run, "dag_run_id"), text_member(run, "state"),
               text_member(run, "run_type"), time_member(run, "run_after")});
  }
  if (!table.empty()) Invocation::print(table.render(call.out_style(), call.out_width()));
  call.note(std::to_string(number_member(found, "total_entries")) + " runs would be meant; nothing has been changed");
  return kOk;
}

}  // namespace

int bulk_command(const Invocation& call) {
  const auto server = ServerClient::of(call.args());
  if (!server) return call.fail(server.error());
  const Result<ValueMap> body = bulk_body(call.args());
  if (!body) return call.fail(body.error());
  const Result<Value> made = server->post("/api/v2/dags/~/dagRuns:bulk", *body);
  if (!made) return call.fail(made.error());
  if (call.args().has("dry-run")) return show_chosen(call, *made);
  const std::int64_t number = number_member(*made, "id");
  if (call.args().has("wait")) return await_job(call, *server, number);
  if (call.format() != Format::table) {
    call.print_document(*made);
    return kOk;
  }
  Invocation::print("job " + std::to_string(number) + "  " + std::to_string(number_member(*made, "total")) + " runs\n");
  call.note("the server has it; `baton jobs ls` tells how far it is, `baton jobs cancel " + std::to_string(number) +
            "` ends it");
  return kOk;
}

}  // namespace baton::cli
