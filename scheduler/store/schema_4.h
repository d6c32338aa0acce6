// The SQL of migration 4; see schema.h.
#pragma once

namespace baton::sqlite {

/// 4: circuit breakers, over all DAGs, and what has happened to them. What is counted within the window, and who has a
/// permit, lies with the row that changes with it.
inline constexpr char kSchema4[] = R"sql(
CREATE TABLE breaker (
  breaker_no INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL,
  state INTEGER NOT NULL,        -- closed, open, half-open
  since INTEGER,                 -- of the state; NULL: nothing has moved it
  until INTEGER,                 -- open: when it lets probes through; NULL: when a person says so
  cooldown_us INTEGER NOT NULL,  -- of the next opening
  in_row INTEGER NOT NULL,       -- failures since the last success
  failures INTEGER NOT NULL,     -- from here on what was declared; 0: it does not open by that
  consecutive INTEGER NOT NULL,
  rate_millionths INTEGER NOT NULL,
  window_us INTEGER NOT NULL,
  first_cooldown_us INTEGER NOT NULL,
  max_cooldown_us INTEGER NOT NULL,
  probes INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  name TEXT NOT NULL UNIQUE,
  declared_by TEXT,              -- a DAG; NULL: baton.yaml
  counted TEXT NOT NULL,         -- JSON: classes of failures; []: whatever speaks of what it stands before
  slots TEXT NOT NULL,           -- JSON: [[at, attempts, failures], ...], oldest first
  permits TEXT NOT NULL,         -- JSON: [[run_no, task_no, map_index, epoch], ...]
  cause TEXT,
  actor TEXT,
  description TEXT
) STRICT;
CREATE INDEX breaker_by_seq ON breaker (seq);

CREATE TABLE breaker_event (     -- a change of state; the newest of each breaker are kept
  breaker_no INTEGER NOT NULL,
  event_no INTEGER NOT NULL,
  at INTEGER NOT NULL,
  from_state INTEGER NOT NULL,
  to_state INTEGER NOT NULL,
  cause TEXT,
  actor TEXT,
  PRIMARY KEY (breaker_no, event_no)
) STRICT, WITHOUT ROWID;
)sql";

}  // namespace baton::sqlite
