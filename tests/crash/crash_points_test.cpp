// T3: the process or the machine dies at every operation on the disk, and recovery finds what was acknowledged.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "scheduler/store/state_folder.h"
#include "tests/crash/workload.h"

namespace baton::crash {
namespace {

/// What all cases came to.
struct Tally {
  std::int64_t cases = 0, lost = 0, strange = 0, damaged = 0, refused = 0, contradictory = 0, unusable = 0;
  std::string first_problem;
  void note(std::int64_t& count, const std::string& problem) {
    ++count;
    if (first_problem.empty()) first_problem = problem;
  }
  [[nodiscard]] std::int64_t failures() const { return lost + strange + damaged + refused + contradictory + unusable; }
};

class CrashPoints : public testing::Test {
 protected:
  /// Recovers from `image` and holds what is there against the recording. The log of the recovery is left in the VFS.
  void examine(const Image& image, std::size_t ops_done, const std::string& where, Tally& tally) {
    ++tally.cases;
    vfs_.load(image);
    TestLoop loop;
    auto store = Workload::open(vfs_, folder_.path(), loop);
    if (!store) return tally.note(tally.refused, where + ": " + store.error().message);
    std::string problem;
    const std::uint64_t found = digest(vfs_, database_, problem);
    if (!problem.empty()) return tally.note(tally.damaged, where + ": " + problem);
    judge(found, ops_done, where, tally);
    examine_backup(ops_done, where, tally);
    if (checked_.insert(found).second) {
      const std::string contradiction = contradictions(vfs_, database_, **store);
      if (!contradiction.empty()) tally.note(tally.contradictory, where + ": " + contradiction);
    }
    if (!can_go_on(**store, loop)) tally.note(tally.unusable, where + ": no commit succeeds after the recovery");
  }

  /// A backup that was acknowledged is whole.
  void examine_backup(std::size_t ops_done, const std::string& where, Tally& tally) {
    const auto step = static_cast<std::size_t>(std::find(recording_.names.begin(), recording_.names.end(), "back up") -
                                               recording_.names.begin());
    ASSERT_LT(step, recording_.names.size());
    if (recording_.acknowledged_at[step] > ops_done) return;
    std::string problem;
    // Its last name is given by rename(2), which this disk does not see.
    const std::uint64_t found = digest(vfs_, (folder_.path() / "copy.db.partial").string(), problem);
    if (!problem.empty() || found != recording_.states[step])
      tally.note(tally.damaged, where + ": the backup " + problem);
  }

  /// `found` must be a state of the recording, not older than the last that was acknowledged.
  void judge(std::uint64_t found, std::size_t ops_done, const std::string& where, Tally& tally) {
    std::size_t acknowledged = 0;
    while (acknowledged + 1 < recording_.states.size() && recording_.acknowledged_at[acknowledged + 1] <= ops_done) {
      ++acknowledged;
    }
    bool is_known = false;
    for (std::size_t j = recording_.states.size(); j-- > 0;) {
      if (!recording_.is_state(found, j)) continue;
      if (j >= acknowledged) return;
      is_known = true;
    }
    const std::string expected = where + ": acknowledged was \"" + recording_.names[acknowledged] + '"';
    if (is_known) return tally.note(tally.lost, expected + ", an older state was found");
    tally.note(tally.strange, expected + ", a state was found that never was");
  }

  /// What a recovery and a close in good order do to the disk.
  Log recover_and_close(const Image& image) {
    vfs_.load(image);
    TestLoop loop;
    EXPECT_TRUE(Workload::open(vfs_, folder_.path(), loop).ok());
    return vfs_.take_log();
  }

  static bool can_go_on(SqliteStore& store, TestLoop& loop) {
    Part batch;
    batch.creations.push_back(sample::creation(store.next_run_no(), sample::dag("afterwards", 2), "afterwards"));
    CommitOutcome outcome = CommitOutcome::unknown;
    store.commit(std::move(batch), [&](const CommitDone& how) { outcome = how.outcome; });
    loop.run_posted();
    return outcome == CommitOutcome::durable;
  }

  void prepare(bool sync_normal) {
    recording_ = record(vfs_, folder_.path(), sync_normal);
    ASSERT_GT(recording_.states.size(), 20U);
  }

