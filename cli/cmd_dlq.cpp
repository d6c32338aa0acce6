// `dlq ls|show|redrive|discard|jobs|cancel`: task instances that gave up. They are read from the state folder, or asked of
// the server of the context in use. To have one tried again or let go, a server is asked: one at once, many as a job.
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "cli/contexts.h"
#include "cli/handlers_server.h"
#include "cli/job_progress.h"
#include "cli/reading.h"
#include "cli/server_client.h"
#include "cli/text/reason_text.h"
#include "cli/text/table.h"
#include "scheduler/control/letter_job.h"
#include "scheduler/insight/letter_value.h"
#include "scheduler/insight/words.h"
#include "scheduler/json/json_value.h"
#include "scheduler/timetable/time_text.h"
#include "web/http/target.h"

namespace baton::cli {
namespace {

constexpr char kLetters[] = "/api/v2/deadLetters";

Result<std::int64_t> letter_number(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number > 0) return number;
  return Error{"\"" + text + "\" is no number of a dead letter; `baton dlq ls` lists them", ErrorKind::invalid};
}

/// --since: a time, or how long ago; kNoTime: not given.
Result<WallUs> since_of(const Arguments& arguments) {
  if (!arguments.has("since")) return kNoTime;
  const std::string text = arguments.value("since");
  if (const auto ago = timetable::parse_duration(text); ago && *ago > 0) return now_us() - *ago;
  const auto at = timetable::parse_time(text, timetable::utc());
  if (!at) return Error{"--since is no time and no duration: write 2026-03-01, 2026-03-01T06:00:00Z or 6h", ErrorKind::invalid};
  return *at;
}

/// What ls and the jobs choose by alike.
Result<LetterFilter> letter_filter_of(const Arguments& arguments) {
  LetterFilter filter;
  filter.dag_ids = arguments.values("dag");
  filter.task_ids = arguments.values("task");
  for (const std::string& name : arguments.values("reason")) {
    const auto reason = reason_from(name);
    if (!reason) return Error{"--reason " + name + ": there is no such reason; `baton dlq ls -o json` shows them", ErrorKind::invalid};
    filter.reasons.push_back(*reason);
  }
  const Result<WallUs> since = since_of(arguments);
  if (!since) return since.error();
  filter.failed_at.at_least = *since;
  return filter;
}

Result<std::vector<LetterState>> letter_states_of(const Arguments& arguments) {
  const std::string name = arguments.value("state-of", "open");
  std::vector<LetterState> out;
  for (std::size_t k = 0; k < kLetterStateCount; ++k) {
    const auto state = static_cast<LetterState>(k);
    if (name == "all" || to_string(state) == name) out.push_back(state);
  }
  if (out.empty()) return Error{"--state-of is open, redriven, discarded, resolved, superseded or all", ErrorKind::invalid};
  return out;
}

bool asks_elsewhere(const Invocation& call) {
  const auto context = context_of(call.args());
  return !context || context->has_value();
}

Result<Value> letters_of_folder(const Invocation& call, const LetterQuery& query) {
  const Result<OpenState> state = open_state(call.args());
  if (!state) return state.error();
  const auto page = state->reader->list_letters(query);
  if (!page) return page.error();
  ValueList list;
  for (const LetterView& letter : page->rows) list.emplace_back(insight::letter_value(letter.row));
  return Value(ValueMap{{"dead_letters", std::move(list)}, {"total_entries", page->total}});
}

Result<Value> letters_of_server(const Invocation& call, const LetterQuery& query) {
  const auto server = ServerClient::of(call.args());
  if (!server) return server.error();
  std::string target = std::string(kLetters) + "?limit=" + std::to_string(query.page.limit);
  const auto add = [&](const char* name, const std::string& value) {
    target += std::string("&") + name + "=" + http::percent_encoded(value);
  };
  for (const std::string& dag : query.filter.dag_ids) add("dag_id", dag);
  for (const std::string& task : query.filter.task_ids) add("task_id", task);
  for (const Reason reason : query.filter.reasons) add("reason", std::string(to_string(reason)));
  for (const LetterState state : query.filter.states) add("state", std::string(to_string(state)));
  if (query.filter.failed_at.at_least != kNoTime) add("failed_at_gte", insight::utc_time(query.filter.failed_at.at_least));
  return server->get(target);
}

std::string task_of(const Value& letter) {
  const std::int64_t index = number_member(letter, "map_index");
  const Value* has_index = letter.find("map_index");
  std::string out = text_member(letter, "task_id");
  if (has_index == nullptr || index < 0) return out;
  return text::instance_name(out, static_cast<std::int32_t>(index), text_member(letter, "map_key"));
}

void print_letters(const Invocation& call, const ValueList& letters) {
  text::Table table({{"NO", true}, {"RUN", false, true, 16}, {"TASK"}, {"TRY", true}, {"FAILED"}, {"STATE"}, {"ERROR", false, true}});
  for (const Value& one : letters) {
    table.add({std::to_string(number_member(one, "id")), text_member(one, "dag_id") + "/" + text_member(one, "dag_run_id"),
               task_of(one), std::to_string(number_member(one, "try_number")), time_member(one, "failed_at"),
               text_member(one, "state"), text_member(one, "error")});
  }
  Invocation::print(table.render(call.out_style(), call.out_width()));
}

const ValueList& letters_in(const Value& document) {
  static const ValueList none;
  const Value* list = document.find("dead_letters");
  return list != nullptr && list->type() == ValueType::list ? list->as_list() : none;
}

int show_letter(const Invocation& call, const Result<Value>& shown) {
  if (!shown) return call.fail(shown.error());
  if (call.format() != Format::table) {
    call.print_document(*shown);
    return kOk;
  }
  const Value& one = *shown;
  const auto json_of = [&](const char* name) {
    const Value* found = one.find(name);
    return found == nullptr || found->type() == ValueType::null ? std::string("-") : to_json(*found);
  };
  std::string out = "dead letter " + std::to_string(number_member(one, "id")) + "  " + text_member(one, "state") + "\n";
  out += "task     " + text_member(one, "dag_id") + "/" + text_member(one, "dag_run_id") + " " + task_of(one) + ", try " +
         std::to_string(number_member(one, "try_number")) + ", version " +
         std::to_string(number_member(one, "dag_version_number")) + "\n";
  out += "failed   " + time_member(one, "failed_at") + ": " + text_member(one, "error") + "\n";
  if (const std::string by = time_member(one, "closed_at"); !by.empty()) {
    out += "closed   " + by + (text_member(one, "closed_by").empty() ? "" : " by " + text_member(one, "closed_by")) + "\n";
  }
  out += "params   " + json_of("conf") + "\n";
  if (json_of("item") != "-") out += "item     " + json_of("item") + "\n";
  if (const std::string log = text_member(one, "log_tail"); !log.empty()) {
    out += "log      its end:\n" + log + (log.back() == '\n' ? "" : "\n");
  }
  Invocation::print(out);
  return kOk;
}

// ── changes: a server is asked ──────────────────────────────────────────────────────────────────────────────────────

ValueList values_of(const std::vector<std::string>& texts) {
  ValueList out;
  for (const std::string& text : texts) out.emplace_back(text);
  return out;
}

/// The body of a job: what was chosen. invalid: nothing was, and --all was not said.
Result<ValueMap> job_body(const Invocation& call, bool discards) {
  const Arguments& arguments = call.args();
  const Result<LetterFilter> filter = letter_filter_of(arguments);
  if (!filter) return filter.error();
  ValueMap body;
  ValueList ids;
  for (const std::string& text : arguments.positional) {
    const auto number = letter_number(text);
    if (!number) return number.error();
    ids.emplace_back(*number);
  }
  const bool is_chosen = !ids.empty() || arguments.has("dag") || arguments.has("task") || arguments.has("reason") ||
                         arguments.has("since");
  if (!is_chosen && !arguments.has("all")) {
    return Error{"say which: numbers, --dag, --task, --reason, --since, or --all of them", ErrorKind::invalid};
  }
  if (!ids.empty()) body.emplace_back("ids", std::move(ids));
  if (!filter->dag_ids.empty()) body.emplace_back("dag_ids", values_of(filter->dag_ids));
  if (!filter->task_ids.empty()) body.emplace_back("task_ids", values_of(filter->task_ids));
  if (arguments.has("reason")) body.emplace_back("reasons", values_of(arguments.values("reason")));
  if (filter->failed_at.at_least != kNoTime) body.emplace_back("failed_since", insight::utc_time(filter->failed_at.at_least));
  if (arguments.has("dry-run")) body.emplace_back("dry_run", true);
  if (arguments.has("why")) body.emplace_back("note", arguments.value("why"));
  if (!discards && arguments.has("latest")) body.emplace_back("latest", true);
  if (!discards && arguments.has("rate")) {
    if (const auto rate = parse_job_rate(arguments.value("rate")); !rate) return rate.error();
    body.emplace_back("rate", arguments.value("rate"));
  }
  return body;
}

int begin_job(const Invocation& call, const ServerClient& server, bool discards) {
  const Result<ValueMap> body = job_body(call, discards);
  if (!body) return call.fail(body.error());
  const Result<Value> made = server.post(std::string(kLetters) + (discards ? ":discard" : ":redrive"), *body);
  if (!made) return call.fail(made.error());
  if (call.args().has("dry-run")) {
    if (call.format() != Format::table) {
      call.print_document(*made, "dead_letters");
      return kOk;
    }
    print_letters(call, letters_in(*made));
    call.note(std::to_string(number_member(*made, "total_entries")) + " dead letters would be " +
              (discards ? "discarded" : "redriven") + "; nothing has been changed");
    return kOk;
  }
  const std::int64_t number = number_member(*made, "id");
  if (call.args().has("wait")) return await_job(call, server, number);
  if (call.format() != Format::table) {
    call.print_document(*made);
    return kOk;
  }
  Invocation::print("job " + std::to_string(number) + "  " + std::to_string(number_member(*made, "total")) + " dead letters\n");
  call.note("the server has it; `baton jobs ls` tells how far it is, `baton jobs cancel " + std::to_string(number) +
            "` ends it");
  return kOk;
}

int change_letters(const Invocation& call, bool discards) {
  const auto server = ServerClient::of(call.args());
  if (!server) {
    return call.fail(server.error(), discards ? "" : "`baton retry RUN` tries what failed in one run here and now");
  }
  const Arguments& arguments = call.args();
  const bool is_one = arguments.positional.size() == 1 && !arguments.has("dry-run") && !arguments.has("rate");
  if (!is_one) return begin_job(call, *server, discards);
  const auto number = letter_number(arguments.at(0));
  if (!number) return call.fail(number.error());
  ValueMap body;
  if (arguments.has("why")) body.emplace_back("note", arguments.value("why"));
  if (!discards && arguments.has("latest")) body.emplace_back("latest", true);
  const Result<Value> changed =
      server->post(std::string(kLetters) + "/" + std::to_string(*number) + (discards ? ":discard" : ":redrive"), body);
  if (!changed) return call.fail(changed.error());
  if (call.format() != Format::table) {
    call.print_document(*changed);
    return kOk;
  }
  const std::string run = text_member(*changed, "dag_id") + "/" + text_member(*changed, "dag_run_id");
  Invocation::print("dead letter " + std::to_string(*number) + " is " + text_member(*changed, "state") + ": " + run + " " +
                    task_of(*changed) + "\n");
  return kOk;
}

}  // namespace

