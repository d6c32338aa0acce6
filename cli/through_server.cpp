#include "cli/through_server.h"

#include <chrono>
#include <thread>

#include "cli/follow.h"
#include "cli/run_document.h"
#include "web/http/target.h"

namespace baton::cli {
namespace {

constexpr auto kAwaitPoll = std::chrono::milliseconds(100);

void add_text(ValueMap& body, const char* name, const std::string& text) {
  if (!text.empty()) body.emplace_back(name, text);
}

/// The run as the store has it: what the server has answered is durable.
Result<OpenRun> open_asked(const Invocation& call, const std::string& words) {
  Result<OpenState> state = open_view(call.args());
  if (!state) return state.error();
  OpenRun out{std::move(state->folder), std::move(state->reader), 0, {}, std::move(state->elsewhere)};
  const Result<RunNo> run_no = out.reader->find_run(words);
  if (!run_no) return run_no.error();
  out.run_no = *run_no;
  Result<RunView> run = out.reader->run(*run_no);
  if (!run) return run.error();
  out.run = std::move(*run);
  return out;
}

/// For -o: waits for the end without a word, then shows the run.
int await_document(const Invocation& call, OpenRun run) {
  while (true) {
    const Result<RunView> now = run.reader->run(run.run_no);
    if (!now) return call.fail(now.error());
    if (is_final(now->row.state)) {
      const Result<Value> document = run_document(*run.reader, *now, false);
      if (!document) return call.fail(document.error());
      call.print_document(*document);
      return now->row.state == RunState::success ? kOk : kRunFailed;
    }
    std::this_thread::sleep_for(kAwaitPoll);
  }
}

/// What keeps a run from beginning, where that is more than those before it in the same turn.
void tell_wait(const ServerClient& server, const Invocation& call, const Value& run) {
  const std::string wait = text_member(run, "wait");
  if (wait.empty() || wait == "turn") return;
  const auto why = server.get(run_target(text_member(run, "dag_id"), text_member(run, "dag_run_id")) + "/why");
  const ValueList& reasons = why ? list_member(*why, "reasons") : ValueList{};
  call.note("it waits: " + (reasons.empty() ? wait : text_member(reasons.front(), "text")));
}

}  // namespace

int failed_through(const ServerClient& server, const Invocation& call, const Error& error) {
  return server.has_left(error) ? kHasLeft : call.fail(error);
}

int show_run(const ServerClient& server, const Invocation& call, const Value& run, const std::string& what) {
  const std::string dag_id = text_member(run, "dag_id");
  const std::string run_id = text_member(run, "dag_run_id");
  const std::string words = dag_id + "/" + run_id;
  const bool is_table = call.format() == Format::table;
  if (!call.args().has("wait")) {
    if (!is_table) {
      call.print_document(run);
      return kOk;
    }
    Invocation::print(run_id + "  " + text_member(run, "state") + "\n");
    tell_wait(server, call, run);
    call.note(what + "; `baton watch " + words + state_flag_of(call.args()) + "` follows it");
    return kOk;
  }
  Result<OpenRun> opened = open_asked(call, words);
  if (!opened) return call.fail(opened.error());
  return is_table ? follow_run(call, std::move(*opened), words) : await_document(call, std::move(*opened));
}

int stop_through(const ServerClient& server, const Invocation& call, const RunRow& run, const StopRun& request) {
  ValueMap body;
  add_text(body, "why", request.why);
  const char* verb = request.kill ? ":kill" : ":cancel";
  const Result<Value> done = server.post(run_target(run.dag_id, run.run_id) + verb, body);
  if (!done) return failed_through(server, call, done.error());
  call.note(request.kill ? "killing" : "stopping");
  return kOk;
}

int pause_through(const ServerClient& server, const Invocation& call, const RunRow& run, bool is_paused) {
  ValueMap body;
  add_text(body, "why", call.args().value("why"));
  const char* verb = is_paused ? ":pause" : ":resume";
  const Result<Value> done = server.post(run_target(run.dag_id, run.run_id) + verb, body);
  if (!done) return failed_through(server, call, done.error());
  if (call.format() != Format::table) call.print_document(*done);
  call.note(is_paused ? "paused: nothing more of it starts; `baton unpause` lets it go on" : "it goes on");
  return kOk;
}

int retry_through(const ServerClient& server, const Invocation& call, const RunRow& run, const RetryRun& request,
                  bool is_latest) {
  ValueMap body;
  if (request.from) body.emplace_back("from", *request.from);
  if (is_latest) body.emplace_back("run_on_latest_version", true);
  add_text(body, "why", request.why);
  const Result<Value> done = server.post(run_target(run.dag_id, run.run_id) + ":retry", body);
  if (!done) return call.fail(done.error());
  if (is_final(run.state) && text_member(*done, "state") == to_string(run.state)) {
    call.note("nothing failed; --from TASK runs tasks that succeeded");
    if (call.format() != Format::table) call.print_document(*done);
    return run.state == RunState::success ? kOk : kRunFailed;
  }
  return show_run(server, call, *done, server.who_goes_on());
}

namespace {

/// Instances of an answer, each with the state that it had.
int show_instances(const Invocation& call, const Value& answer, const char* what) {
  if (call.format() != Format::table) {
    call.print_document(answer, "task_instances");
    return kOk;
  }
  const Value* list = answer.find("task_instances");
  if (list == nullptr || list->type() != ValueType::list || list->as_list().empty()) {
    call.note(std::string("nothing is to be ") + what);
    return kOk;
  }
  std::string text;
  for (const Value& one : list->as_list()) {
    const Value* index = one.find("map_index");
    const bool is_mapped = index != nullptr && index->type() == ValueType::integer && index->as_int() >= 0;
    const std::string state = text_member(one, "state");
    text += text_member(one, "task_id") + (is_mapped ? "[" + std::to_string(index->as_int()) + "]" : "") + "  " +
            (state.empty() ? "none" : state) + "\n";
  }
  Invocation::print(text);
  return kOk;
}

bool has_instances(const Value& answer) {
  const Value* list = answer.find("task_instances");
  return list != nullptr && list->type() == ValueType::list && !list->as_list().empty();
}

/// A run in a terminal may have ended meanwhile, and its process with it: then the store tells.
Result<Value> run_as_it_is(const ServerClient& server, const Invocation& call, const RunRow& run) {
  Result<Value> now = server.get(run_target(run.dag_id, run.run_id));
  if (now || !server.is_here()) return now;
  const Result<OpenRun> stored = open_asked(call, run.dag_id + "/" + run.run_id);
  return stored ? run_document(*stored->reader, stored->run, false) : now;
}

int show_run_now(const ServerClient& server, const Invocation& call, const RunRow& run) {
  const Result<Value> now = run_as_it_is(server, call, run);
  if (!now) return call.fail(now.error());
  return show_run(server, call, *now, server.who_goes_on());
}

ValueMap mark_body(const MarkTasks& request) {
  ValueMap body{{"new_state", to_string(request.state)},
                {"include_upstream", request.include_upstream},
                {"include_downstream", request.include_downstream}};
  add_text(body, "why", request.why);
  return body;
}

}  // namespace

int clear_through(const ServerClient& server, const Invocation& call, const RunRow& run, const ClearTasks& request) {
  ValueList tasks;
  for (const TaskChoice& one : request.tasks) {
    if (one.map_index) {
      tasks.emplace_back(ValueList{one.task_id, std::int64_t{*one.map_index}});
    } else {
      tasks.emplace_back(one.task_id);
    }
  }
  ValueMap body{{"dag_run_id", run.run_id},
                {"dry_run", request.dry_run},
                {"only_failed", request.only_failed},
                {"include_upstream", request.include_upstream},
                {"include_downstream", request.include_downstream}};
  if (!tasks.empty()) body.emplace_back("task_ids", std::move(tasks));
  add_text(body, "why", request.why);
  if (request.resets_state) body.emplace_back("reset_state", true);
  const Result<Value> touched = server.post(dag_target(run.dag_id) + "/clearTaskInstances", body);
  if (!touched) return failed_through(server, call, touched.error());
  if (request.dry_run || !has_instances(*touched)) return show_instances(call, *touched, "cleared");
  return show_run_now(server, call, run);
}

int mark_through(const ServerClient& server, const Invocation& call, const RunRow& run, const MarkTasks& request) {
  ValueList all;
  for (const TaskChoice& one : request.tasks) {
    std::string target = run_target(run.dag_id, run.run_id) + "/taskInstances/" + http::percent_encoded(one.task_id);
    if (one.map_index) target += "/" + std::to_string(*one.map_index);
    const Result<Value> touched = server.patch(target + (request.dry_run ? "/dry_run" : ""), mark_body(request));
    if (!touched) return failed_through(server, call, touched.error());
    const Value* list = touched->find("task_instances");
    if (list != nullptr && list->type() == ValueType::list) {
      all.insert(all.end(), list->as_list().begin(), list->as_list().end());
    }
  }
  if (!request.dry_run) return show_run_now(server, call, run);
  const auto count = static_cast<std::int64_t>(all.size());
  return show_instances(call, Value(ValueMap{{"task_instances", std::move(all)}, {"total_entries", count}}), "marked");
}

int mark_through(const ServerClient& server, const Invocation& call, const RunRow& run, const MarkRun& request) {
  ValueMap body{{"state", to_string(request.state)}};
  add_text(body, "why", request.why);
  const Result<Value> now = server.patch(run_target(run.dag_id, run.run_id), body);
  if (!now) return failed_through(server, call, now.error());
  return show_run(server, call, *now, "it is marked");
}

}  // namespace baton::cli
