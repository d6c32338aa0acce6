// What a patch asks of a run or of task instances, whether it comes alone or with others in bulk. One thread at a time,
// with the Reader that is given.
#pragma once

#include <optional>
#include <string>

#include "scheduler/engine/reader.h"
#include "web/api/services.h"

namespace baton::api {

/// `state`: queued (what failed of it runs again), success, failed; empty: it stays. None: nothing is asked for.
std::optional<ChangeAsk> patch_of_run(const RunRow& run, const std::string& state,
                                      const std::optional<std::string>& note);

/// Of the members of `entity`: new_state, note, map_index (none: all of a mapped task), include_upstream,
/// include_downstream. not_found: there is no such instance; invalid: nothing is asked for, or more than one change can
/// be.
Result<ChangeAsk> patch_of_instance(Reader& reader, const RunRow& run, const std::string& task_id, const Value& entity);

}  // namespace baton::api
