#include "scheduler/service/alerts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "scheduler/json/json_value.h"
#include "scheduler/service/deliveries.h"
#include "tests/support/dag_builder.h"
#include "tests/unit/service/service_bench.h"

namespace baton {
namespace {

constexpr WallUs kAlertNow = 1'000 * kSecond;

class AlertsTest : public testing::Test {
 protected:
  AlertsTest() {
    auto dag = std::make_shared<Dag>(*test::DagBuilder().task("load").build());
    dag->sla.within_us = kMinute;
    run_.dag = dag;
    run_.row.run_no = 1;
    run_.row.dag_id = "etl";
    run_.row.run_id = "r";
    run_.row.state = RunState::running;
    run_.row.begun_at = kAlertNow;
    run_.instances.resize(1);
  }
  void want(const std::vector<std::string>& events) { alerts_.set({{events, {"webhook:ops"}}}); }
  std::vector<OutboxRow> told(Part part) {
    alerts_.tell(part, kAlertNow);
    return part.service.outbox;
  }
  Part of_run(RunState state, Reason reason = Reason::none, WallUs ended_at = kAlertNow + 5) {
    Part part;
    part.runs.push_back(run_.row);
    part.runs[0].state = state;
    part.runs[0].reason = reason;
    part.runs[0].ended_at = ended_at;
    return part;
  }
  Part of_task(TaskState state, Reason reason) {
    Part part;
    TaskRow row;
    row.run_no = 1;
    row.state = state;
    row.reason = reason;
    row.epoch = 2;
    row.ended_at = kAlertNow;
    part.instances.push_back(row);
    return part;
  }

  DagRun run_;
  std::set<RunNo> waiting_;
  Alerts alerts_{[this](RunNo run_no) { return run_no == 1 ? &run_ : nullptr; },
                 [this](RunNo run_no) { return waiting_.contains(run_no); }};
};

TEST_F(AlertsTest, ARunThatEndsIsToldInItsPartWithAnEpisodeOfItsEnd) {
  want({"run_failed", "run_success"});
  const auto failed = told(of_run(RunState::failed, Reason::upstream_failed));
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0].event, "run_failed");
  EXPECT_EQ(failed[0].object, "etl/r");
  EXPECT_EQ(failed[0].targets, std::vector<std::string>{"webhook:ops"});
  EXPECT_EQ(from_json(failed[0].payload_json)->find("id")->as_string(), alert_id("run_failed", "etl/r", failed[0].episode));
  EXPECT_EQ(told(of_run(RunState::failed))[0].episode, failed[0].episode) << "the same end, written again";
  EXPECT_NE(told(of_run(RunState::failed, Reason::none, kAlertNow + 6))[0].episode, failed[0].episode);
  EXPECT_EQ(told(of_run(RunState::success))[0].event, "run_success");
  EXPECT_TRUE(told(of_run(RunState::failed, Reason::marked)).empty()) << "who has said so knows";
  EXPECT_TRUE(told(of_run(RunState::running)).empty());
}

TEST_F(AlertsTest, ARetryAStopAndAMarkAreNoFailures) {
  want({"task_failed"});
  EXPECT_EQ(told(of_task(TaskState::failed, Reason::exit_code)).size(), 1U);
  EXPECT_EQ(told(of_task(TaskState::failed, Reason::exit_code))[0].object, "etl/r/load");
  for (const auto& [state, reason] : std::vector<std::pair<TaskState, Reason>>{{TaskState::up_for_retry, Reason::exit_code},
                                                                               {TaskState::failed, Reason::stopped},
                                                                               {TaskState::failed, Reason::marked},
                                                                               {TaskState::failed, Reason::fail_fast},
                                                                               {TaskState::success, Reason::none}}) {
    EXPECT_TRUE(told(of_task(state, reason)).empty()) << to_string(state) << to_string(reason);
  }
}

TEST_F(AlertsTest, WhatNobodyWantsIsNotWrittenAndADagAddsItsOwn) {
  EXPECT_TRUE(told(of_run(RunState::failed)).empty());
  alerts_.learn("etl", R"([{"events":"run_failed","to":["slack:team","webhook:ops"]}])");
  want({"run_failed"});
  EXPECT_EQ(told(of_run(RunState::failed))[0].targets, (std::vector<std::string>{"webhook:ops", "slack:team"}));
  alerts_.learn("etl", "");
  EXPECT_EQ(told(of_run(RunState::failed))[0].targets, std::vector<std::string>{"webhook:ops"});
}

