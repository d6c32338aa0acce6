// The schedule oracle (docs/INVARIANTS.md): the real cron against the reference one, which walks every minute with
// glibc.
//
//   BATON_ORACLE=full           whole years instead of the days around changes of offset
//   BATON_ORACLE_ZONES=all      every installed zone, aliases aside; or a list, a,b,c
//   BATON_ORACLE_YEARS=2000-2037
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <random>
#include <set>
#include <sstream>

#include "scheduler/timetable/cron.h"
#include "scheduler/timetable/time_text.h"
#include "scheduler/timetable/timetable.h"
#include "tests/unit/timetable/reference_cron.h"

namespace baton::timetable {
namespace {

using reference::GlibcZone;
using reference::ReferenceCron;
using reference::ShownMinute;

constexpr std::int64_t kMinutesPerDay = 1'440;

const std::vector<std::string> kZones = {
    "America/New_York",   "Europe/London",    "Australia/Lord_Howe", "Europe/Dublin", "Africa/Casablanca",
    "Pacific/Kiritimati", "Pacific/Apia",     "Antarctica/Troll",    "Africa/Cairo",  "UTC",
    "Europe/Berlin",      "America/St_Johns", "America/Havana",      "Asia/Pyongyang"};

const std::vector<std::string> kExpressions = {
    // The hour field begins with `*`.
    "* * * * *", "*/5 * * * *", "*/15 * * * *", "0 * * * *", "30 * * * *", "7,37 * * * *", "0 */2 * * *", "0 */3 * * *",
    "0 */4 * * *", "15 */6 * * *", "*/20 */2 * * 1-5", "0 * 1 * *", "0 *,3 * * SUN",
    // Fixed hours, many of them where clocks change.
    "0 0 * * *", "30 0 * * *", "0 1 * * *", "30 1 * * *", "0 2 * * *", "30 2 * * *", "45 2 * * 0", "0 3 * * *",
    "30 3 * * *", "*/10 2 * * *", "* 1-3 * * *", "0 0-23 * * *", "0 0-23/2 * * *", "59 23 * * *", "0,30 0,1,2,3 * * *",
    "1,16,31,46 0 * * 6,7",
    // Days.
    "0 12 1 * *", "0 0 L * *", "30 2 LW * *", "0 2 15W,1W * *", "15 2 L-3,31W * *", "0 2 * * 0#2,5#5", "30 1 * * 7L",
    "0 2 13 * 5", "0 2 */2 * 1", "0 2 1-7 * */7", "0 0 1 1 *", "30 2 29 2 *", "0 5 30 12 *", "0 0 1,15 MAR-OCT FRI",
    "0 9 ? * MON-FRI", "0 2 L * 0L"};

bool full() {
  const char* mode = std::getenv("BATON_ORACLE");
  return mode != nullptr && std::string(mode) == "full";
}

std::vector<std::string> zones() {
  const char* chosen = std::getenv("BATON_ORACLE_ZONES");
  if (chosen == nullptr) return kZones;
  std::vector<std::string> names;
  if (std::string(chosen) == "all") {
    std::set<std::filesystem::path> seen;  // aliases are links
    for (const std::string& name : known_zones()) {
      if (seen.insert(std::filesystem::weakly_canonical("/usr/share/zoneinfo/" + name)).second) names.push_back(name);
    }
    return names;
  }
  std::stringstream stream(chosen);
  for (std::string name; std::getline(stream, name, ',');) names.push_back(name);
  return names;
}

struct Years {
  int first = 1994;  // Kiritimati's skipped day
  int last = 2037;
};

Years years() {
  Years chosen;
  if (const char* text = std::getenv("BATON_ORACLE_YEARS")) std::sscanf(text, "%d-%d", &chosen.first, &chosen.last);
  return chosen;
}

std::int64_t minute_of_year(int year) {
  return day_of({year, 1, 1}) * kMinutesPerDay;
}

struct Window {
  std::int64_t from = 0;  // UTC minutes, [from, to)
  std::int64_t to = 0;
};

/// Spans around each change that begin with two quiet days; those that touch are one.
std::vector<Window> around(const std::vector<std::int64_t>& changes, std::int64_t before, std::int64_t after) {
  std::vector<Window> windows;
  for (const std::int64_t change : changes) {
    if (!windows.empty() && change - before - 3 * kMinutesPerDay <= windows.back().to) {
      windows.back().to = change + after;
    } else {
      windows.push_back({change - before, change + after});
    }
  }
  return windows;
}

std::string name_of(std::int64_t utc_minute, const TimeZone& zone) {
  return format_rfc3339(utc_minute * kMinute, zone);
}

/// Compares all ticks of the window, walked forwards and backwards.
void compare(const std::string& expr, const ReferenceCron& reference, const Cron& cron, const TimeZone& zone,
             const std::vector<ShownMinute>& minutes) {
  const std::vector<std::int64_t> expected = reference.ticks(minutes);
  const WallUs from = minutes.front().utc_minute * kMinute;
  const WallUs to = (minutes.back().utc_minute + 1) * kMinute;
  std::size_t count = 0;
  for (auto at = cron.next_at_or_after(from, zone); at && *at < to; at = cron.next_after(*at, zone), ++count) {
    ASSERT_LT(count, expected.size()) << expr << " in " << zone.name() << ": extra tick " << format_rfc3339(*at, zone);
    ASSERT_EQ(*at, expected[count] * kMinute)
        << expr << " in " << zone.name() << ": expected " << name_of(expected[count], zone) << ", got "
        << format_rfc3339(*at, zone);
  }
  ASSERT_EQ(count, expected.size()) << expr << " in " << zone.name() << ": missing " << name_of(expected[count], zone);
  for (auto at = cron.prev_before(to, zone); at && *at >= from; at = cron.prev_before(*at, zone)) {
    ASSERT_GT(count, 0U) << expr << " in " << zone.name() << ": extra tick backwards " << format_rfc3339(*at, zone);
    --count;
    ASSERT_EQ(*at, expected[count] * kMinute)
        << expr << " in " << zone.name() << " backwards: expected " << name_of(expected[count], zone) << ", got "
        << format_rfc3339(*at, zone);
  }
  ASSERT_EQ(count, 0U) << expr << " in " << zone.name() << ": missing backwards " << name_of(expected[0], zone);
}

struct Pair {
  std::string expr;
  ReferenceCron reference;
  Cron cron;
};

std::vector<Pair> pairs() {
  std::vector<Pair> all;
  for (const std::string& expr : kExpressions) all.push_back({expr, ReferenceCron(expr), *Cron::parse(expr, "oracle")});
  return all;
}

bool is_dense(const ReferenceCron& cron) {
  return cron.minutes_per_day() > 100;
}

void compare_windows(const std::vector<Window>& windows, const GlibcZone& glibc, const TimeZone& zone,
                     const std::vector<Pair>& crons, bool dense) {
  for (const Window& window : windows) {
    const std::vector<ShownMinute> minutes = glibc.walk(window.from, window.to);
    for (const Pair& pair : crons) {
      if (is_dense(pair.reference) != dense) continue;
      compare(pair.expr, pair.reference, pair.cron, zone, minutes);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

class Oracle : public ::testing::Test {
 protected:
  void check_zone(const std::string& name) {
    SCOPED_TRACE(name);
    const TimeZone zone = *load_zone(name);
    const GlibcZone glibc(name);
    const std::vector<Pair> crons = pairs();
    const Years span = years();
    if (full()) return check_years(span, glibc, zone, crons);
    const std::vector<std::int64_t> changes = glibc.changes(minute_of_year(span.first), minute_of_year(span.last + 1));
    compare_windows(around(changes, kMinutesPerDay, 2 * kMinutesPerDay), glibc, zone, crons, false);
    if (HasFatalFailure()) return;
    compare_windows(around(changes, 200, 300), glibc, zone, crons, true);
  }

  /// Year by year; a year begins two days late where clocks change at its turn, and the year before ends later.
  void check_years(const Years& span, const GlibcZone& glibc, const TimeZone& zone, const std::vector<Pair>& crons) {
    std::int64_t from = minute_of_year(span.first);
    for (int year = span.first; year <= span.last && !HasFatalFailure(); ++year) {
      std::int64_t to = minute_of_year(year + 1);
      while (!glibc.changes(to - 3 * kMinutesPerDay, to + kMinutesPerDay).empty()) to += kMinutesPerDay;
      compare_windows({{from, to}}, glibc, zone, crons, false);
      if (!HasFatalFailure()) compare_windows({{from, to}}, glibc, zone, crons, true);
      from = to;
    }
  }
};

TEST_F(Oracle, AgreesWithAWalkOverEveryMinuteAroundEveryChangeOfOffset) {
  ASSERT_GE(kExpressions.size(), 40U);
  for (const std::string& name : zones()) {
    check_zone(name);
    if (HasFatalFailure()) return;
  }
}

TEST_F(Oracle, AgreesOverWholeYears) {
  const std::vector<Pair> crons = pairs();
  for (const auto& [name, year] : std::vector<std::pair<std::string, int>>{
           {"Pacific/Apia", 2011}, {"Africa/Casablanca", 2024}, {"UTC", 2000}, {"Europe/Berlin", 2096}}) {
    const GlibcZone glibc(name);
    compare_windows({{minute_of_year(year), minute_of_year(year + 1)}}, glibc, *load_zone(name), crons, false);
    ASSERT_FALSE(HasFatalFailure());
  }
}

TEST_F(Oracle, AgreesBeyondTheTablesOfTheZoneFiles) {
  const std::vector<Pair> crons = pairs();
  for (const std::string name : {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Europe/Dublin"}) {
    const GlibcZone glibc(name);
    const std::vector<std::int64_t> changes = glibc.changes(minute_of_year(2098), minute_of_year(2101));
    ASSERT_EQ(changes.size(), 6U);
    compare_windows(around(changes, kMinutesPerDay, 2 * kMinutesPerDay), glibc, *load_zone(name), crons, false);
    ASSERT_FALSE(HasFatalFailure());
  }
}

TEST_F(Oracle, OffsetsAgreeWithGlibc) {
  for (const std::string& name : zones()) {
    const TimeZone zone = *load_zone(name);
    const GlibcZone glibc(name);
    for (std::int64_t minute = minute_of_year(1994); minute < minute_of_year(2110); minute += 9 * 60 + 7) {
      ASSERT_EQ(zone.offset_at(minute * 60), glibc.offset_s(minute * 60)) << name << " " << name_of(minute, zone);
    }
  }
}

TEST_F(Oracle, NextAndPrevEncloseAnyInstantAndIntervalsTouch) {
  std::mt19937_64 random(20260101);
  std::uniform_int_distribution<WallUs> instant(0, 4'000'000'000 * kSecond);
  for (const std::string& name : kZones) {
    const TimeZone zone = *load_zone(name);
    for (const std::string& expr : kExpressions) {
      const Cron cron = *Cron::parse(expr, "oracle");
      for (int i = 0; i < 20; ++i) {
        const WallUs at = instant(random);
        const auto next = cron.next_after(at, zone);
        ASSERT_TRUE(next) << expr;
        ASSERT_LT(at, *next) << expr;
        const auto prev = cron.prev_before(*next, zone);
        ASSERT_TRUE(prev) << expr;
        ASSERT_LE(*prev, at) << expr << " in " << name << " at " << format_rfc3339(at, zone);
        ASSERT_EQ(cron.prev_at_or_before(at, zone), prev);
        ASSERT_EQ(cron.next_after(*prev, zone), next);
        ASSERT_EQ(cron.next_at_or_after(*next, zone), next);
      }
    }
  }
}

TEST_F(Oracle, DataIntervalsAreContiguousAndNeverEmptyOverEveryChange) {
  for (const std::string& name : kZones) {
    const GlibcZone glibc(name);
    const std::vector<std::int64_t> changes = glibc.changes(minute_of_year(2020), minute_of_year(2027));
    for (const std::string& expr : kExpressions) {
      ScheduleSpec spec;
      spec.entries = {{expr, 0, ""}};
      spec.timezone = name;
      const Timetable table = *Timetable::build(spec, "oracle", {});
      for (const std::int64_t change : changes) {
        const std::vector<Tick> ticks = table.ticks_from((change - kMinutesPerDay) * kMinute, 12);
        ASSERT_EQ(ticks.size(), 12U);
        for (std::size_t i = 0; i < ticks.size(); ++i) {
          ASSERT_LT(ticks[i].data_interval.start, ticks[i].data_interval.end) << expr << " in " << name;
          ASSERT_EQ(ticks[i].data_interval.end, ticks[i].run_after);
          ASSERT_EQ(ticks[i].data_interval.start, ticks[i].logical_date);
          if (i > 0) {
            ASSERT_EQ(ticks[i].data_interval.start, ticks[i - 1].data_interval.end);
          }
          ASSERT_EQ(table.prev_tick(ticks[i].run_after + 1), ticks[i]) << expr << " in " << name;
        }
      }
    }
  }
}

/// The files that Debian installs are fat (a table to 2037); zic can make slim ones (rules for what repeats).
TEST_F(Oracle, AgreesOnSlimZoneFiles) {
  const std::filesystem::path zic = "/usr/sbin/zic";
  const std::filesystem::path source = "/usr/share/zoneinfo/tzdata.zi";
  if (!std::filesystem::exists(zic) || !std::filesystem::exists(source)) GTEST_SKIP() << "no zic or tzdata.zi here";
  std::string folder = ::testing::TempDir() + "slim_zones_XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  const std::string log = folder + "/log";
  const std::string filter = "--gtest_filter=Oracle.*EveryChangeOfOffset:Oracle.OffsetsAgreeWithGlibc";
  EXPECT_EQ(std::system((zic.string() + " -b slim -d " + folder + " " + source.string()).c_str()), 0);
  EXPECT_EQ(
      std::system(("TZDIR=" + folder + " BATON_ORACLE_YEARS=2007-2012 '" + self + "' " + filter + " > " + log).c_str()),
      0)
      << "see " << log;
  if (!HasFailure()) std::filesystem::remove_all(folder);
}

/// Six fields: every second around a change, fixed hours and following ones.
TEST_F(Oracle, SecondsAgreeWithAWalkOverEverySecond) {
  const GlibcZone glibc("Australia/Lord_Howe");
  const TimeZone zone = *load_zone("Australia/Lord_Howe");
  for (const std::string expr : {"*/10 * * * * *", "5,59 */2 * * * *", "30 15 1-2 * * *", "*/25 0,59 1,2 * * *"}) {
    const Cron cron = *Cron::parse(expr, "oracle");
    for (const std::int64_t change : glibc.changes(minute_of_year(2025), minute_of_year(2026))) {
      const std::int64_t from = (change - 120) * 60;
      const std::int64_t to = (change + 180) * 60;
      std::int64_t unseen = from + glibc.offset_s(from);
      auto tick = cron.next_at_or_after(from * kSecond, zone);
      std::optional<WallUs> last;
      for (std::int64_t second = from; second < to; ++second) {
        const std::int64_t local = second + glibc.offset_s(second);
        bool expected = false;
        const auto shows = [&](std::int64_t civil) {
          const CronFields& fields = cron.fields();
          return ((fields.seconds >> (civil % 60)) & 1) != 0 && ((fields.minutes >> (civil / 60 % 60)) & 1) != 0 &&
                 ((fields.hours >> (civil / 3'600 % 24)) & 1) != 0;
        };
        if (cron.fields().any_hour) {
          expected = shows(local);
        } else {
          for (; unseen <= local; ++unseen) expected = shows(unseen) || expected;
        }
        ASSERT_EQ(tick && *tick == second * kSecond, expected) << expr << " " << format_rfc3339(second * kSecond, zone);
        if (expected) {
          last = tick;
          tick = cron.next_after(*tick, zone);
        }
        if (last) {
          ASSERT_EQ(cron.prev_at_or_before(second * kSecond, zone), last) << expr;
        }
      }
    }
  }
}

}  // namespace
}  // namespace baton::timetable
