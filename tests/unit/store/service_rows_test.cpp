// What a server keeps beside runs: dates, the audit chain, idempotency, tombstones; and what retention takes of them.
#include <gtest/gtest.h>

#include <set>

#include "scheduler/store/audit_chain.h"
#include "tests/unit/store/bench.h"

namespace baton {
namespace {

using ServiceRows = StoreBench;

AuditRow audit_of(const std::string& actor) {
  AuditRow row{7, actor, "clear", "etl", "r", "t0", -1, "{}"};
  row.address = "10.0.0.7";
  row.via = "api";
  row.before_json = R"({"state":"failed"})";
  row.after_json = R"({"state":null})";
  return row;
}

TEST_F(ServiceRows, EachAuditRowsHashCoversTheOneBefore) {
  open();
  for (const char* actor : {"ada", "bob"}) {
    Part batch;
    batch.audit.push_back(audit_of(actor));
    ASSERT_EQ(commit(std::move(batch)), CommitOutcome::durable);
  }
  close();
  open();
  Part batch;
  batch.audit.push_back(audit_of("cyd"));
  batch.audit.push_back(audit_of("dan"));
  ASSERT_EQ(commit(std::move(batch)), CommitOutcome::durable);
  const auto rows = reader()->audit({}).value().rows;
  ASSERT_EQ(rows.size(), 4U);
  std::string before;
  for (auto at = rows.rbegin(); at != rows.rend(); ++at) {
    EXPECT_EQ(at->hash, audit_hash(before, at->row)) << at->row.actor;
    EXPECT_EQ(at->row.via, "api");
    before = at->hash;
  }
  EXPECT_NE(audit_hash("", audit_of("ada")), audit_hash("", audit_of("adb")));
}

TEST_F(ServiceRows, TheChainGoesOnAfterABatchThatWasUndone) {
  open();
  create(sample::dag("etl", 1), "r");
  Part undone;
  undone.audit.push_back(audit_of("ada"));
  undone.instances.push_back(sample::instance(99, 0, TaskState::queued, 1));  // of no run
  EXPECT_EQ(commit(std::move(undone)), CommitOutcome::fenced);
  Part batch;
  batch.audit.push_back(audit_of("bob"));
  ASSERT_EQ(commit(std::move(batch)), CommitOutcome::durable);
  const auto rows = reader()->audit({}).value().rows;
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].hash, audit_hash("", rows[0].row));
}

TEST_F(ServiceRows, SeqGoesOnWhereOnlyAnAuditRowHadIt) {
  open();
  create(sample::dag("etl", 1), "r");
  Part batch;
  batch.audit.push_back(audit_of("ada"));
  ASSERT_EQ(commit(std::move(batch)), CommitOutcome::durable);
  const auto seq = meddle(database(), "SELECT max(seq) FROM audit");
  close();
  open();
  const RunNo next = create(sample::dag("etl", 1), "s");
  EXPECT_GT(store_->load_run(next).value().run.seq, seq);
}

TEST_F(ServiceRows, ADateBelongsToOneRunAndAChunkHoldsItsInnerDays) {
  open();
  const auto etl = sample::dag("etl", 1);
  const auto dated = [&](const std::string& run_id, WallUs date, std::vector<WallUs> inner) {
    Part batch;
    batch.creations.push_back(sample::creation(store_->next_run_no(), etl, run_id));
    batch.creations[0].run.logical_date = date;
    batch.creations[0].inner_dates = std::move(inner);
    return verdict(std::move(batch));
  };
  const PartVerdict taken{PartVerdict::Exists::logical_date, 1};
  EXPECT_TRUE(dated("chunk", 100, {200, 300}).is_done());
  EXPECT_EQ(dated("within", 200, {}), taken);
  EXPECT_EQ(dated("over", 400, {300}), taken);
  EXPECT_TRUE(dated("after", 400, {}).is_done());
  EXPECT_EQ(meddle(database(), "SELECT count(*) FROM run_date"), 4);
}

