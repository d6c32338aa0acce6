// Values that live on from run to run as people see them: for the API and the commands alike. Any thread.
#pragma once

#include <vector>

#include "scheduler/engine/service_rows.h"
#include "scheduler/model/value.h"

namespace baton::insight {

ValueMap state_value(const TaskStateRow& row);
/// {states, total_entries}
Value state_list(const std::vector<TaskStateRow>& rows);

}  // namespace baton::insight
