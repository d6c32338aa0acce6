#include "scheduler/service/ticks.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace baton {
namespace {

using timetable::Catchup;
using timetable::Overlap;
using timetable::Tick;

/// Longer stretches of missed ticks are counted.
constexpr std::int64_t kTicksWalked = 20;

/// What a tick comes to, before room and overlap are looked at.
struct Fate {
  enum class Kind : std::uint8_t { record, missed, live };
  Kind kind = Kind::live;
  TickReason reason = TickReason::catchup;
  bool is_made_up = true;
  friend bool operator==(const Fate&, const Fate&) = default;
};

class Planner {
 public:
  Planner(const TickSchedule& schedule, const TickState& state) : schedule_(schedule), after_(state) {}

  void look(const TickFacts& facts);
  void leave(WallUs now, TickReason reason);
  TickPlan finish();

 private:
  [[nodiscard]] std::vector<WallUs> due(WallUs now, bool with_jitter) const;
  [[nodiscard]] std::vector<Fate> fates(const std::vector<WallUs>& due) const;
  [[nodiscard]] Fate missed_or_live(WallUs due_at) const;
  [[nodiscard]] bool follows(const TickRange& range, WallUs at) const;
  [[nodiscard]] std::optional<TickRange> long_stretch(WallUs until) const;
  void leap_missed(WallUs now);
  void leap_left(WallUs now, TickReason reason);

  void put(const TickRange& range) { rows_[range.from] = range; }
  void drop(WallUs from) { rows_[from] = TickRange{from, from, 0, TickReason::waiting, 0}; }
  void record(TickRange range);
  void wait(TickRange range);
  void end_missed(const TickRange& range, WallUs newest_before, const Fate& fate);
  void drop_oldest(std::int64_t ticks, TickReason reason);
  [[nodiscard]] std::int64_t waiting_ticks() const;
  void give_up_waiting(TickReason reason);
  bool take_waiting(const TickFacts& facts);
  bool take_live(WallUs at, const TickFacts& facts);

