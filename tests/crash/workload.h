// The scripted life of a store that the crash tests interrupt: every kind of transaction, in steps of one transaction
// each, over three openings with a migration between them. The same every time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scheduler/store/sqlite_store.h"
#include "tests/conformance/store/sample.h"
#include "tests/conformance/store/test_loop.h"
#include "tests/crash/disk_vfs.h"

namespace baton::crash {

/// What one step came to.
enum class StepEnd : std::uint8_t {
  acknowledged,  ///< durable, or said to be well
  refused,       ///< nothing may have been written
  unknown,       ///< written or not; the store must refuse all that follows
};

struct StepReport {
  std::string name;
  StepEnd end = StepEnd::acknowledged;
};

struct WorkloadOptions {
  bool sync_normal = false;
  /// How often a step that was refused is offered again.
  int retries = 0;
};

class Workload {
 public:
  Workload(DiskVfs& vfs, const std::filesystem::path& folder, const WorkloadOptions& options = {});
  ~Workload();

  /// Runs the script until its end, or until a step is not acknowledged. `after_step` hears of each.
  void run(const std::function<void(const StepReport&)>& after_step);

  /// A store on these files, as the next process opens it (with all migrations).
  static Result<std::unique_ptr<SqliteStore>> open(DiskVfs& vfs, const std::filesystem::path& folder, Loop& loop,
                                                   bool sync_normal = false);

 private:
  struct Stopped {};

  /// Does one step, again as often as the options say; throws Stopped when it is not acknowledged.
  void step(const std::string& name, const std::function<StepEnd()>& act);
  void commit(const std::string& name, std::vector<Batch> batches);
  StepEnd commit_once(std::vector<Batch> batches);
  void expect_refusal();
  void open_step(const std::string& name, bool newest);
  void maintain(const std::string& name, const std::function<Status()>& act);

  void first_life();
  void second_life();
  void third_life();
  RunNo whole_run(const std::shared_ptr<const Dag>& dag, const std::string& run_id, WallUs ended_at);
  Part creation(const std::shared_ptr<const Dag>& dag, const std::string& run_id);
  TaskStateRow next_state(const std::string& dag_id, RunNo run_no, const std::string& run_id);
  Part end_of(RunNo run_no, RunState state, WallUs ended_at);

  DiskVfs& vfs_;
  const std::filesystem::path folder_;
  const WorkloadOptions options_;
  TestLoop loop_;
  std::unique_ptr<SqliteStore> store_;
  std::function<void(const StepReport&)> after_step_;
};

/// Everything that the database holds but the store's own row, as one number; 0 where there is no schema yet. `problem`
/// gets what integrity_check says, when that is not "ok", or what could not be read.
std::uint64_t digest(DiskVfs& vfs, const std::string& database, std::string& problem);

/// Writes the WAL back and removes it, as a close in good order after a long run does.
void settle(DiskVfs& vfs, const std::string& database);

/// Rows that contradict each other (counts and instances, orphans, gaps, checksums). Empty: none.
std::string contradictions(DiskVfs& vfs, const std::string& database, SqliteStore& store);

/// One run of the script without a fault: its log, and what was acknowledged when.
struct Recording {
  Log log;
  std::vector<std::uint64_t> states;         ///< digest after each step; states[0]: the empty disk
  std::vector<std::size_t> acknowledged_at;  ///< operations done when states[i] was acknowledged
  std::vector<std::string> names;
  /// What a state looks like once a newer binary has opened it: digests after and before.
  std::set<std::pair<std::uint64_t, std::uint64_t>> migrated;

  /// Whether `found` is state `j`, as it was or migrated.
  [[nodiscard]] bool is_state(std::uint64_t found, std::size_t j) const;
};
Recording record(DiskVfs& vfs, const std::filesystem::path& folder, bool sync_normal);

/// An integer from the environment.
std::int64_t setting(const char* name, std::int64_t fallback);

}  // namespace baton::crash
