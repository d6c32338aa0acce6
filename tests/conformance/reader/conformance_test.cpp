// What every Reader must do: random filters, orders and pages are held against a model that goes through all rows.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "tests/conformance/reader/naive.h"
#include "tests/conformance/reader/sqlite_backends.h"

namespace baton {
namespace {

class ReaderConformance : public testing::TestWithParam<ReaderBackendKind> {
 protected:
  ReaderConformance() : backend_(GetParam().make(loop_)) {}

  void commit(Batch batch) {
    std::optional<CommitOutcome> outcome;
    backend_->store().commit(std::move(batch), [&](const CommitDone& how) { outcome = how.outcome; });
    loop_.run_until([&] { return outcome.has_value(); });
    ASSERT_EQ(*outcome, CommitOutcome::durable);
  }
  template <typename T>
  const T& any(const std::vector<T>& of) {
    return of[random_() % of.size()];
  }
  bool chance(unsigned percent) { return random_() % 100 < percent; }
  /// Small, so that many are equal; or none.
  WallUs time() { return chance(20) ? kNoTime : static_cast<WallUs>(100 + random_() % 12); }
  Range range() {
    if (chance(75)) return {};
    Range made;
    if (chance(60)) made.at_least = static_cast<WallUs>(100 + random_() % 12);
    if (chance(60)) made.below = static_cast<WallUs>(103 + random_() % 12);
    return made;
  }

  /// Runs of three DAGs with times, states and types as they come, and their instances.
  void fill(int runs) {
    for (int i = 0; i < runs; ++i) {
      const std::string dag_id = any<std::string>({"etl", "sales", "sales_eu"});
      const auto dag = sample::dag(dag_id, 3 + static_cast<int>(random_() % 2), true);
      Part part;
      const RunNo run_no = backend_->store().next_run_no();
      part.creations.push_back(sample::creation(run_no, dag, "run" + std::to_string(random_() % 1000) + "_" + std::to_string(i)));
      RunRow& run = part.creations[0].run;
      run.type = any<RunType>({RunType::manual, RunType::scheduled, RunType::backfill});
      run.run_after = time();
      run.queued_at = time();
      run.begun_at = 100;
      run.conf_json = any<std::string>({"{}", R"({"n":1})", R"({"region":"eu"})"});
      if (chance(60)) run.logical_date = 1'000 + i;
      if (chance(50)) run.interval_start = run.logical_date;
      commit(std::move(part));
      end(run_no, *dag);
    }
    remember();
  }

  void end(RunNo run_no, const Dag& dag) {
    Part part;
    RunRow run = backend_->store().load_run(run_no).value().run;
    run.state = any<RunState>({RunState::queued, RunState::running, RunState::success, RunState::success, RunState::failed});
    run.started_at = run.state == RunState::queued ? kNoTime : time();
    run.ended_at = is_final(run.state) ? time() : kNoTime;
    part.runs.push_back(run);
    for (InstanceNo no = 0; no < static_cast<InstanceNo>(dag.tasks.size()); ++no) {
      std::vector<TaskState> states = {TaskState::success, TaskState::failed, TaskState::skipped};
      if (!is_final(run.state)) {  // what lives is of a run that has not ended
        states = {TaskState::none,    TaskState::scheduled, TaskState::running, TaskState::up_for_retry,
                  TaskState::success, TaskState::failed};
      }
      TaskRow row = sample::instance(run_no, no, any(states), static_cast<Epoch>(random_() % 3));
      row.started_at = time();
      row.ended_at = is_final(row.state) ? time() : kNoTime;
      if (no + 1 == static_cast<InstanceNo>(dag.tasks.size())) {
        row.map_index = 0;
        row.map_key = "k0";
        row.item_json = "1";
        TaskRow more = row;
        more.instance_no = no + 1;
        more.map_index = 1;
        more.map_key = chance(50) ? "eu" : "k1";
        part.new_instances.push_back(more);
      }
      part.instances.push_back(row);
    }
    commit(std::move(part));
  }

