// The API's objects of DAGs and their tasks: what the rows hold, and what the DAG says of itself. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "scheduler/engine/reader_views.h"
#include "scheduler/model/dag.h"
#include "web/api/known_dags.h"

namespace baton::api {

/// `known` may be empty: its version cannot be read, and what only that says is null.
/// `with_runs`: with those that were read, for who asked for them.
void append_dag(std::string& out, const DagView& dag, const KnownDag& known, bool with_runs = false);
/// All of it: the versions are those of the DAG, the newest first.
void append_dag_details(std::string& out, const DagView& dag, const KnownDag& known,
                        const std::vector<VersionView>& versions);

/// `airflow_minor`: of the client that asks, where it says so; else the newest. Of one field the type has changed.
void append_task(std::string& out, const Dag& dag, TaskNo t, int airflow_minor);

}  // namespace baton::api
