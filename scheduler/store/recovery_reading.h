// What recovery reads of many runs at once: each kind of row in one scan, each version once. One thread at a time per
// connection.
#pragma once

#include "scheduler/engine/store.h"
#include "scheduler/store/sqlite_db.h"

namespace baton::sqlite {

Status waiting_runs(Database& db, const Store::OnRow& each);
Status live_runs(Database& db, const Store::OnRun& each);

}  // namespace baton::sqlite