TEST_F(AlertsTest, PausesBreakersAndLettersAreToldOfTheirRows) {
  want({"dag_paused", "breaker_opened", "dead_letter", "approval_requested"});
  Part part;
  DagRow dag;
  dag.dag_id = "etl";
  part.service.dags.push_back(dag);
  dag.paused = {kAlertNow, "ada"};
  part.service.dags.push_back(dag);
  part.service.breaker_events.push_back({"api", kAlertNow, BreakerState::closed, BreakerState::open, "it is down", ""});
  part.service.breaker_events.push_back({"api", kAlertNow, BreakerState::open, BreakerState::closed, "", ""});
  DeadLetterRow letter;
  letter.run_no = 1;
  letter.task_id = "load";
  letter.map_index = 3;
  part.service.letters.push_back(letter);
  ApprovalRow asked;
  asked.run_no = 1;
  asked.epoch = 1;
  asked.task_id = "ask";
  asked.form_json = R"({"prompt":"Go?"})";
  part.service.approvals.push_back(asked);
  std::vector<std::string> names;
  for (const OutboxRow& row : told(part)) names.push_back(row.event + " " + row.object);
  EXPECT_EQ(names, (std::vector<std::string>{"dead_letter etl/r/load[3]", "approval_requested etl/r/ask",
                                             "breaker_opened api", "dag_paused etl"}));
}

TEST_F(AlertsTest, ARunThatNeverEndsMissesItsDeadlineOnceAndOneThatEndedDoesNot) {
  want({"sla_missed", "run_started"});
  EXPECT_EQ(told(of_run(RunState::running)).size(), 1U);
  EXPECT_TRUE(told(of_run(RunState::running)).empty()) << "counts that are written again";
  EXPECT_TRUE(alerts_.overdue(kAlertNow + kMinute - 1).empty());
  EXPECT_EQ(alerts_.overdue(kAlertNow + kMinute).size(), 1U);
  EXPECT_TRUE(alerts_.overdue(kAlertNow + kHour).empty());
  alerts_.watch(run_);
  run_.row.state = RunState::failed;
  EXPECT_TRUE(alerts_.overdue(kAlertNow + kHour).empty()) << "it failed long before";
}

TEST_F(AlertsTest, ARunThatWaitsForItsTurnMayBeLateBeforeItHasBegun) {
  want({"sla_missed"});
  auto dag = std::make_shared<Dag>(*test::DagBuilder().task("load").build());
  dag->sla = {.within_us = kMinute, .from = Sla::From::queued};
  Part part;
  part.creations.emplace_back();
  RunCreation& made = part.creations.back();
  made.dag = dag;
  made.run.run_no = 7;
  made.run.dag_id = "etl";
  made.run.run_id = "waits";
  made.run.state = RunState::queued;
  made.run.queued_at = kAlertNow;
  waiting_ = {7, 8};
  (void)told(part);
  EXPECT_EQ(alerts_.next_deadline(), kAlertNow + kMinute);
  const auto late = alerts_.overdue(kAlertNow + kMinute);
  ASSERT_EQ(late.size(), 1U);
  EXPECT_EQ(late[0].object, "etl/waits");
  EXPECT_NE(late[0].payload_json.find("has not begun"), std::string::npos);
  // One that was ended while it waited is not late.
  made.run.run_id = "ended";
  made.run.run_no = 8;
  (void)told(part);
  Part end;
  end.runs.push_back(made.run);
  end.runs[0].state = RunState::failed;
  end.runs[0].ended_at = kAlertNow + 1;
  (void)told(end);
  // Nor one whose creation was struck, or that was deleted: nobody has told of its end.
  made.run.run_id = "struck";
  made.run.run_no = 9;
  (void)told(part);
  EXPECT_TRUE(alerts_.overdue(kAlertNow + kHour).empty());
}

