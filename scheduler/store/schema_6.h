// The SQL of the migration "assets"; see schema.h.
#pragma once

namespace baton::sqlite {

/// Assets, who makes and reads them, their events, and how far each DAG has come that runs on them. What files say of
/// assets was never read before: they are all read once more.
inline constexpr char kSchema6[] = R"sql(
CREATE TABLE asset (             -- never deleted: numbers of events must not come again
  asset_no INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL,
  declarer INTEGER NOT NULL,     -- nobody, a consumer, a producer, baton.yaml
  fresh_within_us INTEGER NOT NULL,  -- 0: nobody says
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,   -- of what is said of it
  events INTEGER NOT NULL,       -- that there ever were
  last_event_no INTEGER NOT NULL,    -- 0: there was none
  last_event_at INTEGER,
  quarantined_since INTEGER,     -- NULL: it is not
  name TEXT NOT NULL UNIQUE,
  declared_by TEXT,              -- a DAG
  uri TEXT,
  description TEXT,
  quarantined_by TEXT,
  quarantine_why TEXT
) STRICT;
CREATE INDEX asset_by_seq ON asset (seq);

CREATE TABLE asset_link (        -- of the newest version of each DAG
  dag_no INTEGER NOT NULL,
  asset_no INTEGER NOT NULL,
  role INTEGER NOT NULL,         -- produces, consumes, runs on it
  task_id TEXT NOT NULL,         -- '': the DAG as a whole
  PRIMARY KEY (dag_no, asset_no, role, task_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX asset_link_by_asset ON asset_link (asset_no, role, dag_no);

CREATE TABLE asset_event (
  event_no INTEGER PRIMARY KEY,  -- over all assets, in the order of the commits
  asset_no INTEGER NOT NULL,
  at INTEGER NOT NULL,
  run_no INTEGER,                -- NULL: somebody has said so; a run may be gone
  map_index INTEGER NOT NULL,
  try_number INTEGER NOT NULL,
  dag_id TEXT,
  run_id TEXT,
  task_id TEXT,
  actor TEXT,
  extra TEXT                     -- JSON object
) STRICT;
CREATE INDEX asset_event_by_asset ON asset_event (asset_no, event_no);
CREATE INDEX asset_event_by_run ON asset_event (run_no, event_no) WHERE run_no IS NOT NULL;

CREATE TABLE asset_trigger (     -- DAGs that run on assets
  dag_no INTEGER PRIMARY KEY,
  merges INTEGER NOT NULL,
  condition TEXT NOT NULL        -- JSON
) STRICT;

CREATE TABLE asset_cursor (      -- moves in the part that makes the run
  dag_no INTEGER NOT NULL,
  asset_no INTEGER NOT NULL,
  event_no INTEGER NOT NULL,     -- all events of the asset up to here are past
  PRIMARY KEY (dag_no, asset_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX asset_cursor_by_asset ON asset_cursor (asset_no, event_no);

CREATE TABLE run_asset_event (   -- which events a run was made for
  run_no INTEGER NOT NULL,
  event_no INTEGER NOT NULL,
  PRIMARY KEY (run_no, event_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_asset_event_by_event ON run_asset_event (event_no, run_no);

UPDATE dag_file SET size = -1, hash = '';
)sql";

}  // namespace baton::sqlite
