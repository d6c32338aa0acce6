// One DAG's ticks with a store of its own: carries plans out at once, keeps the rows, and counts what each tick ended
// in.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scheduler/service/ticks.h"
#include "scheduler/timetable/time_text.h"

namespace baton {

inline WallUs at(const std::string& text, const std::string& zone = "UTC") {
  return *timetable::parse_time(text, *timetable::load_zone(zone));
}

inline timetable::ScheduleSpec cron(const std::string& text, timetable::Catchup catchup = timetable::Catchup::none) {
  timetable::ScheduleSpec spec;
  spec.entries.push_back({text, 0, ""});
  spec.catchup = catchup;
  return spec;
}

class Ticking {
 public:
  struct Run {
    WallUs due = 0;
    WallUs logical_date = 0;
    bool is_open = true;
  };

  Ticking(const timetable::ScheduleSpec& spec, WallUs now, std::int32_t max_active_runs = 0)
      : max_active_runs_(max_active_runs) {
    use(spec);
    const FirstSight sight = first_sight(*schedule_, now);
    state_ = sight.state;
    begins_paused = sight.begins_paused;
    epochs_.push_back({schedule_->start == kNoTime ? now : kNoTime, *schedule_});
    if (begins_paused) held_ = TickReason::paused;
  }

  void use(const timetable::ScheduleSpec& spec) {
    auto made = tick_schedule(spec, "dag", calendars, max_active_runs_);
    ASSERT_TRUE(made) << made.error().message;
    schedule_ = std::move(made).value();
  }

  /// Carries out whatever is to be done at `now`.
  void look(WallUs now) {
    now_ = now;
    if (held_) return;
    for (;;) {
      TickPlan plan = plan_ticks(*schedule_, state_, {now, open()});
      if (plan.is_empty()) return;
      ++plans;
      carry_out(plan);
    }
  }
  void look(const std::string& now) { look(at(now)); }

  /// From `now` on the DAG's ticks make no runs, for `reason`.
  void hold(WallUs now, TickReason reason) {
    look(now);
    held_ = reason;
  }
  void go_on(WallUs now) {
    if (held_) miss(state_, {now, *held_, *held_ != TickReason::drained});
    held_.reset();
    look(now);
  }
  /// The scheduler was away since its last look.
  void restart(WallUs now) {
    state_.missed.clear();
    if (!held_) miss(state_, {now, TickReason::catchup, true});
    look(now);
  }
  void edit(const timetable::ScheduleSpec& spec, WallUs now) {
    now_ = now;
    for (;;) {
      TickPlan plan = plan_edit(*schedule_, state_, now, held_.value_or(TickReason::catchup));
      if (plan.is_empty()) break;
      ++plans;
      carry_out(plan);
    }
    state_ = edited(state_, now);
    use(spec);
    epochs_.push_back({now, *schedule_});
  }

  void end_oldest() {
    for (auto& [date, run] : runs) {
      if (!run.is_open) continue;
      run.is_open = false;
      return;
    }
  }
  void end_all() {
    for (auto& [date, run] : runs) run.is_open = false;
  }
  /// The clock is set back to `now`, from a time that never was.
  void set_back(WallUs now) {
    now_ = now;
    carry_out(pull_back(*schedule_, state_, now));
  }
  /// A run of somebody else, that no tick made.
  void occupy(WallUs logical_date) { others.insert(logical_date); }

  [[nodiscard]] std::int32_t open() const {
    std::int32_t n = 0;
    for (const auto& [date, run] : runs) n += run.is_open ? 1 : 0;
    return n;
  }
  [[nodiscard]] std::optional<WallUs> wake() const { return wake_at(*schedule_, state_); }
  [[nodiscard]] std::vector<std::string> run_dates() const {
    std::vector<std::string> dates;
    for (const auto& [date, run] : runs) {
      dates.push_back(timetable::format_rfc3339(date, timetable::utc()).substr(0, 16));
    }
    return dates;
  }
  [[nodiscard]] std::int64_t recorded(TickReason reason) const {
    std::int64_t ticks = 0;
    for (const auto& [from, range] : records) ticks += range.reason == reason ? range.ticks : 0;
    return ticks;
  }

  /// Each tick that was due has ended exactly once, and each record counts what lies in it.
  void check() const {
    std::map<WallUs, int> ended;
    for (const auto& [date, run] : runs) ++ended[run.due];
    for (std::size_t i = 0; i < epochs_.size(); ++i) {
      const WallUs from = epochs_[i].since == kNoTime ? kNoTime : epochs_[i].since + 1;
      const bool is_last = i + 1 == epochs_.size();
      const WallUs to = is_last ? std::max(state_.cursor, from) : epochs_[i + 1].since;
      for (const timetable::Tick& tick : epochs_[i].schedule.every().ticks_between(from, to + 1, 1'000'000)) {
        const auto row = records.upper_bound(tick.run_after);
        const bool is_recorded = row != records.begin() && std::prev(row)->second.to >= tick.run_after;
        const int times = ended[tick.run_after] + (is_recorded ? 1 : 0);
        ASSERT_EQ(times, 1) << timetable::format_rfc3339(tick.run_after, timetable::utc());
        ended.erase(tick.run_after);
      }
      for (auto row = records.lower_bound(from); row != records.end() && row->first <= to; ++row) {
        const auto inside = epochs_[i].schedule.every().ticks_between(row->second.from, row->second.to + 1, 1'000'000);
        ASSERT_EQ(row->second.ticks, static_cast<std::int64_t>(inside.size()));
        ASSERT_EQ(inside.front().run_after, row->second.from);
        ASSERT_EQ(inside.back().run_after, row->second.to);
      }
    }
    for (const auto& [due, times] : ended) {
      ASSERT_EQ(times, 0) << "a run that no tick made: " << timetable::format_rfc3339(due, timetable::utc());
    }
    if (!held_) {  // all that was due has been looked at
      const auto next = wake();
      ASSERT_TRUE(!next || *next > now_ || !epochs_.back().schedule.ticks.has_ticks());
    }
  }

  std::map<WallUs, Run> runs;           ///< by logical date
  std::map<WallUs, TickRange> records;  ///< by from, as the table holds them
  std::set<WallUs> others;              ///< dates that have a run already
  std::vector<timetable::Calendar> calendars;
  bool begins_paused = false;
  int plans = 0;  ///< carried out so far
  int cancelled = 0;
  TickState& state() { return state_; }
  const TickSchedule& schedule() { return *schedule_; }

 private:
  struct Epoch {
    WallUs since;
    TickSchedule schedule;
  };

  void carry_out(const TickPlan& wanted) {
    TickPlan plan = wanted;
    if (plan.run) {
      const WallUs date = plan.run->logical_date;
      if (others.count(date) > 0 || runs.count(date) > 0) plan = with_existing(plan, 7);
    }
    if (plan.cancels_open) {
      cancelled += open();
      end_all();
    }
    for (const TickRange& range : plan.records) {
      if (range.ticks == 0) {
        records.erase(records.lower_bound(range.from), records.upper_bound(range.to));
      } else {
        records[range.from] = range;
      }
    }
    if (plan.run) runs[plan.run->logical_date] = {plan.run->run_after, plan.run->logical_date, true};
    state_ = plan.after;
  }

  std::int32_t max_active_runs_;
  std::optional<TickSchedule> schedule_;
  TickState state_;
  std::optional<TickReason> held_;
  std::vector<Epoch> epochs_;
  WallUs now_ = 0;
};

}  // namespace baton
