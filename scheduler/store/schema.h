// The SQL of each migration. A released one is never edited: the next change is a new one.
#pragma once

#include "scheduler/store/schema_3.h"

namespace baton::sqlite {

/// 1: runs, task instances, tries, versions, cache, durations, audit. Codes are those of the enums of scheduler/model,
/// times are µs UTC, JSON is TEXT. What is the same for all runs of a version lies once in dag_task; what never
/// changes of a run or mapped instance lies apart from what changes often, so that an update rewrites a short row.
inline constexpr char kSchema1[] = R"sql(
CREATE TABLE store (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  store_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  leader_epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,          -- at least what was given to rows that are gone; see SqliteStore
  last_run_no INTEGER NOT NULL,  -- likewise
  is_clean INTEGER NOT NULL      -- 1: closed in good order
) STRICT;

CREATE TABLE dag (
  dag_no INTEGER PRIMARY KEY,
  dag_id TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE dag_version (
  version_no INTEGER PRIMARY KEY,
  dag_no INTEGER NOT NULL REFERENCES dag,
  number INTEGER NOT NULL,
  created_at INTEGER,
  checksum INTEGER NOT NULL,
  version TEXT NOT NULL,
  source_hash TEXT NOT NULL,
  source_file TEXT NOT NULL,
  work_folder TEXT NOT NULL,
  canonical_json TEXT NOT NULL,
  source TEXT NOT NULL,
  UNIQUE (dag_no, version),
  UNIQUE (dag_no, number)
) STRICT;

CREATE TABLE dag_task (
  version_no INTEGER NOT NULL,
  task_no INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  hook INTEGER NOT NULL,
  is_mapped INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  max_tries INTEGER NOT NULL,
  pool_slots INTEGER NOT NULL,
  task_id TEXT NOT NULL,
  pool TEXT,
  group_id TEXT,
  PRIMARY KEY (version_no, task_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE dag_run (
  run_no INTEGER NOT NULL PRIMARY KEY,
  dag_no INTEGER NOT NULL REFERENCES dag,
  version_no INTEGER NOT NULL REFERENCES dag_version,
  run_type INTEGER NOT NULL,
  state INTEGER NOT NULL,
  reason INTEGER NOT NULL,
  logical_date INTEGER,
  interval_start INTEGER,
  interval_end INTEGER,
  run_after INTEGER,
  queued_at INTEGER,
  started_at INTEGER,
  ended_at INTEGER,
  seq INTEGER NOT NULL,
  created_seq INTEGER NOT NULL,
  checksum INTEGER NOT NULL,     -- of what never changes
  final_checksum INTEGER,        -- of a final state
  run_id TEXT NOT NULL,
  triggered_by TEXT NOT NULL,
  counts TEXT NOT NULL,
  note TEXT,
  options TEXT,
  UNIQUE (dag_no, run_id),
  UNIQUE (dag_no, logical_date)
) STRICT, WITHOUT ROWID;
CREATE INDEX dag_run_by_dag ON dag_run (dag_no, run_no);
CREATE INDEX dag_run_by_dag_state ON dag_run (dag_no, state, run_no);
CREATE INDEX dag_run_by_state ON dag_run (state, run_no);
CREATE INDEX dag_run_by_id ON dag_run (run_id);
CREATE INDEX dag_run_by_version ON dag_run (version_no, run_no);
CREATE INDEX dag_run_by_seq ON dag_run (seq, run_no);

CREATE TABLE run_input (
  run_no INTEGER NOT NULL PRIMARY KEY,
  checksum INTEGER NOT NULL,
  conf TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE run_count (          -- for display; kept in the transaction that changes dag_run
  dag_no INTEGER NOT NULL,
  state INTEGER NOT NULL,
  runs INTEGER NOT NULL,
  PRIMARY KEY (dag_no, state)
) STRICT, WITHOUT ROWID;

CREATE TABLE task_instance (
  run_no INTEGER NOT NULL,
  instance_no INTEGER NOT NULL,
  task_no INTEGER NOT NULL,
  map_index INTEGER NOT NULL,
  state INTEGER NOT NULL,
  reason INTEGER NOT NULL DEFAULT 0,
  epoch INTEGER NOT NULL DEFAULT 0,
  try_number INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  losses INTEGER NOT NULL DEFAULT 0,
  scheduled_at INTEGER,
  queued_at INTEGER,
  started_at INTEGER,
  ended_at INTEGER,
  wake_at INTEGER,
  first_look_at INTEGER,
  pid INTEGER NOT NULL DEFAULT 0,
  seq INTEGER,                   -- NULL: unchanged since the run was made, at created_seq
  checksum INTEGER NOT NULL,     -- of what never changes, and of a final state with its outputs
  times TEXT,
  note TEXT,
  outputs TEXT,
  PRIMARY KEY (run_no, instance_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_instance_by_seq ON task_instance (seq, run_no, instance_no) WHERE seq IS NOT NULL;
-- Those that need attention are few: failed, upstream_failed, up_for_retry, up_for_reschedule, deferred.
CREATE INDEX task_instance_by_state ON task_instance (state, run_no, instance_no) WHERE state IN (5, 7, 8, 9, 10);

CREATE TABLE mapped_item (
  run_no INTEGER NOT NULL,
  instance_no INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  map_key TEXT NOT NULL,
  item TEXT NOT NULL,
  PRIMARY KEY (run_no, instance_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE task_try (
  run_no INTEGER NOT NULL,
  instance_no INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  try_number INTEGER NOT NULL,
  state INTEGER NOT NULL,
  reason INTEGER NOT NULL,
  exit_code INTEGER NOT NULL,
  signal INTEGER NOT NULL,
  queued_at INTEGER,
  started_at INTEGER,
  ended_at INTEGER,
  pid INTEGER NOT NULL,
  user_us INTEGER NOT NULL,
  sys_us INTEGER NOT NULL,
  max_rss_bytes INTEGER NOT NULL,
  log_bytes INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  host TEXT,
  times TEXT,
  note TEXT,
  rendered TEXT,
  PRIMARY KEY (run_no, instance_no, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE cache_entry (
  dag_no INTEGER NOT NULL,
  task_id TEXT NOT NULL,
  key TEXT NOT NULL,
  spec_hash TEXT NOT NULL,
  created_at INTEGER,
  expires_at INTEGER,
  run_no INTEGER NOT NULL,
  instance_no INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  outputs TEXT NOT NULL,
  PRIMARY KEY (dag_no, task_id, key, spec_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX cache_entry_by_run ON cache_entry (run_no);

CREATE TABLE task_duration (
  dag_no INTEGER NOT NULL,
  task_id TEXT NOT NULL,
  samples INTEGER NOT NULL,
  mean_us INTEGER NOT NULL,
  PRIMARY KEY (dag_no, task_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  audit_no INTEGER PRIMARY KEY,
  at INTEGER,
  map_index INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  dag_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  task_id TEXT NOT NULL,
  extra TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_run ON audit (dag_id, run_id, audit_no);
)sql";

/// 2: the same rows in the index of those that need attention, by a condition that costs no work area at each update (an
/// IN list fills an ephemeral table twice, more than half of the time of the whole statement).
inline constexpr char kSchema2[] = R"sql(
DROP INDEX task_instance_by_state;
CREATE INDEX task_instance_by_state ON task_instance (state, run_no, instance_no)
  WHERE state >= 5 AND state <= 10 AND state <> 6;
)sql";

}  // namespace baton::sqlite
