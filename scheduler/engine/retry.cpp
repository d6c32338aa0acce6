#include "scheduler/engine/retry.h"

#include <algorithm>

#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

bool any_is_of(const std::vector<FailureClass>& classes, const AttemptEnd& end) {
  return std::any_of(classes.begin(), classes.end(), [&](const FailureClass& c) { return is_of(c, end); });
}

std::uint64_t mix(std::uint64_t x) {  // the finalizer of splitmix64
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31U);
}

std::uint64_t fnv1a(std::string_view text, std::uint64_t h) {
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return (h ^ 0xffU) * 0x100000001b3ULL;  // so that ("ab", "c") and ("a", "bc") differ
}

/// The delay before jitter, without overflow; what grows grows to max_delay.
DurationUs grown(const RetryPolicy& p, std::int32_t n) {
  const DurationUs cap = std::max<DurationUs>(p.max_delay_us, 0);
  const DurationUs base = std::clamp<DurationUs>(p.delay_us, 0, cap);
  switch (p.backoff) {
    case RetryPolicy::Backoff::constant: return std::max<DurationUs>(p.delay_us, 0);
    case RetryPolicy::Backoff::linear: return base > cap / n ? cap : base * n;
    case RetryPolicy::Backoff::exponential:
      if (n - 1 >= 62 || base > (cap >> (n - 1))) return base == 0 ? 0 : cap;
      return base << (n - 1);
  }
  return base;
}

}  // namespace

bool is_of(const FailureClass& c, const AttemptEnd& end) {
  using Outcome = AttemptEnd::Outcome;
  switch (c.kind) {
    case FailureClass::Kind::any: return true;
    case FailureClass::Kind::exit: return end.outcome == Outcome::exited && end.exit_code == c.exit_code;
    case FailureClass::Kind::signal: return end.outcome == Outcome::signaled;
    case FailureClass::Kind::timeout: return end.outcome == Outcome::timed_out;
    case FailureClass::Kind::lost: return end.outcome == Outcome::lost || end.outcome == Outcome::heartbeat_lost;
  }
  return false;
}

bool retries_again(const RetryPolicy& policy, const AttemptEnd& end, std::int32_t failures) {
  std::int32_t max = policy.max;
  if (BATON_BUG(retry_beyond_max)) ++max;
  if (failures > max) return false;
  return any_is_of(policy.on, end) && !any_is_of(policy.never_on, end);
}

std::uint64_t retry_seed(std::string_view run_id, std::string_view task_id, std::int32_t map_index, std::int32_t n) {
  std::uint64_t h = fnv1a(task_id, fnv1a(run_id, 0xcbf29ce484222325ULL));
  h = mix(h ^ static_cast<std::uint32_t>(map_index));
  return mix(h ^ static_cast<std::uint32_t>(n));
}

DurationUs retry_delay_us(const RetryPolicy& policy, std::int32_t n, std::uint64_t seed) {
  const DurationUs d = grown(policy, std::max(n, 1));
  const auto uniform = [&](DurationUs span) {
    return static_cast<DurationUs>(mix(seed) % (static_cast<std::uint64_t>(span) + 1));
  };
  switch (policy.jitter) {
    case RetryPolicy::Jitter::none: return d;
    case RetryPolicy::Jitter::full: return uniform(d);
    case RetryPolicy::Jitter::equal: return d / 2 + uniform(d - d / 2);
  }
  return d;
}

}  // namespace baton