TEST_F(ServiceRows, ARunThatWaitsToBeginIsARowAlone) {
  open();
  const auto etl = sample::dag("etl", 2);
  Part batch;
  const RunNo run_no = store_->next_run_no();
  batch.creations.push_back(sample::creation(run_no, etl, "r"));
  batch.creations[0].run.begun_at = kNoTime;
  ASSERT_EQ(commit(std::move(batch)), CommitOutcome::durable);
  auto waiting = store_->load_run(run_no).value();
  EXPECT_TRUE(waiting.instances.empty());
  EXPECT_EQ(waiting.run.counts, StateCounts{});
  EXPECT_EQ(waiting.run.begun_at, kNoTime);
  EXPECT_EQ(store_->unfinished_runs().value(), std::vector{run_no});

  Part begins;
  begins.runs.push_back(waiting.run);
  begins.runs[0].begun_at = 77;
  begins.runs[0].state = RunState::running;
  begins.new_instances = {sample::instance(run_no, 0, TaskState::none), sample::instance(run_no, 1, TaskState::none)};
  ASSERT_EQ(commit(std::move(begins)), CommitOutcome::durable);
  EXPECT_EQ(store_->load_run(run_no).value().run.begun_at, 77);
  EXPECT_EQ(store_->load_run(run_no).value().instances.size(), 2U);
}

TEST_F(ServiceRows, ARunWithOpenHooksIsUnfinishedAndStays) {
  open();
  const RunNo run_no = create(sample::dag("etl", 1), "r");
  const auto ends = [&](bool hooks_open) {
    Part batch;
    batch.runs.push_back(store_->load_run(run_no).value().run);
    batch.runs[0].state = RunState::failed;
    batch.runs[0].ended_at = 5;
    batch.runs[0].hooks_open = hooks_open;
    return commit(std::move(batch));
  };
  ASSERT_EQ(ends(true), CommitOutcome::durable);
  PruneRule rule;
  rule.ended_before = 10;
  EXPECT_EQ(store_->unfinished_runs().value(), std::vector{run_no});
  EXPECT_EQ(store_->prune(rule).value().runs, 0);
  ASSERT_EQ(ends(false), CommitOutcome::durable);
  EXPECT_TRUE(store_->unfinished_runs().value().empty());
  EXPECT_EQ(store_->prune(rule).value().runs, 1);
}

TEST_F(ServiceRows, ARequestsKeyIsKeptOnce) {
  open();
  const IdempotencyRow row{"ada", "POST /dags/etl/dagRuns", "k1", "hash", 200, "etl/r", 9};
  Part batch;
  batch.idempotency.push_back(row);
  EXPECT_TRUE(verdict(batch).is_done());
  EXPECT_EQ(verdict(batch).exists, PartVerdict::Exists::idempotency_key);
}

TEST_F(ServiceRows, OutputsThatAPersonPutsAreOfASuccessAloneAndItsRowStaysWhole) {
  open();
  const RunNo run_no = create(sample::dag("etl", 2), "r");
  TaskRow ended = sample::instance(run_no, 0, TaskState::success, 1);
  ended.outputs_json = R"({"n":1})";
  change(ended);
  Part batch;
  batch.service.outputs.push_back({run_no, 0, R"({"n":2})"});
  batch.service.outputs.push_back({run_no, 1, R"({"n":3})"});
  batch.service.outputs.push_back({99, 0, R"({"n":4})"});
  ASSERT_EQ(commit(std::move(batch)), CommitOutcome::durable);
  const auto run = store_->load_run(run_no);
  ASSERT_TRUE(run.ok()) << run.error().message;
  EXPECT_EQ(run->instances[0].outputs_json, R"({"n":2})");
  EXPECT_EQ(run->instances[1].outputs_json, "");
  meddle(database(), "UPDATE task_instance SET outputs = '{}' WHERE instance_no = 0");
  Part again;
  again.service.outputs.push_back({run_no, 0, R"({"n":5})"});
  ASSERT_EQ(commit(std::move(again)), CommitOutcome::durable);
  EXPECT_FALSE(store_->load_run(run_no).ok()) << "a damaged row is not made whole by what is put over it";
}

