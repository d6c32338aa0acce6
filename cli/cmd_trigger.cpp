// `trigger`: asks the server that holds the state folder for a run of one of its DAGs.
#include <chrono>
#include <thread>

#include "cli/handlers_server.h"
#include "cli/interval.h"
#include "cli/run_params.h"
#include "cli/run_request.h"
#include "cli/served_dag.h"
#include "cli/text/clock_text.h"
#include "cli/through_server.h"
#include "scheduler/timetable/time_text.h"

namespace baton::cli {
namespace {

constexpr auto kFilesPatience = std::chrono::seconds(30);
constexpr auto kFilesPause = std::chrono::milliseconds(50);

Status add_times(const Invocation& call, const LoadedDag& loaded, ValueMap& body) {
  Value logical_date;
  if (call.args().has("logical-date")) {
    const auto zone = timetable::load_zone(loaded.dag->timezone);
    if (!zone) return zone.error();
    const Result<WallUs> at = timetable::parse_time(call.args().value("logical-date"), *zone);
    if (!at) return Error{"--logical-date: " + at.error().message, ErrorKind::invalid};
    logical_date = text::json_time(*at);
  }
  body.emplace_back("logical_date", std::move(logical_date));
  if (!call.args().has("interval")) return Unit{};
  const Result<timetable::Interval> interval = interval_of(loaded, call.args(), now_us());
  if (!interval) return interval.error();
  body.emplace_back("data_interval_start", text::json_time(interval->start));
  body.emplace_back("data_interval_end", text::json_time(interval->end));
  return Unit{};
}

Result<ValueMap> body_of(const Invocation& call, const LoadedDag& loaded) {
  ValueMap body;
  if (Status added = add_times(call, loaded, body); !added) return added.error();
  Result<Value> conf = params_given(*loaded.dag, call);
  if (!conf) return conf.error();
  body.emplace_back("conf", std::move(*conf));
  if (call.args().has("run-id")) body.emplace_back("dag_run_id", call.args().value("run-id"));
  if (call.args().has("label")) {
    const Result<Labels> labels = labels_of(call.args());
    if (!labels) return labels.error();
    ValueMap given;
    for (const auto& [name, value] : *labels) given.emplace_back(Value(name), value);
    body.emplace_back("labels", std::move(given));
  }
  if (call.args().has("note")) body.emplace_back("note", call.args().value("note"));
  return body;
}

/// A server that has only just begun still reads its files: whether the DAG comes within a while.
bool comes(const ServerClient& server, const std::string& id) {
  const auto give_up_at = std::chrono::steady_clock::now() + kFilesPatience;
  while (true) {
    const auto dag = server.get(dag_target(id));
    if (dag || dag.error().kind != ErrorKind::unavailable) return dag.ok();
    if (std::chrono::steady_clock::now() > give_up_at) return false;
    std::this_thread::sleep_for(kFilesPause);
  }
}

}  // namespace

int trigger_command(const Invocation& call) {
  const auto server = ServerClient::of(call.args());
  if (!server) return call.fail(server.error(), "`baton run` runs a DAG here and now");
  const std::string id = call.args().at(0);
  Result<LoadedDag> loaded = served_dag(*server, call, id);
  if (!loaded && loaded.error().kind == ErrorKind::not_found && comes(*server, id)) {
    loaded = served_dag(*server, call, id);
  }
  if (!loaded) return call.fail(loaded.error());
  const Result<ValueMap> body = body_of(call, *loaded);
  if (!body) return call.fail(body.error());
  ServerClient::Headers headers;
  if (call.args().has("idempotency-key")) {
    headers.emplace_back("Idempotency-Key", call.args().value("idempotency-key"));
  }
  const Result<Value> run = server->post(dag_target(id) + "/dagRuns", *body, std::move(headers));
  if (!run) return call.fail(run.error());
  return show_run(*server, call, *run, "the server has it");
}

}  // namespace baton::cli
