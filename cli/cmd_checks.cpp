// `checks ls|show`: what checks of data quality have come to. Read from the state folder, or asked of the server of the
// context in use.
#include <algorithm>
#include <string>

#include "cli/contexts.h"
#include "cli/handlers_server.h"
#include "cli/reading.h"
#include "cli/server_client.h"
#include "cli/text/display_width.h"
#include "cli/text/table.h"
#include "scheduler/insight/check_value.h"
#include "web/http/target.h"

namespace baton::cli {
namespace {

constexpr std::int64_t kChecksShown = 50, kChecksMost = 1'000;

std::string dash_for_none(std::string text) { return text.empty() ? "-" : std::move(text); }

/// What it saw, and what is wrong with that.
std::string check_words(const Value& check) {
  const std::string observed = text_member(check, "observed");
  const std::string message = text_member(check, "message");
  if (observed.empty() || message.empty()) return dash_for_none(observed + message);
  return message + " (observed " + observed + ")";
}

std::string task_of_check(const Value& check) {
  const std::int64_t index = number_member(check, "map_index");
  const std::string task = text_member(check, "task_id");
  return index < 0 ? task : task + "[" + std::to_string(index) + "]";
}

int show_checks(const Invocation& call, const Result<Value>& checks, bool of_one_task) {
  if (!checks) return call.fail(checks.error());
  if (call.format() != Format::table) {
    call.print_document(*checks, "checks");
    return kOk;
  }
  const ValueList& list = list_member(*checks, "checks");
  if (list.empty()) {
    call.note(of_one_task ? "no check of this task has run" : "there are none: a task has them with `checks:`");
    return kOk;
  }
  text::Table of_task({{"CHECK"}, {"STATE"}, {"ON FAIL"}, {"WHAT", false, true}});
  text::Table of_all({{"WHEN"}, {"DAG"}, {"RUN"}, {"TASK"}, {"CHECK"}, {"STATE"}, {"WHAT", false, true}});
  for (const Value& one : list) {
    const std::string name = text::printable(text_member(one, "name"));
    const std::string what = text::printable(check_words(one));
    if (of_one_task) {
      of_task.add({name, text_member(one, "state"), text_member(one, "on_fail"), what});
    } else {
      of_all.add({time_member(one, "timestamp"), text_member(one, "dag_id"), text_member(one, "dag_run_id"),
                  task_of_check(one), name, text_member(one, "state"), what});
    }
  }
  Invocation::print((of_one_task ? of_task : of_all).render(call.out_style(), call.out_width()));
  return kOk;
}

Result<Value> checks_in_folder(Reader& reader, const CheckQuery& query) {
  const auto rows = reader.list_checks(query);
  if (!rows) return rows.error();
  return insight::check_list(*rows);
}

Result<Value> all_checks(const Invocation& call) {
  const auto limit = number_of(call.args(), "limit", kChecksShown, 1);
  if (!limit) return limit.error();
  CheckQuery query;
  query.dag_id = call.args().value("dag");
  query.not_passed = call.args().has("failed");
  query.limit = std::min(*limit, kChecksMost);
  if (is_elsewhere(call.args())) {
    const auto server = ServerClient::of(call.args());
    if (!server) return server.error();
    std::string target = dag_target(query.dag_id.empty() ? "~" : query.dag_id) + "/dagRuns/~/checks?limit=" +
                         std::to_string(std::min<std::int64_t>(query.limit, 100));
    if (query.not_passed) target += "&failed=true";
    return server->get(target);
  }
  const Result<OpenState> state = open_state(call.args());
  if (!state) return state.error();
  return checks_in_folder(*state->reader, query);
}

Result<Value> checks_of_task(const Invocation& call) {
  const Result<OpenRun> run = open_run(call);
  if (!run) return run.error();
  const Result<InstanceNo> instance_no = run->reader->find_instance(run->run_no, call.args().at(1));
  if (!instance_no) return instance_no.error();
  CheckQuery query;
  query.run_no = run->run_no;
  query.instance_no = *instance_no;
  query.last_try = true;
  query.limit = kChecksMost;
  return checks_in_folder(*run->reader, query);
}

}  // namespace

int checks_ls_command(const Invocation& call) { return show_checks(call, all_checks(call), false); }
int checks_show_command(const Invocation& call) { return show_checks(call, checks_of_task(call), true); }

}  // namespace baton::cli
