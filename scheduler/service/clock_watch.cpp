#include "scheduler/service/clock_watch.h"

#include <algorithm>

namespace baton {
namespace {

constexpr DurationUs kSlew = kSecond;  // what the daemon that disciplines the clock does between two looks

}  // namespace

ClockWatch::ClockWatch(Moment now, WallUs newest) : last_(now), newest_(newest) {
  if (newest != kNoTime && now.wall < newest - kOlderThanStored) {
    state_ = State::suspect;
    agrees_since_ = now.mono;
  } else {
    newest_ = now.wall;
  }
}

ClockWatch::Seen ClockWatch::look(Moment now) {
  const DurationUs passed = now.mono - last_.mono;
  const DurationUs step = now.wall - last_.wall - passed;
  last_ = now;
  Seen seen;
  const bool is_far = step > kClockTrust || step < -kClockTrust;
  const bool is_old = state_ == State::trusted && now.wall < newest_ - kOlderThanStored;
  if (is_far || is_old) {
    seen.became_suspect = state_ == State::trusted;
    state_ = State::suspect;
    agrees_since_ = now.mono;
    return seen;
  }
  if (state_ == State::suspect) {
    if (step > kSlew || step < -kSlew) agrees_since_ = now.mono;
    return now.mono - agrees_since_ >= kClockProbation ? trusted(now) : seen;
  }
  newest_ = std::max(newest_, now.wall);
  seen.has_missed = step > kSlew || passed > kUnseenGap;
  return seen;
}

ClockWatch::Seen ClockWatch::trust(Moment now) {
  last_ = now;
  return state_ == State::suspect ? trusted(now) : Seen{};
}

ClockWatch::Seen ClockWatch::trusted(Moment now) {
  Seen seen;
  seen.became_trusted = true;
  seen.has_missed = true;
  seen.went_back_far = newest_ != kNoTime && now.wall < newest_ - kClockTrust;
  state_ = State::trusted;
  newest_ = now.wall;
  return seen;
}

}  // namespace baton
