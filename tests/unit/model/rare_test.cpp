#include "scheduler/model/rare.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace baton {
namespace {

using Words = std::vector<std::string>;

TEST(Rare, SaysTheDefaultUntilItIsSet) {
  Rare<Words> words;
  EXPECT_FALSE(words.has_value());
  EXPECT_TRUE(words.empty());
  EXPECT_EQ(words, Rare<Words>(Words{})) << "what it says counts, not whether somebody said it";
  words.edit().emplace_back("a");
  EXPECT_TRUE(words.has_value());
  EXPECT_EQ(words->size(), 1U);
  words.reset();
  EXPECT_FALSE(words.has_value());
  EXPECT_TRUE(words->empty());
}

TEST(Rare, CopiesShareUntilOneIsEdited) {
  Rare<Words> one = Words{"a"};
  Rare<Words> other = one;
  EXPECT_EQ(&one.get(), &other.get());
  other.edit().emplace_back("b");
  EXPECT_EQ(*one, Words{"a"});
  EXPECT_EQ(*other, (Words{"a", "b"}));
  const Words* const own = &other.get();
  other.edit().emplace_back("c");
  EXPECT_EQ(&other.get(), own) << "nobody else has it: it is not copied again";
}

TEST(Rare, OutlivesWhomItWasCopiedFromOrMoved) {
  Rare<Words> last;
  {
    Rare<Words> first = Words{"a"};
    last = first;
    first = Words{"b"};
    Rare<Words> moved = std::move(first);
    EXPECT_EQ(*moved, Words{"b"});
  }
  EXPECT_EQ(*last, Words{"a"});
  const Rare<Words>& self = last;
  last = self;
  EXPECT_EQ(*last, Words{"a"});
}

}  // namespace
}  // namespace baton
