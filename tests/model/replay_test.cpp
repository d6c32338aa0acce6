// BATON_REPLAY='<case>' tries one case again, as a failure has printed it.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/model/trial.h"

namespace baton::model {
namespace {

TEST(Replay, TheCaseOfTheEnvironmentHolds) {
  const char* text = std::getenv("BATON_REPLAY");
  if (text == nullptr) GTEST_SKIP() << "BATON_REPLAY is not set";
  const auto c = case_from(text);
  ASSERT_TRUE(c.has_value()) << "this is no case: " << text;
  print_case_on_abort();
  EXPECT_EQ(run_case(*c), "");
}

TEST(Replay, ACaseReadsBackAsItWasPrinted) {
  const char* text =
      "losses=2 ff | 0 noop | 1 one_failed need=0 retries=2 items=3 if=1 | 2 need=0,1 teardown=0 fail_run | "
      "3 allow_failure sensor | 4 hook=3 | # b a1.2 f1.2 T1.2 S K";
  const auto c = case_from(text);
  ASSERT_TRUE(c.has_value());
  EXPECT_EQ(to_text(*c), text);
  EXPECT_FALSE(case_from("losses=1 | 0 nonsense | # b").has_value());
}

}  // namespace
}  // namespace baton::model
