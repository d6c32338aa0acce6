#include "scheduler/engine/breaker.h"

#include <algorithm>
#include <utility>

#include "scheduler/engine/retry.h"
#include "scheduler/model/check.h"
#include "scheduler/model/seeded_bug.h"
#include "scheduler/timetable/time_text.h"

namespace baton {
namespace {

constexpr std::int64_t kSteps = 60;  ///< of a window: so many slots are kept, however much happens
constexpr int kSkips = 99;
constexpr int kCannotRun = 126, kNotFound = 127;

constexpr DurationUs kJitterMax = 30 * kSecond;

/// A cooldown and up to a tenth of it, half a minute at most: breakers that opened together do not all try again together. Drawn from the name
/// and the moment, so that the same day of a simulation has the same times.
DurationUs jittered(DurationUs cooldown, const std::string& name, Moment now) {
  std::uint64_t x = static_cast<std::uint64_t>(now.wall);
  for (const char c : name) x = (x ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  x ^= x >> 29U;
  return cooldown + static_cast<DurationUs>(x % static_cast<std::uint64_t>(std::min(cooldown / 10, kJitterMax) + 1));
}

/// Whether a failure says anything of what stands behind a breaker whose author does not say which do.
bool counts_by_itself(const AttemptEnd& end) {
  if (end.outcome == AttemptEnd::Outcome::exited) return end.exit_code != kCannotRun && end.exit_code != kNotFound;
  return end.outcome != AttemptEnd::Outcome::lost && end.outcome != AttemptEnd::Outcome::spawn_failed;
}

}  // namespace

CallResult call_result(const BreakerSpec& spec, TaskKind kind, bool hashes, const AttemptEnd& end) {
  using Outcome = AttemptEnd::Outcome;
  if (hashes || end.outcome == Outcome::stopped) return CallResult::neutral;
  if (end.outcome == Outcome::exited) {
    if (end.exit_code == 0) return CallResult::success;
    if (end.exit_code == kSkips) return CallResult::neutral;
    const bool looked = kind == TaskKind::sensor && end.exit_code != kCannotRun && end.exit_code != kNotFound;
    if (looked) return CallResult::neutral;  // not met yet is no failure
  }
  if (spec.count.empty()) return counts_by_itself(end) ? CallResult::failure : CallResult::neutral;
  const bool counts =
      std::any_of(spec.count.begin(), spec.count.end(), [&](const FailureClass& c) { return is_of(c, end); });
  return counts ? CallResult::failure : CallResult::neutral;
}

Breaker::Breaker(BreakerSpec spec) : spec_(std::move(spec)), cooldown_us_(spec_.cooldown_us) {}

Breaker::Breaker(const BreakerRow& row, Moment now)
    : spec_(row.spec),
      state_(row.state),
      since_(row.since),
      cooldown_us_(row.cooldown_us > 0 ? row.cooldown_us : row.spec.cooldown_us),
      in_row_(row.in_row),
      left_probes_(row.probes.begin(), row.probes.end()),
      cause_(row.cause),
      actor_(row.actor) {
  if (row.until != kNoTime) {
    // No step of the clock makes it longer than it was meant to be.
    const DurationUs meant = std::max(cooldown_us_ + cooldown_us_ / 10, row.until - row.since);
    until_ = now.mono + std::clamp<DurationUs>(row.until - now.wall, 0, meant);
  }
  for (const BreakerSlot& slot : row.window) {
    const DurationUs age = std::clamp<DurationUs>(now.wall - slot.at, 0, spec_.window_us);
    window_.push_back({now.mono - age, slot.calls, slot.failures});
  }
  std::sort(window_.begin(), window_.end(), [](const Slot& a, const Slot& b) { return a.at < b.at; });
  forget_old(now.mono);
}

void Breaker::set_spec(BreakerSpec spec) {
  if (spec == spec_) return;
  const bool is_first = cooldown_us_ == spec_.cooldown_us;
  spec_ = std::move(spec);
  cooldown_us_ = is_first ? spec_.cooldown_us : std::clamp(cooldown_us_, spec_.cooldown_us, spec_.max_cooldown_us);
  changed_ = true;
}

std::int32_t Breaker::permits() const {
  switch (state_) {
    case BreakerState::closed: return kUnlimited;
    case BreakerState::open: return 0;
    case BreakerState::half_open: {
      if (BATON_BUG(probes_without_limit)) return kUnlimited;
      return std::max(0, spec_.probes - static_cast<std::int32_t>(probes_.size()));
    }
  }
  return 0;
}

std::optional<MonoUs> Breaker::due() const {
  return state_ == BreakerState::open ? until_ : std::nullopt;
}

void Breaker::begin(AttemptKey key) {
  BATON_CHECK(state_ != BreakerState::open);
  if (state_ != BreakerState::half_open) return;
  probes_.insert(key);
  changed_ = true;
}

void Breaker::recover(AttemptKey key) {
  if (state_ == BreakerState::half_open && left_probes_.contains(key)) probes_.insert(key);
}

void Breaker::end(AttemptKey key, CallResult result, const std::string& cause, Moment now) {
  bool was_probe = probes_.erase(key) > 0;
  if (BATON_BUG(permit_kept_by_the_dead)) {
    if (was_probe && result == CallResult::neutral) probes_.insert(key);
  }
  changed_ = changed_ || was_probe;
  if (result == CallResult::neutral) return;
  const bool failed = result == CallResult::failure;
  if (state_ == BreakerState::half_open && was_probe) {
    if (!failed) return close("a probe succeeded", now);
    cooldown_us_ = std::min(spec_.max_cooldown_us, cooldown_us_ > spec_.max_cooldown_us / 2 ? spec_.max_cooldown_us
                                                                                           : cooldown_us_ * 2);
    return open(cooldown_us_, "a probe failed: " + cause, now);
  }
  if (state_ != BreakerState::closed) return;
  count(failed, now);
  if (!failed) return;
  std::string why = reached();
  if (!why.empty()) open(cooldown_us_, why + "; the last: " + cause, now);
}

void Breaker::wake(Moment now) {
  if (state_ != BreakerState::open || !until_ || now.mono < *until_) return;
  until_.reset();
  move(BreakerState::half_open, "its cooldown has passed", "", now);
}

void Breaker::trip(DurationUs span_us, const std::string& why, const std::string& actor, Moment now) {
  until_.reset();
  if (span_us > 0) until_ = now.mono + span_us;
  move(BreakerState::open, why, actor, now);
}

void Breaker::reset(const std::string& why, const std::string& actor, Moment now) {
  if (state_ != BreakerState::closed) {
    move(BreakerState::closed, why, actor, now);
  }
  until_.reset();
  window_.clear();
  in_row_ = 0;
  cooldown_us_ = spec_.cooldown_us;
  changed_ = true;
}

void Breaker::count(bool failed, Moment now) {
  const bool was_clean = in_row_ == 0;
  in_row_ = failed ? in_row_ + 1 : 0;
  // Without a share to reckon, a success of a breaker that counts failures changes nothing that must be written.
  if (!failed && spec_.rate <= 0) {
    changed_ = changed_ || (!was_clean && spec_.consecutive > 0);
    return;
  }
  changed_ = true;
  forget_old(now.mono);
  const DurationUs step = std::max<DurationUs>(spec_.window_us / kSteps, 1);
  if (window_.empty() || now.mono - window_.back().at >= step) window_.push_back({now.mono, 0, 0});
  ++window_.back().calls;
  if (failed) ++window_.back().failures;
}

void Breaker::forget_old(MonoUs now) {
  while (!window_.empty() && now - window_.front().at >= spec_.window_us) window_.pop_front();
}

/// Which of its limits has been reached, in words; empty: none.
std::string Breaker::reached() const {
  if (spec_.consecutive > 0 && in_row_ >= spec_.consecutive) {
    return in_row_ == 1 ? std::string("a failure") : std::to_string(in_row_) + " failures in a row";
  }
  std::int64_t calls = 0;
  std::int64_t failures = 0;
  for (const Slot& slot : window_) {
    calls += slot.calls;
    failures += slot.failures;
  }
  if (spec_.rate > 0) {
    const std::int32_t least = spec_.failures > 0 ? spec_.failures : kRateFailuresMin;
    if (failures < least || static_cast<double>(failures) < spec_.rate * static_cast<double>(calls)) return {};
    return std::to_string(failures) + " of " + std::to_string(calls) + " attempts failed within " +
           timetable::format_duration_exact(spec_.window_us);
  }
  if (spec_.failures <= 0 || failures < spec_.failures) return {};
  return std::to_string(failures) + (failures == 1 ? " failure within " : " failures within ") + timetable::format_duration_exact(spec_.window_us);
}

void Breaker::open(DurationUs span_us, std::string cause, Moment now) {
  until_ = now.mono + jittered(span_us, spec_.name, now);
  move(BreakerState::open, std::move(cause), "", now);
}

void Breaker::close(std::string cause, Moment now) {
  window_.clear();
  in_row_ = 0;
  cooldown_us_ = spec_.cooldown_us;
  move(BreakerState::closed, std::move(cause), "", now);
}

void Breaker::move(BreakerState to, std::string cause, std::string actor, Moment now) {
  events_.push_back({spec_.name, now.wall, state_, to, cause, actor});
  state_ = to;
  since_ = now.wall;
  cause_ = std::move(cause);
  actor_ = std::move(actor);
  probes_.clear();
  left_probes_.clear();
  changed_ = true;
}

BreakerRow Breaker::row(Moment now) const {
  BreakerRow row;
  row.spec = spec_;
  row.state = state_;
  row.since = since_;
  if (until_) row.until = now.wall + (*until_ - now.mono);
  row.cooldown_us = cooldown_us_;
  row.in_row = in_row_;
  for (const Slot& slot : window_) row.window.push_back({now.wall - (now.mono - slot.at), slot.calls, slot.failures});
  row.probes.assign(probes_.begin(), probes_.end());
  row.cause = cause_;
  row.actor = actor_;
  row.updated_at = now.wall;
  return row;
}

std::vector<BreakerEventRow> Breaker::take_events() {
  return std::exchange(events_, {});
}

bool Breaker::take_changed() {
  return std::exchange(changed_, false);
}

}  // namespace baton
