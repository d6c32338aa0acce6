// The SQL of migration 5; see schema.h.
#pragma once

namespace baton::sqlite {

/// 5: dead letters, with what is needed to try them again beside their run; and how far what is told to others has come
/// with each of them. Numbers of letters are never given twice: people write them down.
inline constexpr char kSchema5[] = R"sql(
CREATE TABLE dead_letter (
  letter_no INTEGER PRIMARY KEY AUTOINCREMENT,
  seq INTEGER NOT NULL,
  state INTEGER NOT NULL,        -- open, redriven, discarded, resolved, superseded
  run_no INTEGER NOT NULL,
  instance_no INTEGER NOT NULL,
  epoch INTEGER NOT NULL,        -- of the try that failed
  dag_no INTEGER NOT NULL,
  version_no INTEGER NOT NULL,   -- that the run had then
  map_index INTEGER NOT NULL,
  try_number INTEGER NOT NULL,
  reason INTEGER NOT NULL,
  exit_code INTEGER,
  signal INTEGER,
  failed_at INTEGER NOT NULL,
  closed_at INTEGER,
  job_no INTEGER,                -- that has closed it
  task_id TEXT NOT NULL,
  map_key TEXT,
  item TEXT,                     -- JSON, of a mapped instance
  error TEXT,
  closed_by TEXT,
  UNIQUE (run_no, instance_no, epoch)
) STRICT;
CREATE INDEX dead_letter_by_seq ON dead_letter (seq);
CREATE INDEX dead_letter_by_state ON dead_letter (state, letter_no);
CREATE INDEX dead_letter_by_dag ON dead_letter (dag_no, state, letter_no);
CREATE INDEX dead_letter_by_version ON dead_letter (version_no);
CREATE INDEX dead_letter_by_job ON dead_letter (job_no) WHERE job_no IS NOT NULL;
CREATE INDEX dead_letter_open ON dead_letter (run_no) WHERE state = 0;

CREATE TABLE outbox_delivery (   -- a row of the outbox, and one of those who are told
  outbox_no INTEGER NOT NULL,
  target TEXT NOT NULL,
  due_at INTEGER,                -- NULL: delivered, or given up
  delivered_at INTEGER,
  tries INTEGER NOT NULL,
  error TEXT,
  PRIMARY KEY (outbox_no, target)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_delivery_due ON outbox_delivery (due_at, outbox_no, target) WHERE due_at IS NOT NULL;
)sql";

}  // namespace baton::sqlite
