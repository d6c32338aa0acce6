#include "scheduler/insight/accounting.h"

#include <algorithm>
#include <tuple>

namespace baton::insight {
namespace {

double seconds_in(DurationUs span) { return static_cast<double>(span) / static_cast<double>(kSecond); }

}  // namespace

void put_in_order(std::vector<AccountRow>& rows, AccountBy by) {
  std::ranges::sort(rows, [by](const AccountRow& a, const AccountRow& b) {
    if (by == AccountBy::day) return a.key < b.key;
    return std::tie(b.cpu_us, a.key) < std::tie(a.cpu_us, b.key);
  });
}

ValueMap account_value(const AccountRow& row, bool has_prices) {
  ValueMap waits;
  for (std::size_t w = 0; w < kWaitCount; ++w) {
    const auto wait = static_cast<Wait>(w);
    if (row.waits.of(wait) > 0) waits.emplace_back(std::string(to_string(wait)), seconds_in(row.waits.of(wait)));
  }
  ValueMap out{{"key", row.key},
               {"runs", row.runs},
               {"attempts", row.attempts},
               {"unsuccessful_attempts", row.unsuccessful},
               {"run_seconds", seconds_in(row.run_us)},
               {"cpu_seconds", seconds_in(row.cpu_us)},
               {"wasted_cpu_seconds", seconds_in(row.wasted_cpu_us)},
               {"peak_memory_bytes", row.peak_bytes},
               {"wait_seconds", std::move(waits)}};
  if (has_prices) out.emplace_back("cost", row.cost);
  return out;
}

}  // namespace baton::insight
