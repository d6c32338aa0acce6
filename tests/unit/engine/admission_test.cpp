#include "scheduler/engine/admission.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/engine/breaker.h"
#include "scheduler/engine/decide.h"
#include "tests/support/dag_builder.h"

namespace baton {
namespace {

using test::DagBuilder;

TaskSpec with_pools(std::vector<PoolUse> pools) {
  TaskSpec spec = test::run_task();
  spec.pools = std::move(pools);
  return spec;
}

DagRun run_of(std::shared_ptr<const Dag> dag, RunNo run_no = 1) {
  RunRow row;
  row.run_no = run_no;
  return make_run(std::move(row), std::move(dag), {}, {}, {});
}

/// An Admission whose candidates are named, with what it admitted and what it said of the blocked.
class Desk {
 public:
  Desk(std::int32_t slots, std::int32_t ahead) : admission(slots, ahead) {}

  void offer(DagRun& run, const std::string& task, std::int32_t priority = 0, std::int64_t path_us = 0) {
    runs[run.row.run_no] = &run;
    Candidate c;
    c.run_no = run.row.run_no;
    c.instance = *run.dag->find(task);
    c.priority = priority;
    c.path_us = path_us;
    admission.offer(c);
  }
  /// The names of all that is admitted now, in order.
  std::string admit() {
    std::string names;
    Candidate c;
    while (admission.next(c, wanted(), [&](const Candidate& b, Wait w) { blocked[name_of(b)] = w; })) {
      names += (names.empty() ? "" : " ") + name_of(c);
    }
    return names;
  }
  void release(const DagRun& run, const std::string& task) { admission.release(run, *run.dag->find(task)); }
  void withdraw(const std::string& task) {
    unwanted.insert(task);
    std::vector<RunNo> all;
    for (const auto& [run_no, run] : runs) all.push_back(run_no);
    admission.drop_unwanted(all, wanted());
  }

  Admission admission;
  std::map<std::string, Wait> blocked;
  std::set<std::string> unwanted;
  std::map<RunNo, DagRun*> runs;

