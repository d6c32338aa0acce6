// How values that live on from run to run are read back: at the start by the store, for people by the reader. Any thread.
#pragma once

#include <vector>

#include "scheduler/engine/service_rows.h"
#include "scheduler/store/sqlite_db.h"

namespace baton::sqlite {

/// The columns that task_state_of() takes.
inline constexpr char kTaskStateColumns[] =
    "d.dag_id, s.name, s.value, s.version, s.at, s.run_no, s.run_id, s.task_id, s.actor, s.seq";
inline constexpr char kTaskStateTables[] = " FROM task_state s JOIN dag d USING (dag_no)";
TaskStateRow task_state_of(const Statement& row);

/// By DAG and name, those that are taken away too.
Result<std::vector<TaskStateRow>> all_task_states(Database& db);

}  // namespace baton::sqlite