TEST_F(ServiceRows, FavoritesAreEverybodysOwn) {
  open();
  create(sample::dag("etl", 1), "r");
  create(sample::dag("other", 1), "r");
  const auto found = [&](const std::string& who, bool is_favorite) {
    DagQuery query;
    query.filter.principal = who;
    query.filter.is_favorite = is_favorite;
    std::vector<std::string> out;
    const DagPage page = reader()->list_dags(query).value();
    for (const DagView& dag : page.rows) {
      EXPECT_EQ(dag.is_favorite, is_favorite);
      out.push_back(dag.dag_id);
    }
    return out;
  };
  Part batch;
  batch.service.favorites = {{"etl", "ada", 5}, {"etl", "ada", 6}, {"nobody", "ada", 5}, {"other", "bob", 5}};
  ASSERT_EQ(commit(std::move(batch)), CommitOutcome::durable);
  EXPECT_EQ(found("ada", true), std::vector<std::string>{"etl"});
  EXPECT_EQ(found("ada", false), std::vector<std::string>{"other"});
  EXPECT_EQ(found("bob", true), std::vector<std::string>{"other"});
  Part gone;
  gone.service.favorites = {{"etl", "ada", 7, true}};
  ASSERT_EQ(commit(std::move(gone)), CommitOutcome::durable);
  EXPECT_EQ(found("ada", true), std::vector<std::string>{});
  EXPECT_EQ(found("bob", true), std::vector<std::string>{"other"});
}

/// Rows that are there for good, or that go with a DAG, a run or a version.
const std::set<std::string> kStaysOrGoesWithItsOwner = {
    "task_state", "check_result", "held_asset_event", "approval", "started_run",
    "asset",     "asset_link", "asset_trigger", "asset_cursor", "run_asset_event", "breaker", "breaker_event", "dead_letter",
    "store",     "dag",       "dag_version", "dag_task",     "dag_run",  "run_input", "run_count",    "run_date",
    "run_label", "task_instance", "mapped_item", "task_try", "cache_entry", "task_duration", "dag_file", "dag_tag",
    "dag_favorite", "task_store", "asset_store", "doomed_run",
    "pool",      "variable",  "server_state"};

