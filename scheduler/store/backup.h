// Online backup of a database through the connection that writes it, and checks of a copy (docs/INVARIANTS.md, S29). The writer's
// thread, between two transactions.
#pragma once

#include <string>

#include "scheduler/model/result.h"
#include "scheduler/store/sqlite_db.h"

namespace baton::sqlite {

/// Copies `db` to `path` (0600), synced; the copy appears under its name only when it is whole. A file there is
/// replaced.
Status backup_to(Database& db, const std::string& path, const char* vfs);

/// integrity_check (or quick_check) of the database at `path`, over a read-only connection. A WAL beside it is read.
Status check_file(const std::string& path, bool full, const char* vfs);

}  // namespace baton::sqlite
