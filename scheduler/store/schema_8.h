// The SQL of migration 8; see schema.h.
#pragma once

namespace baton::sqlite {

/// 8: tasks that wait for others: approvals, and runs that they started.
inline constexpr char kSchema8[] = R"sql(
CREATE TABLE approval (          -- what a person is asked, once for each attempt
  approval_no INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL,
  state INTEGER NOT NULL,        -- open, answered, withdrawn, expired
  run_no INTEGER NOT NULL,
  instance_no INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  map_index INTEGER NOT NULL,
  try_number INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  deadline INTEGER,              -- NULL: there is none
  closed_at INTEGER,             -- NULL: it is open
  reason INTEGER,                -- of the end of its task instance
  task_id TEXT NOT NULL,
  form TEXT NOT NULL,            -- JSON: prompt, options, params, who may answer
  requester TEXT,                -- who has triggered the run
  closed_by TEXT,
  answer TEXT,                   -- JSON
  UNIQUE (run_no, instance_no, epoch)
) STRICT;
CREATE INDEX approval_open ON approval (approval_no) WHERE state = 0;

CREATE TABLE started_run (       -- a run that a task instance has started, once for each attempt
  run_no INTEGER NOT NULL,
  instance_no INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  child_no INTEGER NOT NULL,     -- it may be gone
  state INTEGER NOT NULL,        -- awaited, cut (to be stopped), over
  created_at INTEGER NOT NULL,
  dag_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  PRIMARY KEY (run_no, instance_no, epoch)
) STRICT, WITHOUT ROWID;
CREATE INDEX started_run_owed ON started_run (child_no) WHERE state < 2;
CREATE INDEX started_run_by_child ON started_run (child_no);
)sql";

}  // namespace baton::sqlite
