// Random days of a DAG: edits, pauses, freezes, drains, restarts, sleeps, runs that last, dates that are taken. Each
// tick ends in a run or a record, once, and there is always a next one.
#include <random>

#include "tests/unit/service/ticking.h"
#include "tests/unit/timetable/reference_cron.h"

namespace baton {
namespace {

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : random_(seed) {}
  std::uint64_t pick(std::uint64_t count) { return random_() % count; }

  timetable::ScheduleSpec schedule() {
    static const std::vector<timetable::ScheduleEntry> kEntries = {
        {"0 * * * *", 0, ""},        {"30 2 * * *", 0, ""},  {"@daily", 0, ""}, {"*/20 1-4 * * *", 0, ""},
        {"15 2 * * *", 0, "Europe/Berlin"}, {"", 7 * kHour, ""}, {"", 45 * kMinute, ""}};
    static const std::vector<std::string> kZones = {"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"};
    timetable::ScheduleSpec spec;
    for (std::uint64_t i = 0; i <= pick(2); ++i) spec.entries.push_back(kEntries[pick(kEntries.size())]);
    spec.timezone = kZones[pick(kZones.size())];
    spec.catchup = static_cast<timetable::Catchup>(pick(3));
    spec.catchup_max = static_cast<std::int64_t>(pick(2) * 5);
    spec.overlap = static_cast<timetable::Overlap>(pick(3));
    if (pick(3) == 0) spec.calendar.only = {"business_days"};
    if (pick(3) == 0) spec.jitter_us = 10 * kMinute;
    return spec;
  }

 private:
  std::mt19937_64 random_;
};

TEST(TickProperty, TicksAreRunsAndRecordsWhateverHappens) {
  constexpr TickReason kHolds[] = {TickReason::paused, TickReason::frozen, TickReason::drained, TickReason::failures,
                                   TickReason::clock};
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    Chance chance(seed);
    WallUs now = at("2026-03-20T00:00:00Z") + static_cast<WallUs>(chance.pick(200)) * kDay;
    Ticking dag(chance.schedule(), now, static_cast<std::int32_t>(chance.pick(3)));
    dag.go_on(now);
    for (int step = 0; step < 120; ++step) {
      now += static_cast<WallUs>(1 + chance.pick(chance.pick(10) == 0 ? 4'000 : 90)) * kMinute;
      switch (chance.pick(9)) {
        case 0: dag.edit(chance.schedule(), now); break;
        case 1: dag.hold(now, kHolds[chance.pick(5)]); break;
        case 2:
        case 3: dag.go_on(now); break;
        case 4: dag.restart(now); break;
        case 5: dag.end_all(); break;
        case 6: dag.end_oldest(); break;
        case 7:
          if (const auto next = dag.schedule().ticks.next_tick(now)) dag.occupy(next->logical_date);
          break;
        default: break;
      }
      dag.look(now);
      if (step % 20 == 19) dag.check();
      if (testing::Test::HasFatalFailure()) return;
      ASSERT_TRUE(dag.wake()) << "no future tick";
    }
  }
}

/// Scenario 1, as often as it says.
TEST(TickProperty, AThousandEditsLeaveNoDagWithoutAFutureTick) {
  Chance chance(11);
  WallUs now = at("2026-03-20T00:00:00Z");
  Ticking dag(chance.schedule(), now);
  for (int i = 0; i < 1'000; ++i) {
    now += static_cast<WallUs>(chance.pick(600)) * kMinute;
    dag.look(now);
    if (chance.pick(3) == 0) dag.end_all();
    dag.edit(chance.schedule(), now);
    ASSERT_TRUE(dag.wake());
    ASSERT_GT(*dag.wake(), now);
  }
  dag.check();
}

/// Minute by minute over both days on which the clock changes, against a second cron and a second library of zones.
TEST(TickProperty, BothDaysOnWhichTheClockChanges) {
  const std::vector<std::string> zones = {"Europe/Berlin",  "America/New_York", "Australia/Lord_Howe",
                                          "Europe/Dublin", "Africa/Cairo",     "America/St_Johns"};
  const std::vector<std::string> exprs = {"30 2 * * *", "0 * * * *", "*/30 1-3 * * *", "15 */2 * * *", "45 23 * * *"};
  for (const std::string& zone : zones) {
    const timetable::reference::GlibcZone glibc(zone);
    const std::int64_t year = at("2026-01-01T00:00:00Z") / kMinute;
    const auto changes = glibc.changes(year, year + 365 * 1'440);
    ASSERT_EQ(changes.size(), 2U) << zone;
    for (const std::int64_t change : changes) {
      const std::int64_t begin = change - 3 * 1'440, end = change + 1'440;
      const auto minutes = glibc.walk(begin, end);
      for (const std::string& expr : exprs) {
        SCOPED_TRACE(zone + " " + expr);
        timetable::ScheduleSpec spec = cron(expr);
        spec.timezone = zone;
        Ticking dag(spec, begin * kMinute - 1);
        WallUs previous = kNoTime;
        std::vector<std::int64_t> came;
        for (WallUs now = begin * kMinute; now < end * kMinute; now += kMinute) {
          const std::size_t before = dag.runs.size();
          dag.look(now);
          dag.end_all();
          if (dag.runs.size() == before) continue;
          came.push_back(now / kMinute);
          const auto& run = std::prev(dag.runs.end())->second;
          ASSERT_EQ(run.due, now);
          ASSERT_TRUE(previous == kNoTime || run.logical_date == previous) << "time left out, or told twice";
          previous = now;
        }
        ASSERT_EQ(came, timetable::reference::ReferenceCron(expr).ticks(minutes));
      }
    }
  }
}

}  // namespace
}  // namespace baton
