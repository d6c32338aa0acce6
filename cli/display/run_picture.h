// RunPicture: what a display knows of a run: counts, and the rows worth showing. A run of a million task instances keeps
// one byte each and rows only for what lives or failed. Plain value; one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/engine/rows.h"
#include "scheduler/model/dag.h"

namespace baton::display {

/// Runs up to this many instances keep all their rows.
inline constexpr std::size_t kAllRowsMax = 1'000;
/// Failed rows kept beyond that.
inline constexpr std::size_t kFailedRowsMax = 200;

struct Row {
  InstanceNo instance_no = 0;
  TaskNo task_no = 0;
  std::int32_t map_index = kUnmapped;
  std::string map_key;
  TaskState state = TaskState::none;
  Reason reason = Reason::none;
  Wait wait = Wait::ended;
  Epoch epoch = 0;
  std::int32_t try_number = 0;
  WallUs started_at = kNoTime, ended_at = kNoTime, wake_at = kNoTime;
  std::int32_t exit_code = -1, signal = 0;  ///< of its last try
  std::string note;
  std::string outputs_json;                 ///< kept where there are few instances
  std::string last_line;                    ///< of its log, printable; while it runs
  std::int32_t progress = -1;               ///< percent, as the task says; −1: it says nothing
};

/// Instances of one task by state.
struct TaskCounts {
  StateCounts by_state{};
  DurationUs run_us_sum = 0;   ///< of its successes here
  std::int32_t run_count = 0;
  [[nodiscard]] std::int32_t total() const;
  [[nodiscard]] std::int32_t ended() const;
};

class RunPicture {
 public:
  RunPicture(std::shared_ptr<const Dag> dag, RunRow run);

  [[nodiscard]] const Dag& dag() const { return *dag_; }
  [[nodiscard]] const RunRow& run() const { return run_; }
  void set_run(const RunRow& run) { run_ = run; }

  /// The instance stands so now; new instances are learned of as they come. O(1), but for rows that are kept.
  void put(Row row);
  /// How many instances there are, where more are known to exist than were put.
  void expect(std::size_t instances);
  /// Exit code and signal of a try that ended; the row that follows keeps them.
  void note_try(InstanceNo instance_no, std::int32_t exit_code, std::int32_t signal);
  void set_glimpse(InstanceNo instance_no, std::string last_line, std::int32_t progress);

  [[nodiscard]] const StateCounts& counts() const { return counts_; }
  [[nodiscard]] std::int32_t count(TaskState state) const { return counts_[static_cast<std::size_t>(state)]; }
  /// Hooks and what was left out by --task aside.
  [[nodiscard]] std::int32_t total() const;
  [[nodiscard]] std::int32_t ended() const;
  [[nodiscard]] const TaskCounts& of_task(TaskNo t) const { return tasks_[static_cast<std::size_t>(t)]; }

  /// Rows that are kept, by instance number.
  [[nodiscard]] const std::map<InstanceNo, Row>& rows() const { return rows_; }
  [[nodiscard]] const Row* row(InstanceNo i) const;
  [[nodiscard]] std::size_t instances() const { return states_.size(); }
  [[nodiscard]] bool has_all_rows() const { return states_.size() <= kAllRowsMax; }

 private:
  struct Known {
    TaskState state = TaskState::none;
    bool put = false;
  };
  void count_row(const Row& row);
  [[nodiscard]] bool is_worth_keeping(const Row& row) const;

  std::shared_ptr<const Dag> dag_;
  RunRow run_;
  StateCounts counts_{};
  std::vector<TaskCounts> tasks_;
  std::vector<Known> states_;
  std::map<InstanceNo, Row> rows_;
  std::map<InstanceNo, std::pair<std::int32_t, std::int32_t>> last_try_;
  std::size_t failed_rows_ = 0;
};

}  // namespace baton::display
