#include "scheduler/model/breaker_spec.h"

#include <array>

namespace baton {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"closed", "open", "half_open"};

}  // namespace

std::string_view to_string(BreakerState state) {
  return kNames[static_cast<std::size_t>(state)];
}

std::optional<BreakerState> breaker_state_from(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<BreakerState>(i);
  }
  return std::nullopt;
}

}  // namespace baton