  sample::Folder folder_;
  const std::string database_ = database_path(folder_.path()).string();
  DiskVfs vfs_;
  Recording recording_;
  std::set<std::uint64_t> checked_;
};

std::string place(Death death, std::size_t n, std::uint64_t seed) {
  constexpr const char* kNames[] = {"kill", "torn", "power"};
  return std::string(kNames[static_cast<int>(death)]) + " at operation " + std::to_string(n) + ", seed " +
         std::to_string(seed);
}

// BATON_CRASH_SEEDS: power losses tried at each operation. BATON_CRASH_STRIDE: every how many operations.
TEST_F(CrashPoints, NothingAcknowledgedIsLostAndNothingIsHalfThere) {
  prepare(false);
  const std::int64_t seeds = setting("BATON_CRASH_SEEDS", 2);
  const auto stride = static_cast<std::size_t>(setting("BATON_CRASH_STRIDE", 1));
  Tally tally;
  Replay replay({});
  for (std::size_t n = 0; n < recording_.log.size(); ++n) {
    const Op& next = recording_.log[n];
    if (n % stride == 0) {
      std::mt19937_64 random(n);
      examine(replay.image_after(Death::kill, next, random), n, place(Death::kill, n, 0), tally);
      if (next.kind == Op::Kind::write) {
        examine(replay.image_after(Death::torn, next, random), n, place(Death::torn, n, 0), tally);
      }
      for (std::int64_t seed = 0; seed < seeds; ++seed) {
        std::mt19937_64 own(n * 1000 + static_cast<std::uint64_t>(seed));
        examine(replay.image_after(Death::power, next, own), n,
                place(Death::power, n, static_cast<std::uint64_t>(seed)), tally);
      }
    }
    replay.apply(next);
  }
  std::printf("%lld crash points over %zu operations, %lld lost\n", static_cast<long long>(tally.cases),
              recording_.log.size(), static_cast<long long>(tally.lost));
  EXPECT_EQ(tally.failures(), 0) << tally.first_problem << "\nlost " << tally.lost << ", strange " << tally.strange
                                 << ", damaged " << tally.damaged << ", refused " << tally.refused << ", contradictory "
                                 << tally.contradictory << ", unusable " << tally.unusable;
}

// The recovery itself dies, at every operation of its own; sampled over the points of the first death.
TEST_F(CrashPoints, ARecoveryThatDiesIsRecoveredFrom) {
  prepare(false);
  const auto first_deaths = static_cast<std::size_t>(setting("BATON_CRASH_DEPTH2", 40));
  const std::size_t stride = std::max<std::size_t>(1, recording_.log.size() / first_deaths);
  Tally tally;
  Replay replay({});
  for (std::size_t n = 0; n < recording_.log.size(); ++n) {
    if (n % stride == stride / 2) {
      std::mt19937_64 random(n);
      const auto death = random() % 2 == 0 ? Death::power : Death::kill;
      const Image first = replay.image_after(death, recording_.log[n], random);
      const Log recovery = recover_and_close(first);
      Replay again(first);
      const std::size_t inner_stride = 1 + recovery.size() / 60;
      for (std::size_t m = 0; m < recovery.size(); ++m) {
        if (m % inner_stride == 0) {
          std::mt19937_64 inner(n * 1000 + m);
          const auto inner_death = static_cast<Death>(inner() % 3);
          examine(again.image_after(inner_death, recovery[m], inner), n,
                  place(death, n, n) + ", then " + place(inner_death, m, n * 1000 + m), tally);
        }
        again.apply(recovery[m]);
      }
    }
    replay.apply(recording_.log[n]);
  }
  std::printf("%lld crash points of recoveries, %lld lost\n", static_cast<long long>(tally.cases),
              static_cast<long long>(tally.lost));
  EXPECT_EQ(tally.failures(), 0) << tally.first_problem;
}

// The harness must be able to fail: without the sync of each commit, power losses lose what was acknowledged.
TEST_F(CrashPoints, WithoutTheSyncOfEachCommitAcknowledgedOnesAreLost) {
  prepare(true);
  Tally tally;
  Replay replay({});
  for (std::size_t n = 0; n < recording_.log.size(); ++n) {
    if (n % 8 == 0) {
      std::mt19937_64 random(n);
      examine(replay.image_after(Death::power, recording_.log[n], random), n, place(Death::power, n, n), tally);
    }
    replay.apply(recording_.log[n]);
  }
  std::printf("control: %lld of %lld power losses lost an acknowledged commit\n", static_cast<long long>(tally.lost),
              static_cast<long long>(tally.cases));
  EXPECT_GT(tally.lost, tally.cases / 20);
  EXPECT_EQ(tally.damaged, 0) << tally.first_problem;
}

// What comes while a full disk has not been reported yet is rolled back too, even if there is space again: otherwise a
// later change would be durable before the earlier one that it builds on.
TEST(FullDisk, WhatWasOfferedBeforeTheAnswerIsRolledBackInOrder) {
  const sample::Folder folder;
  DiskVfs vfs;
  vfs.load({});
  TestLoop loop;
  auto store = std::move(Workload::open(vfs, folder.path(), loop)).value();
  const auto dag = sample::dag("etl", 1);
  std::vector<std::pair<int, CommitOutcome>> outcomes;
  const auto offer = [&](int number) {
    Part batch;
    batch.creations.push_back(sample::creation(store->next_run_no(), dag, "r" + std::to_string(number)));
    store->commit(std::move(batch), [&, number](const CommitDone& how) { outcomes.emplace_back(number, how.outcome); });
  };
  vfs.set_fault({Fault::Kind::full, 0, false});
  offer(1);                      // posts its transaction, which posts the answer
  loop.post([&] { offer(2); });  // comes between the two
  loop.run_posted();
  offer(3);
  loop.run_posted();
  using enum CommitOutcome;
  EXPECT_EQ(outcomes, (std::vector<std::pair<int, CommitOutcome>>{{1, rolled_back}, {2, rolled_back}, {3, durable}}));
}

}  // namespace
}  // namespace baton::crash