 private:
  Admission::Lookup wanted() {
    return [this](const Candidate& c) { return unwanted.contains(name_of(c)) ? nullptr : runs.at(c.run_no); };
  }
  std::string name_of(const Candidate& c) const {
    const DagRun& run = *runs.at(c.run_no);
    return run.dag->task(run.at(c.instance).task_no).id;
  }
};

TEST(Admission, GoesByPriorityThenCriticalPathThenAge) {
  DagRun run = run_of(DagBuilder().task("a").task("b").task("c").task("d").task("e").build());
  Desk desk(10, 0);
  desk.offer(run, "a", 0, 5);
  desk.offer(run, "b", 1, 0);
  desk.offer(run, "c", 0, 9);
  desk.offer(run, "d", 0, 5);
  desk.offer(run, "e", -1, 100);
  EXPECT_EQ(desk.admit(), "b c a d e");
}

TEST(Admission, AdmitsAsManyAsThereAreSlotsAndThoseThatMayWaitAhead) {
  DagRun run = run_of(DagBuilder().task("a").task("b").task("c").task("d").build());
  Desk desk(2, 1);
  for (const char* t : {"a", "b", "c", "d"}) desk.offer(run, t);
  EXPECT_EQ(desk.admit(), "a b c");
  EXPECT_EQ(desk.admission.live(), 3);
  desk.release(run, "b");
  EXPECT_EQ(desk.admit(), "d");
  EXPECT_TRUE(desk.blocked.empty());
}

TEST(Admission, WhoWantsMoreThanThereIsComesOutToFailAloudAndWhoFitsPasses) {
  DagRun run = run_of(DagBuilder()
                          .task("holds", {}, with_pools({{"db", 2}}))
                          .task("wide", {}, with_pools({{"db", 5}}))
                          .task("fits", {}, with_pools({{"db", 2}}))
                          .task("lost", {}, with_pools({{"gone", 1}}))
                          .build());
  Desk desk(10, 0);
  desk.admission.set_pool("db", 5);
  for (const char* t : {"holds", "wide", "fits"}) desk.offer(run, t);
  EXPECT_EQ(desk.admit(), "holds");
  EXPECT_FALSE(desk.admission.never_fits(run, 1).has_value());
  desk.admission.set_pool("db", 3);  // also who waits already
  desk.offer(run, "lost");
  EXPECT_EQ(desk.admit(), "wide lost");
  EXPECT_EQ(desk.admission.never_fits(run, 1), "it wants 5 slots of pool \"db\", which has 3");
  EXPECT_EQ(desk.admission.never_fits(run, 3), "there is no pool \"gone\" (any more)");
  desk.release(run, "wide");
  desk.release(run, "lost");
  desk.release(run, "holds");
  EXPECT_EQ(desk.admit(), "fits");
}

TEST(Admission, AFullPoolMakesWaitAndItsReleaseWakes) {
  DagRun run =
      run_of(DagBuilder().task("a", {}, with_pools({{"db", 1}})).task("b", {}, with_pools({{"db", 1}})).build());
  Desk desk(10, 0);
  desk.admission.set_pool("db", 1);
  desk.offer(run, "a");
  desk.offer(run, "b");
  EXPECT_EQ(desk.admit(), "a");
  EXPECT_EQ(desk.blocked.at("b"), Wait::pool);
  EXPECT_EQ(desk.admit(), "");
  desk.release(run, "a");
  EXPECT_EQ(desk.admit(), "b");
}

TEST(Admission, TakesAllPoolsOrNone) {
  DagRun run = run_of(DagBuilder()
                          .task("a", {}, with_pools({{"db", 1}}))
                          .task("both", {}, with_pools({{"api", 1}, {"db", 1}}))
                          .task("c", {}, with_pools({{"api", 1}}))
                          .build());
  Desk desk(10, 0);
  desk.admission.set_pool("db", 1);
  desk.admission.set_pool("api", 1);
  desk.offer(run, "a");
  desk.offer(run, "both");
  desk.offer(run, "c");
  EXPECT_EQ(desk.admit(), "a c");  // `both` holds nothing of api while it waits for db
  desk.release(run, "a");
  EXPECT_EQ(desk.admit(), "");
  desk.release(run, "c");
  EXPECT_EQ(desk.admit(), "both");
}

TEST(Admission, AWideRequestIsNotStarvedBySmallOnes) {
  DagBuilder dag;
  dag.task("small0", {}, with_pools({{"db", 1}})).task("wide", {}, with_pools({{"db", 3}}));
  for (int i = 1; i < 20; ++i) dag.task("small" + std::to_string(i), {}, with_pools({{"db", 1}}));
  DagRun run = run_of(dag.build());
  Desk desk(10, 0);
  desk.admission.set_pool("db", 3);
  desk.offer(run, "small0");
  EXPECT_EQ(desk.admit(), "small0");
  desk.offer(run, "wide");
  for (int i = 1; i < 20; ++i) desk.offer(run, "small" + std::to_string(i));
  EXPECT_EQ(desk.admit(), "");
  desk.release(run, "small0");
  EXPECT_EQ(desk.admit(), "wide");
  desk.release(run, "wide");
  EXPECT_EQ(desk.admit(), "small1 small2 small3");
}

TEST(Admission, WhoIsBlockedNamesTheFirstResourceThatLacks) {
  DagBuilder dag;
  dag.task("a", {}, with_pools({{"db", 1}})).task("b", {}, with_pools({{"db", 1}})).task("c");
  dag.dag().max_active_tasks = 1;
  DagRun run = run_of(dag.build());
  Desk desk(10, 0);
  desk.admission.set_pool("db", 1);
  for (const char* t : {"a", "b", "c"}) desk.offer(run, t);
  EXPECT_EQ(desk.admit(), "a");
  EXPECT_EQ(desk.blocked.at("b"), Wait::limit);  // the limit stands before the pool
  EXPECT_EQ(desk.blocked.at("c"), Wait::limit);
}

TEST(Admission, MaxActiveTasksIsOfEachRun) {
  DagBuilder builder;
  builder.task("a").task("b").task("c");
  builder.dag().max_active_tasks = 2;
  const auto dag = builder.build();
  DagRun first = run_of(dag, 1);
  DagRun second = run_of(dag, 2);
  Desk desk(10, 0);
  for (DagRun* run : {&first, &second}) {
    for (const char* t : {"a", "b", "c"}) desk.offer(*run, t);
  }
  EXPECT_EQ(desk.admit(), "a b a b");
  desk.release(second, "a");
  EXPECT_EQ(desk.admit(), "c");
  EXPECT_EQ(desk.admission.live(), 4);
}

TEST(Admission, MaxParallelIsOfEachMappedTask) {
  TaskSpec spec = test::mapped_task(3);
  spec.mapping.edit().max_parallel = 2;
  DagRun run = run_of(DagBuilder().task("m", {}, spec).task("n", {}, spec).build());
  StepOutcome out;
  advance(run, RunBegins{}, {}, {}, out);
  Admission admission(10, 0);
  for (const InstanceNo i : {0, 2, 3, 1, 4, 5}) admission.offer({.run_no = 1, .instance = i});
  std::vector<InstanceNo> admitted;
  Candidate c;
  const auto all = [&](const Candidate&) { return &run; };
  const auto nothing = [](const Candidate&, Wait w) { EXPECT_EQ(w, Wait::limit); };
  while (admission.next(c, all, nothing)) admitted.push_back(c.instance);
  EXPECT_EQ(admitted, (std::vector<InstanceNo>{0, 2, 1, 4}));
  admission.release(run, 2);
  ASSERT_TRUE(admission.next(c, all, nothing));
  EXPECT_EQ(c.instance, 3);
}

/// Candidates that are looked at until ten of each of `count` runs, each with a limit of one, have been admitted; then
/// until all runs are stopped, one after the other.
struct Looks {
  std::size_t admitting = 0, stopping = 0;
};
Looks looks_of(RunNo count) {
  DagBuilder builder;
  for (int t = 0; t < 10; ++t) builder.task("t" + std::to_string(t));
  builder.dag().max_active_tasks = 1;
  const auto dag = builder.build();
  std::vector<DagRun> runs;
  for (RunNo no = 1; no <= count; ++no) runs.push_back(run_of(dag, no));
  std::size_t looked = 0;
  Admission admission(1'000'000, 0);
  const auto lookup = [&](const Candidate& c) { return ++looked, &runs[static_cast<std::size_t>(c.run_no) - 1]; };
  const auto offer_all = [&] {
    for (InstanceNo i = 0; i < 10; ++i) {
      for (RunNo no = 1; no <= count; ++no) admission.offer({.run_no = no, .instance = i});
    }
  };
  const auto admit = [&] {
    std::vector<Candidate> held;
    for (Candidate c; admission.next(c, lookup, [](const Candidate&, Wait) {});) held.push_back(c);
    return held;
  };
  offer_all();
  for (auto held = admit(); !held.empty(); held = admit()) {
    for (const Candidate& c : held) admission.release(runs[static_cast<std::size_t>(c.run_no) - 1], c.instance);
  }
  Looks out{.admitting = std::exchange(looked, 0)};
  offer_all();
  const std::vector<Candidate> held = admit();
  looked = 0;
  for (const Candidate& c : held) admission.drop_unwanted({&c.run_no, 1}, lookup);
  out.stopping = looked;
  return out;
}

TEST(Admission, WhoWaitsForTheLimitOfARunIsNotLookedAtForTheSakeOfOthers) {
  const Looks few = looks_of(10), many = looks_of(1'000);
  EXPECT_LE(many.admitting, 100 * few.admitting);
  EXPECT_LE(many.stopping, 100 * few.stopping);
  EXPECT_LE(many.stopping, 2'000U);
}

/// The limits of a run that has ended go, those of its neighbours stay.
TEST(Admission, ForgetsTheLimitsOfOneRunAlone) {
  TaskSpec spec = test::mapped_task(3);
  spec.mapping.edit().max_parallel = 1;
  const auto dag = DagBuilder().task("m", {}, spec).task("n", {}, spec).build();
  std::vector<DagRun> runs;
  Admission admission(10, 0);
  for (RunNo no = 1; no <= 3; ++no) {
    StepOutcome out;
    advance(runs.emplace_back(run_of(dag, no)), RunBegins{}, {}, {}, out);
    admission.offer({.run_no = no, .instance = 0});
    admission.offer({.run_no = no, .instance = 2});
  }
  RunNo gone = 0;
  const auto lookup = [&](const Candidate& c) -> const DagRun* {
    return c.run_no == gone ? nullptr : &runs[static_cast<std::size_t>(c.run_no) - 1];
  };
  std::string admitted;
  const auto admit = [&] {
    for (Candidate c; admission.next(c, lookup, [](const Candidate&, Wait) {});) {
      admitted += std::to_string(c.run_no) + "." + std::to_string(c.instance) + " ";
    }
  };
  admit();
  EXPECT_EQ(admitted, "1.0 2.0 3.0 ");
  admission.release(runs[1], 0);
  admission.forget(runs[1]);
  gone = 2;  // and with it the one that waited there
  admission.release(runs[0], 0);
  admission.release(runs[2], 0);
  admit();
  EXPECT_EQ(admitted, "1.0 2.0 3.0 1.2 3.2 ");
}

TEST(Admission, APoolThatGrowsLetsInWhoWaits) {
  DagBuilder dag;
  for (const char* t : {"a", "b", "c"}) dag.task(t, {}, with_pools({{"db", 1}}));
  DagRun run = run_of(dag.build());
  Desk desk(10, 0);
  desk.admission.set_pool("db", 1);
  for (const char* t : {"a", "b", "c"}) desk.offer(run, t);
  EXPECT_EQ(desk.admit(), "a");
  desk.admission.set_pool("db", 3);
  EXPECT_EQ(desk.admit(), "b c");
  desk.admission.set_pool("db", 1);
  desk.offer(run, "a");
  desk.release(run, "b");
  desk.release(run, "c");
  EXPECT_EQ(desk.admit(), "");
  desk.release(run, "a");
  EXPECT_EQ(desk.admit(), "a");
}

TEST(Admission, WhoWantsAPoolOfNoSlotsComesOutToFail) {
  DagRun run = run_of(DagBuilder().task("a", {}, with_pools({{"db", 1}})).build());
  Desk desk(10, 0);
  desk.admission.set_pool("db", 0);
  desk.offer(run, "a");
  EXPECT_EQ(desk.admit(), "a");
  EXPECT_TRUE(desk.admission.never_fits(run, 0).has_value());
}

TEST(Admission, APoolThatAPersonHasMadeSmallerKeepsWhoDoesNotFitWaitingAndNobodyElse) {
  DagRun run = run_of(
      DagBuilder().task("wide", {}, with_pools({{"db", 2}})).task("fits", {}, with_pools({{"db", 1}})).build());
  Desk desk(10, 0);
  desk.admission.set_pool("db", 4);
  desk.admission.set_pool("db", 0, true);
  desk.offer(run, "wide");
  desk.offer(run, "fits");
  EXPECT_EQ(desk.admit(), "");
  EXPECT_FALSE(desk.admission.never_fits(run, 0).has_value());
  EXPECT_EQ(desk.admission.waiting("db"), 2);
  desk.admission.set_pool("db", 1, true);
  EXPECT_EQ(desk.admit(), "fits");
  desk.release(run, "fits");
  EXPECT_EQ(desk.admit(), "");
  desk.admission.set_pool("db", 2, true);
  EXPECT_EQ(desk.admit(), "wide");
  desk.release(run, "wide");
  desk.admission.set_pool("db", 0, true);
  desk.offer(run, "wide");
  EXPECT_EQ(desk.admit(), "");
  desk.admission.set_pool("db", 1);  // the person's word is taken back, and what files say is too small
  EXPECT_EQ(desk.admit(), "wide");
  EXPECT_EQ(desk.admission.never_fits(run, 0), "it wants 2 slots of pool \"db\", which has 1");
  desk.release(run, "wide");
  desk.admission.drop_pool("db");
  EXPECT_EQ(desk.admission.never_fits(run, 0), "there is no pool \"db\" (any more)");
}

TEST(Admission, WhatIsHeldAtRecoveryCounts) {
  DagRun run =
      run_of(DagBuilder().task("a", {}, with_pools({{"db", 1}})).task("b", {}, with_pools({{"db", 1}})).build());
  Desk desk(1, 0);
  desk.admission.set_pool("db", 1);
  desk.admission.hold(run, 0);
  desk.offer(run, "b");
  EXPECT_EQ(desk.admit(), "");
  desk.release(run, "a");
  EXPECT_EQ(desk.admit(), "b");
}

// --- whoever is looked at in vain must not use up the wake-up of those behind it -------------------------------------

TEST(Admission, AWokenCandidateThatIsNoLongerWantedPassesTheWakeOn) {
  DagBuilder dag;
  for (const char* t : {"a", "b", "c"}) dag.task(t, {}, with_pools({{"db", 1}}));
  DagRun run = run_of(dag.build());
  Desk desk(10, 0);
  desk.admission.set_pool("db", 1);
  for (const char* t : {"a", "b", "c"}) desk.offer(run, t);
  EXPECT_EQ(desk.admit(), "a");
  desk.unwanted.insert("b");
  desk.release(run, "a");
  EXPECT_EQ(desk.admit(), "c");
}

TEST(Admission, AWokenCandidateThatLacksAnotherResourcePassesTheWakeOn) {
  DagRun run = run_of(DagBuilder()
                          .task("a", {}, with_pools({{"db", 1}}))
                          .task("both", {}, with_pools({{"db", 1}, {"api", 1}}))
                          .task("c", {}, with_pools({{"db", 1}}))
                          .task("x", {}, with_pools({{"api", 1}}))
                          .build());
  Desk desk(10, 0);
  desk.admission.set_pool("db", 1);
  desk.admission.set_pool("api", 1);
  for (const char* t : {"a", "x", "both", "c"}) desk.offer(run, t);
  EXPECT_EQ(desk.admit(), "a x");
  desk.release(run, "a");
  EXPECT_EQ(desk.admit(), "c");
}

TEST(Admission, NobodyWaitsBehindAnEarlierOfferOfWhoIsAdmitted) {
  DagRun run = run_of(DagBuilder()
                          .task("long", {}, with_pools({{"db", 2}}))
                          .task("wide", {}, with_pools({{"db", 2}}))
                          .task("small", {}, with_pools({{"db", 1}}))
                          .build());
  Desk desk(10, 0);
  desk.admission.set_pool("db", 3);
  desk.offer(run, "long");
  EXPECT_EQ(desk.admit(), "long");
  desk.offer(run, "wide", 1);
  desk.offer(run, "small");
  EXPECT_EQ(desk.admit(), "");
  desk.offer(run, "wide", 1);  // it was cleared while it waited
  EXPECT_EQ(desk.admit(), "");
  desk.release(run, "long");
  EXPECT_EQ(desk.admit(), "wide small");
}

TEST(Admission, NobodyWaitsBehindACandidateThatIsNoLongerWanted) {
  DagRun run = run_of(DagBuilder()
                          .task("long", {}, with_pools({{"db", 1}}))
                          .task("wide", {}, with_pools({{"db", 2}}))
                          .task("c", {}, with_pools({{"db", 1}}))
                          .build());
  Desk desk(10, 0);
  desk.admission.set_pool("db", 2);
  for (const char* t : {"long", "wide", "c"}) desk.offer(run, t);
  EXPECT_EQ(desk.admit(), "long");
  desk.withdraw("wide");
  EXPECT_EQ(desk.admit(), "c");
}

TEST(Admission, ARunThatIsForgottenLeavesNothingBehind) {
  DagBuilder builder;
  builder.task("a").task("b");
  builder.dag().max_active_tasks = 1;
  const auto dag = builder.build();
  Desk desk(10, 0);
  {
    DagRun run = run_of(dag, 1);
    desk.offer(run, "a");
    EXPECT_EQ(desk.admit(), "a");
    desk.release(run, "a");
    desk.admission.forget(run);
  }
  DagRun again = run_of(dag, 1);
  desk.offer(again, "a");
  EXPECT_EQ(desk.admit(), "a");
}

// --- properties over random histories --------------------------------------------------------------------------------

/// Offers, releases, withdrawals and changes of pools at random, held against a naive account of who holds what.
class RandomDesk {
 public:
  explicit RandomDesk(std::uint64_t seed) : random_(seed) {
    for (int r = 0; r < 3; ++r) {
      runs_.push_back(std::make_unique<DagRun>(run_of(make_dag(), r + 1)));
      StepOutcome out;
      advance(*runs_.back(), RunBegins{}, {}, {}, out);
    }
    for (const char* p : {"p", "q", "r"}) set_pool(p, below(4));
  }

  void play(int steps) {
    for (int s = 0; s < steps && !::testing::Test::HasFailure(); ++s) {
      switch (below(8)) {
        case 0:
          set_pool(std::string(1, static_cast<char>('p' + below(3))), below(5));
          break;
        case 1:
          withdraw();
          break;
        case 2:
        case 3:
          release();
          break;
        default:
          offer();
          break;
      }
      if (below(3) != 0) admit();
    }
  }
  /// Everybody ends, nobody comes: all that can be admitted at all has been.
  void drain() {
    for (const char* p : {"p", "q", "r"}) set_pool(p, 5);
    admit();
    while (!held_.empty() && !::testing::Test::HasFailure()) {
      release();
      admit();
    }
    EXPECT_TRUE(waiting_.empty());
  }

 private:
  struct Key {
    std::size_t run;
    InstanceNo instance;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Rank {
    std::int32_t priority;
    std::int64_t path_us, order;
    bool operator<(const Rank& o) const {
      return std::tie(o.priority, o.path_us, order) < std::tie(priority, path_us, o.order);
    }
  };
  static constexpr int kSlots = 4, kAhead = 2;

  int below(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }

  std::shared_ptr<const Dag> make_dag() {
    DagBuilder dag;
    for (int t = 0; t < 8; ++t) {
      TaskSpec spec = t < 2 ? test::mapped_task(3) : test::run_task();
      if (t < 2) spec.mapping.edit().max_parallel = below(3);
      for (const char* p : {"p", "q", "r"}) {
        if (below(3) == 0) spec.pools.edit().push_back({p, 1 + below(3)});
      }
      dag.task("t" + std::to_string(t), {}, std::move(spec));
    }
    dag.dag().max_active_tasks = below(4);
    return dag.build();
  }

  void set_pool(const std::string& name, int slots) {
    pools_[name] = slots;
    admission_.set_pool(name, slots);
  }
  void offer() {
    Key key{static_cast<std::size_t>(below(3)), 0};
    key.instance = below(static_cast<int>(runs_[key.run]->instances.size()));
    if (waiting_.contains(key) || held_.contains(key) || gone_.contains(key)) return;
    Candidate c;
    c.run_no = runs_[key.run]->row.run_no;
    c.instance = key.instance;
    c.priority = below(3);
    c.path_us = below(3);
    waiting_[key] = {c.priority, c.path_us, ++order_};
    admission_.offer(c);
  }
  void release() {
    if (held_.empty()) return;
    const Key key = *std::next(held_.begin(), below(static_cast<int>(held_.size())));
    held_.erase(key);
    admission_.release(*runs_[key.run], key.instance);
  }
  void withdraw() {
    if (waiting_.empty()) return;
    const auto at = std::next(waiting_.begin(), below(static_cast<int>(waiting_.size())));
    const RunNo run_no = runs_[at->first.run]->row.run_no;
    gone_.insert(at->first);
    waiting_.erase(at);
    admission_.drop_unwanted({&run_no, 1}, lookup());
  }
  void admit() {
    Candidate c;
    while (admission_.next(c, lookup(), [](const Candidate&, Wait) {})) {
      const Key key = key_of(c);
      ASSERT_TRUE(waiting_.contains(key)) << "admitted what nobody offers";
      waiting_.erase(key);
      if (admission_.never_fits(*runs_[key.run], key.instance)) {  // it fails
        gone_.insert(key);
        admission_.release(*runs_[key.run], key.instance);
        continue;
      }
      held_.insert(key);
      expect_no_overcommit(key);
    }
    expect_nobody_waits_in_vain();
  }
  static Key key_of(const Candidate& c) { return {static_cast<std::size_t>(c.run_no - 1), c.instance}; }
  Admission::Lookup lookup() {
    return [this](const Candidate& c) { return waiting_.contains(key_of(c)) ? runs_[key_of(c).run].get() : nullptr; };
  }

  /// Resource name → amount that `key` needs.
  std::map<std::string, int> needs(const Key& key) const {
    const DagRun& run = *runs_[key.run];
    const TaskNo t = run.at(key.instance).task_no;
    std::map<std::string, int> out;
    const std::string n = std::to_string(key.run);
    if (run.dag->max_active_tasks > 0) out["run" + n] = 1;
    if (run.dag->spec(t).mapping->max_parallel > 0) out["task" + n + "." + std::to_string(t)] = 1;
    for (const PoolUse& use : run.dag->spec(t).pools) out[use.name] += use.slots;
    return out;
  }
  int capacity(const std::string& resource) const {
    if (const auto pool = pools_.find(resource); pool != pools_.end()) return pool->second;
    const auto run = static_cast<std::size_t>(resource[resource[0] == 'r' ? 3 : 4] - '0');
    if (resource[0] == 'r') return runs_[run]->dag->max_active_tasks;
    return runs_[run]->dag->spec(std::stoi(resource.substr(6))).mapping->max_parallel;
  }
  std::map<std::string, int> used() const {
    std::map<std::string, int> out;
    for (const Key& key : held_) {
      for (const auto& [resource, amount] : needs(key)) out[resource] += amount;
    }
    return out;
  }
  /// INV-08, for what the last one admitted needs: a pool that shrank may be full beyond its size by those before.
  void expect_no_overcommit(const Key& last) {
    EXPECT_LE(held_.size(), static_cast<std::size_t>(kSlots + kAhead));
    EXPECT_EQ(admission_.live(), static_cast<int>(held_.size()));
    const auto now = used();
    for (const auto& [resource, amount] : needs(last)) EXPECT_LE(now.at(resource), capacity(resource)) << resource;
  }
  /// INV-07, second half: in the order of rank, each that waits lacks something, or stands behind one that does.
  void expect_nobody_waits_in_vain() {
    if (held_.size() >= static_cast<std::size_t>(kSlots + kAhead)) return;
    std::vector<std::pair<Rank, Key>> order;
    for (const auto& [key, rank] : waiting_) order.emplace_back(rank, key);
    std::sort(order.begin(), order.end());
    auto now = used();
    std::set<std::string> waited_for;
    for (const auto& [rank, key] : order) {
      const auto wants = needs(key);
      const bool excused = std::any_of(wants.begin(), wants.end(), [&](const auto& w) {
        return now[w.first] + w.second > capacity(w.first) || waited_for.contains(w.first);
      });
      ASSERT_TRUE(excused) << "run " << key.run << " instance " << key.instance << " waits although nothing lacks";
      for (const auto& [resource, amount] : wants) {
        if (now[resource] + amount > capacity(resource) || waited_for.contains(resource)) waited_for.insert(resource);
      }
    }
  }

  std::mt19937_64 random_;
  Admission admission_{kSlots, kAhead};
  std::vector<std::unique_ptr<DagRun>> runs_;
  std::map<std::string, int> pools_;
  std::map<Key, Rank> waiting_;
  std::set<Key> held_, gone_;
  std::int64_t order_ = 0;
};

TEST(Admission, RandomHistoriesNeverOvercommitAndNobodyWaitsInVain) {
  for (std::uint64_t seed = 1; seed <= 1000 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomDesk desk(seed);
    desk.play(60);
    desk.drain();
  }
}

// ---- breakers ----

TaskSpec behind(std::vector<std::string> breakers, std::vector<PoolUse> pools = {}) {
  TaskSpec spec = with_pools(std::move(pools));
  spec.breakers = std::move(breakers);
  return spec;
}

TEST(AdmissionBreakers, WhoStandsBeforeAClosedDoorHoldsNothingAndStandsInNobodysWay) {
  DagRun run = run_of(DagBuilder()
                          .task("a", {}, behind({"db"}, {{"p", 1}}))
                          .task("b", {}, behind({"db"}, {{"p", 1}}))
                          .task("c", {}, with_pools({{"p", 1}}))
                          .build());
  Desk desk(4, 0);
  desk.admission.set_pool("p", 1);
  desk.admission.set_gate("db", 0);
  desk.offer(run, "a", 9);
  desk.offer(run, "b", 8);
  desk.offer(run, "c");
  EXPECT_EQ(desk.admit(), "c");
  EXPECT_EQ(desk.blocked["a"], Wait::breaker);
  desk.admission.set_gate("db", Breaker::kUnlimited);
  EXPECT_EQ(desk.admit(), "");
  EXPECT_EQ(desk.blocked["a"], Wait::pool);
  desk.release(run, "c");
  EXPECT_EQ(desk.admit(), "a");
}

// ---- runs that are paused ----

TEST(AdmissionPauses, NothingOfAPausedRunIsLetThroughUntilItGoesOn) {
  DagRun run = run_of(DagBuilder()
                          .task("a", {}, with_pools({{"p", 1}}))
                          .task("b", {}, with_pools({{"p", 1}}))
                          .task("c", {}, with_pools({{"p", 1}}))
                          .build());
  Desk desk(4, 0);
  desk.admission.set_pool("p", 2);
  desk.offer(run, "a", 9);
  EXPECT_EQ(desk.admit(), "a");
  desk.offer(run, "b", 8);
  desk.admission.pause_run(run.row.run_no);
  desk.offer(run, "c");
  EXPECT_EQ(desk.admit(), "");
  EXPECT_EQ(desk.blocked["b"], Wait::pause);
  EXPECT_EQ(desk.blocked["c"], Wait::pause);
  desk.release(run, "a");
  EXPECT_EQ(desk.admit(), "");
  desk.admission.unpause_run(run.row.run_no);
  EXPECT_EQ(desk.admit(), "b c");
}

TEST(AdmissionBreakers, APermitThatItsFirstHolderCannotUseGoesToTheNext) {
  DagRun run = run_of(DagBuilder()
                          .task("full", {}, with_pools({{"p", 1}}))
                          .task("a", {}, behind({"db"}, {{"p", 1}}))
                          .task("b", {}, behind({"db"}))
                          .build());
  Desk desk(4, 0);
  desk.admission.set_pool("p", 1);
  desk.admission.set_gate("db", 0);
  desk.offer(run, "full", 9);
  desk.offer(run, "a", 8);
  desk.offer(run, "b");
  EXPECT_EQ(desk.admit(), "full");
  desk.admission.set_gate("db", 1);
  EXPECT_EQ(desk.admit(), "b");
}

TEST(AdmissionBreakers, WhoIsNoLongerWantedTakesNoPermitWithIt) {
  DagRun run = run_of(DagBuilder().task("a", {}, behind({"db"})).task("b", {}, behind({"db"})).build());
  Desk desk(4, 0);
  desk.admission.set_gate("db", 0);
  desk.offer(run, "a", 9);
  desk.offer(run, "b");
  EXPECT_EQ(desk.admit(), "");
  desk.admission.set_gate("db", 1);
  desk.unwanted.insert("a");  // between its wake and its turn
  EXPECT_EQ(desk.admit(), "b");
}

TEST(AdmissionBreakers, APermitThatWasNotUsedAfterAllGoesToTheNext) {
  DagRun run = run_of(DagBuilder().task("a", {}, behind({"db"})).task("b", {}, behind({"db"})).build());
  Desk desk(4, 0);
  desk.admission.set_gate("db", 0);
  desk.offer(run, "a", 9);
  desk.offer(run, "b");
  EXPECT_EQ(desk.admit(), "");
  desk.admission.set_gate("db", 1);
  EXPECT_EQ(desk.admit(), "a");
  desk.release(run, "a");  // it could not be launched, and has taken no permit
  EXPECT_EQ(desk.admit(), "b");
}

TEST(AdmissionBreakers, NobodyGoesAheadOfASlotThroughOne) {
  DagRun run = run_of(DagBuilder().task("a").task("b", {}, behind({"db"})).task("c").build());
  Desk desk(1, 2);
  desk.admission.set_gate("db", Breaker::kUnlimited);
  desk.offer(run, "a", 9);
  desk.offer(run, "b", 8);
  desk.offer(run, "c");
  EXPECT_EQ(desk.admit(), "a");
  desk.release(run, "a");
  EXPECT_EQ(desk.admit(), "b c") << "c may wait for b's slot";
}

TEST(AdmissionBreakers, ACrowdBeforeOneDoorDoesNotDelayAnother) {
  DagBuilder builder;
  for (int i = 0; i < 5'000; ++i) builder.task("t" + std::to_string(i), {}, behind({"db"}));
  builder.task("free", {}, behind({"other"}));
  DagRun run = run_of(builder.build());
  Desk desk(4, 0);
  desk.admission.set_gate("db", 0);
  desk.admission.set_gate("other", 0);
  for (int i = 0; i < 5'000; ++i) desk.offer(run, "t" + std::to_string(i), 5);
  desk.offer(run, "free");
  EXPECT_EQ(desk.admit(), "");
  desk.admission.set_gate("other", 1);
  desk.blocked.clear();
  EXPECT_EQ(desk.admit(), "free");
  EXPECT_TRUE(desk.blocked.empty()) << "none of the crowd was looked at";
}

}  // namespace
}  // namespace baton
