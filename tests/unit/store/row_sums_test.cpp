#include "scheduler/store/row_sum.h"

#include <gtest/gtest.h>

#include <string>

#include "scheduler/digest/derived_uuid.h"
#include "scheduler/store/row_sums.h"

namespace baton {
namespace {

TEST(RowSum, TellsWhereOneTextEndsAndTheNextBegins) {
  EXPECT_NE(RowSum().add(std::string_view("ab")).add(std::string_view("c")).value(),
            RowSum().add(std::string_view("a")).add(std::string_view("bc")).value());
}

TEST(DerivedUuid, IsVersionFiveOfTheName) {
  // RFC 9562 §A.4: "www.example.com" in the DNS namespace.
  EXPECT_EQ(derived_uuid("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com"),
            "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

TEST(Counts, ComeBackFromTheirText) {
  StateCounts counts{};
  counts[3] = 17;
  counts[11] = 1'000'000;
  StateCounts back{};
  ASSERT_TRUE(counts_from_json(counts_to_json(counts), back));
  EXPECT_EQ(back, counts);
  for (const char* bad : {"", "[]", "[1,2]", "[0,0,0,0,0,0,0,0,0,0,0,0", "[0,0,0,0,0,0,0,0,0,0,0,0]]", "null"}) {
    EXPECT_FALSE(counts_from_json(bad, back)) << bad;
  }
}

// Codes on disk are the enums' numbers: a new name goes to the end, or old rows change their meaning.
TEST(Codes, OnDiskNeverChange) {
  EXPECT_EQ(static_cast<int>(RunState::failed), 3);
  EXPECT_EQ(static_cast<int>(RunType::asset_triggered), 3);
  EXPECT_EQ(static_cast<int>(TaskState::failed), 5);
  EXPECT_EQ(static_cast<int>(TaskState::upstream_failed), 7);
  EXPECT_EQ(static_cast<int>(TaskState::removed), 11);
  EXPECT_EQ(static_cast<int>(Reason::signal), 2);
  EXPECT_EQ(static_cast<int>(Reason::lost), 7);
  EXPECT_EQ(static_cast<int>(Reason::stopped), 12);
  EXPECT_EQ(static_cast<int>(Reason::cached), 18);
  EXPECT_EQ(static_cast<int>(Reason::unsupported), 22);
  EXPECT_EQ(static_cast<int>(TaskKind::noop), 8);
}

}  // namespace
}  // namespace baton
