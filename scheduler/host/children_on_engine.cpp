#include "scheduler/host/children_on_engine.h"

#include "scheduler/dagfile/params.h"
#include "scheduler/host/new_run.h"
#include "scheduler/host/run_ids.h"
#include "scheduler/service/dag_gate.h"

namespace baton {

Result<ChildRun> child_run_of(const ChildAsk& ask, std::shared_ptr<const Dag> dag,
                              std::shared_ptr<const VersionRow> version, const SecretSource& secret, RunNo run_no,
                              WallUs now, std::uint64_t random) {
  if (!ask.run_id.empty() && !is_run_id(ask.run_id)) {
    return Error{"trigger_dag: \"" + ask.run_id + "\" is no id of a run: letters, digits and _.~:+-, 250 at most",
                 ErrorKind::invalid};
  }
  auto params = resolve_params_value(*dag, ask.params);
  if (!params) return Error{"trigger_dag: " + params.error().message, ErrorKind::invalid};
  if (Status may = check_request(*dag, {}, *params, secret); !may) return may.error();
  NewRun run;
  run.dag = std::move(dag);
  run.version = std::move(version);
  run.params = *params;
  run.run_id = ask.run_id;
  run.logical_date = ask.logical_date;
  run.interval_start = run.interval_end = ask.logical_date != kNoTime ? ask.logical_date : now;
  run.triggered_by = "trigger_dag";
  ChildRun out;
  out.creation = creation_of(run, run_no, now, random);
  out.params = std::move(*params);
  return out;
}

Status ChildrenOnEngine::may_start(const DagRow& dag) const {
  const std::string name = "DAG \"" + dag.dag_id + "\"";
  switch (gate_of(dag, ticks_.gate())) {
    case DagGate::active:
    case DagGate::frozen: return Unit{};
    case DagGate::paused: return Error{name + " is paused, and the run would never begin: resume it", ErrorKind::conflict};
    case DagGate::draining: return Error{name + " is draining and takes no new runs", ErrorKind::conflict};
    case DagGate::stale: return Error{name + " is stale: its file is gone", ErrorKind::conflict};
  }
  return Unit{};
}

Result<ChildRun> ChildrenOnEngine::child_of(const ChildAsk& ask, const ShelvedDag& found) {
  const std::uint64_t random = ask.run_id.empty() ? loop_.random() : 0;
  return child_run_of(ask, found.dag, found.version, secret_, store_.next_run_no(), loop_.wall_now(), random);
}

void ChildrenOnEngine::make_child(const ChildAsk& ask, OnMade done) {
  const DagRow* dag = ticks_.dag(ask.dag_id);
  Status may = Unit{};
  if (dag == nullptr || dag->version.empty()) {
    may = Error{"there is no DAG \"" + ask.dag_id + "\"", ErrorKind::not_found};
  } else {
    may = may_start(*dag);
  }
  if (!may) {
    loop_.post([alive = is_alive_, why = may.error(), done = std::move(done)] {
      if (*alive) done(why);
    });
    return;
  }
  shelf_.get(dag->dag_id, dag->version, [this, alive = is_alive_, ask, done = std::move(done)](const auto& found) {
    if (*alive) done(found ? child_of(ask, *found) : Result<ChildRun>(found.error()));
  });
}

}  // namespace baton
