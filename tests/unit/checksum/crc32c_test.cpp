#include "scheduler/checksum/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace baton {
namespace {

TEST(Crc32c, AgreesWithThePublishedValues) {
  EXPECT_EQ(crc32c(""), 0U);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);  // RFC 3720 §B.4
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
}

TEST(Crc32c, GoesOnFromAnEarlierPart) {
  const std::string_view text = "a text that is longer than one word";
  EXPECT_EQ(crc32c(text.substr(11), crc32c(text.substr(0, 11))), crc32c(text));
}

}  // namespace
}  // namespace baton
