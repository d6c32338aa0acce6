// What a server reads of its own rows when it starts. The thread of the connection that is given.
#pragma once

#include <string>

#include "scheduler/engine/service_store.h"
#include "scheduler/store/sqlite_db.h"

namespace baton::sqlite {

/// Of `backfill b` and its `dag d`, in the order that backfill_of() takes.
inline constexpr char kBackfillColumns[] =
    "b.backfill_no, d.dag_id, b.state, b.from_at, b.to_at, b.created_at, b.updated_at, b.completed_at,"
    " b.max_active_runs, b.intervals_per_run, b.reprocess, b.runs_backwards, b.no_cache, b.next_ordinal, b.created_by,"
    " b.conf, b.note, b.labels";
BackfillRow backfill_of(const Statement& row);

Result<ServiceSnapshot> load_service(Database& db);
Result<VersionRow> load_version(Database& db, const std::string& dag_id, const std::string& version);

}  // namespace baton::sqlite