  const TickSchedule& schedule_;
  TickState after_;
  std::map<WallUs, TickRange> rows_;
  std::optional<Tick> run_;
  bool cancels_open_ = false;
};

DurationUs jitter_at(const TickSchedule& schedule, WallUs at) {
  Tick tick;
  tick.run_after = at;
  return schedule.ticks.jitter_of(tick);
}

WallUs one_after(WallUs at) { return at == std::numeric_limits<WallUs>::max() ? at : at + 1; }

/// The instants after the cursor that are due, in order; no more than a plan looks at. Jitter never changes the order:
/// a tick that is due early stands behind one before it that is due late.
std::vector<WallUs> Planner::due(WallUs now, bool with_jitter) const {
  std::vector<WallUs> instants;
  for (const Tick& tick : schedule_.every().ticks_between(one_after(after_.cursor), one_after(now), kTicksPerPlan)) {
    if (with_jitter && tick.run_after + jitter_at(schedule_, tick.run_after) > now) break;
    instants.push_back(tick.run_after);
  }
  return instants;
}

Fate Planner::missed_or_live(WallUs due_at) const {
  for (const MissedSpan& span : after_.missed) {
    if (due_at <= span.until) return {Fate::Kind::missed, span.reason, span.is_made_up};
  }
  return {};
}

std::vector<Fate> Planner::fates(const std::vector<WallUs>& due) const {
  std::vector<Fate> fates;
  fates.reserve(due.size());
  std::vector<Tick> counted;
  if (schedule_.all && !due.empty()) {
    counted = schedule_.ticks.ticks_between(due.front(), one_after(due.back()), due.size());
  }
  auto next_counted = counted.begin();
  for (const WallUs at : due) {
    bool counts = true;
    if (schedule_.all) {
      counts = next_counted != counted.end() && next_counted->run_after == at;
      if (counts) ++next_counted;
    }
    const bool is_dark = std::any_of(schedule_.blackouts.begin(), schedule_.blackouts.end(),
                                     [&](const Blackout& dark) { return at >= dark.from && at < dark.to; });
    if (!counts) {
      fates.push_back({Fate::Kind::record, TickReason::calendar, false});
    } else if (is_dark) {
      fates.push_back({Fate::Kind::record, TickReason::blackout, false});
    } else {
      fates.push_back(missed_or_live(at + jitter_at(schedule_, at)));
    }
  }
  return fates;
}

/// Whether no tick lies between the end of `range` and `at`.
bool Planner::follows(const TickRange& range, WallUs at) const {
  const std::optional<Tick> next = schedule_.every().next_tick(range.to);
  return next && next->run_after == at;
}

void Planner::record(TickRange range) {
  std::optional<TickRange>& last = after_.last;
  if (last && last->reason == range.reason && range.reason != TickReason::exists && follows(*last, range.from)) {
    last->to = range.to;
    last->ticks += range.ticks;
  } else {
    last = range;
  }
  put(*last);
}

void Planner::wait(TickRange range) {
  range.reason = TickReason::waiting;
  if (!after_.waiting.empty() && follows(after_.waiting.back(), range.from)) {
    after_.waiting.back().to = range.to;
    after_.waiting.back().ticks += range.ticks;
  } else {
    after_.waiting.push_back(range);
  }
  put(after_.waiting.back());
}

/// Ends `range`, missed ticks without anything between them, by `catchup`. `newest_before` is the last but one of them.
void Planner::end_missed(const TickRange& range, WallUs newest_before, const Fate& fate) {
  TickRange left_out = range;
  left_out.reason = fate.reason;
  if (!fate.is_made_up || schedule_.catchup == Catchup::none) return record(left_out);
  if (schedule_.catchup == Catchup::all) {
    wait(range);
    if (schedule_.catchup_max > 0) drop_oldest(waiting_ticks() - schedule_.catchup_max, fate.reason);
    return;
  }
  give_up_waiting(fate.reason);
  if (range.ticks > 1) record({range.from, newest_before, range.ticks - 1, fate.reason, 0});
  wait({range.to, range.to, 1, TickReason::waiting, 0});
}

std::int64_t Planner::waiting_ticks() const {
  std::int64_t ticks = 0;
  for (const TickRange& range : after_.waiting) ticks += range.ticks;
  return ticks;
}

void Planner::drop_oldest(std::int64_t ticks, TickReason reason) {
  while (ticks > 0 && !after_.waiting.empty()) {
    TickRange oldest = after_.waiting.front();
    after_.waiting.erase(after_.waiting.begin());
    if (oldest.ticks > ticks) {
      const std::vector<Tick> head =
          schedule_.ticks.ticks_from(oldest.from, static_cast<std::size_t>(ticks) + 1);
      TickRange rest = oldest;
      rest.from = head.back().run_after;
      rest.ticks -= ticks;
      after_.waiting.insert(after_.waiting.begin(), rest);
      put(rest);
      oldest.to = head[head.size() - 2].run_after;
      oldest.ticks = ticks;
    }
    ticks -= oldest.ticks;
    oldest.reason = reason;
    drop(oldest.from);  // the record may prolong an earlier row
    record(oldest);
  }
}

void Planner::give_up_waiting(TickReason reason) { drop_oldest(waiting_ticks(), reason); }

/// The oldest tick that waits to be caught up, where there is room for its run.
bool Planner::take_waiting(const TickFacts& facts) {
  if (after_.waiting.empty() || facts.open_runs >= schedule_.runs_max) return false;
  TickRange& oldest = after_.waiting.front();
  const std::vector<Tick> head = schedule_.ticks.ticks_from(oldest.from, 2);
  run_ = head.front();
  drop(oldest.from);
  oldest.ticks -= 1;
  if (oldest.ticks == 0) {
    after_.waiting.erase(after_.waiting.begin());
  } else {
    oldest.from = head.back().run_after;
    put(oldest);
  }
  return true;
}

/// True: it makes a run. `overlap: queue` is one run more than may live: that one waits.
bool Planner::take_live(WallUs at, const TickFacts& facts) {
  const std::int32_t places = schedule_.runs_max + (schedule_.overlap == Overlap::queue ? 1 : 0);
  const bool is_busy = facts.open_runs >= places;
  after_.cursor = at;
  if (is_busy && schedule_.overlap != Overlap::cancel_running) {
    record({at, at, 1, TickReason::overlap, 0});
    return false;
  }
  cancels_open_ = is_busy;
  run_ = schedule_.ticks.ticks_from(at, 1).front();
  return true;
}

/// What is due after the cursor up to `until`, counted instead of walked: a schedule of every second whose `start` lies
/// years back would else hold up the loop for minutes, and keep its next tick from being on time. None where each
/// tick has to be looked at (a calendar, blackouts, several entries), or where they are few.
std::optional<TickRange> Planner::long_stretch(WallUs until) const {
  if (schedule_.all || !schedule_.blackouts.empty()) return std::nullopt;
  const std::optional<std::int64_t> ticks = schedule_.ticks.count_between(one_after(after_.cursor), one_after(until));
  if (!ticks || *ticks <= kTicksWalked) return std::nullopt;
  const std::optional<Tick> first = schedule_.ticks.next_tick(after_.cursor);
  const std::optional<Tick> last = schedule_.ticks.prev_tick(one_after(until));
  if (!first || !last) return std::nullopt;
  return TickRange{first->run_after, last->run_after, *ticks, TickReason::catchup, 0};
}

/// Over what the first of the missed spans leaves out for certain.
void Planner::leap_missed(WallUs now) {
  if (after_.missed.empty()) return;
  const MissedSpan& span = after_.missed.front();
  const bool is_all = span.is_made_up && schedule_.catchup == Catchup::all;
  if (is_all && schedule_.catchup_max == 0) return;  // each of them becomes a run
  WallUs until = std::min(span.until, now) - schedule_.ticks.jitter_max();
  const auto due = schedule_.ticks.count_between(one_after(after_.cursor), one_after(until));
  if (!due || *due <= (is_all ? schedule_.catchup_max : 0)) return;  // before those that are kept are looked for
  for (std::int64_t kept = 0; is_all && kept < schedule_.catchup_max; ++kept) {
    const std::optional<Tick> newest = schedule_.ticks.prev_tick(one_after(until));
    if (!newest || newest->run_after <= after_.cursor) return;
    until = newest->run_after - 1;
  }
  std::optional<TickRange> range = long_stretch(until);
  if (!range) return;
  const Fate fate{Fate::Kind::missed, span.reason, span.is_made_up};
  if (is_all) {
    give_up_waiting(span.reason);  // those that are kept behind the stretch are as many as may wait
    range->reason = span.reason;
    record(*range);
  } else {
    end_missed(*range, schedule_.ticks.prev_tick(range->to)->run_after, fate);
  }
  after_.cursor = range->to;
}

/// The same where an edit ends all of them: first what was missed, then the rest for `reason`.
void Planner::leap_left(WallUs now, TickReason reason) {
  const auto span = std::find_if(after_.missed.begin(), after_.missed.end(),
                                 [&](const MissedSpan& missed) { return missed.until > after_.cursor; });
  const bool is_missed = span != after_.missed.end();
  std::optional<TickRange> range =
      long_stretch(is_missed ? std::min(span->until, now) - schedule_.ticks.jitter_max() : now);
  if (!range) return;
  range->reason = is_missed ? span->reason : reason;
  record(*range);
  after_.cursor = range->to;
}

void Planner::look(const TickFacts& facts) {
  leap_missed(facts.now);
  const std::vector<WallUs> instants = due(facts.now, true);
  const std::vector<Fate> what = fates(instants);
  std::size_t i = 0;
  while (i < instants.size() && what[i].kind != Fate::Kind::live) {
    std::size_t end = i;
    while (end < instants.size() && what[end] == what[i]) ++end;
    const TickRange range{instants[i], instants[end - 1], static_cast<std::int64_t>(end - i), what[i].reason, 0};
    if (what[i].kind == Fate::Kind::record) {
      record(range);
    } else {
      end_missed(range, end - i > 1 ? instants[end - 2] : kNoTime, what[i]);
    }
    after_.cursor = range.to;
    i = end;
  }
  if (i == kTicksPerPlan) return;  // more is missed: `latest` is not known yet
  if (take_waiting(facts)) return;
  while (i < instants.size() && what[i].kind == Fate::Kind::live) {
    if (take_live(instants[i++], facts)) return;
  }
}

void Planner::leave(WallUs now, TickReason reason) {
  give_up_waiting(TickReason::catchup);
  leap_left(now, reason);
  const std::vector<WallUs> instants = due(now, false);
  const std::vector<Fate> what = fates(instants);
  for (std::size_t i = 0; i < instants.size();) {
    const bool is_record = what[i].kind == Fate::Kind::record;
    std::size_t end = i;
    while (end < instants.size() && what[end] == what[i]) ++end;
    const TickReason why = is_record || what[i].kind == Fate::Kind::missed ? what[i].reason : reason;
    record({instants[i], instants[end - 1], static_cast<std::int64_t>(end - i), why, 0});
    after_.cursor = instants[end - 1];
    i = end;
  }
}

TickPlan Planner::finish() {
  TickPlan plan;
  for (const auto& [from, range] : rows_) plan.records.push_back(range);
  plan.run = run_;
  plan.cancels_open = cancels_open_;
  std::erase_if(after_.missed, [&](const MissedSpan& span) { return span.until <= after_.cursor; });
  plan.after = std::move(after_);
  return plan;
}

}  // namespace

