#include "scheduler/host/local/secrets.h"

#include <gtest/gtest.h>

namespace baton {
namespace {

/// The value of NAME in this file, or the error.
std::string value_in(const std::string& text, const std::string& name = "NAME") {
  Secrets secrets;
  if (const Status read = secrets.read(text); !read) return "error" + read.error().message;
  const auto found = secrets.find(name);
  return found ? *found : "missing";
}

TEST(SecretsFile, IsReadAsPeopleMeanIt) {
  EXPECT_EQ(value_in("NAME=value\n"), "value");
  EXPECT_EQ(value_in("NAME=value\r\n# more\r\n"), "value");
  EXPECT_EQ(value_in("\xEF\xBB\xBFNAME=value"), "value");
  EXPECT_EQ(value_in("export NAME=value"), "value");
  EXPECT_EQ(value_in("  export\tNAME = value"), "error:1: the name of a secret is made of letters, digits, \"_\", \".\" "
                                                "and \"-\", and = follows it at once");
  EXPECT_EQ(value_in("NAME='it #1 \\n'"), "it #1 \\n");
  EXPECT_EQ(value_in("NAME=\"a\\n\\\"b\\\\ \"  # comment"), "a\n\"b\\ ");
  EXPECT_EQ(value_in("NAME=  a b=c  "), "a b=c");
  EXPECT_EQ(value_in("NAME=a#b"), "a#b");
  EXPECT_EQ(value_in("NAME=pa'ss"), "pa'ss");
  EXPECT_EQ(value_in("NAME="), "");
  EXPECT_EQ(value_in("export=1", "export"), "1");
}

TEST(SecretsFile, WhatCouldMeanTwoThingsIsAnErrorWithItsLineAndWithoutItsValue) {
  for (const std::string text : {"A=1\nNAME='secret", "A=1\nNAME=\"secret\\q\"", "A=1\nNAME='secret'x", "A=1\nNAME=secret #x",
                                 "A=1\nsecret", "A=1\n=secret", "A=1\nNA ME=secret", "A=1\nNAME=sec\rret",
                                 "A=1\nA=secret", "A=1\nNAME=\"secret", "A=1\nexport NAME"}) {
    const std::string message = value_in(text);
    EXPECT_EQ(message.substr(0, 8), "error:2:") << text << " -> " << message;
    EXPECT_EQ(message.find("secret\\"), std::string::npos) << message;
  }
  EXPECT_NE(value_in("A=1\nA=2").find("\"A\" stands in line 1 already"), std::string::npos);
}

}  // namespace
}  // namespace baton