  /// All rows, as single questions tell them.
  void remember() {
    const auto r = backend_->reader();
    for (RunNo n = 1; r->run(n).ok(); ++n) {
      runs_.push_back(r->run(n).value());
      for (InstanceNo i = 0; r->instance(n, i).ok(); ++i) instances_.push_back({r->instance(n, i).value(), runs_.back()});
    }
  }

  RunFilter run_filter() {
    RunFilter f;
    if (chance(35)) f.dag_ids = {any<std::string>({"etl", "sales", "sales_eu", "nope"})};
    if (chance(15)) f.dag_ids.push_back("sales");
    if (chance(10)) f.dag_id.parts = {"eu"};
    if (chance(10)) f.dag_id.prefixes = {"sales"};
    if (chance(10)) f.run_id.parts = {"7"};
    if (chance(10)) f.run_id.prefixes = {"run1", "run22"};
    if (chance(10)) f.run_ids = {any(runs_).row.run_id, any(runs_).row.run_id};
    if (chance(30)) f.states = {any<RunState>({RunState::success, RunState::running})};
    if (chance(20)) f.states.push_back(RunState::failed);
    if (chance(15)) f.types = {RunType::scheduled};
    if (chance(10)) f.versions = {1};
    if (chance(10)) f.conf_part = "region";
    f.logical_date = chance(90) ? Range{} : Range{1'010, 1'030};
    f.run_after = range();
    f.started_at = range();
    f.ended_at = chance(70) ? Range{} : range();
    f.updated_at = chance(70) ? Range{} : range();
    if (chance(10)) f.duration = {0, 3};
    return f;
  }

  template <typename Row>
  static std::pair<RunNo, InstanceNo> name_of(const Row& view) {
    if constexpr (std::is_same_v<Row, InstanceView>) {
      return {view.row.run_no, view.row.instance_no};
    } else if constexpr (std::is_same_v<Row, AuditView>) {
      return {view.audit_no, 0};
    } else {
      return {view.row.run_no, 0};
    }
  }

  /// From the last page back to the first: the same rows, and each page knows the way forward again.
  template <typename Query, typename List, typename Rows>
  void walk_back(Query query, const List& list, std::string previous, const Rows& all,
                 std::vector<std::pair<RunNo, InstanceNo>> seen) {
    while (!previous.empty()) {
      query.page.after = previous;
      const auto page = list(query);
      if (!page) {
        ADD_FAILURE() << page.error().message;
        return;
      }
      EXPECT_FALSE(page->next.empty());
      std::vector<std::pair<RunNo, InstanceNo>> rows;
      for (const auto& row : page->rows) rows.push_back(name_of(row));
      query.page.after = page->next;
      const auto forward = list(query);
      EXPECT_TRUE(forward && !forward->rows.empty() && name_of(forward->rows.front()) == seen.front());
      seen.insert(seen.begin(), rows.begin(), rows.end());
      previous = page->previous;
    }
    std::vector<std::pair<RunNo, InstanceNo>> expected;
    for (const auto& row : all) expected.push_back(name_of(row));
    EXPECT_EQ(seen, expected);
  }

  /// The pages of `query`, some by key, some by offset, put together; and what they say of the total.
  template <typename Query, typename List>
  auto all_pages(Query query, const List& list, std::size_t total) {
    decltype(list(query).value().rows) found;
    const bool by_key = chance(60);
    query.page.limit = static_cast<std::int64_t>(1 + random_() % 7);
    for (int pages = 0; pages < 500; ++pages) {
      auto page = list(query);
      if (!page) {
        ADD_FAILURE() << page.error().message;
        return found;
      }
      EXPECT_EQ(page->total, static_cast<std::int64_t>(total));
      EXPECT_EQ(page->previous.empty(), pages == 0 || !by_key || page->rows.empty());
      const std::string previous = page->previous;
      std::vector<std::pair<RunNo, InstanceNo>> last;
      for (const auto& row : page->rows) last.push_back(name_of(row));
      for (auto& row : page->rows) found.push_back(std::move(row));
      if (page->next.empty()) {
        if (!previous.empty()) walk_back(query, list, previous, found, last);
        return found;
      }
      if (by_key) query.page.after = page->next;
      if (!by_key) query.page.offset += query.page.limit;
    }
    ADD_FAILURE() << "the pages do not end";
    return found;
  }

