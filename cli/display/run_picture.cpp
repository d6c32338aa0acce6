#include "cli/display/run_picture.h"

#include <utility>

namespace baton::display {
namespace {

std::size_t slot(TaskState state) { return static_cast<std::size_t>(state); }

std::int32_t sum_of_final(const StateCounts& counts) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto state = static_cast<TaskState>(i);
    if (is_final(state) && state != TaskState::removed) sum += counts.at(i);
  }
  return sum;
}

std::int32_t sum_of_all(const StateCounts& counts) {
  std::int32_t sum = 0;
  for (const std::int32_t n : counts) sum += n;
  return sum - counts[slot(TaskState::removed)];
}

}  // namespace

std::int32_t TaskCounts::total() const { return sum_of_all(by_state); }
std::int32_t TaskCounts::ended() const { return sum_of_final(by_state); }

RunPicture::RunPicture(std::shared_ptr<const Dag> dag, RunRow run)
    : dag_(std::move(dag)), run_(std::move(run)), tasks_(dag_->tasks.size()) {}

std::int32_t RunPicture::total() const { return sum_of_all(counts_); }
std::int32_t RunPicture::ended() const { return sum_of_final(counts_); }

void RunPicture::expect(std::size_t instances) {
  if (instances > states_.size()) states_.resize(instances);
}

void RunPicture::note_try(InstanceNo instance_no, std::int32_t exit_code, std::int32_t signal) {
  if (last_try_.size() < kAllRowsMax || exit_code != 0) last_try_[instance_no] = {exit_code, signal};
}

void RunPicture::set_glimpse(InstanceNo instance_no, std::string last_line, std::int32_t progress) {
  const auto found = rows_.find(instance_no);
  if (found == rows_.end()) return;
  found->second.last_line = std::move(last_line);
  found->second.progress = progress;
}

const Row* RunPicture::row(InstanceNo i) const {
  const auto found = rows_.find(i);
  return found == rows_.end() ? nullptr : &found->second;
}

bool RunPicture::is_worth_keeping(const Row& row) const {
  if (has_all_rows()) return true;
  if (row.state == TaskState::failed) return failed_rows_ < kFailedRowsMax || rows_.contains(row.instance_no);
  return is_live(row.state) || row.state == TaskState::up_for_retry;
}

void RunPicture::count_row(const Row& row) {
  Known& known = states_[static_cast<std::size_t>(row.instance_no)];
  const bool is_hook = dag_->task(row.task_no).hook != Hook::none;
  TaskCounts& task = tasks_[static_cast<std::size_t>(row.task_no)];
  if (known.put) {
    --task.by_state[slot(known.state)];
    if (!is_hook) --counts_[slot(known.state)];
  }
  ++task.by_state[slot(row.state)];
  if (!is_hook) ++counts_[slot(row.state)];
  if (row.state == TaskState::success && !(known.put && known.state == TaskState::success) &&
      row.started_at != kNoTime && row.ended_at > row.started_at) {
    task.run_us_sum += row.ended_at - row.started_at;
    ++task.run_count;
  }
  known = {row.state, true};
}

void RunPicture::put(Row row) {
  expect(static_cast<std::size_t>(row.instance_no) + 1);
  count_row(row);
  if (const auto found = last_try_.find(row.instance_no); found != last_try_.end()) {
    row.exit_code = found->second.first;
    row.signal = found->second.second;
    last_try_.erase(found);
  }
  const auto kept = rows_.find(row.instance_no);
  if (kept != rows_.end() && kept->second.state == TaskState::failed) --failed_rows_;
  if (!is_worth_keeping(row)) {
    if (kept != rows_.end()) rows_.erase(kept);
    return;
  }
  if (row.state == TaskState::failed) ++failed_rows_;
  if (kept != rows_.end()) {
    if (row.exit_code < 0 && row.signal == 0) {
      row.exit_code = kept->second.exit_code;
      row.signal = kept->second.signal;
    }
    kept->second = std::move(row);
    return;
  }
  const InstanceNo key = row.instance_no;
  rows_.emplace(key, std::move(row));
}

}  // namespace baton::display
