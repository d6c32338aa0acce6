// The SQL of migration 3; see schema.h.
#pragma once

namespace baton::sqlite {

/// 3: what a server needs. Runs that wait to begin are rows alone (begun_at); a date belongs to one run, but a run may
/// cover several (run_date), so the UNIQUE of dag_run goes: the table is made anew. What waits, who executes it and
/// where stands with the instance and the try. Tables of the service: its DAGs and files, ticks, backfills, pools,
/// variables, tokens, jobs, the outbox. Columns are added at the end of a row where old rows can do without: that
/// rewrites nothing. Rows that are shown carry `seq`, with an index, so that "what changed after" is a range.
inline constexpr char kSchema3[] = R"sql(
ALTER TABLE store ADD COLUMN kept_seq INTEGER NOT NULL DEFAULT 0;  -- what was deleted up to here left no tombstone
UPDATE store SET kept_seq = max(seq, (SELECT coalesce(max(seq), 0) FROM dag_run),
  (SELECT coalesce(max(seq), 0) FROM task_instance WHERE seq IS NOT NULL));

-- A *_since that is NULL: it is not. schedule_hash covers schedule, zone and calendars: only a changed one is an edit.
ALTER TABLE dag ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE dag ADD COLUMN file_no INTEGER;
ALTER TABLE dag ADD COLUMN version_no INTEGER;     -- that new runs get
ALTER TABLE dag ADD COLUMN paused_since INTEGER;
ALTER TABLE dag ADD COLUMN paused_by TEXT;
ALTER TABLE dag ADD COLUMN draining_since INTEGER;
ALTER TABLE dag ADD COLUMN draining_by TEXT;
ALTER TABLE dag ADD COLUMN stale_since INTEGER;
ALTER TABLE dag ADD COLUMN stale_by TEXT;
ALTER TABLE dag ADD COLUMN schedule_hash TEXT;
ALTER TABLE dag ADD COLUMN schedule_since INTEGER; -- ticks before it never fire
ALTER TABLE dag ADD COLUMN cursor INTEGER;         -- the last tick that ended in a run or a record
ALTER TABLE dag ADD COLUMN next_tick INTEGER;
ALTER TABLE dag ADD COLUMN failed_in_row INTEGER NOT NULL DEFAULT 0;
CREATE INDEX dag_by_seq ON dag (seq) WHERE seq > 0;
CREATE INDEX dag_by_next_tick ON dag (next_tick) WHERE next_tick IS NOT NULL;

CREATE TABLE dag_run_3 (
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
  begun_at INTEGER,              -- NULL: it waits to begin, and has no instances
  started_at INTEGER,
  ended_at INTEGER,
  seq INTEGER NOT NULL,
  created_seq INTEGER NOT NULL,
  checksum INTEGER NOT NULL,     -- of what never changes
  final_checksum INTEGER,        -- of a final state
  hooks_open INTEGER NOT NULL,   -- 1: it has ended, its hooks have not: it is not finished
  run_id TEXT NOT NULL,
  triggered_by TEXT NOT NULL,
  counts TEXT NOT NULL,
  note TEXT,                     -- the engine's
  user_note TEXT,
  options TEXT,
  UNIQUE (dag_no, run_id)
) STRICT, WITHOUT ROWID;
INSERT INTO dag_run_3 SELECT run_no, dag_no, version_no, run_type, state, reason, logical_date, interval_start,
  interval_end, run_after, queued_at, coalesce(started_at, queued_at, run_after, 0), started_at, ended_at, seq,
  created_seq, checksum, final_checksum, 0, run_id, triggered_by, counts, note, NULL, options FROM dag_run ORDER BY run_no;
DROP TABLE dag_run;
ALTER TABLE dag_run_3 RENAME TO dag_run;
CREATE INDEX dag_run_by_dag ON dag_run (dag_no, run_no);
CREATE INDEX dag_run_by_dag_state ON dag_run (dag_no, state, run_no);
CREATE INDEX dag_run_by_state ON dag_run (state, run_no);
CREATE INDEX dag_run_by_id ON dag_run (run_id);
CREATE INDEX dag_run_by_version ON dag_run (version_no, run_no);
CREATE INDEX dag_run_by_seq ON dag_run (seq, run_no);
CREATE INDEX dag_run_by_run_after ON dag_run (run_after, run_no);
CREATE INDEX dag_run_by_dag_run_after ON dag_run (dag_no, run_after, run_no);
CREATE INDEX dag_run_by_logical_date ON dag_run (logical_date, run_no);
CREATE INDEX dag_run_by_started_at ON dag_run (started_at, run_no);
CREATE INDEX dag_run_by_open_hooks ON dag_run (hooks_open, run_no) WHERE hooks_open = 1;
CREATE INDEX dag_run_by_ended_at ON dag_run (ended_at, run_no);

CREATE TABLE run_date (          -- each date that a run covers: its logical date, and the inner days of a chunk
  dag_no INTEGER NOT NULL,
  logical_date INTEGER NOT NULL,
  run_no INTEGER NOT NULL,
  PRIMARY KEY (dag_no, logical_date)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_date_by_run ON run_date (run_no);
INSERT INTO run_date SELECT dag_no, logical_date, run_no FROM dag_run WHERE logical_date IS NOT NULL;

CREATE TABLE run_label (
  run_no INTEGER NOT NULL,
  label TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run_no, label)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_label_by_label ON run_label (label, value, run_no);

ALTER TABLE task_instance ADD COLUMN wait INTEGER;    -- Wait, of one that waits; NULL: not told
ALTER TABLE task_instance ADD COLUMN executor TEXT;   -- of the attempt that lives, or lived last
ALTER TABLE task_instance ADD COLUMN worker TEXT;
ALTER TABLE task_instance ADD COLUMN handle TEXT;     -- what the executor knows it by: pid, job, pod
ALTER TABLE task_instance ADD COLUMN host TEXT;
ALTER TABLE task_instance ADD COLUMN user_note TEXT;
CREATE INDEX task_instance_by_started_at ON task_instance (started_at, run_no, instance_no)
  WHERE started_at IS NOT NULL;

ALTER TABLE task_try ADD COLUMN version_no INTEGER;   -- NULL: of a time when it was not kept
ALTER TABLE task_try ADD COLUMN executor TEXT;
ALTER TABLE task_try ADD COLUMN worker TEXT;
ALTER TABLE task_try ADD COLUMN handle TEXT;
ALTER TABLE task_try ADD COLUMN log_tail TEXT;        -- the end of the log, for the first look

ALTER TABLE audit ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN address TEXT;
ALTER TABLE audit ADD COLUMN via TEXT;                -- cli, api, page, socket, …
ALTER TABLE audit ADD COLUMN before TEXT;             -- JSON
ALTER TABLE audit ADD COLUMN after TEXT;              -- JSON
ALTER TABLE audit ADD COLUMN hash TEXT;               -- SHA-256 over the one before it and this row; see AuditChain
CREATE INDEX audit_by_seq ON audit (seq) WHERE seq > 0;
CREATE INDEX audit_by_dag ON audit (dag_id, audit_no);
CREATE INDEX audit_by_run_id ON audit (run_id, audit_no);

CREATE TABLE dag_file (
  file_no INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL,
  size INTEGER NOT NULL,
  mtime INTEGER,
  inode INTEGER NOT NULL,
  read_at INTEGER,
  failed_since INTEGER,          -- NULL: it reads
  path TEXT NOT NULL UNIQUE,
  hash TEXT NOT NULL,
  findings TEXT                  -- JSON: the diagnostics
) STRICT;
CREATE INDEX dag_file_by_seq ON dag_file (seq);
CREATE INDEX dag_file_by_failure ON dag_file (failed_since, file_no) WHERE failed_since IS NOT NULL;

CREATE TABLE dag_tag (
  dag_no INTEGER NOT NULL,
  tag TEXT NOT NULL,
  PRIMARY KEY (dag_no, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX dag_tag_by_tag ON dag_tag (tag, dag_no);

CREATE TABLE tick_record (       -- ticks that made no run, merged where they follow each other for one reason
  dag_no INTEGER NOT NULL,
  from_at INTEGER NOT NULL,
  to_at INTEGER NOT NULL,
  ticks INTEGER NOT NULL,
  reason INTEGER NOT NULL,
  run_no INTEGER,                -- of the one that was there before, for `exists`
  recorded_at INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (dag_no, from_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX tick_record_by_seq ON tick_record (seq);
CREATE INDEX tick_record_by_time ON tick_record (recorded_at);
CREATE INDEX tick_record_waiting ON tick_record (dag_no, from_at) WHERE reason = 10;

CREATE TABLE backfill (
  backfill_no INTEGER PRIMARY KEY,
  dag_no INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  state INTEGER NOT NULL,
  from_at INTEGER NOT NULL,
  to_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER,
  completed_at INTEGER,
  max_active_runs INTEGER NOT NULL,
  intervals_per_run INTEGER NOT NULL,
  reprocess INTEGER NOT NULL,    -- none, failed, completed
  runs_backwards INTEGER NOT NULL,
  no_cache INTEGER NOT NULL,
  next_ordinal INTEGER NOT NULL, -- of the interval that is looked at next
  created_by TEXT NOT NULL,
  conf TEXT NOT NULL,
  note TEXT
) STRICT;
CREATE INDEX backfill_by_dag ON backfill (dag_no, backfill_no);
CREATE INDEX backfill_by_seq ON backfill (seq);
CREATE INDEX backfill_open ON backfill (backfill_no) WHERE completed_at IS NULL;

CREATE TABLE backfill_interval (
  backfill_no INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  logical_date INTEGER NOT NULL,
  run_no INTEGER,
  reason INTEGER,                -- why it has none
  seq INTEGER NOT NULL,
  PRIMARY KEY (backfill_no, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX backfill_interval_by_run ON backfill_interval (run_no) WHERE run_no IS NOT NULL;
CREATE INDEX backfill_interval_by_seq ON backfill_interval (seq);

CREATE TABLE pool (
  pool_no INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL,
  slots INTEGER NOT NULL,
  include_deferred INTEGER NOT NULL,
  updated_at INTEGER,
  name TEXT NOT NULL UNIQUE,
  rate TEXT,
  description TEXT,
  updated_by TEXT
) STRICT;
CREATE INDEX pool_by_seq ON pool (seq);

CREATE TABLE variable (
  variable_no INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL,
  updated_at INTEGER,
  checksum INTEGER NOT NULL,
  name TEXT NOT NULL UNIQUE,
  value TEXT NOT NULL,
  description TEXT,
  updated_by TEXT
) STRICT;
CREATE INDEX variable_by_seq ON variable (seq);

CREATE TABLE token (             -- of the token itself only the SHA-256 is kept
  token_no INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  used_at INTEGER,
  revoked_at INTEGER,
  hash TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  principal TEXT NOT NULL,
  role TEXT NOT NULL,
  scopes TEXT NOT NULL           -- JSON
) STRICT;
CREATE INDEX token_by_seq ON token (seq);
CREATE INDEX token_by_end ON token (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE session (           -- a login; of its secret only the SHA-256 is kept
  session_no INTEGER PRIMARY KEY,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  seen_at INTEGER,
  hash TEXT NOT NULL UNIQUE,
  principal TEXT NOT NULL,
  role TEXT NOT NULL,
  address TEXT
) STRICT;
CREATE INDEX session_by_end ON session (expires_at);

CREATE TABLE idempotency (       -- in the part that made the object: a repetition renders that as it is now
  principal TEXT NOT NULL,
  route TEXT NOT NULL,
  key TEXT NOT NULL,
  body_hash TEXT NOT NULL,
  status INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  object TEXT NOT NULL,
  PRIMARY KEY (principal, route, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_time ON idempotency (created_at);

CREATE TABLE tombstone (         -- what was deleted, for those who follow the changes
  seq INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  object_no INTEGER NOT NULL,
  deleted_at INTEGER,
  object TEXT NOT NULL,
  PRIMARY KEY (seq, kind, object_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE bulk_job (
  job_no INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL,
  state INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  ended_at INTEGER,
  total INTEGER NOT NULL,
  done INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  cursor INTEGER NOT NULL,
  kind TEXT NOT NULL,
  actor TEXT NOT NULL,
  filter TEXT NOT NULL,          -- JSON
  note TEXT
) STRICT;
CREATE INDEX bulk_job_by_seq ON bulk_job (seq);
CREATE INDEX bulk_job_open ON bulk_job (job_no) WHERE ended_at IS NULL;

CREATE TABLE server_state (      -- what holds for the whole server: frozen, …
  name TEXT NOT NULL PRIMARY KEY,
  seq INTEGER NOT NULL,
  since INTEGER,
  value TEXT NOT NULL,
  actor TEXT,
  reason TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX server_state_by_seq ON server_state (seq);

CREATE TABLE outbox (            -- told to others at least once
  outbox_no INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  due_at INTEGER,                -- NULL: delivered, or given up
  delivered_at INTEGER,
  withdrawn_at INTEGER,
  tries INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  event TEXT NOT NULL,
  object TEXT NOT NULL,
  episode TEXT NOT NULL,
  target TEXT NOT NULL,
  payload TEXT NOT NULL,         -- JSON
  error TEXT,
  UNIQUE (event, object, episode)
) STRICT;
CREATE INDEX outbox_by_seq ON outbox (seq);
CREATE INDEX outbox_due ON outbox (due_at, outbox_no) WHERE due_at IS NOT NULL;
)sql";

}  // namespace baton::sqlite
