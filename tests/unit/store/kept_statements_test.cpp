// What a connection keeps of the statements that it lends.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "scheduler/store/sqlite_db.h"

namespace baton::sqlite {
namespace {

constexpr std::string_view kCount = "SELECT count(*), ?1 FROM t";

class KeptStatementsTest : public testing::Test {
 protected:
  KeptStatementsTest() { EXPECT_EQ(db_.exec("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1), (2)"), kOk); }

  std::int64_t count(std::string_view text) {
    Statement select = db_.lend(kCount);
    select.start_with(text);
    EXPECT_EQ(select.step(), kRow);
    EXPECT_EQ(select.string(1), text);
    return select.integer(0);
  }
  int statements() {
    int n = 0;
    for (sqlite3_stmt* s = nullptr; (s = sqlite3_next_stmt(db_.handle(), s)) != nullptr;) ++n;
    return n;
  }

  Database db_ = std::move(Database::open(":memory:", {})).value();
};

TEST_F(KeptStatementsTest, OneServesAllWhoAskOneAfterTheOther) {
  EXPECT_EQ(count("a"), 2);
  EXPECT_EQ(count("b"), 2);
  EXPECT_EQ(statements(), 1);
}

TEST_F(KeptStatementsTest, TwoAtOnceDoNotReadEachOthersRows) {
  Statement first = db_.lend("SELECT a FROM t ORDER BY a");
  ASSERT_EQ(first.start().step(), kRow);
  {
    Statement second = db_.lend("SELECT a FROM t ORDER BY a");
    ASSERT_EQ(second.start().step(), kRow);
    EXPECT_EQ(second.integer(0), 1);
  }
  ASSERT_EQ(first.step(), kRow);
  EXPECT_EQ(first.integer(0), 2);
  first = Statement();
  EXPECT_EQ(statements(), 1);
}

/// One that was left in the middle of its rows would keep the transaction's snapshot.
TEST_F(KeptStatementsTest, ComesBackReset) {
  EXPECT_EQ(count("a"), 2);
  EXPECT_EQ(db_.exec("DROP TABLE t"), kOk) << db_.message();
  EXPECT_EQ(db_.exec("CREATE TABLE t (a INTEGER)"), kOk);
  EXPECT_EQ(count("a"), 0) << "the schema has changed";
}

TEST_F(KeptStatementsTest, AFaultyTextIsToldAndNotKept) {
  int code = kOk;
  EXPECT_FALSE(db_.lend("SELECT nothing FROM nowhere", &code));
  EXPECT_NE(code, kOk);
  EXPECT_EQ(statements(), 0);
}

/// The connection moves into who keeps it; what it has lent before comes back all the same.
TEST_F(KeptStatementsTest, AConnectionThatMovesTakesThemAlong) {
  {
    Statement lent = db_.lend(kCount);
    Database there = std::move(db_);
    db_ = std::move(there);
  }
  EXPECT_EQ(count("a"), 2);
  EXPECT_EQ(statements(), 1);
}

}  // namespace
}  // namespace baton::sqlite