FirstSight first_sight(const TickSchedule& schedule, WallUs now) {
  FirstSight sight;
  if (schedule.start == kNoTime || !schedule.ticks.has_ticks()) {
    sight.state.cursor = now;
    return sight;
  }
  miss(sight.state, {now, TickReason::catchup, true});
  if (schedule.catchup == Catchup::all) {
    const std::size_t most = schedule.catchup_max > 0 ? static_cast<std::size_t>(schedule.catchup_max)
                                                      : std::numeric_limits<std::size_t>::max();
    const auto due = schedule.ticks.ticks_between(kNoTime, one_after(now), kCatchupUnasked + 1);
    sight.begins_paused = std::min(due.size(), most) > kCatchupUnasked;
  }
  return sight;
}

TickPlan plan_ticks(const TickSchedule& schedule, const TickState& state, const TickFacts& facts) {
  Planner planner(schedule, state);
  if (schedule.ticks.has_ticks()) planner.look(facts);
  return planner.finish();
}

TickPlan plan_edit(const TickSchedule& old, const TickState& state, WallUs now, TickReason reason) {
  Planner planner(old, state);
  if (old.ticks.has_ticks()) planner.leave(now, reason);
  return planner.finish();
}

TickPlan with_existing(const TickPlan& plan, RunNo run_no) {
  TickPlan other = plan;
  const WallUs at = plan.run->run_after;
  other.run.reset();
  other.cancels_open = false;
  const TickRange exists{at, at, 1, TickReason::exists, run_no};
  std::erase_if(other.records, [&](const TickRange& range) { return range.from == at; });
  const auto place = std::lower_bound(other.records.begin(), other.records.end(), at,
                                      [](const TickRange& range, WallUs from) { return range.from < from; });
  other.records.insert(place, exists);
  other.after.last = exists;
  return other;
}

