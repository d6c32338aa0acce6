#include "scheduler/engine/sleep.h"

#include <algorithm>

namespace baton {
namespace {

constexpr DurationUs kWallTimerMaxUs = kMinute;

DurationUs longest_sleep(const DagRun& run, InstanceNo i) {
  const TaskSpec& spec = run.spec_of(i);
  if (waits_for_wall_clock(run, i)) return kWallTimerMaxUs;
  if (run.at(i).state != TaskState::up_for_retry) return spec.sensor->every_us;
  const RetryPolicy& policy = spec.retries;
  return policy.backoff == RetryPolicy::Backoff::constant ? policy.delay_us : policy.max_delay_us;
}

}  // namespace

bool waits_for_wall_clock(const DagRun& run, InstanceNo i) {
  const TaskSpec& spec = run.spec_of(i);
  if (run.at(i).state == TaskState::deferred) return true;
  const bool is_sensor = run.at(i).state == TaskState::up_for_reschedule && spec.kind == TaskKind::sensor;
  return is_sensor && (spec.sensor->kind == Sensor::Kind::time || spec.sensor->kind == Sensor::Kind::asset);
}

bool waits_for_asset(const DagRun& run, InstanceNo i) {
  return waits_for_wall_clock(run, i) && run.spec_of(i).sensor->kind == Sensor::Kind::asset;
}

DurationUs sleep_until(const DagRun& run, InstanceNo i, WallUs wake_at, WallUs now) {
  return std::min(std::max<DurationUs>(0, wake_at - now), longest_sleep(run, i));
}

}  // namespace baton
