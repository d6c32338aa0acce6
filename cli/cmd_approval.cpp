// `approval ls|show|answer|approve|reject`: what persons are asked. It is read from the state folder, or asked of the server
// of the context in use. An answer goes to the server of the folder, or to the run that another terminal works on.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "cli/contexts.h"
#include "cli/foreground.h"
#include "cli/handlers_server.h"
#include "cli/reading.h"
#include "cli/server_client.h"
#include "cli/text/table.h"
#include "cli/through_server.h"
#include "scheduler/dagfile/params.h"
#include "scheduler/engine/approval.h"
#include "scheduler/insight/approval_value.h"
#include "scheduler/json/json_value.h"
#include "web/http/target.h"

namespace baton::cli {
namespace {

constexpr std::size_t kListed = 50;

bool is_whole_number(const std::string& text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return !text.empty() && text.size() < 18 && std::all_of(text.begin(), text.end(), is_digit);
}

/// As the API has it, as far as the command line shows it.
Value document_of_view(const ApprovalView& view) {
  const ApprovalRow& row = view.row;
  ValueMap out = insight::approval_value(row);
  out.emplace_back("task_instance",
                   Value(ValueMap{{"dag_id", row.dag_id},
                                  {"dag_run_id", row.run_id},
                                  {"task_id", row.task_id},
                                  {"map_index", std::int64_t{row.map_index}},
                                  {"state", to_string(view.instance.row.state)}}));
  return Value(std::move(out));
}

const Value& task_of_question(const Value& question) {
  static const Value none{ValueMap{}};
  const Value* found = question.find("task_instance");
  return found != nullptr ? *found : none;
}

std::string name_of_question(const Value& question) {
  const Value& task = task_of_question(question);
  const Value* index = task.find("map_index");
  std::string out = text_member(task, "task_id");
  if (index != nullptr && index->type() == ValueType::integer && index->as_int() >= 0) {
    out += "[" + std::to_string(index->as_int()) + "]";
  }
  return out;
}

std::string joined_texts(const Value& question, const char* name) {
  std::string out;
  for (const Value& one : list_member(question, name)) {
    const std::string text = one.type() == ValueType::string ? one.as_string() : text_member(one, "name");
    out += (out.empty() ? "" : ", ") + text;
  }
  return out;
}

/// What a question came to, in a few words.
std::string outcome_of_question(const Value& question) {
  const std::string state = text_member(question, "state");
  const std::string chosen = joined_texts(question, "chosen_options");
  if (state != "answered") return state;
  const Value* by = question.find("responded_by_user");
  return chosen + " by " + (by != nullptr ? text_member(*by, "name") : std::string());
}

// ── which question ──────────────────────────────────────────────────────────────────────────────────────────────────

/// Of the state folder here.
Result<ApprovalView> question_here(Reader& reader, const Arguments& arguments) {
  ApprovalQuery query;
  query.descending = true;
  query.page.limit = 2;
  query.filter.with_earlier = true;
  const std::string first = arguments.at(0);
  const bool by_number = arguments.positional.size() == 1 && is_whole_number(first);
  if (by_number) {
    query.filter.numbers = {std::stoll(first)};
  } else {
    const auto run_no = reader.find_run(first);
    if (!run_no) return run_no.error();
    query.filter.run_no = *run_no;
    if (arguments.positional.size() > 1) {
      const auto instance = reader.find_instance(*run_no, arguments.at(1));
      if (!instance) return instance.error();
      query.filter.instance_no = *instance;
    } else {
      query.filter.states = {ApprovalState::open};  // the one that waits, where there is one alone
    }
  }
  auto page = reader.list_approvals(query);
  if (!page) return page.error();
  if (page->rows.empty()) {
    if (by_number) return Error{"there is no question " + first + "; `baton approval ls` lists them", ErrorKind::not_found};
    return Error{"nothing is asked there; `baton approval ls` lists what is", ErrorKind::not_found};
  }
  if (page->rows.size() > 1 && !by_number && arguments.positional.size() == 1) {
    return Error{"several tasks of this run ask something: say which, as " + page->rows[0].row.task_id + " or " +
                     page->rows[1].row.task_id,
                 ErrorKind::invalid};
  }
  return std::move(page->rows.front());
}

/// Of the server of the context in use.
Result<Value> question_elsewhere(const ServerClient& server, const Arguments& arguments) {
  const std::string first = arguments.at(0);
  if (arguments.positional.size() == 1 && is_whole_number(first)) {
    const auto found = server.get("/api/v2/dags/~/dagRuns/~/hitlDetails?id=" + first);
    if (!found) return found.error();
    const ValueList& list = list_member(*found, "hitl_details");
    if (!list.empty()) return list.front();
    return Error{"there is no question " + first + "; `baton approval ls` lists them", ErrorKind::not_found};
  }
  const std::size_t slash = first.find('/');
  if (slash == std::string::npos || arguments.positional.size() < 2) {
    return Error{"of a server elsewhere name the question by its number, or as DAG/RUN TASK", ErrorKind::invalid};
  }
  return server.get(run_target(first.substr(0, slash), first.substr(slash + 1)) + "/taskInstances/" +
                    http::percent_encoded(arguments.at(1)) + "/-1/hitlDetails");
}

void print_question(const Value& one) {
  const Value& task = task_of_question(one);
  std::string out = "question " + std::to_string(number_member(one, "id")) + "  " + text_member(one, "state") + "\n";
  out += "task      " + text_member(task, "dag_id") + "/" + text_member(task, "dag_run_id") + " " + name_of_question(one) + "\n";
  out += "asks      " + text_member(one, "subject") + "\n";
  if (const std::string body = text_member(one, "body"); !body.empty()) out += body + "\n";
  out += "options   " + joined_texts(one, "options") + "\n";
  if (const Value* form = one.find("params"); form != nullptr && form->type() == ValueType::map && !form->as_map().empty()) {
    out += "form      " + to_json(*form) + "\n";
  }
  if (const std::string who = joined_texts(one, "assigned_users"); !who.empty()) out += "asked     " + who + "\n";
  if (const std::string who = text_member(one, "requester"); !who.empty()) out += "requester " + who + "\n";
  out += "since     " + time_member(one, "created_at") + "\n";
  if (const std::string deadline = time_member(one, "deadline"); !deadline.empty())
    out += "deadline  " + deadline + "\n";
  if (const std::string closed = time_member(one, "closed_at"); !closed.empty()) {
    out += "ended     " + closed + ": " + outcome_of_question(one) + "\n";
  }
  if (const std::string note = text_member(one, "note"); !note.empty()) out += "note      " + note + "\n";
  Invocation::print(out);
}

int show_question(const Invocation& call, const Result<Value>& shown) {
  if (!shown) return call.fail(shown.error());
  if (call.format() != Format::table) {
    call.print_document(*shown);
  } else {
    print_question(*shown);
  }
  return kOk;
}

// ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

Result<std::vector<std::pair<std::string, std::string>>> entries_of(const Arguments& arguments) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const std::string& text : arguments.values("param")) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) return Error{"-p wants name=value, not \"" + text + "\""};
    out.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

