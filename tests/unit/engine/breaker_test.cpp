// One circuit breaker, by itself and held against a plain account of it over all strings of events up to a length.
#include "scheduler/engine/breaker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace baton {
namespace {

constexpr WallUs kStart = 1'700'000'000LL * kSecond;

BreakerSpec spec_of(std::int32_t failures, std::int32_t probes = 1) {
  BreakerSpec spec;
  spec.name = "warehouse";
  spec.failures = failures;
  spec.window_us = kHour;
  spec.cooldown_us = 10 * kMinute;
  spec.max_cooldown_us = 30 * kMinute;
  spec.probes = probes;
  return spec;
}

/// A clock for both kinds of time.
struct Clock {
  Moment now{kStart, 5 * kHour};
  void pass(DurationUs span) {
    now.wall += span;
    now.mono += span;
  }
};

AttemptKey key(std::int32_t n) {
  return {1, n, kUnmapped, 1};
}

struct BreakerTest : testing::Test, Clock {
  Breaker breaker{spec_of(3)};
  std::int32_t next = 1;

  void attempt(CallResult result) {
    const AttemptKey of = key(next++);
    breaker.begin(of);
    breaker.end(of, result, "t: exit code 1", now);
  }
  void fail(int times) {
    for (int i = 0; i < times; ++i) attempt(CallResult::failure);
  }
  /// Its cooldown with the most that is drawn to it, and its timer.
  void cool_down(DurationUs cooldown) {
    pass(cooldown + cooldown / 10);
    breaker.wake(now);
  }
};

TEST_F(BreakerTest, OpensWithTheLastOfItsFailuresWithinTheWindow) {
  fail(2);
  EXPECT_EQ(breaker.permits(), Breaker::kUnlimited);
  fail(1);
  EXPECT_EQ(breaker.state(), BreakerState::open);
  EXPECT_EQ(breaker.permits(), 0);
  EXPECT_EQ(breaker.row(now).cause, "3 failures within 1h; the last: t: exit code 1");
}

TEST_F(BreakerTest, FailuresThatLeftTheWindowDoNotCount) {
  fail(2);
  pass(kHour);
  fail(2);
  EXPECT_EQ(breaker.state(), BreakerState::closed);
  fail(1);
  EXPECT_EQ(breaker.state(), BreakerState::open);
}

TEST_F(BreakerTest, SuccessesAndStopsDoNotMakeItForget) {
  fail(2);
  attempt(CallResult::success);
  attempt(CallResult::neutral);
  fail(1);
  EXPECT_EQ(breaker.state(), BreakerState::open);
}

TEST_F(BreakerTest, OpensByFailuresInARowHoweverLongTheyTake) {
  BreakerSpec spec = spec_of(0);
  spec.consecutive = 3;
  breaker = Breaker(spec);
  fail(2);
  attempt(CallResult::success);
  fail(2);
  EXPECT_EQ(breaker.state(), BreakerState::closed);
  pass(5 * kHour);
  fail(1);
  EXPECT_EQ(breaker.state(), BreakerState::open);
}

TEST_F(BreakerTest, OpensByAShareOfTheAttemptsOnceEnoughHaveFailed) {
  BreakerSpec spec = spec_of(4);
  spec.rate = 0.5;
  breaker = Breaker(spec);
  fail(3);
  EXPECT_EQ(breaker.state(), BreakerState::closed) << "all failed, but too few to tell";
  for (int i = 0; i < 5; ++i) attempt(CallResult::success);
  fail(1);
  EXPECT_EQ(breaker.state(), BreakerState::closed) << "4 of 9";
  fail(1);
  EXPECT_EQ(breaker.state(), BreakerState::open) << "5 of 10";
}

TEST_F(BreakerTest, AfterItsCooldownAProbeClosesItAndAllIsForgotten) {
  fail(3);
  ASSERT_TRUE(breaker.due());
  EXPECT_GE(*breaker.due(), now.mono + 10 * kMinute);
  EXPECT_LE(*breaker.due(), now.mono + 11 * kMinute);
  pass(9 * kMinute);
  breaker.wake(now);
  EXPECT_EQ(breaker.permits(), 0);
  cool_down(10 * kMinute);
  EXPECT_EQ(breaker.permits(), 1);
  breaker.begin(key(100));
  EXPECT_EQ(breaker.permits(), 0);
  breaker.end(key(100), CallResult::success, "", now);
  EXPECT_EQ(breaker.state(), BreakerState::closed);
  fail(2);
  EXPECT_EQ(breaker.state(), BreakerState::closed);
}

TEST_F(BreakerTest, AProbeThatFailsDoublesTheCooldownUpToItsLimit) {
  fail(3);
  DurationUs cooldown = 10 * kMinute;
  for (const DurationUs next_one : {20 * kMinute, 30 * kMinute, 30 * kMinute}) {
    cool_down(cooldown);
    fail(1);
    ASSERT_TRUE(breaker.due());
    EXPECT_GE(*breaker.due() - now.mono, next_one);
    EXPECT_LE(*breaker.due() - now.mono, next_one + next_one / 10);
    cooldown = next_one;
  }
  cool_down(cooldown);
  attempt(CallResult::success);
  fail(3);
  EXPECT_LE(*breaker.due() - now.mono, 11 * kMinute) << "closed once, it begins anew";
}

TEST_F(BreakerTest, APermitComesBackHoweverItsHolderEnds) {
  fail(3);
  cool_down(10 * kMinute);
  breaker.begin(key(100));
  breaker.end(key(100), CallResult::neutral, "", now);
  EXPECT_EQ(breaker.state(), BreakerState::half_open);
  EXPECT_EQ(breaker.permits(), 1);
}

TEST_F(BreakerTest, WhatBeganBeforeItOpenedSaysNothingAnyMore) {
  breaker.begin(key(50));
  breaker.begin(key(51));
  fail(3);
  breaker.end(key(50), CallResult::success, "", now);
  EXPECT_EQ(breaker.state(), BreakerState::open);
  cool_down(10 * kMinute);
  breaker.end(key(51), CallResult::failure, "", now);
  EXPECT_EQ(breaker.state(), BreakerState::half_open);
  EXPECT_EQ(breaker.permits(), 1);
}

TEST_F(BreakerTest, APersonOpensItForAsLongAsTheySay) {
  breaker.trip(0, "maintenance", "ann", now);
  EXPECT_FALSE(breaker.due());
  EXPECT_EQ(breaker.permits(), 0);
  breaker.trip(kMinute, "maintenance", "ann", now);
  EXPECT_EQ(breaker.due(), now.mono + kMinute);
  breaker.reset("done", "ann", now);
  EXPECT_EQ(breaker.permits(), Breaker::kUnlimited);
  const auto events = breaker.take_events();
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events.back().actor, "ann");
  EXPECT_EQ(events.back().cause, "done");
}