TEST_F(AlertsTest, ARunThatBeganTooLateIsAtRiskOnceAndSaysSoWhenItWasInTimeAfterAll) {
  want({"sla_at_risk", "sla_recovered", "sla_missed"});
  alerts_.expect_by([](const std::string&, const std::function<void(DurationUs)>& done) { done(2 * kMinute); });
  run_.row.started_at = kAlertNow;
  (void)told(of_run(RunState::running));
  const auto risk = alerts_.overdue(kAlertNow + 1);
  ASSERT_EQ(risk.size(), 1U);
  EXPECT_EQ(risk[0].event, "sla_at_risk");
  EXPECT_NE(risk[0].payload_json.find("expected_at"), std::string::npos);
  EXPECT_TRUE(alerts_.overdue(kAlertNow + 2).empty());
  const auto rows = told(of_run(RunState::success, Reason::none, kAlertNow + kMinute / 2));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].event, "sla_recovered");
  EXPECT_EQ(rows[0].episode, risk[0].episode);
}

TEST_F(AlertsTest, ARunThatWillBeInTimeIsAtNoRiskAndOneThatIsLateIsLate) {
  want({"sla_at_risk", "sla_recovered", "sla_missed"});
  DurationUs takes = kMinute - 1;
  alerts_.expect_by([&](const std::string&, const std::function<void(DurationUs)>& done) { done(takes); });
  run_.row.started_at = kAlertNow;
  (void)told(of_run(RunState::running));
  EXPECT_TRUE(alerts_.overdue(kAlertNow + kMinute - 1).empty());
  const auto late = alerts_.overdue(kAlertNow + kMinute);
  ASSERT_EQ(late.size(), 1U);
  EXPECT_EQ(late[0].event, "sla_missed");
  EXPECT_TRUE(told(of_run(RunState::success, Reason::none, kAlertNow + kHour)).empty()) << "nothing is recovered";
}

TEST_F(AlertsTest, ARunThatWaitsIsAtRiskWhenItCannotBeThroughInTimeAnyMore) {
  want({"sla_at_risk"});
  alerts_.expect_by([](const std::string&, const std::function<void(DurationUs)>& done) { done(kMinute / 2); });
  auto dag = std::make_shared<Dag>(*test::DagBuilder().task("load").build());
  dag->sla = {.within_us = kMinute, .from = Sla::From::queued};
  Part part;
  part.creations.emplace_back();
  RunCreation& made = part.creations.back();
  made.dag = dag;
  made.run.run_no = 7;
  made.run.dag_id = "etl";
  made.run.run_id = "waits";
  made.run.state = RunState::queued;
  made.run.queued_at = kAlertNow;
  (void)told(part);
  waiting_ = {7};
  EXPECT_TRUE(alerts_.overdue(kAlertNow + kMinute / 2 - 1).empty());
  const auto risk = alerts_.overdue(kAlertNow + kMinute / 2);
  ASSERT_EQ(risk.size(), 1U);
  EXPECT_EQ(risk[0].object, "etl/waits");
}

TEST_F(AlertsTest, AnAssetThatGrowsOldIsAtRiskAndThenStaleOnceForEachEvent) {
  want({"asset_at_risk", "asset_stale"});
  AssetRow orders{.name = "orders", .fresh = {.within_us = 10 * kMinute}, .at = kAlertNow};
  const auto happens = [&](WallUs at) {
    Part part;
    part.service.asset_events.push_back({.asset = "orders", .at = at});
    EXPECT_TRUE(told(part).empty());
  };
  const auto events = [&](WallUs now) {
    std::vector<std::string> out;
    for (const OutboxRow& row : alerts_.overdue(now)) out.push_back(row.event + " " + row.object);
    return out;
  };
  Part said;
  said.service.assets.push_back(orders);
  EXPECT_TRUE(told(said).empty());
  happens(kAlertNow + kMinute);
  (void)told(said);  // its file is read again
  EXPECT_TRUE(events(kAlertNow + 10 * kMinute).empty());
  EXPECT_EQ(events(kAlertNow + 10 * kMinute + 2), std::vector<std::string>{"asset_at_risk orders"});
  EXPECT_TRUE(events(kAlertNow + 11 * kMinute).empty());
  EXPECT_EQ(events(kAlertNow + 11 * kMinute + 2), std::vector<std::string>{"asset_stale orders"});
  EXPECT_TRUE(events(kAlertNow + kHour).empty());
  happens(kAlertNow + kHour);
  EXPECT_EQ(events(kAlertNow + 2 * kHour), std::vector<std::string>{"asset_stale orders"}) << "the server was away";
  alerts_.learn_asset({.name = "old", .fresh = {.within_us = kMinute}}, kAlertNow, true);
  EXPECT_EQ(events(kAlertNow + 2 * kHour), std::vector<std::string>{"asset_stale old"});
}

