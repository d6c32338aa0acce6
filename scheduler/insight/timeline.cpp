#include "scheduler/insight/timeline.h"

#include <algorithm>

#include "scheduler/engine/wait_times.h"
#include "scheduler/insight/words.h"

namespace baton::insight {
namespace {

class Timeline {
 public:
  Timeline(WallUs begin, WallUs now) : now_(now), at_(begin) {}

  /// The sums of `times_json`, the last of them up to `end`: what came last is what the row's own times tell of.
  void add_sums(std::string_view times_json, WallUs end) {
    if (end == kNoTime || end <= at_) return;
    const auto sums = times_of(times_json);
    WallUs start = end;
    std::vector<Segment> back;
    for (auto sum = sums.rbegin(); sum != sums.rend() && start > at_; ++sum) {
      const WallUs from = std::max(at_, start - sum->second);
      if (sum->first != Wait::ended && from < start) back.push_back({sum->first, from, start});
      start = from;
    }
    for (auto segment = back.rbegin(); segment != back.rend(); ++segment) add(*segment);
    at_ = end;
  }

  /// What has passed since the sums were written, by the times of the row.
  void add_rest(const TaskRow& row) {
    const Wait wait = row.wait && *row.wait != Wait::ended ? *row.wait : Wait::slots;
    switch (row.state) {
      case TaskState::none: return up_to(row.wait && *row.wait != Wait::ended ? *row.wait : Wait::upstream, now_);
      case TaskState::scheduled:
        up_to(Wait::upstream, row.scheduled_at);
        return up_to(wait, now_);
      case TaskState::queued:
        up_to(Wait::upstream, row.scheduled_at);
        up_to(wait, row.queued_at);
        return up_to(Wait::starting, now_);
      case TaskState::running:
        up_to(Wait::upstream, row.scheduled_at);
        up_to(wait, row.queued_at);
        up_to(Wait::starting, row.started_at);
        return up_to(Wait::running, now_);
      case TaskState::up_for_retry: return up_to(Wait::backoff, now_);
      case TaskState::up_for_reschedule: return up_to(Wait::sensor, now_);
      case TaskState::deferred: return up_to(row.wait.value_or(Wait::approval), now_);
      case TaskState::success:
      case TaskState::failed:
      case TaskState::skipped:
      case TaskState::upstream_failed:
      case TaskState::removed: return;
    }
  }

  std::vector<Segment> take() { return std::move(out_); }

 private:
  void up_to(Wait wait, WallUs end) {
    if (end == kNoTime || end <= at_) return;
    add({wait, at_, std::min(end, now_)});
    at_ = std::min(end, now_);
  }
  void add(const Segment& segment) {
    if (segment.end <= segment.start) return;
    const bool goes_on = !out_.empty() && out_.back().wait == segment.wait && out_.back().end == segment.start;
    if (goes_on) {
      out_.back().end = segment.end;
    } else {
      out_.push_back(segment);
    }
  }

  const WallUs now_;
  WallUs at_;  // everything before is told
  std::vector<Segment> out_;
};

}  // namespace

std::vector<Segment> timeline_of(const InstanceView& instance, const std::vector<const TryView*>& tries,
                                 WallUs run_begin, WallUs now) {
  const TaskRow& row = instance.row;
  if (row.state == TaskState::removed || run_begin == kNoTime) return {};
  Timeline line(run_begin, now);
  for (const TryView* one : tries) line.add_sums(one->row.times_json, one->row.ended_at);
  if (is_final(row.state)) {
    line.add_sums(row.times_json, row.ended_at);
  } else {
    line.add_sums(row.times_json, WaitTimes::summed_to(row.times_json));
    line.add_rest(row);
  }
  return line.take();
}

std::string share_name(Wait wait, const InstanceView& instance) {
  switch (wait) {
    case Wait::running: return "run";
    case Wait::upstream: return "dependency";
    case Wait::backoff: return "retry";
    case Wait::pool: return instance.pool.empty() ? "pool" : "pool:" + instance.pool;
    case Wait::ended:
    case Wait::pause:
    case Wait::calendar:
    case Wait::approval:
    case Wait::breaker:
    case Wait::limit:
    case Wait::rate:
    case Wait::slots:
    case Wait::worker:
    case Wait::commit:
    case Wait::sensor:
    case Wait::starting:
    case Wait::stopping:
    case Wait::offline:
    case Wait::child: return std::string(to_string(wait));
  }
  return {};
}

}  // namespace baton::insight