TEST_F(BreakerTest, IsTheSameAfterARestart) {
  fail(3);
  cool_down(10 * kMinute);
  breaker.begin(key(100));
  breaker.begin(key(101));  // as its permits would not allow: one of them dies with the scheduler
  const BreakerRow row = breaker.row(now);
  Clock later;
  later.now = {now.wall + kMinute, 7 * kSecond};  // another boot
  Breaker again(row, later.now);
  again.set_spec(spec_of(3, 2));
  EXPECT_EQ(again.state(), BreakerState::half_open);
  EXPECT_EQ(again.permits(), 2) << "a permit is nobody's until its holder is known to live";
  again.recover(key(101));
  again.recover(key(7));  // lives, and had none
  EXPECT_EQ(again.permits(), 1);
  again.end(key(101), CallResult::failure, "", later.now);
  EXPECT_EQ(again.state(), BreakerState::open);
}

TEST_F(BreakerTest, ItsTimesSurviveARestartAndNoStepOfTheClockMakesThemLonger) {
  fail(3);
  const MonoUs left = *breaker.due() - now.mono;
  const BreakerRow row = breaker.row(now);
  EXPECT_EQ(*Breaker(row, {now.wall + kMinute, 1000}).due(), 1000 + left - kMinute);
  EXPECT_EQ(*Breaker(row, {now.wall + kDay, 1000}).due(), 1000);
  EXPECT_LE(*Breaker(row, {now.wall - kDay, 1000}).due(), 1000 + 11 * kMinute);

  Breaker closed(spec_of(3));
  closed.end(key(1), CallResult::failure, "", now);
  closed.end(key(2), CallResult::failure, "", now);
  Breaker soon(closed.row(now), {now.wall + 59 * kMinute, 1000});
  soon.end(key(3), CallResult::failure, "", {now.wall + 59 * kMinute, 1000});
  EXPECT_EQ(soon.state(), BreakerState::open);
  Breaker late(closed.row(now), {now.wall + kHour, 1000});
  late.end(key(3), CallResult::failure, "", {now.wall + kHour, 1000});
  EXPECT_EQ(late.state(), BreakerState::closed);
}

