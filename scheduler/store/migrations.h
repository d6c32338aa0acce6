// The schema of the SQLite store: numbered migrations, forward only, each in one transaction (docs/INVARIANTS.md, S30). Called by
// the writer at its opening, before anything else. An older binary refuses a newer schema.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "scheduler/model/result.h"
#include "scheduler/store/sqlite_db.h"

namespace baton::sqlite {

struct Migration {
  const char* title;
  const char* sql;
};

/// What this binary knows; the schema's version is the number of migrations it has seen (PRAGMA user_version).
std::span<const Migration> known_migrations();
/// Written into the file's header, so that a foreign database is told from ours ("BATN").
inline constexpr std::int64_t kApplicationId = 0x4241544E;

/// Whose the file is and how old: the version (0: empty file), or an Error for a newer schema or a foreign file.
Result<std::int32_t> schema_version(Database& db, std::int32_t known);

/// Brings the schema to the newest of `migrations`, in one transaction. `backup_path` non-empty: a copy of an older,
/// not empty database is written there first and kept; migration does not begin without it.
Status migrate(Database& db, std::span<const Migration> migrations, const std::string& backup_path, const char* vfs);

}  // namespace baton::sqlite
