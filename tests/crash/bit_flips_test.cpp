// T3d: a bit flips, or the end of a file is missing. What the store then answers is right, or it is an error.
#include <gtest/gtest.h>

#include <functional>

#include "scheduler/store/state_folder.h"
#include "tests/crash/workload.h"

namespace baton::crash {
namespace {

auto identity_of(const RunRow& run) {
  return std::tie(run.dag_id, run.run_id, run.dag_version, run.type, run.logical_date, run.interval_start,
                  run.interval_end, run.run_after, run.triggered_by, run.conf_json);
}
auto end_of(const RunRow& run) {
  return std::tie(run.state, run.reason, run.started_at, run.ended_at);
}
auto identity_of(const TaskRow& row) {
  return std::tie(row.run_no, row.instance_no, row.task_no, row.map_index, row.map_key, row.item_json);
}
auto end_of(const TaskRow& row) {
  return std::tie(row.state, row.reason, row.epoch, row.try_number, row.started_at, row.ended_at, row.outputs_json);
}

/// Whether what the checksums cover is the same.
bool is_right(const RunSnapshot& truth, const RunSnapshot& answer) {
  if (identity_of(truth.run) != identity_of(answer.run)) return false;
  if (is_final(truth.run.state) && end_of(truth.run) != end_of(answer.run)) return false;
  if (truth.version.source != answer.version.source || truth.version.canonical_json != answer.version.canonical_json) {
    return false;
  }
  if (truth.instances.size() != answer.instances.size()) return false;
  for (std::size_t i = 0; i < truth.instances.size(); ++i) {
    const TaskRow& a = truth.instances[i];
    const TaskRow& b = answer.instances[i];
    if (identity_of(a) != identity_of(b) || (is_final(a.state) && end_of(a) != end_of(b))) return false;
  }
  return true;
}

class BitFlips : public testing::Test {
 protected:
  struct Tally {
    int cases = 0, refused = 0, errors = 0, missing = 0, right = 0, wrong = 0;
  };

  void SetUp() override {
    vfs_.load({});
    Workload workload(vfs_, folder_.path());
    workload.run([&](const StepReport& report) {
      ASSERT_EQ(report.end, StepEnd::acknowledged);
      if (report.name == "end wide") hot_ = vfs_.image();
    });
    settle(vfs_, database_);
    clean_ = vfs_.image();
    ASSERT_FALSE(clean_.contains(database_ + "-wal"));
    ASSERT_TRUE(hot_.contains(database_ + "-wal"));
    vfs_.load(clean_);
    TestLoop loop;
    auto store = Workload::open(vfs_, folder_.path(), loop);
    ASSERT_TRUE(store.ok());
    for (RunNo n = 1; n < 30; ++n) {
      if (auto loaded = (*store)->load_run(n); loaded.ok()) truth_.push_back(std::move(*loaded));
    }
    ASSERT_GT(truth_.size(), 3U);
  }

  void examine(const Image& image, Tally& tally) {
    ++tally.cases;
    vfs_.load(image);
    TestLoop loop;
    auto store = Workload::open(vfs_, folder_.path(), loop);
    if (!store) {
      ++tally.refused;
      return;
    }
    bool has_error = false, misses = false, is_wrong = false;
    for (const auto& truth : truth_) {
      const auto answer = (*store)->load_run(truth.run.run_no);
      if (!answer) {
        (answer.error().kind == ErrorKind::not_found ? misses : has_error) = true;
      } else {
        is_wrong = is_wrong || !is_right(truth, *answer);
      }
    }
    ++(is_wrong ? tally.wrong : has_error ? tally.errors : misses ? tally.missing : tally.right);
  }

  static void print(const char* what, const Tally& t) {
    std::printf("%s: %d, refused %d, an error %d, a run missing %d, unharmed %d, silently wrong %d\n", what, t.cases,
                t.refused, t.errors, t.missing, t.right, t.wrong);
  }

  sample::Folder folder_;
  const std::string database_ = database_path(folder_.path()).string();
  DiskVfs vfs_;
  Image clean_, hot_;
  std::vector<RunSnapshot> truth_;
};

// BATON_CRASH_FLIPS: how many bits.
TEST_F(BitFlips, GiveRightAnswersOrErrors) {
  Tally tally;
  std::mt19937_64 random(7);
  const std::int64_t flips = setting("BATON_CRASH_FLIPS", 300);
  for (std::int64_t i = 0; i < flips; ++i) {
    Image image = i % 2 == 0 ? clean_ : hot_;
    Bytes& bytes = image[database_];
    const std::size_t at = random() % bytes.size();
    bytes[at] = static_cast<unsigned char>(bytes[at] ^ (1U << (random() % 8)));
    examine(image, tally);
  }
  print("bit flips", tally);
  EXPECT_EQ(tally.wrong, 0);
  EXPECT_GT(tally.refused + tally.errors, flips / 20) << "the flips hit nothing";
}

TEST_F(BitFlips, ADatabaseThatLostItsEndIsRefused) {
  Tally tally;
  std::mt19937_64 random(8);
  for (int i = 0; i < 40; ++i) {
    Image image = clean_;
    Bytes& bytes = image[database_];
    bytes.resize(1 + random() % (bytes.size() - 1));
    examine(image, tally);
    EXPECT_TRUE(vfs_.image().contains(database_)) << "the file was deleted";
  }
  print("truncations", tally);
  EXPECT_EQ(tally.wrong + tally.missing, 0);
  // What is lost within the last page alone may be bytes that nothing uses.
  EXPECT_GE(tally.refused + tally.errors, tally.cases * 8 / 10);
}

// A frame of the WAL that does not match its checksum is where the WAL ends for SQLite: what follows is as if it had
// never been written. Whole transactions go, no row is wrong.
TEST_F(BitFlips, InTheWalTakeWholeTransactions) {
  std::string problem;
  Recording recording = record(vfs_, folder_.path(), false);
  std::mt19937_64 random(9);
  int cases = 0, refused = 0;
  for (int i = 0; i < 60; ++i) {
    Image image = hot_;
    Bytes& bytes = image[database_ + "-wal"];
    const std::size_t at = random() % bytes.size();
    bytes[at] = static_cast<unsigned char>(bytes[at] ^ (1U << (random() % 8)));
    vfs_.load(image);
    TestLoop loop;
    auto store = Workload::open(vfs_, folder_.path(), loop);
    ++cases;
    if (!store) {
      ++refused;
      continue;
    }
    const std::uint64_t found = digest(vfs_, database_, problem);
    bool is_known = false;
    for (std::size_t j = 0; j < recording.states.size(); ++j) is_known = is_known || recording.is_state(found, j);
    EXPECT_TRUE(is_known) << "bit in byte " << at << " of the WAL";
    EXPECT_EQ(problem, "");
  }
  std::printf("bit flips in the WAL: %d, refused %d\n", cases, refused);
}

}  // namespace
}  // namespace baton::crash