/// The JSON Schemas of the form of a question of the API.
Value forms_of(const Value& question) {
  ValueMap out;
  const Value* form = question.find("params");
  if (form == nullptr || form->type() != ValueType::map) return Value(std::move(out));
  for (const auto& [name, entry] : form->as_map()) {
    const Value* schema = entry.find("schema");
    out.emplace_back(name, schema != nullptr ? *schema : Value(ValueMap{}));
  }
  return Value(std::move(out));
}

std::string target_of_question(const Value& question) {
  const Value& task = task_of_question(question);
  const Value* index = task.find("map_index");
  const std::int64_t at = index != nullptr && index->type() == ValueType::integer ? index->as_int() : -1;
  return run_target(text_member(task, "dag_id"), text_member(task, "dag_run_id")) + "/taskInstances/" +
         http::percent_encoded(text_member(task, "task_id")) + "/" + std::to_string(at) + "/hitlDetails";
}

int answer_through(const ServerClient& server, const Invocation& call, const Value& question,
                   const AnswerApproval& request) {
  ValueList chosen;
  for (const std::string& option : request.chosen) chosen.emplace_back(option);
  ValueMap body = {{"chosen_options", Value(std::move(chosen))}, {"params_input", request.params}};
  if (!request.note.empty()) body.emplace_back("note", request.note);
  const Result<Value> done = server.patch(target_of_question(question), body);
  if (!done) return failed_through(server, call, done.error());
  if (call.format() != Format::table) {
    call.print_document(*done);
  } else {
    call.note("answered: " + name_of_question(question) + " goes on");
  }
  return kOk;
}

/// Nobody works on the run, which would take the answer.
int fail_alone(const Invocation& call, const ApprovalRow& row) {
  if (row.state != ApprovalState::open) {
    return call.fail({"nothing is asked any more: " + insight::words_of_close(row), ErrorKind::conflict});
  }
  return call.fail({"nobody works on this run now: `baton resume " + row.dag_id + "/" + row.run_id +
                        state_flag_of(call.args()) + "` goes on with it, and asks again",
                    ErrorKind::conflict});
}

