// T3b: any call to the disk fails, once or from then on. No crash, no hang, the right outcome, no acknowledgement lost.
#include <gtest/gtest.h>

#include "scheduler/store/state_folder.h"
#include "tests/crash/workload.h"

namespace baton::crash {
namespace {

struct FaultKind {
  const char* name;
  Fault::Kind kind;
  int retries;  ///< of a step that is rolled back
};

class IoErrors : public testing::TestWithParam<FaultKind> {
 protected:
  struct Ended {
    std::size_t acknowledged = 0;  ///< steps
    StepEnd end = StepEnd::acknowledged;
    std::string last;
  };

  Ended run_with(const Fault& fault) {
    vfs_.load({});
    vfs_.set_fault(fault);
    WorkloadOptions options;
    options.retries = GetParam().retries;
    Ended ended;
    Workload workload(vfs_, folder_.path(), options);
    workload.run([&](const StepReport& report) {
      ended.acknowledged += report.end == StepEnd::acknowledged ? 1 : 0;
      ended.end = report.end;
      ended.last = report.name;
    });
    return ended;
  }

  /// What the next process finds must fit what this one was told.
  std::string judge(const Ended& ended) {
    const Image left = vfs_.image();
    vfs_.load(left);
    TestLoop loop;
    auto store = Workload::open(vfs_, folder_.path(), loop);
    if (!store) return "refused: " + store.error().message;
    std::string problem;
    const std::uint64_t found = digest(vfs_, database_path(folder_.path()).string(), problem);
    if (!problem.empty()) return problem;
    if (recording_.is_state(found, ended.acknowledged)) return "";
    const bool may_be_next = ended.end == StepEnd::unknown && ended.acknowledged + 1 < recording_.states.size();
    if (may_be_next && recording_.is_state(found, ended.acknowledged + 1)) return "";
    return "what was acknowledged and what is there differ";
  }

  sample::Folder folder_;
  DiskVfs vfs_;
  Recording recording_;
};

// BATON_CRASH_FAULTS: how many calls fail, spread over the script; 0: every one.
TEST_P(IoErrors, OfAnyCallLeaveWhatWasAcknowledged) {
  recording_ = record(vfs_, folder_.path(), false);
  run_with({GetParam().kind, -1, false});
  const std::int64_t calls = vfs_.calls();
  ASSERT_GT(calls, 10);
  const std::int64_t wanted = setting("BATON_CRASH_FAULTS", 60);
  const std::int64_t stride = wanted == 0 ? 1 : std::max<std::int64_t>(1, calls / wanted);
  std::int64_t cases = 0, failures = 0, survived = 0;
  for (const bool persistent : {false, true}) {
    for (std::int64_t at = 0; at < calls; at += stride) {
      const Ended ended = run_with({GetParam().kind, at, persistent});
      ++cases;
      survived += ended.end == StepEnd::acknowledged ? 1 : 0;
      const std::string problem = judge(ended);
      if (problem.empty()) continue;
      if (++failures <= 5) {
        ADD_FAILURE() << "call " << at << (persistent ? " and all after" : "") << ", last step \"" << ended.last
                      << "\" ended " << static_cast<int>(ended.end) << ": " << problem;
      }
    }
  }
  std::printf("%s: %lld faults over %lld calls, the script ended well in %lld, %lld lost\n", GetParam().name,
              static_cast<long long>(cases), static_cast<long long>(calls), static_cast<long long>(survived),
              static_cast<long long>(failures));
  // A full disk or a lock that goes away is got over, by offering the step again.
  if (GetParam().retries > 0) {
    EXPECT_GT(survived, cases / 4);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, IoErrors,
                         testing::Values(FaultKind{"Io", Fault::Kind::io, 0}, FaultKind{"Full", Fault::Kind::full, 1},
                                         FaultKind{"Busy", Fault::Kind::busy, 1},
                                         FaultKind{"PartialRead", Fault::Kind::partial_read, 0},
                                         FaultKind{"CannotOpen", Fault::Kind::cannot_open, 0}),
                         [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace baton::crash