int dlq_ls_command(const Invocation& call) {
  LetterQuery query;
  const auto filter = letter_filter_of(call.args());
  if (!filter) return call.fail(filter.error());
  query.filter = *filter;
  const auto states = letter_states_of(call.args());
  if (!states) return call.fail(states.error());
  query.filter.states = *states;
  const auto limit = number_of(call.args(), "limit", 50, 1);
  if (!limit) return call.fail(limit.error());
  query.page.limit = *limit;
  query.descending = true;
  const Result<Value> found = asks_elsewhere(call) ? letters_of_server(call, query) : letters_of_folder(call, query);
  if (!found) return call.fail(found.error());
  if (call.format() != Format::table) {
    call.print_document(*found, "dead_letters");
    return kOk;
  }
  const ValueList& letters = letters_in(*found);
  if (letters.empty()) {
    call.note("there are no dead letters of this kind");
    return kOk;
  }
  print_letters(call, letters);
  const std::int64_t total = number_member(*found, "total_entries");
  if (total > std::ssize(letters)) call.note("the newest of " + std::to_string(total) + "; --limit N shows more");
  return kOk;
}

int dlq_show_command(const Invocation& call) {
  const auto number = letter_number(call.args().at(0));
  if (!number) return call.fail(number.error());
  if (asks_elsewhere(call)) {
    const auto server = ServerClient::of(call.args());
    if (!server) return call.fail(server.error());
    return show_letter(call, server->get(std::string(kLetters) + "/" + std::to_string(*number)));
  }
  const Result<OpenState> state = open_state(call.args());
  if (!state) return call.fail(state.error());
  const auto letter = state->reader->letter(*number);
  return show_letter(call, letter ? Result<Value>(Value(insight::letter_shown(*letter))) : Result<Value>(letter.error()));
}

