// Accounting: sums of what attempts have used, as the API and the command line show them. Pure; any thread.
#pragma once

#include <vector>

#include "scheduler/engine/accounts.h"
#include "scheduler/model/value.h"

namespace baton::insight {

/// Most CPU first; where it is equal, by key. Days in their order.
void put_in_order(std::vector<AccountRow>& rows, AccountBy by);

/// {key, runs, attempts, unsuccessful_attempts, run_seconds, cpu_seconds, wasted_cpu_seconds, peak_memory_bytes,
/// wait_seconds: {reason: seconds}, cost}; `cost` only where there are prices.
ValueMap account_value(const AccountRow& row, bool has_prices);

}  // namespace baton::insight
