// The SQL of migration 11; see schema.h.
#pragma once

namespace baton::sqlite {

/// 11: runs whose tasks are kept from starting; what has failed by when it ended, which is what people look at first and
/// must not cost what all failures of years cost.
inline constexpr char kSchema11[] = R"sql(
ALTER TABLE dag_run ADD COLUMN paused_at INTEGER;
ALTER TABLE dag_run ADD COLUMN paused_by TEXT;
CREATE INDEX dag_run_failed ON dag_run (ended_at) WHERE state = 3;
)sql";

}  // namespace baton::sqlite