int dlq_redrive_command(const Invocation& call) {
  return change_letters(call, false);
}

int dlq_discard_command(const Invocation& call) {
  return change_letters(call, true);
}

int dlq_jobs_command(const Invocation& call) {
  const auto server = ServerClient::of(call.args());
  if (!server) return call.fail(server.error());
  const Result<Value> found = server->get(std::string(kBulkJobs) + "?limit=50");
  if (!found) return call.fail(found.error());
  if (call.format() != Format::table) {
    call.print_document(*found, "bulk_jobs");
    return kOk;
  }
  text::Table table({{"JOB", true}, {"KIND"}, {"STATE"}, {"BY"}, {"SINCE"}, {"DONE", false, true}});
  const Value* jobs = found->find("bulk_jobs");
  for (const Value& one : jobs != nullptr && jobs->type() == ValueType::list ? jobs->as_list() : ValueList{}) {
    table.add({std::to_string(number_member(one, "id")), text_member(one, "kind"), text_member(one, "state"),
               text_member(one, "created_by"), time_member(one, "created_at"), job_words(one)});
  }
  if (table.empty()) {
    call.note("there are no jobs");
  } else {
    Invocation::print(table.render(call.out_style(), call.out_width()));
  }
  return kOk;
}

int dlq_cancel_command(const Invocation& call) {
  const auto server = ServerClient::of(call.args());
  if (!server) return call.fail(server.error());
  const auto number = letter_number(call.args().at(0));
  if (!number) return call.fail(Error{"\"" + call.args().at(0) + "\" is no number of a job; `baton jobs ls` lists them", ErrorKind::invalid});
  const Result<Value> job = server->post(std::string(kBulkJobs) + "/" + std::to_string(*number) + ":cancel", {});
  if (!job) return call.fail(job.error());
  if (call.format() != Format::table) {
    call.print_document(*job);
    return kOk;
  }
  Invocation::print("job " + std::to_string(*number) + "  cancelled: " + job_words(*job) + "\n");
  return kOk;
}

}  // namespace baton::cli
