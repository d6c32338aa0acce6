// The SQL of migration 12; see schema.h.
#pragma once

namespace baton::sqlite {

/// 12: a time of day by which an asset is to be fresh; the git commit of a version's folder, which stood behind the hash
/// of its source before. Checksums of versions were made of both as they stood then, and still are (row_sums.cpp).
inline constexpr char kSchema12[] = R"sql(
ALTER TABLE asset ADD COLUMN fresh_by_s INTEGER NOT NULL DEFAULT -1;  -- seconds of the day; -1: none
ALTER TABLE asset ADD COLUMN fresh_timezone TEXT;
ALTER TABLE dag_version ADD COLUMN git_commit TEXT;
UPDATE dag_version SET git_commit = substr(source_hash, instr(source_hash, ' ') + 1),
  source_hash = substr(source_hash, 1, instr(source_hash, ' ') - 1) WHERE instr(source_hash, ' ') > 0;
)sql";

}  // namespace baton::sqlite
