// The SQL of migration 9; see schema.h.
#pragma once

namespace baton::sqlite {

/// 9: who answers for a DAG, to filter by. It stands in files: they are all read once more.
inline constexpr char kSchema9[] = R"sql(
ALTER TABLE dag ADD COLUMN owner TEXT;
UPDATE dag_file SET size = -1, hash = '';
)sql";

}  // namespace baton::sqlite
