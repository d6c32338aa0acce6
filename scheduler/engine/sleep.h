// How long an instance that waits for a time sleeps until it is looked at. Pure.
#pragma once

#include "scheduler/engine/dag_run.h"

namespace baton {

/// It waits for the wall clock, which may step: a timer that fires before `wake_at` is set again. Time sensors, and the
/// deadline of sensors that wait for an asset.
[[nodiscard]] bool waits_for_wall_clock(const DagRun& run, InstanceNo i);

/// A sensor that waits for an event of an asset.
[[nodiscard]] bool waits_for_asset(const DagRun& run, InstanceNo i);

/// From `now` until the timer for `wake_at` is to fire: never longer than the instance can have meant to sleep, so that
/// a wall clock that was set back before a restart makes nobody wait longer; a minute at most for the wall clock.
[[nodiscard]] DurationUs sleep_until(const DagRun& run, InstanceNo i, WallUs wake_at, WallUs now);

}  // namespace baton
