// A DAG as a server has it: by its id, from the state folder. Main thread.
#pragma once

#include <string>

#include "cli/dag_lookup.h"
#include "cli/server_client.h"

namespace baton::cli {

/// The DAG's newest version, as the server would run it now, with baton.yaml: what is typed is read by its params, zone
/// and schedule. not_found: there is none with this id.
Result<LoadedDag> served_dag(const Invocation& call, const std::string& id);
/// The same of a server that may be elsewhere, which is asked for its file then.
Result<LoadedDag> served_dag(const ServerClient& server, const Invocation& call, const std::string& id);

}  // namespace baton::cli
