// What an evaluation may still spend. Private to this room; one evaluation's thread.
#pragma once

#include <cstdint>

#include "scheduler/model/value.h"

namespace baton::expr {

class Budget {
 public:
  explicit Budget(std::int64_t steps) : left_(steps) {}

  /// False once more was spent than there was; then for good.
  bool charge(std::int64_t steps) {
    left_ -= steps;
    return left_ >= 0;
  }
  bool charge_bytes(std::size_t bytes) { return charge(static_cast<std::int64_t>(bytes / 32)); }
  [[nodiscard]] bool is_exhausted() const { return left_ < 0; }

  /// For values nested beyond what any result may be.
  void exhaust() { left_ = -1; }

 private:
  std::int64_t left_;
};

/// Charges for all of a value, however often its parts are shared. False when the budget ends or it is too deep.
bool charge_value(const Value& value, Budget& budget, int depth = 0);

}  // namespace baton::expr
