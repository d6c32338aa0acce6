// Random schedules against a model that collects every tick of some months in a set and reads all answers off it.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "scheduler/timetable/time_text.h"
#include "scheduler/timetable/timetable.h"

namespace baton::timetable {
namespace {

constexpr std::uint64_t kSeed = 42;

class Model {
 public:
  /// Ticks of `spec` (which has no named calendars but `dates`) in [from, to), and those of the weeks before.
  Model(const ScheduleSpec& spec, const Calendar& dates, WallUs from, WallUs to) {
    std::set<WallUs> kept;
    for (const ScheduleEntry& entry : spec.entries) {
      const TimeZone zone = *load_zone(entry.timezone.empty() ? spec.timezone : entry.timezone);
      for (const WallUs tick : raw(entry, spec, zone, from, to)) {
        const CivilDay day = zone.day_at(tick);
        const bool business = spec.calendar.only.empty() || (weekday_of(day) % 6 != 0);
        const bool excluded = !spec.calendar.exclude.empty() && dates.contains(day);
        if (business && !excluded) kept.insert(tick);
      }
    }
    WallUs previous = kNoTime;
    for (const WallUs tick : kept) {
      const bool after_start = spec.start == kNoTime || previous >= spec.start;
      const bool before_end = spec.end == kNoTime || previous < spec.end;
      if (previous != kNoTime && after_start && before_end) ticks_.push_back({tick, previous, {previous, tick}});
      previous = tick;
    }
  }

  [[nodiscard]] std::vector<Tick> between(WallUs from, WallUs to) const {
    std::vector<Tick> found;
    for (const Tick& tick : ticks_) {
      if (tick.run_after >= from && tick.run_after < to) found.push_back(tick);
    }
    return found;
  }

 private:
  static std::vector<WallUs> raw(const ScheduleEntry& entry, const ScheduleSpec& spec, const TimeZone& zone,
                                 WallUs from, WallUs to) {
    std::vector<WallUs> ticks;
    if (entry.cron.empty()) {
      const WallUs anchor = spec.start == kNoTime ? 0 : spec.start;
      WallUs tick = anchor;
      while (tick >= from) tick -= entry.every_us;
      while (tick < from) tick += entry.every_us;
      for (; tick < to; tick += entry.every_us) ticks.push_back(tick);
      return ticks;
    }
    const Cron cron = *Cron::parse(entry.cron, "dag");
    for (auto tick = cron.next_at_or_after(from, zone); tick && *tick < to; tick = cron.next_after(*tick, zone)) {
      ticks.push_back(*tick);
    }
    return ticks;
  }

  std::vector<Tick> ticks_;
};

class RandomSchedule {
 public:
  explicit RandomSchedule(std::uint64_t seed) : random_(seed) {}

  ScheduleSpec spec(WallUs from, WallUs to) {
    static const std::vector<ScheduleEntry> kEntries = {{"30 2 * * *", 0, ""},
                                                        {"0 */6 * * *", 0, ""},
                                                        {"15 1-3 * * *", 0, "America/New_York"},
                                                        {"", 7 * kHour, ""},
                                                        {"", 90 * kMinute, ""},
                                                        {"0 0 L * *", 0, ""},
                                                        {"0 12 * * MON", 0, "Asia/Tokyo"},
                                                        {"@daily", 0, "Pacific/Apia"}};
    static const std::vector<std::string> zones = {"UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns"};
    ScheduleSpec spec;
    for (std::uint64_t i = 0; i <= pick(3); ++i) spec.entries.push_back(kEntries[pick(kEntries.size())]);
    spec.timezone = zones[pick(zones.size())];
    if (pick(2) == 0) spec.start = from + instant_within(to - from) / 4 / kSecond * kSecond;
    if (pick(2) == 0) spec.end = to - instant_within(to - from) / 4;
    if (pick(3) == 0) spec.calendar.only = {"business_days"};
    if (pick(3) == 0) spec.calendar.exclude = {"dates"};
    return spec;
  }

  std::uint64_t pick(std::uint64_t count) { return random_() % count; }
  WallUs instant_within(DurationUs span) { return static_cast<WallUs>(random_() % static_cast<std::uint64_t>(span)); }

