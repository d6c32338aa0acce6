// Results of checks as people see them: for the API and the commands alike. Any thread.
#pragma once

#include <vector>

#include "scheduler/engine/check_rows.h"
#include "scheduler/model/value.h"

namespace baton::insight {

ValueMap check_value(const CheckRow& row);
/// {checks, total_entries}
Value check_list(const std::vector<CheckRow>& rows);

}  // namespace baton::insight
