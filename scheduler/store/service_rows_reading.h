// What a server reads of its own rows when it starts. The writing connection's thread.
#pragma once

#include <string>

#include "scheduler/engine/service_store.h"
#include "scheduler/store/sqlite_db.h"

namespace baton::sqlite {

Result<ServiceSnapshot> load_service(Database& db);
Result<VersionRow> load_version(Database& db, const std::string& dag_id, const std::string& version);

}  // namespace baton::sqlite