int answer_with(const Invocation& call, std::vector<std::string> chosen) {
  AnswerApproval request;
  request.chosen = std::move(chosen);
  request.note = call.args().value("note");
  const auto entries = entries_of(call.args());
  if (!entries) return call.fail(entries.error());
  if (is_elsewhere(call.args())) {
    const auto server = ServerClient::of(call.args());
    if (!server) return call.fail(server.error());
    const Result<Value> question = question_elsewhere(*server, call.args());
    if (!question) return call.fail(question.error());
    auto params = resolve_form(name_of_question(*question), forms_of(*question), *entries);
    if (!params) return call.fail(params.error());
    request.params = std::move(*params);
    return answer_through(*server, call, *question, request);
  }
  Result<OpenState> state = open_state(call.args());
  if (!state) return call.fail(state.error());
  const Result<ApprovalView> view = question_here(*state->reader, call.args());
  if (!view) return call.fail(view.error());
  const ApprovalRow& row = view->row;
  auto params = resolve_form(row.task_id, ask_from_json(row.form_json).params, *entries);
  if (!params) return call.fail(params.error());
  request.params = std::move(*params);
  request.run_no = row.run_no;
  request.task = {row.task_id, row.map_index < 0 ? std::nullopt : std::optional(row.map_index)};
  request.epoch = row.epoch;
  if (const auto holder = ServerClient::working_on(state->folder, row.run_id)) {
    const int code = answer_through(*holder, call, document_of_view(*view), request);
    if (code != kHasLeft) return code;
  }
  return fail_alone(call, row);
}

Result<Value> list_here(const Invocation& call, const ApprovalQuery& query) {
  const Result<OpenState> state = open_state(call.args());
  if (!state) return state.error();
  const auto page = state->reader->list_approvals(query);
  if (!page) return page.error();
  ValueList list;
  for (const ApprovalView& view : page->rows) list.push_back(document_of_view(view));
  return Value(ValueMap{{"hitl_details", std::move(list)}, {"total_entries", page->total}});
}

}  // namespace

int approval_ls_command(const Invocation& call) {
  const Arguments& arguments = call.args();
  ApprovalQuery query;
  query.descending = true;
  query.page.limit = kListed;
  if (arguments.has("limit")) {
    const std::string text = arguments.value("limit");
    if (!is_whole_number(text) || std::stoll(text) < 1) return call.fail({"--limit is a number from 1", ErrorKind::invalid});
    query.page.limit = std::stoll(text);
  }
  if (!arguments.has("all")) query.filter.states = {ApprovalState::open};
  query.filter.dag_ids = arguments.values("dag");
  Result<Value> all = Value();
  if (is_elsewhere(call.args())) {
    const auto server = ServerClient::of(arguments);
    if (!server) return call.fail(server.error());
    const std::string dag = arguments.has("dag") ? http::percent_encoded(arguments.value("dag")) : "~";
    all = server->get("/api/v2/dags/" + dag + "/dagRuns/~/hitlDetails?order_by=-created_at&limit=" +
                      std::to_string(std::min<std::int64_t>(query.page.limit, 100)) +
                      (arguments.has("all") ? "" : "&state=deferred"));
  } else {
    all = list_here(call, query);
  }
  if (!all) return call.fail(all.error());
  if (call.format() != Format::table) {
    call.print_document(*all, "hitl_details");
    return kOk;
  }
  const ValueList& list = list_member(*all, "hitl_details");
  if (list.empty()) {
    call.note("nothing waits for an answer");
    return kOk;
  }
  text::Table table({{"NO", true}, {"RUN", false, true, 16}, {"TASK"}, {"SINCE"}, {"STATE"}, {"QUESTION", false, true}});
  for (const Value& one : list) {
    const Value& task = task_of_question(one);
    table.add({std::to_string(number_member(one, "id")), text_member(task, "dag_id") + "/" + text_member(task, "dag_run_id"),
               name_of_question(one), time_member(one, "created_at"), outcome_of_question(one),
               text_member(one, "subject")});
  }
  Invocation::print(table.render(call.out_style(), call.out_width()));
  return kOk;
}

int approval_show_command(const Invocation& call) {
  if (is_elsewhere(call.args())) {
    const auto server = ServerClient::of(call.args());
    return show_question(call, server ? question_elsewhere(*server, call.args()) : Result<Value>(server.error()));
  }
  const Result<OpenState> state = open_state(call.args());
  if (!state) return call.fail(state.error());
  const Result<ApprovalView> view = question_here(*state->reader, call.args());
  return show_question(call, view ? Result<Value>(document_of_view(*view)) : Result<Value>(view.error()));
}

int approval_answer_command(const Invocation& call) {
  if (!call.args().has("option")) return call.fail({"say what is chosen with --option; `baton approval show` lists the options"});
  return answer_with(call, call.args().values("option"));
}

int approval_approve_command(const Invocation& call) {
  return answer_with(call, {"approve"});
}

int approval_reject_command(const Invocation& call) {
  return answer_with(call, {kRejects});
}

}  // namespace baton::cli
