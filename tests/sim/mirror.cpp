#include "tests/sim/mirror.h"

#include <fmt/format.h>

#include <utility>

#include "scheduler/model/check.h"
#include "tests/sim/disk.h"

namespace baton::sim {
namespace {

template <typename T>
void compare(std::string& out, const char* column, const T& here, const T& there) {
  if (out.empty() && here != there) out = column;
}

std::string difference_of(const TaskRow& a, const TaskRow& b) {
  std::string out;
  compare(out, "instance_no", a.instance_no, b.instance_no);
  compare(out, "task_no", a.task_no, b.task_no);
  compare(out, "map_index", a.map_index, b.map_index);
  if (a.map_index >= 0) {
    compare(out, "map_key", a.map_key, b.map_key);
    compare(out, "item_json", a.item_json, b.item_json);
  }
  compare(out, "state", a.state, b.state);
  compare(out, "reason", a.reason, b.reason);
  compare(out, "epoch", a.epoch, b.epoch);
  compare(out, "try_number", a.try_number, b.try_number);
  compare(out, "failures", a.failures, b.failures);
  compare(out, "losses", a.losses, b.losses);
  compare(out, "scheduled_at", a.scheduled_at, b.scheduled_at);
  compare(out, "queued_at", a.queued_at, b.queued_at);
  compare(out, "started_at", a.started_at, b.started_at);
  compare(out, "ended_at", a.ended_at, b.ended_at);
  compare(out, "wake_at", a.wake_at, b.wake_at);
  compare(out, "first_look_at", a.first_look_at, b.first_look_at);
  compare(out, "pid", a.pid, b.pid);
  compare(out, "outputs_json", a.outputs_json, b.outputs_json);
  compare(out, "note", a.note, b.note);
  compare(out, "times_json", a.times_json, b.times_json);
  return out;
}

std::string difference_of(const RunRow& a, const RunRow& b) {
  std::string out;
  compare(out, "run_id", a.run_id, b.run_id);
  compare(out, "dag_version", a.dag_version, b.dag_version);
  compare(out, "state", a.state, b.state);
  compare(out, "reason", a.reason, b.reason);
  compare(out, "note", a.note, b.note);
  compare(out, "conf_json", a.conf_json, b.conf_json);
  compare(out, "logical_date", a.logical_date, b.logical_date);
  compare(out, "started_at", a.started_at, b.started_at);
  compare(out, "ended_at", a.ended_at, b.ended_at);
  compare(out, "paused", a.paused, b.paused);
  return out;
}

}  // namespace

void Mirror::HandLoop::drain() {
  while (!posted_.empty()) {
    const auto f = std::move(posted_.front());
    posted_.pop_front();
    f();
  }
}

Mirror::Mirror(const SimLoop& time) : loop_(time) {
  auto opened = SqliteStore::open_in_memory(loop_);
  BATON_CHECK(opened.ok());
  store_ = std::move(opened).value();
}

Mirror::~Mirror() = default;

CommitDone Mirror::apply(const Batch& batch) {
  CommitDone how;
  store_->commit(batch, [&how](const CommitDone& told) { how = told; });
  loop_.drain();
  return how;
}

std::string Mirror::difference(const DiskRun& run) {
  auto read = store_->load_run(run.row.run_no);
  if (!read) return "it cannot be read: " + read.error().message;
  if (const std::string column = difference_of(read->run, run.row); !column.empty()) return "run: " + column;
  if (read->instances.size() != run.instances.size()) return "the number of its instances";
  for (std::size_t i = 0; i < run.instances.size(); ++i) {
    const std::string column = difference_of(read->instances[i], run.instances[i]);
    if (!column.empty()) return fmt::format("instance {}: {}", i, column);
  }
  return {};
}

}  // namespace baton::sim