 private:
  std::mt19937_64 random_;
};

TEST(TimetableModel, RandomSchedulesAnswerAsTheModelDoes) {
  const TimeZone zone = utc();
  const WallUs from = *parse_time("2026-01-01", zone);
  const WallUs to = *parse_time("2026-12-01", zone);
  std::vector<CivilDay> days;
  for (CivilDay day = *parse_date("2025-09-01"); day < *parse_date("2027-02-01"); day += 5) days.push_back(day);
  const Calendar dates = make_calendar("dates", days);
  RandomSchedule random(kSeed);
  for (int round = 0; round < 150; ++round) {
    SCOPED_TRACE(round);
    ScheduleSpec spec = random.spec(from, to);
    const Model model(spec, dates, from - 120 * kDay, to + 60 * kDay);
    spec.catchup = static_cast<Catchup>(random.pick(3));
    spec.catchup_max = static_cast<std::int64_t>(random.pick(2) * 7);
    const Timetable table = *Timetable::build(spec, "dag", {dates});
    ASSERT_EQ(table.ticks_between(from, to, 100'000), model.between(from, to));
    for (int i = 0; i < 20; ++i) {
      const WallUs at = from + random.instant_within(to - from);
      const std::vector<Tick> before = model.between(from - 60 * kDay, at);
      const std::vector<Tick> after = model.between(at + 1, to + 50 * kDay);
      if (!before.empty()) {
        ASSERT_EQ(table.prev_tick(at), before.back());
      }
      if (!after.empty()) {
        ASSERT_EQ(table.next_tick(at), after.front());
      }
      const WallUs since = from + random.instant_within(at - from + 1);
      std::vector<Tick> missed = model.between(since + 1, at + 1);
      const std::size_t wanted = spec.catchup == Catchup::none     ? 0
                                 : spec.catchup == Catchup::latest ? 1
                                 : spec.catchup_max > 0            ? static_cast<std::size_t>(spec.catchup_max)
                                                                   : missed.size();
      missed.erase(missed.begin(), missed.end() - static_cast<std::ptrdiff_t>(std::min(wanted, missed.size())));
      ASSERT_EQ(table.missed(since, at, 100'000), missed);
    }
  }
}

// Counting is held against walking: all zones of the oracle's kind of trouble, both changes of a year, ends inside of
// days, hours and minutes.
TEST(TimetableModel, CountingTicksIsWalkingThroughThem) {
  static const char* const kCronTexts[] = {"* * * * *", "30 2 * * *", "*/20 1-4 * * *", "0 9 L * *", "15 3 * 3,10 SUN#2",
                                       "0 0 29 2 *", "*/7 * 1-7 * MON", "*/13 * * * * *", "59 59 23 31 12 *"};
  static const char* const kShiftingZones[] = {"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
                                       "Pacific/Apia", "Africa/Casablanca", "Europe/Dublin"};
  std::mt19937_64 random(kSeed);
  for (const char* zone : kShiftingZones) {
    for (const char* text : kCronTexts) {
      ScheduleSpec spec;
      spec.entries.push_back({text, 0, ""});
      spec.timezone = zone;
      if (random() % 2 == 0) spec.start = *parse_time("2011-06-05T04:03:02Z", utc());
      const Timetable table = *Timetable::build(spec, "dag", {});
      for (int i = 0; i < 12; ++i) {
        const WallUs from = *parse_time("2011-01-01", utc()) + static_cast<WallUs>(random() % (400 * kDay));
        const WallUs to = from + static_cast<WallUs>(random() % (i % 3 == 0 ? kHour : 20 * kDay));
        ASSERT_EQ(table.count_between(from, to), static_cast<std::int64_t>(table.ticks_between(from, to, 1'000'000).size()))
            << text << " in " << zone << " from " << from << " to " << to;
      }
    }
  }
  ScheduleSpec every;
  every.entries.push_back({"", 7 * kSecond, ""});
  every.start = *parse_time("2011-06-05T04:03:02Z", utc());
  every.end = every.start + kDay;
  const Timetable table = *Timetable::build(every, "dag", {});
  for (int i = 0; i < 50; ++i) {
    const WallUs from = every.start - kDay + static_cast<WallUs>(random() % (3 * kDay));
    const WallUs to = from + static_cast<WallUs>(random() % kDay);
    ASSERT_EQ(table.count_between(from, to), static_cast<std::int64_t>(table.ticks_between(from, to, 1'000'000).size()));
  }
}

}  // namespace
}  // namespace baton::timetable
