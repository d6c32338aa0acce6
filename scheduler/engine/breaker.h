// Breaker: one circuit breaker (docs/dag-language.md, circuit breakers; docs/INVARIANTS.md, S16).
//
//                failures reached, or a person trips it
//       closed ───────────────────────────────────────▶ open ◀──────┐
//         ▲                                              │ cooldown │ a probe fails: the cooldown doubles
//         │ a probe succeeds, or a person resets it      ▼ has passed
//         └───────────────────────────────────────── half_open ─────┘
//
// Closed, it counts what attempts come to within a window that moves in steps of a sixtieth. Open, it lets nothing start.
// Half-open, so many attempts at a time have a permit each: the permit belongs to the attempt and ends with it, however
// that ends, so that none is ever taken for good. What began before it opened and ends after says nothing any more.
//
// Time runs on the monotonic clock; rows speak of wall time, and what they say is never further away than the window or
// the cooldown, whatever the wall clock did in between. Pure. Loop thread.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scheduler/engine/executor.h"
#include "scheduler/engine/moment.h"
#include "scheduler/engine/service_rows.h"
#include "scheduler/model/states.h"

namespace baton {

/// What an attempt says of what stands behind a breaker.
enum class CallResult : std::uint8_t { success, failure, neutral };

/// `hashes`: the attempt only looked at files for a cache key.
CallResult call_result(const BreakerSpec& spec, TaskKind kind, bool hashes, const AttemptEnd& end);

class Breaker {
 public:
  static constexpr std::int32_t kUnlimited = std::numeric_limits<std::int32_t>::max();

  explicit Breaker(BreakerSpec spec);
  /// As it was left. Permits are nobody's until recover().
  Breaker(const BreakerRow& row, Moment now);

  [[nodiscard]] const BreakerSpec& spec() const { return spec_; }
  /// Its state, its window and its permits stay.
  void set_spec(BreakerSpec spec);

  [[nodiscard]] BreakerState state() const { return state_; }
  /// How many more attempts may start now.
  [[nodiscard]] std::int32_t permits() const;
  /// When wake() has something to do; none: never by itself.
  [[nodiscard]] std::optional<MonoUs> due() const;

  /// An attempt that asks it starts: it may (permits() > 0).
  void begin(AttemptKey key);
  /// An attempt that an earlier scheduler has started lives: a permit that it had stays its own.
  void recover(AttemptKey key);
  /// An attempt is over, or is not made after all (neutral). `cause` says of what a failure was, for people.
  void end(AttemptKey key, CallResult result, const std::string& cause, Moment now);
  /// Its cooldown has passed.
  void wake(Moment now);
  /// A person opens it: for `span_us`, or until it is reset (0).
  void trip(DurationUs span_us, const std::string& why, const std::string& actor, Moment now);
  /// A person closes it; nothing of before counts any more.
  void reset(const std::string& why, const std::string& actor, Moment now);

  /// All of it but who declared it.
  [[nodiscard]] BreakerRow row(Moment now) const;
  /// The changes of its state since the last call, oldest first.
  [[nodiscard]] std::vector<BreakerEventRow> take_events();
  /// Whether anything of its row has changed since the last call.
  [[nodiscard]] bool take_changed();

 private:
  struct Slot {
    MonoUs at = 0;
    std::int32_t calls = 0, failures = 0;
  };

  void count(bool failed, Moment now);
  void forget_old(MonoUs now);
  [[nodiscard]] std::string reached() const;
  void open(DurationUs span_us, std::string cause, Moment now);
  void close(std::string cause, Moment now);
  void move(BreakerState to, std::string cause, std::string actor, Moment now);

  BreakerSpec spec_;
  BreakerState state_ = BreakerState::closed;
  WallUs since_ = kNoTime;
  std::optional<MonoUs> until_;
  DurationUs cooldown_us_;
  std::int32_t in_row_ = 0;
  std::deque<Slot> window_;
  std::set<AttemptKey> probes_;
  std::set<AttemptKey> left_probes_;  ///< of the row; see recover()
  std::string cause_, actor_;
  std::vector<BreakerEventRow> events_;
  bool changed_ = false;
};

}  // namespace baton
