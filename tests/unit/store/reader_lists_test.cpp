// Lists of the reader: every order, both ways of paging, filters over all runs, the grid, and rows that are damaged.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/store/bench.h"

namespace baton {
namespace {

class ReaderLists : public StoreBench {
 protected:
  ReaderLists() { open(); }

  /// Six runs of two DAGs, with times that do not follow their numbers; the last has not begun to run.
  void make_runs() {
    const auto etl = sample::dag("etl", 2);
    const auto other = sample::dag("other", 2);
    const WallUs started[] = {50, 30, 60, 10, 40};
    for (int i = 0; i < 6; ++i) {
      Part part;
      part.creations.push_back(
          sample::creation(store_->next_run_no(), i % 3 == 0 ? other : etl, "r" + std::to_string(i + 1)));
      RunRow& run = part.creations[0].run;
      run.run_after = 100 - i;
      run.logical_date = i % 2 == 0 ? WallUs{1'000 + i} : kNoTime;
      run.started_at = i < 5 ? started[i] : kNoTime;
      run.type = i == 1 ? RunType::scheduled : RunType::manual;
      ASSERT_EQ(commit(std::move(part)), CommitOutcome::durable);
      if (i < 3) end_run(i + 1, i == 1 ? RunState::failed : RunState::success, 70 + i);
    }
  }

  /// All pages of `filter`, one run at a time, by key.
  std::vector<RunNo> by_key(RunQuery query) {
    std::vector<RunNo> found;
    const auto r = reader();
    query.page.limit = 1;
    for (int i = 0; i < 20; ++i) {
      const auto page = r->list_runs(query);
      if (!page) {
        ADD_FAILURE() << page.error().message;
        return found;
      }
      for (const auto& run : page->rows) found.push_back(run.row.run_no);
      if (page->next.empty()) return found;
      query.page.after = page->next;
    }
    ADD_FAILURE() << "the pages do not end";
    return found;
  }
  std::vector<RunNo> by_offset(RunQuery query) {
    std::vector<RunNo> found;
    query.page.limit = 2;
    for (query.page.offset = 0; query.page.offset < 8; query.page.offset += 2) {
      const auto page = reader()->list_runs(query);
      if (!page) {
        ADD_FAILURE() << page.error().message;
        return found;
      }
      for (const auto& run : page->rows) found.push_back(run.row.run_no);
    }
    return found;
  }
  void expect_runs(const RunQuery& query, const std::vector<RunNo>& expected) {
    EXPECT_EQ(by_key(query), expected) << "by key, order " << static_cast<int>(query.order[0].field);
    EXPECT_EQ(by_offset(query), expected) << "by offset, order " << static_cast<int>(query.order[0].field);
    EXPECT_EQ(reader()->list_runs(query).value().total, std::ssize(expected));
  }
};

TEST_F(ReaderLists, RunsComeInEveryOrderByKeyAndByOffset) {
  make_runs();
  const auto expect = [&](RunField order, bool ascending, const std::vector<RunNo>& expected) {
    RunQuery query;
    query.order = {{order, !ascending}};
    expect_runs(query, expected);
  };
  expect(RunField::number, false, {6, 5, 4, 3, 2, 1});
  expect(RunField::number, true, {1, 2, 3, 4, 5, 6});
  expect(RunField::run_after, true, {6, 5, 4, 3, 2, 1});
  expect(RunField::run_after, false, {1, 2, 3, 4, 5, 6});
  expect(RunField::started_at, true, {4, 2, 5, 1, 3, 6});
  expect(RunField::started_at, false, {3, 1, 5, 2, 4, 6});
  expect(RunField::logical_date, true, {1, 3, 5, 2, 4, 6});
  expect(RunField::logical_date, false, {5, 3, 1, 6, 4, 2});
  expect(RunField::ended_at, false, {3, 2, 1, 6, 5, 4});
  expect(RunField::run_id, true, {1, 2, 3, 4, 5, 6});
  expect(RunField::state, true, {4, 5, 6, 1, 3, 2});
}

TEST_F(ReaderLists, RunsAreFiltered) {
  make_runs();
  RunQuery query;
  query.filter.dag_ids = {"etl"};
  query.order = {{RunField::duration}};
  expect_runs(query, {3, 2, 5, 6});
  query = {};
  query.filter.states = {RunState::queued, RunState::failed};
  expect_runs(query, {6, 5, 4, 2});
  query.order = {{RunField::started_at, true}};
  expect_runs(query, {5, 2, 4, 6});
  query = {};
  query.filter.states = {RunState::success};
  query.order = {{RunField::run_after, true}};
  query.filter.dag_ids = {"etl"};
  expect_runs(query, {3});
  query = {};
  query.filter.types = {RunType::scheduled};
  expect_runs(query, {2});
  query = {};
  query.filter.started_at = {30, 50};
  expect_runs(query, {5, 2});
  query = {};
  query.filter.run_id.parts = {"5"};
  expect_runs(query, {5});
  query = {};
  query.filter.dag_ids = {"nope"};
  expect_runs(query, {});
}

TEST_F(ReaderLists, WhatCannotBeAnsweredIsRefused) {
  make_runs();
  RunQuery query;
  query.order = {{RunField::duration}};
  EXPECT_EQ(reader()->list_runs(query).error().kind, ErrorKind::invalid);
  query = {};
  query.page.limit = 1;
  const std::string key = reader()->list_runs(query).value().next;
  query.page.after = key;
  query.order = {{RunField::number}};
  EXPECT_EQ(reader()->list_runs(query).error().kind, ErrorKind::invalid) << "a key of the other direction";
  query.order = {{RunField::started_at}};
  EXPECT_EQ(reader()->list_runs(query).error().kind, ErrorKind::invalid) << "a key of another order";
  for (const char* wrong : {"r9+-1+", "r9+-1+~", "r9+-1+1:x1:1", "r9+-1+9:1", "r9+-1+1:11:12", "r9+-1+1:1~", "~"}) {
    query.page.after = wrong;
    EXPECT_EQ(reader()->list_runs(query).error().kind, ErrorKind::invalid) << wrong;
  }
  query = {};
  query.filter.run_id.parts = {std::string(251, '%')};
  EXPECT_EQ(reader()->list_runs(query).error().kind, ErrorKind::invalid);
  InstanceQuery instances;
  instances.order = {{InstanceField::duration}};
  EXPECT_EQ(reader()->list_instances(instances).error().kind, ErrorKind::invalid);
}

TEST_F(ReaderLists, InstancesAreListedByTaskThenIndexAndOverAllRuns) {
  const auto etl = sample::dag("etl", 3);
  const RunNo first = create(etl, "a");
  Part expand;
  for (int i = 0; i < 3; ++i) {  // t1 has three instances; two of them have the numbers after t2's
    TaskRow row = sample::instance(first, i == 0 ? 1 : 2 + i, TaskState::scheduled);
    row.task_no = 1;
    row.map_index = i;
    (i == 0 ? expand.instances : expand.new_instances).push_back(row);
  }
  ASSERT_EQ(commit(std::move(expand)), CommitOutcome::durable);
  const RunNo second = create(etl, "b");
  TaskRow failed = sample::instance(second, 1, TaskState::failed, 1);
  failed.started_at = 7;
  change(failed);

  const auto names = [&](const Result<InstancePage>& page) {
    std::vector<std::string> found;
    for (const auto& one : page.value().rows) {
      found.push_back(one.run_id + "." + one.task_id + "." + std::to_string(one.row.map_index));
    }
    return found;
  };
  const auto r = reader();
  const std::vector<std::string> of_first = {"a.t0.-1", "a.t1.0", "a.t1.1", "a.t1.2", "a.t2.-1"};
  InstanceQuery page;
  page.filter.run_no = first;
  EXPECT_EQ(names(r->list_instances(page)), of_first);
  page.page.limit = 2;
  std::vector<std::string> paged;
  for (int i = 0; i < 3; ++i) {
    const auto got = r->list_instances(page);
    for (const auto& name : names(got)) paged.push_back(name);
    page.page.after = got.value().next;
  }
  EXPECT_EQ(paged, of_first);
  EXPECT_EQ(page.page.after, "");

  InstanceQuery all;
  EXPECT_EQ(r->list_instances(all).value().total, 8);
  EXPECT_EQ(names(r->list_instances(all)).at(0), "b.t0.-1");
  all.page.limit = 4;
  all.page.after = r->list_instances(all).value().next;
  EXPECT_EQ(names(r->list_instances(all)), (std::vector<std::string>{"a.t1.0", "a.t1.1", "a.t1.2", "a.t2.-1"}));
  InstanceQuery by_state;
  by_state.filter.states = {TaskState::failed};
  EXPECT_EQ(names(r->list_instances(by_state)), std::vector<std::string>{"b.t1.-1"});
  by_state.filter.states = {TaskState::scheduled};
  by_state.filter.task_ids = {"t1"};
  by_state.filter.run.dag_ids = {"etl"};
  EXPECT_EQ(r->list_instances(by_state).value().total, 3);
  InstanceQuery by_time;
  by_time.order = {{InstanceField::started_at, true}};
  by_time.page.limit = 3;
  EXPECT_EQ(names(r->list_instances(by_time)).at(0), "b.t1.-1");

  const auto grid = r->grid("etl", 10).value();
  ASSERT_EQ(grid.size(), 2U);
  EXPECT_EQ(grid[0].cells.size() + grid[1].cells.size(), 8U);
  const auto earlier = r->grid("etl", 10, grid[1].run.row.run_no).value();
  ASSERT_EQ(earlier.size(), 1U);
  EXPECT_EQ(earlier[0].run.row.run_no, grid[0].run.row.run_no);
  EXPECT_TRUE(r->grid("etl", 10, earlier[0].run.row.run_no).value().empty());
  EXPECT_EQ(r->grid("etl", 10, 99).error().kind, ErrorKind::not_found);
}

TEST_F(ReaderLists, OneDamagedRunIsShownAsThatAndTheOthersAsTheyAre) {
  make_runs();
  close();
  meddle(database(), "UPDATE run_input SET conf = '{}' WHERE run_no = 2");
  meddle(database(), "UPDATE dag_run SET run_after = 1 WHERE run_no = 5");
  meddle(database(), "DELETE FROM run_input WHERE run_no = 6");
  meddle(database(), "UPDATE task_instance SET task_no = 0 WHERE run_no = 4 AND instance_no = 1");
  const auto r = reader();
  const auto page = r->list_runs({}).value();
  ASSERT_EQ(page.rows.size(), 6U);
  for (const auto& run : page.rows) {
    const bool is_damaged = run.row.run_no == 2 || run.row.run_no >= 5;
    EXPECT_EQ(!run.damage.empty(), is_damaged) << run.row.run_no;
  }
  EXPECT_EQ(r->run(2).error().kind, ErrorKind::storage);
  EXPECT_TRUE(r->run(1).ok());
  EXPECT_EQ(r->live().value().runs.size(), 3U);
  EXPECT_EQ(r->changes_after({}, 100).value().runs.size(), 6U);
  EXPECT_EQ(r->grid("etl", 10).value().size(), 4U);
  InstanceQuery of_four;
  of_four.filter.run_no = 4;
  const auto instances = r->list_instances(of_four).value().rows;
  ASSERT_EQ(instances.size(), 2U);
  EXPECT_EQ(std::ranges::count_if(instances, [](const auto& one) { return one.damage.empty(); }), 1);
  EXPECT_EQ(r->instance(4, 1).error().kind, ErrorKind::storage);
}

TEST_F(ReaderLists, ChangesAreBoundedByRowsTellOfDeletedRunsAndOfWhatIsNotKept) {
  const RunNo run_no = create(sample::dag("etl", 5), "r");
  Part wide;
  for (InstanceNo i = 0; i < 5; ++i) wide.instances.push_back(sample::instance(run_no, i, TaskState::queued, 1));
  ASSERT_EQ(commit(std::move(wide)), CommitOutcome::durable);
  std::size_t rows = 0;
  ChangeKey key;
  for (bool has_more = true; has_more;) {
    const auto some = reader()->changes_after(key, 2).value();
    EXPECT_LE(some.runs.size() + some.instances.size() + some.objects.size(), 2U);
    rows += some.runs.size() + some.instances.size();
    EXPECT_GT(some.key, key);
    key = some.key;
    has_more = some.has_more;
  }
  EXPECT_EQ(rows, 6U) << "the run and its five instances, one transaction split between pages";

  end_run(run_no, RunState::success, 5);
  PruneRule rule;
  rule.ended_before = 10;
  ASSERT_EQ(store_->prune(rule).value().runs, 1);
  const auto after = reader()->changes_after(key, 10).value();
  ASSERT_EQ(after.objects.size(), 1U);
  EXPECT_EQ(after.objects[0].kind, Changed::deleted);
  EXPECT_EQ(after.objects[0].name, "etl/r");
  EXPECT_FALSE(after.reset);
  ASSERT_TRUE(store_->prune_service(std::numeric_limits<WallUs>::max()).ok());
  EXPECT_TRUE(reader()->changes_after(key, 10).value().reset) << "older than what is kept";
  EXPECT_TRUE(reader()->changes_after({1'000'000}, 10).value().reset) << "of another store's future";
}

TEST_F(ReaderLists, ManyInstancesAreNoMoreThanAreCountedOnceSomeHaveGone) {
  const RunNo going = create(sample::dag("etl", 2), "going");
  end_run(going, RunState::success, 5);
  const RunNo large = create(sample::dag("etl", 2), "large");
  meddle(database(), "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 99999)"
                     " INSERT INTO task_instance (run_no, instance_no, task_no, map_index, state, epoch, try_number,"
                     " started_at, seq, checksum) SELECT " + std::to_string(large) + ", i, 0, i, 4, 1, 1, i, 1, 0 FROM n");
  meddle(database(), "UPDATE task_instance SET started_at = 1");
  const auto r = reader();
  InstanceQuery first;
  first.page.limit = 1;
  for (int look = 0; look < 2; ++look) {
    const auto page = r->list_instances(first).value();
    EXPECT_TRUE(page.total_is_capped);
    EXPECT_EQ(page.total, kTotalMax);
  }
  PruneRule rule;
  rule.ended_before = 10;
  ASSERT_EQ(store_->prune(rule).value().runs, 1);
  const auto page = r->list_instances(first).value();
  EXPECT_FALSE(page.total_is_capped) << "the run that was deleted had the two above the limit";
  EXPECT_EQ(page.total, kTotalMax);
}

}  // namespace
}  // namespace baton
