// The SQL of migration 10; see schema.h.
#pragma once

namespace baton::sqlite {

/// 10: what DAGs somebody wants to find again, and the kind of their schedules, to filter by (that stands in files: they
/// are all read once more); values beside task instances and assets; runs of which task instances are left; labels of backfills.
inline constexpr char kSchema10[] = R"sql(
CREATE TABLE dag_favorite (
  dag_no INTEGER NOT NULL,
  at INTEGER NOT NULL,
  principal TEXT NOT NULL,
  PRIMARY KEY (principal, dag_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX dag_favorite_by_dag ON dag_favorite (dag_no);
ALTER TABLE dag ADD COLUMN timetable TEXT;
CREATE TABLE task_store (        -- values beside task instances; those that live on are in task_state
  run_no INTEGER NOT NULL,
  instance_no INTEGER NOT NULL,
  at INTEGER NOT NULL,
  expires_at INTEGER,
  key TEXT NOT NULL,
  value TEXT NOT NULL,           -- JSON
  PRIMARY KEY (run_no, instance_no, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE asset_store (
  asset_no INTEGER NOT NULL,
  at INTEGER NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,           -- JSON
  PRIMARY KEY (asset_no, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE doomed_run (        -- the run has gone, its task instances have not yet
  run_no INTEGER NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;
ALTER TABLE backfill ADD COLUMN labels TEXT;  -- JSON
UPDATE dag_file SET size = -1, hash = '';
)sql";

}  // namespace baton::sqlite