TickState edited(const TickState& state, WallUs now) {
  TickState anew;
  anew.cursor = std::max(state.cursor, now);
  return anew;
}

void miss(TickState& state, const MissedSpan& span) {
  if (state.missed.empty() || state.missed.back().until < span.until) state.missed.push_back(span);
}

std::optional<WallUs> wake_at(const TickSchedule& schedule, const TickState& state) {
  const std::optional<Tick> next = schedule.every().next_tick(state.cursor);
  if (!next) return std::nullopt;
  return next->run_after + jitter_at(schedule, next->run_after);
}

bool lies_ahead(const TickState& state, WallUs now) {
  const auto is_later = [now](const TickRange& range) { return range.to > now; };
  return state.cursor > now || std::any_of(state.waiting.begin(), state.waiting.end(), is_later);
}

TickPlan pull_back(const TickSchedule& schedule, const TickState& state, WallUs now) {
  TickPlan plan;
  plan.after = state;
  TickState& after = plan.after;
  after.cursor = std::min(state.cursor, now);
  std::erase_if(after.missed, [now](const MissedSpan& span) { return span.until > now; });
  // Of a range of `ticks` what lies no later than `now`; false: nothing does.
  const auto cut = [now](TickRange& range, const timetable::Timetable& ticks) {
    if (range.from > now) return false;
    if (range.to <= now) return true;
    if (const auto counted = ticks.count_between(range.from, one_after(now))) {  // it may be years of seconds
      range.to = ticks.prev_tick(one_after(now))->run_after;
      range.ticks = *counted;
      return true;
    }
    const auto count = static_cast<std::size_t>(range.ticks);
    const std::vector<Tick> left = ticks.ticks_between(range.from, one_after(now), count);
    range.to = left.back().run_after;
    range.ticks = static_cast<std::int64_t>(left.size());
    return true;
  };
  if (after.last && after.last->to > now) {
    if (cut(*after.last, schedule.every())) plan.records.push_back(*after.last);
    after.last.reset();
  }
  for (TickRange& range : after.waiting) {
    if (range.to > now && cut(range, schedule.ticks)) plan.records.push_back(range);
  }
  std::erase_if(after.waiting, [now](const TickRange& range) { return range.from > now; });
  plan.records.push_back({one_after(now), std::numeric_limits<WallUs>::max(), 0, TickReason::waiting, 0});
  return plan;
}

}  // namespace baton
