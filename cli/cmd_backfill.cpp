// `backfill create|list|show|pause|resume|cancel`: fills a range of a schedule with runs. All of them ask the server
// that holds the state folder, which makes the runs by itself.
#include <algorithm>

#include "cli/backfill_progress.h"
#include "cli/handlers_server.h"
#include "cli/reading.h"
#include "cli/run_params.h"
#include "cli/run_request.h"
#include "cli/served_dag.h"
#include "cli/text/clock_text.h"
#include "cli/text/document_text.h"
#include "cli/text/table.h"
#include "scheduler/timetable/time_text.h"
#include "web/http/target.h"

namespace baton::cli {
namespace {

constexpr const char* kBackfills = "/api/v2/backfills";

Result<WallUs> time_flag(const Arguments& args, std::string_view flag, const timetable::TimeZone& zone) {
  const std::string name = "--" + std::string(flag);
  if (!args.has(flag)) {
    return Error{name + " is missing: the range is --from DATE --to DATE, both included", ErrorKind::invalid};
  }
  const Result<WallUs> at = timetable::parse_time(args.value(flag), zone);
  if (!at) return Error{name + ": " + at.error().message, ErrorKind::invalid};
  return *at;
}

/// A plain date as the end means all of that day: the last hours of an hourly schedule too.
Result<WallUs> range_end(const Arguments& args, const timetable::TimeZone& zone) {
  const Result<WallUs> at = time_flag(args, "to", zone);
  if (!at || !timetable::is_plain_date(args.value("to"))) return at;
  return zone.day_begin(zone.day_at(*at) + 1) - kSecond;
}

Status add_range(const Invocation& call, const Dag& dag, ValueMap& body) {
  const auto zone = timetable::load_zone(dag.timezone);
  if (!zone) return zone.error();
  const Result<WallUs> from = time_flag(call.args(), "from", *zone);
  if (!from) return from.error();
  const Result<WallUs> to = range_end(call.args(), *zone);
  if (!to) return to.error();
  if (*to < *from) return Error{"--to lies before --from", ErrorKind::invalid};
  body.emplace_back("from_date", text::json_time(*from));
  body.emplace_back("to_date", text::json_time(*to));
  return Unit{};
}

Status add_number(const Arguments& args, std::string_view flag, const char* member, ValueMap& body) {
  if (!args.has(flag)) return Unit{};
  const Result<std::int64_t> number = number_of(args, flag, 1, 1);
  if (!number) return number.error();
  body.emplace_back(member, *number);
  return Unit{};
}

Result<ValueMap> backfill_body(const Invocation& call, const LoadedDag& loaded) {
  const Arguments& args = call.args();
  ValueMap body;
  body.emplace_back("dag_id", args.at(0));
  if (Status added = add_range(call, *loaded.dag, body); !added) return added.error();
  Result<Value> conf = params_given(*loaded.dag, call);
  if (!conf) return conf.error();
  body.emplace_back("dag_run_conf", std::move(*conf));
  if (args.has("reprocess")) body.emplace_back("reprocess_behavior", args.value("reprocess"));
  if (args.has("order")) body.emplace_back("run_backwards", args.value("order") == "desc");
  if (Status added = add_number(args, "max-active-runs", "max_active_runs", body); !added) return added.error();
  if (Status added = add_number(args, "chunk", "intervals_per_run", body); !added) return added.error();
  if (args.has("why")) body.emplace_back("note", args.value("why"));
  if (args.has("label")) {
    const Result<Labels> labels = labels_of(args);
    if (!labels) return labels.error();
    ValueMap given;
    for (const auto& [name, value] : *labels) given.emplace_back(Value(name), value);
    body.emplace_back("labels", std::move(given));
  }
  return body;
}

/// What the step of an interval means to who asked.
std::string step_words(const std::string& step) {
  if (step == "create") return "gets a run";
  if (step == "clear") return "its run runs again";
  if (step == "done_before") return "nothing: its run has ended";
  if (step == "in_flight") return "nothing: its run has not ended yet";
  return step;
}

int show_backfill_plan(const Invocation& call, const Value& plan) {
  if (call.format() != Format::table) {
    call.print_document(plan, "backfills");
    return kOk;
  }
  text::Table table({{"LOGICAL DATE"}, {"INTERVAL", false, true, 20}, {"WHAT IT WOULD COME TO"}});
  std::int64_t created = 0;
  std::int64_t cleared = 0;
  for (const Value& one : list_member(plan, "backfills")) {
    const std::string step = text_member(one, "step");
    created += step == "create" ? 1 : 0;
    cleared += step == "clear" ? 1 : 0;
    const std::string interval = text_member(one, "data_interval_start") + "/" + text_member(one, "data_interval_end");
    table.add({text_member(one, "logical_date"), interval, step_words(step)});
  }
  Invocation::print(table.render(call.out_style(), call.out_width()));
  const Value* is_whole = plan.find("is_whole");
  if (is_whole != nullptr && is_whole->type() == ValueType::boolean && !is_whole->as_bool()) {
    const auto listed = static_cast<std::int64_t>(list_member(plan, "backfills").size());
    call.note("these are the first " + text::grouped(listed) + " of " +
              text::grouped(number_member(plan, "total_entries")) + "; nothing has been changed");
  } else {
    call.note(text::grouped(created) + " runs would be made, and " + text::grouped(cleared) +
              " run again; nothing has been changed");
  }
  if (const std::int64_t left_out = number_member(plan, "left_out"); left_out > 0) {
    call.note(text::grouped(left_out) + " intervals of the range end in the future, and are left out");
  }
  return kOk;
}

/// How many runs and intervals a backfill comes to, whatever is done of them already; 0: nobody knows. An interval that
/// had a run before may be one of several that were to share a run.
std::int64_t total_of(const Value& backfill) {
  return std::max(number_member(backfill, "total_runs"), number_member(backfill, "done"));
}

std::string range_words(const Value& backfill) {
  return text_member(backfill, "from_date") + " to " + text_member(backfill, "to_date");
}

void print_backfill(const Value& one, std::int64_t total) {
  std::string out = "backfill " + std::to_string(number_member(one, "id")) + " of " + text_member(one, "dag_id") + "  " +
                    text_member(one, "state") + "\nrange      " + range_words(one) + "\ndone       " +
                    backfill_progress_words(backfill_counts(one), total) + "\nat a time  " +
                    std::to_string(number_member(one, "max_active_runs")) + " runs";
  if (const auto chunk = number_member(one, "intervals_per_run"); chunk > 1) {
    out += ", of " + std::to_string(chunk) + " intervals each";
  }
  if (const auto to_come = number_member(one, "intervals_to_come"); to_come > 0) {
    out += "\nto come    " + text::grouped(to_come) + " of " + text::grouped(number_member(one, "total_intervals")) +
            " intervals";
  }
  out += "\nmade       " + time_member(one, "created_at") + " by " + text_member(one, "created_by") + "\n";
  if (const std::string note = text_member(one, "note"); !note.empty()) out += "why        " + note + "\n";
  Invocation::print(out);
}

int show_backfill(const Invocation& call, const Value& one) {
  if (call.format() == Format::table) {
    print_backfill(one, total_of(one));
  } else {
    call.print_document(one);
  }
  return kOk;
}

/// To its end: 1 where a run of it failed, or somebody has cancelled it.
int await_backfill(const Invocation& call, const ServerClient& server, const Value& one) {
  const std::int64_t number = number_member(one, "id");
  const Result<Value> end = follow_backfill(server, call, number, total_of(one));
  if (!end) return call.fail(end.error(), "the backfill goes on; `baton backfill show " + std::to_string(number) + "`");
  show_backfill(call, *end);
  const bool is_good = text_member(*end, "state") == "completed" && backfill_counts(*end).failed == 0;
  return is_good ? kOk : kRunFailed;
}

/// By its number, or the newest of a DAG.
Result<Value> find_backfill(const ServerClient& server, const std::string& words) {
  const bool is_number = !words.empty() && words.find_first_not_of("0123456789") == std::string::npos;
  if (is_number) return server.get(std::string(kBackfills) + "/" + words);
  const Result<Value> newest =
      server.get(std::string(kBackfills) + "?order_by=-id&limit=1&dag_id=" + http::percent_encoded(words));
  if (!newest) return newest.error();
  const ValueList& found = list_member(*newest, "backfills");
  if (found.empty()) {
    const std::string what = "\"" + words + "\" is no number of a backfill, and no DAG that has one";
    return Error{what + "; `baton backfill list` lists them", ErrorKind::not_found};
  }
  return server.get(std::string(kBackfills) + "/" + std::to_string(number_member(found.front(), "id")));
}

int change_backfill(const Invocation& call, const char* change) {
  const auto server = ServerClient::of(call.args());
  if (!server) return call.fail(server.error());
  const Result<Value> found = find_backfill(*server, call.args().at(0));
  if (!found) return call.fail(found.error());
  const std::string number = std::to_string(number_member(*found, "id"));
  const Result<Value> changed = server->put(std::string(kBackfills) + "/" + number + "/" + change);
  if (!changed) return call.fail(changed.error());
  if (call.format() == Format::table) {
    Invocation::print("backfill " + number + " is " + text_member(*changed, "state") + "\n");
  } else {
    call.print_document(*changed);
  }
  return kOk;
}

}  // namespace

int backfill_create_command(const Invocation& call) {
  const auto server = ServerClient::of(call.args());
  if (!server) return call.fail(server.error(), "`baton run FILE --interval START/END` runs one interval here and now");
  const Result<LoadedDag> loaded = served_dag(*server, call, call.args().at(0));
  if (!loaded) return call.fail(loaded.error());
  const Result<ValueMap> body = backfill_body(call, *loaded);
  if (!body) return call.fail(body.error());
  const bool is_dry = call.args().has("dry-run");
  const Result<Value> made = server->post(std::string(kBackfills) + (is_dry ? "/dry_run" : ""), *body);
  if (!made) return call.fail(made.error());
  if (is_dry) return show_backfill_plan(call, *made);
  const std::string number = std::to_string(number_member(*made, "id"));
  if (call.args().has("wait")) {
    call.note("the server has backfill " + number + "; Ctrl-C leaves it alone");
    return await_backfill(call, *server, *made);
  }
  if (call.format() != Format::table) {
    call.print_document(*made);
    return kOk;
  }
  Invocation::print("backfill " + number + "  " + text_member(*made, "state") + "\n");
  const std::string follow = "baton backfill show " + number + " --wait" + state_flag_of(call.args());
  call.note("the server has it; `" + follow + "` follows it");
  return kOk;
}

int backfill_list_command(const Invocation& call) {
  const auto server = ServerClient::of(call.args());
  if (!server) return call.fail(server.error());
  const Result<std::int64_t> limit = number_of(call.args(), "limit", 20, 1);
  if (!limit) return call.fail(limit.error());
  std::string target = std::string(kBackfills) + "?order_by=-id&limit=" + std::to_string(*limit);
  if (!call.args().at(0).empty()) target += "&dag_id=" + http::percent_encoded(call.args().at(0));
  const Result<Value> listed = server->get(target);
  if (!listed) return call.fail(listed.error());
  if (call.format() != Format::table) {
    call.print_document(*listed, "backfills");
    return kOk;
  }
  text::Table table({{"NO", true}, {"DAG", false, true, 12}, {"STATE"}, {"FROM"}, {"TO"}, {"REPROCESS"}, {"BY"}});
  for (const Value& one : list_member(*listed, "backfills")) {
    table.add({std::to_string(number_member(one, "id")), text_member(one, "dag_id"), text_member(one, "state"),
               text_member(one, "from_date"), text_member(one, "to_date"), text_member(one, "reprocess_behavior"),
               text_member(one, "created_by")});
  }
  if (table.empty()) {
    call.note("there are no backfills; `baton backfill create DAG --from DATE --to DATE` makes one");
  } else {
    Invocation::print(table.render(call.out_style(), call.out_width()));
  }
  return kOk;
}

int backfill_show_command(const Invocation& call) {
  const auto server = ServerClient::of(call.args());
  if (!server) return call.fail(server.error());
  const Result<Value> found = find_backfill(*server, call.args().at(0));
  if (!found) return call.fail(found.error());
  if (call.args().has("wait")) return await_backfill(call, *server, *found);
  return show_backfill(call, *found);
}

int backfill_pause_command(const Invocation& call) {
  return change_backfill(call, "pause");
}

int backfill_resume_command(const Invocation& call) {
  return change_backfill(call, "unpause");
}

int backfill_cancel_command(const Invocation& call) {
  return change_backfill(call, "cancel");
}

}  // namespace baton::cli