TEST_F(BreakerTest, KeepsAFewSlotsOfItsWindowHoweverMuchHappens) {
  BreakerSpec spec = spec_of(1'000'000);
  spec.rate = 1;
  breaker = Breaker(spec);
  for (int i = 0; i < 20'000; ++i) {
    attempt(i % 3 == 0 ? CallResult::success : CallResult::failure);
    pass(kSecond);
  }
  EXPECT_LE(breaker.row(now).window.size(), 61U);
}

TEST(BreakerCalls, WhatAnAttemptSaysOfWhatItDependsOn) {
  using Of = AttemptEnd::Outcome;
  const auto result = [](std::vector<FailureClass> count, Of outcome, int code = 0, TaskKind kind = TaskKind::run,
                         bool hashes = false) {
    BreakerSpec spec = spec_of(1);
    spec.count = std::move(count);
    AttemptEnd end;
    end.outcome = outcome;
    end.exit_code = code;
    return call_result(spec, kind, hashes, end);
  };
  EXPECT_EQ(result({}, Of::exited, 0), CallResult::success);
  EXPECT_EQ(result({}, Of::exited, 1), CallResult::failure);
  EXPECT_EQ(result({}, Of::exited, 99), CallResult::neutral) << "skipped";
  EXPECT_EQ(result({}, Of::exited, 127), CallResult::neutral) << "its program is not there";
  EXPECT_EQ(result({}, Of::timed_out), CallResult::failure);
  EXPECT_EQ(result({}, Of::stopped), CallResult::neutral);
  EXPECT_EQ(result({}, Of::lost), CallResult::neutral) << "its worker died";
  EXPECT_EQ(result({}, Of::exited, 1, TaskKind::sensor), CallResult::neutral) << "not met yet";
  EXPECT_EQ(result({}, Of::timed_out, 0, TaskKind::sensor), CallResult::failure);
  EXPECT_EQ(result({}, Of::exited, 0, TaskKind::run, true), CallResult::neutral) << "looked at files alone";
  const std::vector<FailureClass> some = {{FailureClass::Kind::exit, 75}, {FailureClass::Kind::lost, 0}};
  EXPECT_EQ(result(some, Of::exited, 75), CallResult::failure);
  EXPECT_EQ(result(some, Of::exited, 1), CallResult::neutral);
  EXPECT_EQ(result(some, Of::lost), CallResult::failure);
  EXPECT_EQ(result(some, Of::exited, 0), CallResult::success);
}

// ---- against a plain account ----

/// The same rules, as plainly as they can be said: every failure with its time, nothing merged.
struct Account {
  BreakerSpec spec;
  BreakerState state = BreakerState::closed;
  std::vector<MonoUs> failures;
  std::int32_t in_row = 0;
  DurationUs cooldown = spec.cooldown_us;
  MonoUs until = 0;
  std::vector<AttemptKey> probes;

  bool may_begin() const {
    return state == BreakerState::closed ||
           (state == BreakerState::half_open && static_cast<std::int32_t>(probes.size()) < spec.probes);
  }
  void begin(AttemptKey of) {
    if (state == BreakerState::half_open) probes.push_back(of);
  }
  void to(BreakerState next) {
    state = next;
    probes.clear();
    if (next != BreakerState::closed) return;
    failures.clear();
    in_row = 0;
    cooldown = spec.cooldown_us;
  }
  void end(AttemptKey of, CallResult result, MonoUs now) {
    const auto probe = std::find(probes.begin(), probes.end(), of);
    const bool was_probe = probe != probes.end();
    if (was_probe) probes.erase(probe);
    if (result == CallResult::neutral) return;
    if (was_probe) {
      if (result == CallResult::success) return to(BreakerState::closed);
      cooldown = std::min(2 * cooldown, spec.max_cooldown_us);
      return to(BreakerState::open);
    }
    if (state != BreakerState::closed) return;
    if (result == CallResult::success) {
      in_row = 0;
      return;
    }
    ++in_row;
    failures.push_back(now);
    const auto within =
        std::count_if(failures.begin(), failures.end(), [&](MonoUs at) { return now - at < spec.window_us; });
    const bool by_count = spec.failures > 0 && within >= spec.failures;
    const bool by_row = spec.consecutive > 0 && in_row >= spec.consecutive;
    if (by_count || by_row) to(BreakerState::open);
  }
};

