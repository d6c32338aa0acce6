// `:name` for PostgreSQL.
#include "task/placeholders.h"

#include <gtest/gtest.h>

#include "task/rows.h"

namespace baton::task {
namespace {

std::string numbered(std::string_view query) {
  const Numbered out = number_placeholders(query);
  std::string text = out.query + " |";
  for (const std::string& name : out.names) text += " " + name;
  return text;
}

TEST(Placeholders, AreNumberedByName) {
  EXPECT_EQ(numbered("select :a, :b_2, :a"), "select $1, $2, $1 | a b_2");
  EXPECT_EQ(numbered(":a"), "$1 | a");
  EXPECT_EQ(numbered("x=:a)"), "x=$1) | a");
}

TEST(Placeholders, CastsAndArraysAreNone) {
  EXPECT_EQ(numbered("select x::int, :a::text, y[1:2]"), "select x::int, $1::text, y[1:2] | a");
  EXPECT_EQ(numbered("a:=1"), "a:=1 |");
}

TEST(Placeholders, WhatIsQuotedIsNone) {
  for (const char* query : {"':a'", "'it''s :a'", "\":a\"", "-- :a\n", "-- :a", "/* :a /* :b */ :c */", "$$ :a $$",
                            "$t$ :a $$ :b $t$", "E'\\' :a'", "e'\\\\\\' :a'"}) {
    EXPECT_EQ(numbered(query), std::string(query) + " |") << query;
    EXPECT_EQ(numbered(std::string(query) + (query[0] == '-' ? "\n:z" : " :z")),
              std::string(query) + (query[0] == '-' ? "\n$1" : " $1") + " | z")
        << query;
  }
  EXPECT_EQ(numbered("'\\' :a"), "'\\' $1 | a") << "a backslash is no escape in a plain text";
  EXPECT_EQ(numbered("a$b$ :c $b$"), "a$b$ $1 $b$ | c") << "a dollar within a name begins nothing";
  EXPECT_EQ(numbered("$1 :a"), "$1 $1 | a");
}

TEST(Placeholders, AnOpenQuoteHidesTheRest) {
  for (const char* query : {"' :a", "\" :a", "/* :a", "$$ :a", "E' :a\\"}) EXPECT_EQ(numbered(query), std::string(query) + " |");
}

using Outputs = std::vector<std::pair<std::string, std::string>>;

TEST(Rows, GiveWhatIsDeclared) {
  const Wanted wanted{Outputs{{"rows", "value"}, {"row_count", "value"}, {"value", "value"}}};
  Rows rows(wanted);
  rows.begin({"a", "a", "b"});
  rows.add({1, 2, Value{}});
  rows.add({3, 4, "x"});
  const auto out = rows.outputs();
  ASSERT_TRUE(out.ok());
  const Value map{*out};
  EXPECT_EQ(map.find("row_count")->as_int(), 2);
  EXPECT_EQ(map.find("value")->as_int(), 1);
  EXPECT_EQ(map.find("rows")->as_list()[0].find("a_2")->as_int(), 2);
  EXPECT_EQ(map.find("changes"), nullptr);
}

TEST(Rows, TooManyAreAnErrorOnlyWhereTheyAreWanted) {
  const Wanted rows_too{Outputs{{"rows", "value"}, {"row_count", "value"}}}, count_only{Outputs{{"row_count", "value"}}};
  Rows all(rows_too), counted(count_only);
  for (Rows* rows : {&all, &counted}) {
    rows->begin({"a"});
    for (std::int64_t i = 0; i <= kRowsMax; ++i) rows->add({i});
  }
  EXPECT_FALSE(all.outputs().ok());
  EXPECT_TRUE(counted.outputs().ok());
}

}  // namespace
}  // namespace baton::task
