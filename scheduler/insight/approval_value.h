// Questions to persons as values, for the API and the command line alike: with the names of Airflow's HITL details, and
// beside them what Baton says more. Pure; any thread.
#pragma once

#include <string>

#include "scheduler/engine/request_rows.h"
#include "scheduler/model/value.h"

namespace baton::insight {

/// Without its task instance.
[[nodiscard]] ValueMap approval_value(const ApprovalRow& row);
/// What a list on a first page shows.
[[nodiscard]] ValueMap approval_brief(const ApprovalRow& row);
/// What has become of one that is not open: "it was answered by maria at …: approve".
[[nodiscard]] std::string words_of_close(const ApprovalRow& row);

}  // namespace baton::insight
