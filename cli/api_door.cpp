#include "cli/api_door.h"

#include <utility>

#include "scheduler/dagfile/params.h"
#include "scheduler/host/new_run.h"
#include "scheduler/host/run_ids.h"
#include "scheduler/service/dag_gate.h"

namespace baton {
namespace {

/// The request of an ask, to go on with `latest`.
Request request_of(api::ChangeAsk ask, const ShelvedDag& latest) {
  return std::visit(
      [&](auto& what) -> Request {
        if constexpr (requires { what.latest; }) {
          what.latest = latest.dag;
          what.latest_version = latest.version;
        }
        return std::move(what);
      },
      ask.what);
}

/// What keeps a DAG from being triggered now.
Status may_trigger(const DagRow& dag, const ServerGate& server) {
  const DagGate gate = gate_of(dag, server);
  if (rules_of(gate).accepts_trigger) return Unit{};
  const std::string name = "DAG \"" + dag.dag_id + "\"";
  if (gate == DagGate::stale) return Error{name + " is stale: its file is gone", ErrorKind::conflict};
  return Error{name + " is draining and takes no new runs", ErrorKind::conflict};
}

}  // namespace

void ApiDoor::trigger(api::TriggerAsk ask, api::Asker asker, api::Once once, OnRun done) {
  auto what = std::make_shared<Triggering>(
      Triggering{std::move(ask), actor_of(asker), key_of(asker, once, 200), std::move(done)});
  server_.loop().post([this, alive = is_alive_, what] {
    if (*alive) find_dag(what);
  });
}

/// On the loop: the version that the DAG has now.
void ApiDoor::find_dag(std::shared_ptr<Triggering> what) {
  if (server_.is_closing()) return what->done(Error{"the server is ending; try again", ErrorKind::unavailable});
  const DagRow* dag = ticks_.dag(what->ask.dag_id);
  if (dag == nullptr && !folder_.has_looked()) {
    return what->done(
        Error{"there is no DAG \"" + what->ask.dag_id + "\" yet: the server still reads its files; try again",
              ErrorKind::unavailable});
  }
  if (dag == nullptr) {
    return what->done(Error{"there is no DAG \"" + what->ask.dag_id + "\"", ErrorKind::not_found});
  }
  if (Status may = may_trigger(*dag, ticks_.gate()); !may) return what->done(may.error());
  shelf_.get(dag->dag_id, dag->version, [this, alive = is_alive_, what](const Result<ShelvedDag>& found) {
    if (!*alive) return;
    if (!found) return what->done(found.error());
    trigger_found(*found, *what);
  });
}

void ApiDoor::trigger_found(const ShelvedDag& found, Triggering& what) {
  const api::TriggerAsk& ask_for = what.ask;
  if (!ask_for.run_id.empty() && !is_run_id(ask_for.run_id)) {
    return what.done(
        Error{"a run's id may hold letters, digits and _.~:+- and 250 characters at most, and is no . or .. "
              "alone: not \"" +
                  ask_for.run_id + "\"",
              ErrorKind::invalid});
  }
  auto params = resolve_params_json(*found.dag, ask_for.conf_json);
  if (!params) return what.done(params.error());
  Status may = check_request(*found.dag, {}, *params, server_.options().secret, server_.connections());
  if (!may) return what.done(may.error());
  AsioLoop& loop = server_.loop();
  const WallUs now = loop.wall_now();
  NewRun run;
  run.dag = found.dag;
  run.version = found.version;
  run.run_id = ask_for.run_id;
  run.run_after = ask_for.run_after;
  run.logical_date = ask_for.logical_date;
  run.interval_start = ask_for.interval_start != kNoTime ? ask_for.interval_start
                       : ask_for.logical_date != kNoTime ? ask_for.logical_date
                                                         : now;
  run.interval_end = ask_for.interval_end != kNoTime ? ask_for.interval_end : run.interval_start;
  run.triggered_by = "rest_api";
  run.labels = ask_for.labels;
  TriggerRun trigger;
  run.params = *params;
  trigger.creation = creation_of(run, server_.store().next_run_no(), now, run.run_id.empty() ? loop.random() : 0);
  trigger.creation.run.user_note = ask_for.note;
  trigger.params = std::move(*params);
  ask(std::move(trigger), std::move(what.actor), std::move(what.key),
      [done = std::move(what.done)](const Result<api::Changed>& how) {
        done(how ? Result<RunNo>(how->run_no) : how.error());
      });
}

void ApiDoor::change(api::ChangeAsk what, api::Asker asker, api::Once once, OnChanged done) {
  if (auto* gone = std::get_if<DeleteRun>(&what.what)) return delete_run(std::move(*gone), actor_of(asker), done);
  if (what.latest_of.empty()) return HostDoor::change(std::move(what), std::move(asker), std::move(once), done);
  auto key = key_of(asker, once, what.status);
  const std::string dag_id = what.latest_of;
  auto shared = std::make_shared<api::ChangeAsk>(std::move(what));
  server_.loop().post([this, alive = is_alive_, dag_id, shared, actor = actor_of(asker), key = std::move(key), done] {
    if (!*alive) return;
    find_latest(dag_id, [this, shared, actor, key, done](const Result<ShelvedDag>& latest) {
      if (!latest) return done(latest.error());
      ask(request_of(std::move(*shared), *latest), actor, key, done);
    });
  });
}

/// Its job gets its number where jobs do, on the loop; one that is refused leaves a gap.
void ApiDoor::delete_run(DeleteRun request, Actor actor, OnChanged done) {
  server_.loop().post([this, alive = is_alive_, request = std::move(request), actor = std::move(actor),
                       done = std::move(done)] {
    if (!*alive) return;
    DeleteRun numbered = request;
    numbered.job_no = jobs_.take_number();
    const Status asked = server_.host().ask(std::move(numbered), actor, [this, alive, done](const Result<Answer>& how) {
      if (!how) return done(how.error());
      if (*alive && how->job != nullptr) jobs_.begin(*how->job);
      done(api::Changed{how->run_no, {}, 0, how->job == nullptr ? 0 : how->job->job_no});
    });
    if (!asked) done(asked.error());
  });
}

/// On the loop: the version that a DAG has now.
void ApiDoor::find_latest(const std::string& dag_id, std::function<void(const Result<ShelvedDag>&)> found) {
  const DagRow* dag = ticks_.dag(dag_id);
  if (dag == nullptr) return found(Error{"there is no DAG \"" + dag_id + "\"", ErrorKind::not_found});
  shelf_.get(dag->dag_id, dag->version,
             [alive = is_alive_, found = std::move(found)](const Result<ShelvedDag>& latest) {
               if (*alive) found(latest);
             });
}

void ApiDoor::look_at_folder(OnDone done) {
  server_.loop().post([this, alive = is_alive_, done = std::move(done)] {
    if (*alive) folder_.look_through([done] { done(Unit{}); });
  });
}

void ApiDoor::set_paused(std::string dag_id, bool is_paused, api::Asker asker, OnDone done) {
  HoldDag request{std::move(dag_id), is_paused ? HoldDag::Wish::pause : HoldDag::Wish::resume, ""};
  server_.loop().post([this, alive = is_alive_, request = std::move(request), actor = actor_of(asker),
                       done = std::move(done)] {
    if (*alive) holds_.hold(request, actor, done);
  });
}

}  // namespace baton