TEST_F(ServiceRows, RetentionKnowsEveryTable) {
  open();
  const auto count = [&](const std::string& table) { return meddle(database(), "SELECT count(*) FROM " + table); };
  // One row that is over in each table that ages, and one that is not.
  const std::set<std::string> aged = {"audit",   "tick_record", "backfill_interval", "backfill", "token",
                                      "session", "idempotency", "bulk_job",          "outbox",   "tombstone",
                                      "outbox_delivery", "asset_event"};
  meddle(database(),
         "INSERT INTO audit (at, map_index, checksum, actor, action, dag_id, run_id, task_id, extra)"
         " VALUES (5,-1,0,'','','','','','{}'), (50,-1,0,'','','','','','{}');"
         "INSERT INTO tick_record VALUES (1,1,1,1,1,NULL,5,1), (1,2,1,1,1,NULL,50,1);"
         "INSERT INTO backfill VALUES (1,1,1,1,1,1,1,1,5,1,1,0,0,0,0,'','{}',NULL,NULL), (2,1,1,1,1,1,1,1,NULL,1,1,0,0,0,0,"
         "'','{}',NULL,NULL);"
         "INSERT INTO backfill_interval VALUES (1,1,1,1,1,1), (2,1,1,1,1,1);"
         "INSERT INTO token VALUES (1,1,1,5,NULL,NULL,'a','','','',''), (2,1,1,NULL,NULL,NULL,'b','','','','');"
         "INSERT INTO session VALUES (1,1,5,NULL,'a','','',NULL), (2,1,50,NULL,'b','','',NULL);"
         "INSERT INTO idempotency VALUES ('','','a','',200,5,''), ('','','b','',200,50,'');"
         "INSERT INTO bulk_job VALUES (1,1,1,1,5,1,1,1,1,'','','',NULL), (2,1,1,1,NULL,1,1,1,1,'','','',NULL);"
         "INSERT INTO outbox VALUES (1,1,5,NULL,5,NULL,1,0,'a','','','','',NULL), (2,1,5,7,NULL,NULL,1,0,'b','','','',"
         "'',NULL);"
         "INSERT INTO outbox_delivery VALUES (1,'x',NULL,5,1,NULL), (2,'x',7,NULL,1,NULL);"
         "INSERT INTO tombstone VALUES (3,0,1,5,'etl/r'), (4,0,2,50,'etl/s');"
         "INSERT INTO asset_event VALUES (1,1,5,NULL,-1,0,NULL,NULL,NULL,NULL,NULL),"
         " (2,1,50,NULL,-1,0,NULL,NULL,NULL,NULL,NULL)");
  for (const auto& table : aged) ASSERT_EQ(count(table), 2) << table;
  ASSERT_TRUE(store_->prune_service(10).ok());
  for (const auto& table : aged) EXPECT_EQ(count(table), 1) << table;
  EXPECT_EQ(meddle(database(), "SELECT kept_seq FROM store"), 3);
  std::string unknown = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
  for (const auto* known : {&aged, &kStaysOrGoesWithItsOwner}) {
    for (const auto& table : *known) unknown += " AND name <> '" + table + "'";
  }
  EXPECT_EQ(meddle(database(), unknown), 0) << "a table that retention says nothing about";
}

TEST_F(ServiceRows, ADeletedRunLeavesATombstoneWithASeqOfItsOwn) {
  open();
  const RunNo run_no = create(sample::dag("etl", 1), "r");
  end_run(run_no, RunState::success, 5);
  const auto seq = store_->load_run(run_no).value().run.seq;
  PruneRule rule;
  rule.ended_before = 10;
  ASSERT_EQ(store_->prune(rule).value().runs, 1);
  EXPECT_EQ(meddle(database(), "SELECT object_no FROM tombstone WHERE object = 'etl/r'"), run_no);
  EXPECT_GT(meddle(database(), "SELECT max(seq) FROM tombstone"), seq);
}

TEST_F(ServiceRows, ADamagedBreakerBeginsAnewAndKeepsNobodyFromStarting) {
  open();
  Part part;
  for (const char* name : {"a", "b"}) {
    BreakerRow row;
    row.spec.name = name;
    row.spec.failures = 5;
    row.state = BreakerState::open;
    row.cause = "why";
    part.service.breakers.push_back(std::move(row));
  }
  ASSERT_EQ(commit(std::move(part)), CommitOutcome::durable);
  for (const std::string damage : {"permits = 'x'", "slots = '[[1]]'", "state = 9", "counted = '7'"}) {
    meddle(database(), "UPDATE breaker SET " + damage + " WHERE name = 'a'");
    const auto found = store_->breakers();
    ASSERT_TRUE(found) << damage;
    ASSERT_EQ(found->size(), 2U);
    EXPECT_EQ((*found)[0].spec.failures, 5) << damage;
    EXPECT_EQ((*found)[1].state, BreakerState::open) << "the other is as it was";
    EXPECT_EQ(reader()->list_breakers().value().size(), 2U) << damage;
  }
  EXPECT_EQ(store_->breakers().value()[0].state, BreakerState::closed);
}

}  // namespace
}  // namespace baton
