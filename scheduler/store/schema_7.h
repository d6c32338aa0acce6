// The SQL of migration 7; see schema.h.
#pragma once

namespace baton::sqlite {

/// 7: checks and state across runs.
inline constexpr char kSchema7[] = R"sql(
CREATE TABLE task_state (        -- a value of a DAG that lives on from run to run
  dag_no INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  version INTEGER NOT NULL,      -- rises with each change, also when it is taken away
  at INTEGER NOT NULL,
  run_no INTEGER,                -- NULL: a person has put it; a run may be gone
  name TEXT NOT NULL,
  value TEXT,                    -- JSON; NULL: it is taken away
  run_id TEXT,
  task_id TEXT,
  actor TEXT,
  PRIMARY KEY (dag_no, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE check_result (      -- of a try of a task with checks
  check_no INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL,
  dag_no INTEGER NOT NULL,
  run_no INTEGER NOT NULL,
  instance_no INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  try_number INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  state INTEGER NOT NULL,        -- passed, failed, warned, error
  on_fail INTEGER NOT NULL,      -- fail, warn, quarantine
  at INTEGER NOT NULL,
  task_id TEXT NOT NULL,
  name TEXT NOT NULL,
  observed TEXT,
  message TEXT,
  description TEXT
) STRICT;
CREATE INDEX check_result_by_run ON check_result (run_no, instance_no, epoch, ordinal);
CREATE INDEX check_result_by_dag ON check_result (dag_no, check_no);
CREATE INDEX check_result_bad ON check_result (check_no) WHERE state <> 0;

CREATE TABLE held_asset_event (  -- what a task has produced waits for the checks behind it
  run_no INTEGER NOT NULL,
  instance_no INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (run_no, instance_no)
) STRICT, WITHOUT ROWID;
)sql";

}  // namespace baton::sqlite
