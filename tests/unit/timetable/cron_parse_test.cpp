// What cron expressions mean as fields, what is refused and where, and what H becomes.
#include <gtest/gtest.h>

#include <bit>
#include <random>

#include "scheduler/timetable/cron.h"
#include "scheduler/timetable/schedule_spec.h"

namespace baton::timetable {
namespace {

CronFields fields_of(std::string_view expr) {
  Result<Cron> cron = Cron::parse(expr, "dag");
  EXPECT_TRUE(cron) << expr << ": " << (cron ? "" : cron.error().message);
  return cron ? cron->fields() : CronFields{};
}

std::uint64_t bits(std::initializer_list<int> values) {
  std::uint64_t set = 0;
  for (const int v : values) set |= 1ULL << v;
  return set;
}

TEST(CronParse, ReadsListsRangesAndSteps) {
  const CronFields fields = fields_of("5,10-12,40-59/10,57/2 0-6/3 1,31 */6 1-3");
  EXPECT_EQ(fields.seconds, bits({0}));
  EXPECT_EQ(fields.minutes, bits({5, 10, 11, 12, 40, 50, 57, 59}));
  EXPECT_EQ(fields.hours, bits({0, 3, 6}));
  EXPECT_EQ(fields.days, bits({1, 31}));
  EXPECT_EQ(fields.months, bits({1, 7}));
  EXPECT_EQ(fields.weekdays, bits({1, 2, 3}));
  EXPECT_FALSE(fields.any_hour);
}

TEST(CronParse, SixFieldsBeginWithSeconds) {
  const CronFields fields = fields_of("*/20 1 2 3 4 5");
  EXPECT_EQ(fields.seconds, bits({0, 20, 40}));
  EXPECT_EQ(fields.minutes, bits({1}));
  EXPECT_EQ(fields.months, bits({4}));
}

TEST(CronParse, NamesStandInAnyCase) {
  EXPECT_EQ(fields_of("0 0 * jan,Mar-MAY mon-Fri"), fields_of("0 0 * 1,3-5 1-5"));
}

TEST(CronParse, SundayIsZeroAndSeven) {
  EXPECT_EQ(fields_of("0 0 * * 7"), fields_of("0 0 * * 0"));
  EXPECT_EQ(fields_of("0 0 * * 5-7"), fields_of("0 0 * * FRI-SUN"));
  EXPECT_EQ(fields_of("0 0 * * 5-7").weekdays, bits({0, 5, 6}));
  EXPECT_EQ(fields_of("0 0 * * SUN-TUE").weekdays, bits({0, 1, 2}));
  EXPECT_EQ(fields_of("0 0 * * */7").weekdays, bits({0}));
  EXPECT_EQ(fields_of("0 0 * * 7#2").nth_weekdays[1], bits({0}));
}

TEST(CronParse, DayFormsAreKeptApart) {
  const CronFields fields = fields_of("0 0 L,L-3,15W,LW,7 * 5L,MON#1,FRIL,2#5");
  EXPECT_EQ(fields.days, bits({7}));
  EXPECT_EQ(fields.days_before_last, bits({0, 3}));
  EXPECT_EQ(fields.nearest_weekday, bits({15}));
  EXPECT_TRUE(fields.last_weekday);
  EXPECT_EQ(fields.weekdays, 0);
  EXPECT_EQ(fields.last_weekdays, bits({5}));
  EXPECT_EQ(fields.nth_weekdays[0], bits({1}));
  EXPECT_EQ(fields.nth_weekdays[4], bits({2}));
}

TEST(CronParse, AStarThatBeginsAFieldLeavesItUnrestricted) {
  EXPECT_TRUE(fields_of("0 */2 * * *").any_hour);
  EXPECT_TRUE(fields_of("0 *,3 * * *").any_hour);
  EXPECT_FALSE(fields_of("0 3,* * * *").any_hour);
  EXPECT_FALSE(fields_of("0 0-23 * * *").any_hour);
  EXPECT_FALSE(fields_of("0 H * * *").any_hour);
  EXPECT_TRUE(fields_of("0 0 */2 * *").any_day);
  EXPECT_TRUE(fields_of("0 0 ? * 1").any_day);
  EXPECT_TRUE(fields_of("0 0 1 * ?").any_weekday);
  EXPECT_FALSE(fields_of("0 0 1 * 0-6").any_weekday);
}

TEST(CronParse, PresetsAreTheirExpressions) {
  EXPECT_EQ(fields_of("@yearly"), fields_of("0 0 1 1 *"));
  EXPECT_EQ(fields_of("@annually"), fields_of("0 0 1 1 *"));
  EXPECT_EQ(fields_of("@monthly"), fields_of("0 0 1 * *"));
  EXPECT_EQ(fields_of("@weekly"), fields_of("0 0 * * 0"));
  EXPECT_EQ(fields_of(" @daily "), fields_of("0 0 * * *"));
  EXPECT_EQ(fields_of("@midnight"), fields_of("0 0 * * *"));
  EXPECT_EQ(fields_of("@hourly"), fields_of("0 * * * *"));
}

TEST(CronParse, HashedFieldsStayWhatTheyAre) {
  // Golden: another value here moves the ticks of every DAG that uses H.
  const CronFields fields = Cron::parse("H H H(0-5) H H H", "etl_daily")->fields();
  EXPECT_EQ(fields.seconds, bits({45}));
  EXPECT_EQ(fields.minutes, bits({58}));
  EXPECT_EQ(fields.hours, bits({0}));
  EXPECT_EQ(fields.days, bits({18}));
  EXPECT_EQ(fields.months, bits({1}));
  EXPECT_EQ(fields.weekdays, bits({3}));
}

TEST(CronParse, HashSpreadsDagsAndStaysWithinItsRange) {
  std::uint64_t minutes = 0;
  std::uint64_t days = 0;
  for (int dag = 0; dag < 2'000; ++dag) {
    const CronFields fields = Cron::parse("H(10-19) * H * *", "dag_" + std::to_string(dag))->fields();
    EXPECT_EQ(std::popcount(fields.minutes), 1);
    minutes |= fields.minutes;
    days |= fields.days;
  }
  EXPECT_EQ(minutes, bits({10, 11, 12, 13, 14, 15, 16, 17, 18, 19}));
  EXPECT_EQ(days, (1ULL << 29) - 2);  // 1 to 28: every month has it
}

TEST(CronParse, HashedStepsKeepTheirDistance) {
  for (int dag = 0; dag < 50; ++dag) {
    const std::uint64_t minutes = Cron::parse("H/15 * * * *", std::to_string(dag))->fields().minutes;
    EXPECT_EQ(std::popcount(minutes), 4);
    EXPECT_EQ(minutes & (minutes >> 15) & (minutes >> 30) & (minutes >> 45), minutes & 0x7fff);
    const std::uint64_t early = Cron::parse("H(0-29)/10 * * * *", std::to_string(dag))->fields().minutes;
    EXPECT_EQ(std::popcount(early), 3);
    EXPECT_LT(early, 1ULL << 30);
  }
}

struct Mistake {
  std::string_view expr;
  int column;
  std::string_view message;
};

class CronMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(CronMistake, IsNamedWithItsColumn) {
  int column = 0;
  const Result<Cron> cron = Cron::parse(GetParam().expr, "dag", &column);
  ASSERT_FALSE(cron) << GetParam().expr;
  EXPECT_EQ(column, GetParam().column) << cron.error().message;
  EXPECT_NE(cron.error().message.find(GetParam().message), std::string::npos) << cron.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    All, CronMistake,
    ::testing::Values(
        Mistake{"", 1, "empty"}, Mistake{"   ", 1, "empty"}, Mistake{"* * * *", 1, "this one has 4"},
        Mistake{"0 0 1 1 * * 2026", 13, "no field for years"},
        Mistake{"61 * * * *", 1, "minute: 61 is not within 0-59"},
        Mistake{"0 24 * * *", 3, "hour: 24 is not within 0-23"}, Mistake{"0 0 0 * *", 5, "0 is not within 1-31"},
        Mistake{"0 0 * 13 *", 7, "month: 13 is not within 1-12"}, Mistake{"0 0 * * 8", 9, "8 is not within 0-7"},
        Mistake{"0 0 * * MO", 9, "\"MO\" is not one of SUN…SAT"}, Mistake{"0 0 * * MONDAY", 9, "three letters: MON"},
        Mistake{"0 0 * FOO *", 7, "\"FOO\" is not one of JAN…DEC"}, Mistake{"x * * * *", 1, "\"x\" is not a number"},
        Mistake{"0 22-2 * * *", 3, "runs backwards; write 22-23,0-2"}, Mistake{"*/0 * * * *", 3, "step of 0"},
        Mistake{"*/90 * * * *", 3, "every 90m"}, Mistake{"1, * * * *", 3, "missing at the end of \"\""},
        Mistake{"1- * * * *", 3, "missing at the end of \"1-\""}, Mistake{"1..5 * * * *", 2, "unexpected \".\""},
        Mistake{"*-5 * * * *", 2, "unexpected \"-\""}, Mistake{"? * * * *", 1, "two day fields"},
        Mistake{"0 0 ?,1 * *", 5, "stands alone"}, Mistake{"0 0 30 2 *", 5, "can never fire"},
        Mistake{"0 0 31 4,6,9,11 *", 5, "can never fire"}, Mistake{"0 0 * 2 */7#5", 12, "unexpected \"#\""},
        Mistake{"0 0 L-31 * *", 7, "lies before every month"}, Mistake{"0 0 L-30 2 *", 5, "can never fire"},
        Mistake{"0 0 W * *", 5, "15W"}, Mistake{"0 0 * * L", 9, "5L or FRIL"}, Mistake{"0 0 * * 5#6", 11, "#1 to #5"},
        Mistake{"0 0 * * 5#0", 11, "#1 to #5"}, Mistake{"0 0 15W-20 * *", 8, "unexpected \"-\""},
        Mistake{"H(5-3) * * * *", 3, "runs backwards"}, Mistake{"H(5 * * * *", 4, "range"},
        Mistake{"H(1-5 * * * *", 6, "`)` is missing"}, Mistake{"@weekday", 1, "not a preset"},
        Mistake{"@every 5m", 1, "without the @"}, Mistake{" @daily 5", 2, "stands alone"},
        Mistake{"@reboot", 1, "has no time"}, Mistake{"CRON_TZ=UTC 0 0 * * *", 1, "timezone:"},
        Mistake{"0 0 * * \xc3\xbc", 9, "unexpected \"?\""}, Mistake{"99999999999999 * * * *", 1, "is too large"},
        Mistake{"60 0 0 1 1 *", 1, "second: 60"}));

TEST(CronParse, ALeapDayCanFire) {
  EXPECT_TRUE(Cron::parse("0 0 29 2 *", ""));
  EXPECT_TRUE(Cron::parse("0 0 29 2 */7", ""));  // both must hold: every 28 or 40 years
  EXPECT_TRUE(Cron::parse("0 0 30 2 MON", ""));  // either one: Mondays in February
}

TEST(CronParse, RandomTextNeverCrashes) {
  std::mt19937 random(7);
  const std::string letters = "0123456789*/-,?#LWHh()@ \tMONJAFEB.\xff\n";
  int good = 0;
  for (int i = 0; i < 40'000; ++i) {
    std::string text;
    const auto length = random() % 24;
    for (unsigned j = 0; j < length; ++j) text += letters[random() % letters.size()];
    if (i % 2 == 0) text = "0 " + text + " * * *";
    int column = -1;
    const Result<Cron> cron = Cron::parse(text, "dag", &column);
    good += cron.ok() ? 1 : 0;
    if (!cron) {
      ASSERT_GE(column, 1) << text;
      ASSERT_LE(column, static_cast<int>(text.size()) + 1) << text;
      ASSERT_FALSE(cron.error().message.empty());
    } else if (const auto next = cron->next_after(0, utc())) {
      ASSERT_GT(*next, 0);
    }
  }
  EXPECT_GT(good, 100);
}

TEST(ScheduleText, ReadsCronPresetsAndSpans) {
  EXPECT_EQ(*parse_schedule_text("30 2 * * *", "dag"), (ScheduleEntry{"30 2 * * *", 0, ""}));
  EXPECT_EQ(*parse_schedule_text("@daily", "dag"), (ScheduleEntry{"@daily", 0, ""}));
  EXPECT_EQ(*parse_schedule_text(" every  15m ", "dag"), (ScheduleEntry{"", 15 * kMinute, ""}));
}

TEST(ScheduleText, MistakesHaveTheirColumn) {
  const auto column_of = [](std::string_view text) {
    int column = 0;
    EXPECT_FALSE(parse_schedule_text(text, "dag", &column)) << text;
    return column;
  };
  EXPECT_EQ(column_of(""), 1);
  EXPECT_EQ(column_of("every 15x"), 7);
  EXPECT_EQ(column_of("every 500ms"), 7);
  EXPECT_EQ(column_of("every 0s"), 7);
  EXPECT_EQ(column_of("every "), 7);
  EXPECT_EQ(column_of("0 25 * * *"), 3);
}

}  // namespace
}  // namespace baton::timetable