TEST_F(AlertsTest, AnAssetThatIsDueByATimeOfDayIsStaleOnceADayUntilItComes) {
  want({"asset_at_risk", "asset_stale"});
  const WallUs midnight = kAlertNow / kDay * kDay;
  alerts_.learn_asset({.name = "orders", .fresh = {.by_s = 7 * 3600}}, midnight + 5 * kHour, true);
  const auto events = [&](WallUs now) {
    std::vector<std::string> out;
    for (const OutboxRow& row : alerts_.overdue(now)) out.push_back(row.event);
    return out;
  };
  EXPECT_TRUE(events(midnight + kDay + 6 * kHour).empty());
  EXPECT_EQ(events(midnight + kDay + 6 * kHour + kHour / 2), std::vector<std::string>{"asset_at_risk"});
  Part part;
  part.service.asset_events.push_back({.asset = "orders", .at = midnight + kDay + 6 * kHour + kHour * 3 / 4});
  (void)told(part);
  EXPECT_TRUE(events(midnight + kDay + 8 * kHour).empty()) << "it came in time";
  EXPECT_EQ(events(midnight + 2 * kDay + 7 * kHour + 1), std::vector<std::string>{"asset_stale"});
}

TEST_F(AlertsTest, WhoOnlyNamesAnAssetTakesNothingFromWhoDeclaresIt) {
  want({"asset_stale"});
  Part said;
  said.service.assets.push_back({.name = "orders",
                                 .declared_by = "makes",
                                 .declarer = AssetDeclarer::producer,
                                 .fresh = {.within_us = 10 * kMinute},
                                 .at = kAlertNow});
  said.service.assets.push_back({.name = "orders", .declarer = AssetDeclarer::nobody, .at = kAlertNow});
  said.service.assets.push_back(
      {.name = "orders", .declared_by = "reads", .declarer = AssetDeclarer::consumer, .at = kAlertNow});
  (void)told(said);
  const auto stale = alerts_.overdue(kAlertNow + 11 * kMinute);
  ASSERT_EQ(stale.size(), 1U);
  EXPECT_NE(stale[0].payload_json.find("\"last_event_at\":null"), std::string::npos) << stale[0].payload_json;
  said.service.assets = {
      {.name = "orders", .declared_by = "makes", .declarer = AssetDeclarer::producer, .at = kAlertNow}};
  (void)told(said);  // its own file says it no longer
  EXPECT_TRUE(alerts_.overdue(kAlertNow + kHour).empty());
}

TEST_F(AlertsTest, ATaskHasADeadlineOfItsOwn) {
  want({"sla_missed", "run_started"});
  test::DagBuilder builder;
  TaskSpec spec = test::run_task();
  spec.expected = Expected{.try_us = 0, .sla = {.within_us = kMinute}};
  builder.task("load", {}, spec);
  builder.task("quick", {}, spec);
  run_ = make_run(run_.row, builder.build(), Value{ValueMap{}}, {kAlertNow, 0}, {});
  (void)told(of_run(RunState::running));
  run_.at(1).state = TaskState::success;
  const auto late = alerts_.overdue(kAlertNow + kMinute);
  ASSERT_EQ(late.size(), 1U);
  EXPECT_EQ(late[0].object, "etl/r/load");
  EXPECT_NE(late[0].payload_json.find("\"task_id\":\"load\""), std::string::npos);
}

