#include "scheduler/engine/start_limits.h"

#include <algorithm>

#include "scheduler/model/seeded_bug.h"

namespace baton {

void TokenBucket::set_rate(Rate rate, MonoUs now) {
  if (rate == rate_) return;
  fill(now);
  const std::int64_t whole = rate_.is_set() ? credit_ / rate_.per_us : 0;
  rate_ = rate;
  credit_ = whole * rate.per_us;
  fill(now);
}

void TokenBucket::fill(MonoUs now) {
  const std::int64_t most = std::max<std::int64_t>(std::int64_t{rate_.starts} * kSecond / rate_.per_us, 1) * rate_.per_us;
  const DurationUs span = std::max<DurationUs>(now - filled_to_, 0);
  const bool is_full = span >= most / std::max(rate_.starts, 1) + 1;  // far apart, they would not fit into a product
  credit_ = is_full ? most : std::min(most, credit_ + span * rate_.starts);
  filled_to_ = std::max(filled_to_, now);
}

std::int32_t TokenBucket::permits(MonoUs now) {
  if (!rate_.is_set()) return std::numeric_limits<std::int32_t>::max();
  if (BATON_BUG(rate_ignored)) return std::numeric_limits<std::int32_t>::max();
  fill(now);
  return static_cast<std::int32_t>(credit_ / rate_.per_us);
}

void TokenBucket::take(MonoUs now) {
  fill(now);
  credit_ = std::max<std::int64_t>(credit_ - rate_.per_us, 0);
}

MonoUs TokenBucket::due(MonoUs now) {
  if (permits(now) > 0) return now;
  return now + (rate_.per_us - credit_ + rate_.starts - 1) / rate_.starts;
}

void RetryBudget::move_on(MonoUs now) {
  const std::int64_t second = now / kSecond;
  if (second <= second_) return;
  const std::int64_t first = std::max(second_ + 1, second - static_cast<std::int64_t>(kSlots) + 1);
  for (std::int64_t s = second_ == std::numeric_limits<std::int64_t>::min() ? second : first; s <= second; ++s) {
    slots_[static_cast<std::size_t>(s) % kSlots] = {};
  }
  second_ = second;
}

/// The oldest slot counts for retries alone: whatever the minute, its retries are within its part of its first tries.
std::int32_t RetryBudget::permits(MonoUs now) {
  if (millionths_ <= 0) return std::numeric_limits<std::int32_t>::max();
  if (BATON_BUG(retry_budget_ignored)) return std::numeric_limits<std::int32_t>::max();
  move_on(now);
  const std::size_t oldest = static_cast<std::size_t>(second_ + 1) % kSlots;
  std::int64_t firsts = 0, retries = 0;
  for (std::size_t s = 0; s < kSlots; ++s) {
    if (s != oldest) firsts += slots_[s].firsts;
    retries += slots_[s].retries;
  }
  const std::int64_t allowed = std::max<std::int64_t>(firsts * millionths_ / 1'000'000, kLeast);
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(allowed - retries, 0, kLeast + firsts));
}

void RetryBudget::note_start(bool is_retry, MonoUs now) {
  move_on(now);
  Slot& slot = slots_[static_cast<std::size_t>(second_) % kSlots];
  ++(is_retry ? slot.retries : slot.firsts);
}

std::optional<MonoUs> RetryBudget::due(MonoUs now) {
  move_on(now);
  for (std::int64_t s = second_ - static_cast<std::int64_t>(kSlots) + 1; s <= second_; ++s) {
    if (s < 0 || slots_[static_cast<std::size_t>(s) % kSlots].retries == 0) continue;
    return (s + static_cast<std::int64_t>(kSlots)) * kSecond;
  }
  return std::nullopt;
}

}  // namespace baton