/// Walks all strings of `letters`: F and S are whole attempts (where one may start), B begins one, f s n end the oldest
/// that lives, T lets 11 minutes pass, more than the first cooldown, R stops and starts the scheduler.
class Walk {
 public:
  Walk(BreakerSpec spec, std::string letters) : letters_(std::move(letters)), start_{Breaker(spec), Account{spec}, {}, {}, 1} {}
  void to(int length) { step(start_, length, ""); }
  std::int64_t steps = 0;

 private:
  struct State {
    Breaker breaker;
    Account account;
    Clock clock;
    std::vector<AttemptKey> live;
    std::int32_t next = 1;
  };

  void step(const State& before, int left, const std::string& string) {
    if (left == 0 || testing::Test::HasFailure()) return;
    for (const char letter : letters_) {
      State state = before;
      act(state, letter);
      ++steps;
      const std::string now = string + letter;
      check(state, now);
      step(state, left - 1, now);
    }
  }

  static void begin(State& state) {
    const AttemptKey of = key(state.next++);
    state.breaker.begin(of);
    state.account.begin(of);
    state.live.push_back(of);
  }
  static void end(State& state, CallResult result, bool oldest) {
    if (state.live.empty()) return;
    const auto at = oldest ? state.live.begin() : state.live.end() - 1;
    state.breaker.end(*at, result, "", state.clock.now);
    state.account.end(*at, result, state.clock.now.mono);
    state.live.erase(at);
  }

  static void act(State& state, char letter) {
    switch (letter) {
      case 'F':
      case 'S':
        if (!state.account.may_begin()) return;
        begin(state);
        return end(state, letter == 'F' ? CallResult::failure : CallResult::success, false);
      case 'B':
        if (state.account.may_begin()) begin(state);
        return;
      case 'f': return end(state, CallResult::failure, true);
      case 's': return end(state, CallResult::success, true);
      case 'n': return end(state, CallResult::neutral, true);
      case 'T':
        state.clock.pass(11 * kMinute);
        // Which of the times up to a tenth more it has drawn, only it knows.
        if (state.breaker.state() == BreakerState::open && state.breaker.due() <= state.clock.now.mono) {
          state.account.to(BreakerState::half_open);
        }
        return state.breaker.wake(state.clock.now);
      case 'R': {
        const Moment now = state.clock.now;
        state.breaker = Breaker(state.breaker.row(now), now);
        for (const AttemptKey& of : state.live) state.breaker.recover(of);
        return;
      }
      default: FAIL();
    }
  }

  static void check(const State& state, const std::string& string) {
    ASSERT_EQ(state.breaker.state(), state.account.state) << string;
    const std::int32_t permits = state.account.state == BreakerState::closed ? Breaker::kUnlimited
                                 : state.account.may_begin()
                                     ? state.account.spec.probes - static_cast<std::int32_t>(state.account.probes.size())
                                     : 0;
    ASSERT_EQ(state.breaker.permits(), permits) << string;
    if (state.account.state != BreakerState::open) return;
    ASSERT_TRUE(state.breaker.due()) << string;
    ASSERT_LE(*state.breaker.due() - state.clock.now.mono, state.account.cooldown + state.account.cooldown / 10) << string;
  }

  std::string letters_;
  State start_;
};

TEST(BreakerExhaustively, EqualsAPlainAccountOverAllStringsOfTwelveEvents) {
  for (const auto& [failures, consecutive] : {std::pair{2, 0}, {0, 2}, {3, 2}}) {
    BreakerSpec spec = spec_of(failures);
    spec.consecutive = consecutive;
    spec.window_us = 30 * kMinute;
    Walk walk(spec, "FST");
    walk.to(12);
    EXPECT_GE(walk.steps, 797'160);
  }
}

TEST(BreakerExhaustively, EqualsAPlainAccountWithSeveralAtATimeAndRestarts) {
  for (const std::int32_t probes : {1, 2}) {
    BreakerSpec spec = spec_of(2, probes);
    Walk walk(spec, "BfsnTR");
    walk.to(7);
    EXPECT_GE(walk.steps, 335'922);
  }
}

}  // namespace
}  // namespace baton
