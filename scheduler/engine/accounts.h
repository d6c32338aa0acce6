// Accounts: what attempts have used, summed by DAG, owner, pool, task or day. Values; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/engine/wait_times.h"
#include "scheduler/model/prices.h"
#include "scheduler/model/time.h"

namespace baton {

enum class AccountBy : std::uint8_t { dag, owner, pool, task, day };
inline constexpr std::array<std::string_view, 5> kAccountByNames = {"dag", "owner", "pool", "task", "day"};

/// Attempts that ended in [since, until).
struct AccountQuery {
  AccountBy by = AccountBy::dag;
  WallUs since = 0, until = 0;
  Prices prices = {};
};

/// Of one DAG, owner, …: empty where it has none.
struct AccountRow {
  std::string key;                ///< the id of a DAG; `DAG/TASK`; a day of UTC, 2026-01-31
  std::int64_t runs = 0;          ///< that had such attempts
  std::int64_t attempts = 0;
  std::int64_t unsuccessful = 0;  ///< of these: failed, lost, stopped; skipped ones are none
  DurationUs run_us = 0;          ///< from their starts to their ends
  DurationUs cpu_us = 0;          ///< user and system time of all their processes
  DurationUs wasted_cpu_us = 0;   ///< of the unsuccessful ones
  std::int64_t peak_bytes = 0;    ///< of the largest one
  WaitTimes waits;                ///< before they ran, by reason
  double cost = 0;                ///< of their CPU, by the prices of the query
};

/// At most so many rows are kept apart; what comes beyond them is summed under `kOtherAccounts`.
inline constexpr std::size_t kAccountsMax = 10'000;
inline constexpr std::string_view kOtherAccounts = "(others)";

}  // namespace baton