  TestLoop loop_;
  std::unique_ptr<ReaderBackend> backend_;
  std::mt19937_64 random_{4711};
  std::vector<RunView> runs_;
  std::vector<naive::Instance> instances_;
};

TEST_P(ReaderConformance, RunsAreFilteredOrderedAndPagedAsTheModelSays) {
  fill(60);
  ASSERT_EQ(runs_.size(), 60U);
  const auto r = backend_->reader();
  for (int i = 0; i < 150; ++i) {
    RunQuery query;
    query.filter = run_filter();
    query.order.clear();
    const bool one_dag = query.filter.dag_ids.size() == 1;
    for (int fields = 1 + static_cast<int>(random_() % 2); fields > 0; --fields) {
      const auto field = static_cast<RunField>(random_() % (one_dag ? 13 : 11));
      query.order.push_back({field, chance(50)});
    }
    std::vector<RunNo> expected, found;
    for (const auto& view : naive::select(runs_, query)) expected.push_back(view.row.run_no);
    for (const auto& view :
         all_pages(query, [&](const RunQuery& q) { return r->list_runs(q); }, expected.size())) {
      found.push_back(view.row.run_no);
    }
    ASSERT_EQ(found, expected) << "query " << i << " by " << static_cast<int>(query.order[0].field);
  }
}

TEST_P(ReaderConformance, InstancesAreFilteredOrderedAndPagedAsTheModelSays) {
  fill(25);
  ASSERT_GT(instances_.size(), 80U);
  const auto r = backend_->reader();
  for (int i = 0; i < 150; ++i) {
    InstanceQuery query;
    InstanceFilter& f = query.filter;
    if (chance(50)) f.run = run_filter();
    if (chance(30)) f.run_no = static_cast<RunNo>(1 + random_() % 26);
    if (chance(20)) f.task_ids = {"t1"};
    if (chance(10)) f.task_id.parts = {"2"};
    if (chance(10)) f.pools = {any<std::string>({"warehouse", ""})};
    if (chance(10)) f.map_key.prefixes = {"k"};
    if (chance(10)) f.map_indexes = {0, 1};
    if (chance(10)) f.try_numbers = {1};
    if (chance(10)) f.kinds = {TaskKind::run};
    if (chance(25)) f.states = {any<TaskState>({TaskState::failed, TaskState::running, TaskState::none})};
    if (chance(15)) f.states.push_back(any<TaskState>({TaskState::up_for_retry, TaskState::scheduled}));
    f.started_at = range();
    f.updated_at = chance(70) ? Range{} : range();
    query.order.clear();
    const bool is_narrow = f.run_no || f.run.dag_ids.size() == 1 || !f.run.run_ids.empty();
    for (int fields = 1 + static_cast<int>(random_() % 2); fields > 0; --fields) {
      auto field = static_cast<InstanceField>(random_() % 19);
      const bool wants_one = field == InstanceField::duration || field == InstanceField::kind;
      if (wants_one && !is_narrow) field = InstanceField::started_at;
      query.order.push_back({field, chance(50)});
    }
    using Key = std::pair<RunNo, InstanceNo>;
    std::vector<Key> expected, found;
    for (const auto& one : naive::select(instances_, query)) {
      expected.emplace_back(one.view.row.run_no, one.view.row.instance_no);
    }
    for (const auto& view :
         all_pages(query, [&](const InstanceQuery& q) { return r->list_instances(q); }, expected.size())) {
      found.emplace_back(view.row.run_no, view.row.instance_no);
    }
    ASSERT_EQ(found, expected) << "query " << i << " by " << static_cast<int>(query.order[0].field);
  }
}

TEST_P(ReaderConformance, AListedRowIsTheRowItself) {
  fill(10);
  const auto r = backend_->reader();
  const auto runs = r->list_runs({}).value();
  for (const auto& view : runs.rows) {
    const auto& own = runs_.at(static_cast<std::size_t>(view.row.run_no - 1));
    EXPECT_EQ(view.row.run_id, own.row.run_id);
    EXPECT_EQ(view.row.started_at, own.row.started_at);
    EXPECT_EQ(view.row.seq, own.row.seq);
    EXPECT_EQ(view.damage, "");
  }
  InstanceQuery all;
  all.page.limit = 1'000;
  const auto page = r->list_instances(all).value();
  EXPECT_EQ(page.rows.size(), instances_.size());
  EXPECT_EQ(page.seq, r->info().value().seq);
  for (const auto& view : page.rows) {
    const auto& run = runs_.at(static_cast<std::size_t>(view.row.run_no - 1));
    EXPECT_EQ(view.run_id, run.row.run_id);
    EXPECT_EQ(view.logical_date, run.row.logical_date);
    EXPECT_EQ(view.version_number, run.version_number);
  }
}

TEST_P(ReaderConformance, DagsComeWithTheirCountsAndNewestRuns) {
  fill(30);
  const auto r = backend_->reader();
  DagQuery query;
  query.last_runs = 3;
  const auto page = r->list_dags(query).value();
  EXPECT_EQ(page.total, 3);
  const auto counts = r->run_counts({}).value();
  for (const auto& dag : page.rows) {
    std::vector<RunNo> newest, listed;
    RunCounts by_state{};
    for (auto at = runs_.rbegin(); at != runs_.rend(); ++at) {
      if (at->row.dag_id != dag.dag_id) continue;
      if (newest.size() < 3) newest.push_back(at->row.run_no);
      ++by_state[static_cast<std::size_t>(at->row.state)];
    }
    for (const auto& run : dag.last_runs) listed.push_back(run.row.run_no);
    EXPECT_EQ(listed, newest);
    EXPECT_EQ(dag.latest_run, newest.at(0));
    EXPECT_EQ(dag.runs_by_state, by_state);
    EXPECT_EQ(counts.at(dag.dag_id), by_state);
  }
  query.filter.dag_id.prefixes = {"sales"};
  query.order = {{DagField::last_run_started_at, true}};
  EXPECT_EQ(r->list_dags(query).value().rows.size(), 2U);
  query.filter.paused = true;
  EXPECT_EQ(r->list_dags(query).value().total, 0);
  EXPECT_TRUE(r->run_counts({"nope"}).value().empty());
}

TEST_P(ReaderConformance, TheDatesThatRunsCoverComeOldestFirstEachWithItsRun) {
  fill(30);
  const auto r = backend_->reader();
  for (const Range& dates : {Range{}, Range{1'005, 1'020}, Range{1'010, kNoTime}, Range{kNoTime, 1'010}}) {
    std::map<WallUs, std::pair<RunState, std::string>> expected;
    for (const RunView& run : runs_) {
      if (run.row.dag_id != "etl" || run.row.logical_date == kNoTime) continue;
      if (naive::lies_in(dates, run.row.logical_date)) expected[run.row.logical_date] = {run.row.state, run.row.run_id};
    }
    auto next = expected.begin();
    const auto found = r->covered_dates("etl", dates).value();
    for (const CoveredDateView& one : found) {
      ASSERT_NE(next, expected.end());
      EXPECT_EQ(one.logical_date, next->first);
      EXPECT_EQ(std::pair(one.state, one.run_id), next->second);
      ++next;
    }
    EXPECT_EQ(next, expected.end());
  }
  EXPECT_TRUE(r->covered_dates("nope", {}).value().empty());
}

TEST_P(ReaderConformance, TheGridHasTheNewestRunsByTheirDateAndEachCell) {
  fill(30);
  const auto r = backend_->reader();
  RunQuery query;
  query.filter.dag_ids = {"etl"};
  query.order = {{RunField::run_after, true}};
  auto expected = naive::select(runs_, query);
  if (expected.size() > 5) expected.resize(5);
  const auto grid = r->grid("etl", 5).value();
  ASSERT_EQ(grid.size(), expected.size());
  for (std::size_t i = 0; i < grid.size(); ++i) {
    const RunNo run_no = expected[expected.size() - 1 - i].row.run_no;
    EXPECT_EQ(grid[i].run.row.run_no, run_no);
    const auto cells = std::ranges::count_if(instances_, [&](const auto& one) { return one.view.row.run_no == run_no; });
    EXPECT_EQ(std::ssize(grid[i].cells), cells);
    EXPECT_TRUE(std::ranges::is_sorted(grid[i].cells, {}, [](const GridCell& c) {
      return std::pair(c.task_no, c.map_index);
    }));
  }
  EXPECT_TRUE(r->grid("nope", 5).value().empty());
}

TEST_P(ReaderConformance, WhoFollowsTheChangesHearsOfEachRowWhateverTheLimit) {
  fill(8);
  const auto r = backend_->reader();
  const auto whole = r->changes_after({}, 10'000).value();
  EXPECT_FALSE(whole.has_more);
  for (const std::int64_t limit : {1, 2, 7}) {
    std::map<std::pair<RunNo, InstanceNo>, int> heard;
    std::int64_t objects = 0;
    ChangeKey key;
    for (bool has_more = true; has_more;) {
      const auto some = r->changes_after(key, limit).value();
      for (const auto& run : some.runs) ++heard[{run.row.run_no, -1}];
      for (const auto& one : some.instances) ++heard[{one.row.run_no, one.row.instance_no}];
      objects += std::ssize(some.objects);
      ASSERT_GT(some.key, key);
      key = some.key;
      has_more = some.has_more;
    }
    EXPECT_EQ(heard.size(), whole.runs.size() + whole.instances.size()) << limit;
    EXPECT_EQ(objects, std::ssize(whole.objects)) << limit;
    for (const auto& [row, times] : heard) EXPECT_EQ(times, 1) << row.first << '/' << row.second;
    EXPECT_EQ(key, whole.key);
  }
}

TEST_P(ReaderConformance, ARunIsFoundByItsDagAndItsId) {
  fill(6);
  const auto r = backend_->reader();
  const RunPage page = r->list_runs({}).value();
  for (const RunView& run : page.rows) {
    EXPECT_EQ(r->run_number(run.row.dag_id, run.row.run_id).value(), run.row.run_no);
    EXPECT_TRUE(r->has_dag(run.row.dag_id).value());
    EXPECT_EQ(r->run_number("nope", run.row.run_id).error().kind, ErrorKind::not_found);
    EXPECT_EQ(r->run_number(run.row.dag_id, run.row.run_id + "x").error().kind, ErrorKind::not_found);
  }
  EXPECT_FALSE(r->has_dag("nope").value());
}

TEST_P(ReaderConformance, WhatIsSeenTogetherIsOfOneMoment) {
  fill(3);
  const auto r = backend_->reader();
  const auto runs = [&] { return r->list_runs({}).value().total; };
  const auto seq = [&] { return r->info().value().seq; };
  const auto runs_before = runs();
  const auto seq_before = seq();
  {
    const SeenTogether moment(*r);
    EXPECT_EQ(runs(), runs_before);
    const SeenTogether within(*r);
    fill(2);
    EXPECT_EQ(runs(), runs_before);
    EXPECT_EQ(seq(), seq_before);
  }
  if (!backend_->is_followed()) return;
  EXPECT_EQ(runs(), runs_before + 2);
  EXPECT_GT(seq(), seq_before);
}

/// Each statement is one that the store takes, also for what nothing here has written.
TEST_P(ReaderConformance, EveryListIsReadWhereThereIsNothing) {
  const auto reader = backend_->reader();
  const auto why = [](const auto& page) { return page ? std::string("read") : page.error().message; };
  for (const bool descending : {false, true}) {
    for (const auto field : {ImportErrorField::number, ImportErrorField::path, ImportErrorField::failed_since}) {
      ImportErrorQuery query;
      query.order = {{field, descending}};
      EXPECT_EQ(why(reader->list_import_errors(query)), "read");
    }
    NameQuery names;
    names.descending = descending;
    EXPECT_EQ(why(reader->list_tags(names)), "read");
    EXPECT_EQ(why(reader->list_pools(names)), "read");
    EXPECT_EQ(why(reader->list_variables(names)), "read");
    EXPECT_EQ(why(reader->list_jobs(names)), "read");
  }
  EXPECT_EQ(why(reader->list_breakers()), "read");
  EXPECT_EQ(why(reader->breaker_events("warehouse", 10)), "read");
  EXPECT_EQ(why(reader->list_assets({})), "read");
  EXPECT_EQ(why(reader->list_asset_events({})), "read");
  EXPECT_EQ(why(reader->queued_asset_events("etl", 1)), "read");
  EXPECT_EQ(why(reader->asset_links()), "read");
  EXPECT_EQ(why(reader->pool_loads()), "read");
  EXPECT_EQ(why(reader->live()), "read");
  EXPECT_EQ(why(reader->cache_stats("")), "read");
  EXPECT_EQ(why(reader->durations("etl")), "read");
  EXPECT_EQ(why(reader->list_versions("etl")), "read");
  EXPECT_EQ(why(reader->info()), "read");
}

TEST_P(ReaderConformance, TheEventLogIsFilteredAndPaged) {
  for (int i = 0; i < 40; ++i) {
    Part part;
    part.audit.push_back({time(), any<std::string>({"ada", "bob"}), any<std::string>({"clear", "stop", "mark"}),
                          any<std::string>({"etl", "sales"}), "r" + std::to_string(i % 3), "t0", -1, "{}"});
    commit(std::move(part));
  }
  const auto r = backend_->reader();
  const auto whole = [&] {
    AuditQuery query;
    query.page.limit = 1'000;
    return r->audit(query).value().rows;
  }();
  ASSERT_EQ(whole.size(), 40U);
  for (int i = 0; i < 100; ++i) {
    AuditQuery query;
    AuditFilter& f = query.filter;
    if (chance(40)) f.dag_ids = {"etl"};
    if (chance(30)) f.actors = {"ada"};
    if (chance(20)) f.excluded_actions = {"stop"};
    if (chance(20)) f.run_id.parts = {"1"};
    f.at = range();
    const auto field = any<AuditField>({AuditField::number, AuditField::at, AuditField::actor, AuditField::action});
    query.order = {{field, chance(50)}};
    auto expected = whole;
    std::erase_if(expected, [&](const AuditView& v) {
      return !naive::one_of(f.dag_ids, v.row.dag_id) || !naive::one_of(f.actors, v.row.actor) ||
             (!f.excluded_actions.empty() && v.row.action == "stop") || !naive::matches(f.run_id, v.row.run_id) ||
             !naive::lies_in(f.at, v.row.at);
    });
    naive::order(
        expected, {query.order[0].descending},
        [&](const AuditView& v, std::size_t) -> naive::SortValue {
          if (field == AuditField::at) return {v.row.at == kNoTime, v.row.at, ""};
          if (field == AuditField::number) return {false, v.audit_no, ""};
          return {false, 0, field == AuditField::actor ? v.row.actor : v.row.action};
        },
        [](const AuditView& v) { return v.audit_no; });
    std::vector<std::int64_t> wanted, found;
    for (const auto& v : expected) wanted.push_back(v.audit_no);
    for (const auto& v : all_pages(query, [&](const AuditQuery& q) { return r->audit(q); }, wanted.size())) {
      found.push_back(v.audit_no);
    }
    ASSERT_EQ(found, wanted) << "query " << i;
  }
}

/// Three runs of two DAGs, each with two attempts of its first task: a failure and a success.
TEST_P(ReaderConformance, SumsAttemptsByWhatIsAskedAndByWhenTheyEnded) {
  constexpr WallUs kEnd = 40 * kDay;
  for (int n = 0; n < 3; ++n) {
    const auto dag = sample::dag(n < 2 ? "etl" : "sales", 2);
    Part part;
    const RunNo run_no = backend_->store().next_run_no();
    part.creations.push_back(sample::creation(run_no, dag, "r" + std::to_string(n)));
    part.creations[0].run.begun_at = kEnd;
    commit(std::move(part));
    Part more;
    RunRow run = backend_->store().load_run(run_no).value().run;
    run.state = n == 2 ? RunState::running : RunState::failed;
    run.started_at = kEnd + n * kDay;
    run.ended_at = n == 2 ? kNoTime : kEnd + n * kDay + kHour;
    more.runs.push_back(run);
    TaskRow row = sample::instance(run_no, 0, TaskState::success, 2);
    more.instances.push_back(row);
    for (int k = 0; k < 2; ++k) {
      row.epoch = k + 1;
      TryRow attempt = sample::attempt(row);
      attempt.state = k == 0 ? TaskState::up_for_retry : TaskState::success;
      attempt.started_at = kEnd + n * kDay;
      attempt.ended_at = kEnd + n * kDay + (k + 1) * kMinute;
      attempt.user_us = 2 * kSecond;
      attempt.sys_us = kSecond;
      attempt.max_rss_bytes = 100 * (k + 1);
      attempt.times_json = R"({"pool":1000,"running":7})";
      more.tries.push_back(attempt);
    }
    commit(std::move(more));
  }
  const auto r = backend_->reader();
  const auto by = [&](AccountBy what, WallUs since, WallUs until) { return r->accounts({what, since, until}).value(); };
  const auto dags = by(AccountBy::dag, 0, 100 * kDay);
  ASSERT_EQ(dags.size(), 2U);
  EXPECT_EQ(dags[0].key, "etl");
  EXPECT_EQ(dags[0].runs, 2);
  EXPECT_EQ(dags[0].attempts, 4);
  EXPECT_EQ(dags[0].unsuccessful, 2);
  EXPECT_EQ(dags[0].cpu_us, 12 * kSecond);
  EXPECT_EQ(dags[0].wasted_cpu_us, 6 * kSecond);
  EXPECT_EQ(dags[0].run_us, 6 * kMinute);
  EXPECT_EQ(dags[0].peak_bytes, 200);
  EXPECT_EQ(dags[0].waits.of(Wait::pool), 4000);
  EXPECT_EQ(dags[0].waits.of(Wait::running), 0) << "that is no wait";
  EXPECT_EQ(dags[1].runs, 1) << "of a run that has not ended";
  const auto days = by(AccountBy::day, 0, 100 * kDay);
  ASSERT_EQ(days.size(), 3U);
  EXPECT_EQ(days[0].key, "1970-02-10");
  EXPECT_EQ(by(AccountBy::task, 0, 100 * kDay)[0].key.substr(0, 4), "etl/");
  EXPECT_EQ(by(AccountBy::dag, kEnd + kDay, kEnd + 2 * kDay)[0].attempts, 2) << "of the second run alone";
  EXPECT_EQ(by(AccountBy::dag, kEnd + kDay + 90 * kSecond, kEnd + 2 * kDay)[0].attempts, 1);
  EXPECT_TRUE(by(AccountBy::owner, 90 * kDay, 100 * kDay).empty());
}

const ReaderBackendKind kKinds[] = {
    {"file", [](TestLoop& loop) -> std::unique_ptr<ReaderBackend> { return std::make_unique<FileBackend>(loop); }},
    {"memory", [](TestLoop& loop) -> std::unique_ptr<ReaderBackend> { return std::make_unique<MemoryBackend>(loop); }},
};
INSTANTIATE_TEST_SUITE_P(Sqlite, ReaderConformance, testing::ValuesIn(kKinds),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace baton
