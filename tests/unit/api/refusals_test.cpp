// Refusals in the audit: a few rows of each minute, and one that counts the others.
#include "web/api/refusals.h"

#include <gtest/gtest.h>

#include "web/api/event_hub.h"
#include "web/api/fields.h"

namespace baton::api {
namespace {

constexpr WallUs kNow = 1'800'000'000 * kSecond;
constexpr DurationUs kMinuteUs = RefusalWindows::kWindowUs;

TEST(Refusals, OfOneAddressAFewAMinuteGetRowsAndTheOthersAreCountedOnce) {
  RefusalWindows windows;
  for (int k = 0; k < 1'000; ++k) EXPECT_EQ(windows.take("10.0.0.1", kNow + k), k < RefusalWindows::kRowsEach);
  EXPECT_TRUE(windows.take("10.0.0.2", kNow)) << "another address has its own";
  EXPECT_TRUE(windows.take_over(kNow + kMinuteUs - 1).empty());
  const auto rest = windows.take_over(kNow + kMinuteUs);
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].address, "10.0.0.1");
  EXPECT_EQ(rest[0].count, 1'000 - RefusalWindows::kRowsEach);
  EXPECT_EQ(rest[0].from, kNow);
  EXPECT_EQ(rest[0].to, kNow + 999);
  EXPECT_TRUE(windows.take_over(kNow + kMinuteUs).empty());
  EXPECT_TRUE(windows.take("10.0.0.1", kNow + kMinuteUs)) << "the next minute";
}

TEST(Refusals, ManyAddressesFillNothingEither) {
  RefusalWindows windows;
  std::int64_t rows = 0;
  for (int k = 0; k < 10'000; ++k) rows += windows.take("10.0." + std::to_string(k), kNow) ? 1 : 0;
  EXPECT_EQ(rows, RefusalWindows::kRowsAll);
  const auto rest = windows.take_over(kNow + kMinuteUs);
  EXPECT_LE(rest.size(), RefusalWindows::kAddressesMost + 1);
  std::int64_t counted = 0;
  for (const auto& one : rest) counted += one.count;
  EXPECT_EQ(rows + counted, 10'000);
}

TEST(Refusals, ARowHasNoWordOfTheQuery) {
  std::vector<ChangeAsk> asks;
  std::vector<Asker> askers;
  Refusals refusals([] { return kNow; }, [&](ChangeAsk ask, Asker who) {
    asks.push_back(std::move(ask));
    askers.push_back(std::move(who));
  });
  http::Request request;
  request.target = "/auth/login?code=secret";
  request.peer = {"127.0.0.1", std::nullopt};
  refusals.told(request, 401, "too old");
  ASSERT_EQ(asks.size(), 1U);
  const AuditRow& audit = std::get<WriteRecords>(asks[0].what).audit;
  EXPECT_EQ(audit.action, "refuse");
  EXPECT_EQ(audit.extra_json, R"({"status":401,"method":"GET","path":"/auth/login","why":"too old"})");
  EXPECT_EQ(askers[0].address, "127.0.0.1");
}

TEST(Events, AResetHasTheNumberThatItIsAsOf) {
  Changes changes;
  changes.reset = true;
  changes.key.seq = 12;
  std::int64_t seq = 5'000;
  EXPECT_EQ(event_text(changes, seq), "id: 12\nevent: reset\ndata: {}\n\n");
  EXPECT_EQ(seq, 12);
}

TEST(Times, WhatIsLeftOutIsUtcAndTheBeginning) {
  EXPECT_EQ(time_text(time_of_text("2026-01-31")), "2026-01-31T00:00:00Z");
  EXPECT_EQ(time_text(time_of_text("2026-01-31T08:30")), "2026-01-31T08:30:00Z");
  EXPECT_EQ(time_text(time_of_text("2026-01-31 08:30:15.5")), "2026-01-31T08:30:15.5Z");
  EXPECT_EQ(time_text(time_of_text("2026-01-31T08:30+01:00")), "2026-01-31T07:30:00Z");
  EXPECT_EQ(time_text(time_of_text("2026-01-31T08:30:15-01:00")), "2026-01-31T09:30:15Z");
  for (const char* wrong :
       {"", "2026", "2026-02-30", "2026-01-31T", "2026-01-31T8", "2026-01-31T08:30:15Zx", "20260131"}) {
    EXPECT_EQ(time_of_text(wrong), kNoTime) << wrong;
  }
}

TEST(Durations, AreSecondsToTheMicrosecond) {
  const auto shown = [](WallUs from, WallUs to) {
    std::string text;
    {
      JsonObject out(text);
      duration_field(out, "d", from, to);
    }
    return text;
  };
  EXPECT_EQ(shown(0, 0), R"({"d":0.000000})");
  EXPECT_EQ(shown(10, 11), R"({"d":0.000001})");
  EXPECT_EQ(shown(kSecond, 61 * kSecond + 50'000), R"({"d":60.050000})");
  EXPECT_EQ(shown(2 * kSecond, kSecond - 1), R"({"d":-1.000001})") << "a clock was set back";
  EXPECT_EQ(shown(kNoTime, 5), R"({"d":null})");
}

}  // namespace
}  // namespace baton::api
