#include "scheduler/model/did_you_mean.h"

#include <gtest/gtest.h>

#include <vector>

namespace baton {
namespace {

TEST(DidYouMean, DistanceCountsSwapsAsOne) {
  EXPECT_EQ(edit_distance("abc", "abc", 2), 0U);
  EXPECT_EQ(edit_distance("extrct", "extract", 2), 1U);
  EXPECT_EQ(edit_distance("laod", "load", 2), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting", 2), 3U);
  EXPECT_EQ(edit_distance("", "ab", 2), 2U);
  EXPECT_EQ(edit_distance("a", "abcdef", 2), 3U);
}

TEST(DidYouMean, NearestWithinTwoEdits) {
  const std::vector<std::string> names{"extract", "extra", "load", "ab"};
  EXPECT_EQ(did_you_mean("extrct", names), "extract");
  EXPECT_EQ(did_you_mean("LOAD", names), "load");
  EXPECT_EQ(did_you_mean("warehouse", names), std::nullopt);
  EXPECT_EQ(did_you_mean("x", names), std::nullopt);
  EXPECT_EQ(did_you_mean_suffix("laod", names), "; did you mean \"load\"?");
}

}  // namespace
}  // namespace baton