TEST(AlertingJson, IsReadAsItWasChecked) {
  const Alerting read = alerting_from_json(
      R"({"alerts":[{"events":["run_failed"],"to":"slack:ops"}],"receivers":{"ops":{"url":"https://x","secret":"K"},)"
      R"("pager":{"command":["page","ops"]}},"smtp":{"url":"smtp://m","from":"b@x"},"dead_man":{"url":"https://d","every":"5m"}})");
  EXPECT_EQ(read.rules.at(0).targets.at(0), "slack:ops");
  EXPECT_EQ(read.receivers.at("ops").secret, "K");
  EXPECT_EQ(read.receivers.at("pager").command.size(), 2U);
  EXPECT_TRUE(read.smtp->needs_tls);
  EXPECT_EQ(read.dead_man->every_us, 5 * kMinute);
  EXPECT_TRUE(alerting_from_json("").rules.empty());
}

// ── deliveries ──────────────────────────────────────────────────────────────────────────────────────────────────────

/// An outbox, and receivers that do what they are told.
class OutboxHost final : public DeliveryHost {
 public:
  explicit OutboxHost(ManualLoop& loop) : loop_(loop) {}
  void find_due(WallUs now, std::int64_t limit, OnDue done) override {
    loop_.post([this, now, limit, done = std::move(done)] {
      std::vector<DeliveryView> due;
      for (const auto& [key, one] : rows) {
        if (one.row.due_at != kNoTime && one.row.due_at <= now && std::ssize(due) < limit) due.push_back(one);
      }
      done(due);
    });
  }
  void send(const DeliveryView& what, std::function<void(const Status&)> done) override {
    sent.push_back(what.row.target);
    most_at_once = std::max(most_at_once, ++at_once);
    if (hangs.contains(what.row.target)) return held.push_back(std::move(done));
    const bool fails = failing.contains(what.row.target);
    loop_.post([this, fails, done = std::move(done)] {
      --at_once;
      done(fails ? Status(Error{"it answered 500", ErrorKind::unavailable}) : Status(Unit{}));
    });
  }
  void write(ServiceRows changed, std::function<void()> done) override {
    loop_.post([this, changed = std::move(changed), done = std::move(done)] {
      for (const DeliveryRow& row : changed.deliveries) rows.at({row.outbox_no, row.target}).row = row;
      done();
    });
  }
  void add(std::int64_t no, const std::string& target) {
    DeliveryView one;
    one.row = {no, target, loop_.wall, kNoTime, 0, ""};
    one.created_at = loop_.wall;
    rows[{no, target}] = one;
  }
  std::map<std::pair<std::int64_t, std::string>, DeliveryView> rows;
  std::set<std::string> hangs, failing;
  std::vector<std::function<void(const Status&)>> held;
  std::vector<std::string> sent;
  int at_once = 0, most_at_once = 0;

 private:
  ManualLoop& loop_;
};

class DeliveriesTest : public testing::Test {
 protected:
  /// As a server does, which looks every few seconds.
  void pass(DurationUs span) {
    const WallUs until = loop_.wall + span;
    while (loop_.wall < until) {
      deliveries_->look();
      loop_.run_to(std::min(until, loop_.wall + 5 * kSecond));
    }
  }
  ManualLoop loop_{at("2026-03-01T00:30:00Z")};
  OutboxHost host_{loop_};
  std::unique_ptr<Deliveries> deliveries_ = std::make_unique<Deliveries>(loop_, host_);
};

TEST_F(DeliveriesTest, OneThatHangsHoldsUpNobodyAndNoTargetHasTwo) {
  for (int k = 0; k < 10; ++k) {
    host_.add(k, "slow");
    host_.add(k, "ops");
  }
  host_.hangs = {"slow"};
  pass(kMinute);
  EXPECT_EQ(std::ranges::count(host_.sent, "ops"), 10);
  EXPECT_EQ(std::ranges::count(host_.sent, "slow"), 1);
  EXPECT_LE(host_.most_at_once, 4);
}

TEST_F(DeliveriesTest, WhatFailsIsTriedLaterAndLaterAndGivenUpAfterADay) {
  host_.add(1, "ops");
  host_.failing = {"ops"};
  pass(kHour);
  const auto in_an_hour = host_.sent.size();
  EXPECT_GE(in_an_hour, 8U);
  EXPECT_LE(in_an_hour, 14U);
  EXPECT_EQ(host_.rows.at({1, "ops"}).row.error, "it answered 500");
  pass(26 * kHour);
  EXPECT_EQ(host_.rows.at({1, "ops"}).row.due_at, kNoTime);
  EXPECT_EQ(host_.rows.at({1, "ops"}).row.delivered_at, kNoTime);
  EXPECT_EQ(delivery_delay(1), 5 * kSecond);
  EXPECT_EQ(delivery_delay(100), 10 * kMinute);
}

TEST_F(DeliveriesTest, WhatWasOnItsWayWhenTheServerDiedIsToldAgain) {
  host_.add(1, "ops");
  host_.hangs = {"ops"};
  pass(kSecond);
  deliveries_ = std::make_unique<Deliveries>(loop_, host_);
  host_.hangs.clear();
  pass(kMinute);
  EXPECT_EQ(host_.sent.size(), 2U);
  EXPECT_NE(host_.rows.at({1, "ops"}).row.delivered_at, kNoTime);
}

}  // namespace
}  // namespace baton
