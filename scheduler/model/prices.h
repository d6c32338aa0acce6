// Prices: what an hour of CPU costs, as baton.yaml says it. Values; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace baton {

/// In whatever currency people count in: Baton only multiplies.
struct Prices {
  std::optional<double> cpu_hour;                     ///< where no pool says another
  std::vector<std::pair<std::string, double>> pools;  ///< of tasks whose first pool it is, each name once

  [[nodiscard]] bool are_set() const { return cpu_hour.has_value() || !pools.empty(); }
  /// Of a task whose first pool that is; 0 where nothing is said of it.
  [[nodiscard]] double of(std::string_view pool) const {
    for (const auto& [name, price] : pools) {
      if (name == pool) return price;
    }
    return cpu_hour.value_or(0);
  }

  friend bool operator==(const Prices&, const Prices&) = default;
};

}  // namespace baton
