#include "cli/display/watched_run.h"

#include <chrono>
#include <utility>

namespace baton::display {
namespace {

/// Outputs are shown at the end of small runs, where they are small themselves.
constexpr std::size_t kOutputsBytesMax = 4'096;

Row row_of_task(const DagRun& run, const TaskRow& row) {
  Row out;
  out.instance_no = row.instance_no;
  out.task_no = row.task_no;
  out.map_index = row.map_index;
  out.map_key = row.map_key;
  out.state = row.state;
  out.reason = row.reason;
  out.epoch = row.epoch;
  out.try_number = row.try_number;
  out.started_at = row.started_at;
  out.ended_at = row.ended_at;
  out.wake_at = row.wake_at;
  out.note = row.note;
  if (run.instances.size() <= kAllRowsMax && row.outputs_json.size() <= kOutputsBytesMax) {
    out.outputs_json = row.outputs_json;
  }
  if (static_cast<std::size_t>(row.instance_no) < run.instances.size()) out.wait = run.at(row.instance_no).wait;
  return out;
}

}  // namespace

WallUs wall_now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Row row_of_instance(const DagRun& run, InstanceNo i) {
  const Instance& instance = run.at(i);
  Row out;
  out.instance_no = i;
  out.task_no = instance.task_no;
  out.map_index = instance.map_index;
  out.state = instance.state;
  out.reason = instance.reason;
  out.wait = instance.wait;
  out.epoch = instance.epoch;
  out.try_number = instance.try_number;
  if (const auto item = run.items.find(i); item != run.items.end()) out.map_key = item->second.key;
  if (const Activity* activity = run.activity(i)) {
    out.started_at = activity->started_at;
    out.wake_at = activity->wake_at;
  }
  return out;
}

void WatchedRun::run_began(const DagRun& run) {
  {
    const std::lock_guard lock(mutex_);
    picture_.emplace(run.dag, run.row);
    picture_->expect(run.instances.size());
    for (std::size_t i = 0; i < run.instances.size(); ++i)
      picture_->put(row_of_instance(run, static_cast<InstanceNo>(i)));
  }
  began(*picture_);
}

void WatchedRun::instance_changed(const DagRun& run, const TaskRow& row) {
  if (!picture_ || picture_->run().run_no != run.row.run_no) return;
  const Row* shown = nullptr;
  Row changed_row = row_of_task(run, row);
  {
    const std::lock_guard lock(mutex_);
    if (run.instances.size() > picture_->instances()) picture_->expect(run.instances.size());
    picture_->put(changed_row);
    shown = picture_->row(row.instance_no);
    if (shown != nullptr) changed_row = *shown;  // with the exit code of its try
  }
  changed(*picture_, changed_row);
}

void WatchedRun::try_ended(const DagRun& run, const TryRow& row) {
  const std::lock_guard lock(mutex_);
  if (picture_ && picture_->run().run_no == run.row.run_no)
    picture_->note_try(row.instance_no, row.exit_code, row.signal);
}

void WatchedRun::run_ended(const DagRun& run) {
  if (!picture_ || picture_->run().run_no != run.row.run_no) return;
  {
    const std::lock_guard lock(mutex_);
    picture_->set_run(run.row);
  }
  ended(*picture_);
}

void WatchedRun::notice(const std::string& text) {
  noticed(text);
}

void WatchedRun::read(const std::function<void(RunPicture&)>& look) {
  const std::lock_guard lock(mutex_);
  if (picture_) look(*picture_);
}

std::optional<RunPicture> WatchedRun::take_picture() {
  const std::lock_guard lock(mutex_);
  return std::exchange(picture_, std::nullopt);
}

}  // namespace baton::display
