// Whether the wall clock can be trusted to make runs. Pure: both clocks are arguments. The monotonic clock goes on
// while the machine sleeps and never steps, so what the wall clock did beyond it is a step.
//
//   step back                     no tick fires twice: the cursors stand where they are
//   step forward ≤ 1 h, sleep     what was jumped over was missed, and follows `catchup`
//   step > 1 h either way, or     suspect: no scheduled runs (asked-for ones go on), said aloud; trusted again after
//   older than what is stored     two minutes in which both clocks agree, or on an operator's word
#pragma once

#include "scheduler/engine/moment.h"
#include "scheduler/model/time.h"

namespace baton {

inline constexpr DurationUs kClockTrust = kHour;               ///< a larger step is not believed at once
inline constexpr DurationUs kClockProbation = 2 * kMinute;     ///< how long it must agree then
inline constexpr DurationUs kOlderThanStored = 5 * kMinute;    ///< so much older than the newest row is suspect
inline constexpr DurationUs kUnseenGap = 2 * kMinute;  ///< longer between two looks: what was due was missed

class ClockWatch {
 public:
  enum class State : std::uint8_t { trusted, suspect };
  struct Seen {
    bool became_suspect = false;
    bool became_trusted = false;
    bool has_missed = false;     ///< ticks up to now were not seen as they fell due
    bool went_back_far = false;  ///< on becoming trusted: earlier than it once was by more than kClockTrust
  };

  /// `newest` is the newest time that the store holds; kNoTime: none.
  ClockWatch(Moment now, WallUs newest);

  /// To be told at every wake and at least once a minute.
  Seen look(Moment now);
  /// An operator's word: the clock is right as it is.
  Seen trust(Moment now);
  [[nodiscard]] State state() const { return state_; }

 private:
  Seen trusted(Moment now);

  State state_ = State::trusted;
  Moment last_;
  WallUs newest_;            ///< the latest wall time that was believed
  MonoUs agrees_since_ = 0;  ///< suspect: since when both clocks agree
};

}  // namespace baton
