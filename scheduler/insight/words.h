// Rows as words and as values for people and programs alike: spans, numbers, reasons, times. No terminal, no command:
// what comes from an author or a task is as it was written, and whoever shows it makes it harmless. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scheduler/engine/reader_views.h"
#include "scheduler/model/states.h"
#include "scheduler/model/time.h"
#include "scheduler/model/value.h"

namespace baton::insight {

/// Short and of steady precision: `0.4ms`, `35ms`, `1.2s`, `59.9s`, `2m05s`, `1h02m`, `3d04h`.
std::string span(DurationUs us);
/// `1,234,567`.
std::string grouped(std::int64_t number);

/// RFC 3339 in UTC with `Z`, six digits of the second only where there are any. kNoTime is the empty text.
std::string utc_time(WallUs at);
/// The same as a JSON value: null for kNoTime.
Value json_time(WallUs at);

/// `load`, `load[3]` or, where it has a label that is no number, `load[eu]`.
std::string instance_name(const InstanceView& instance);
/// `exit code 1`, `killed by SIGSEGV`, `timed out`, …: why an instance or a try stands in its state; empty: nothing to
/// say.
std::string reason_words(Reason reason, std::int32_t exit_code = -1, std::int32_t signal = 0);
std::string reason_words(const TryRow& row);
/// What an instance waits for: `a free slot`, `its pool`, ….
std::string_view wait_words(Wait wait);

/// From begin to end, or to `now` while it runs; −1: it has not begun.
DurationUs duration_of(WallUs begin, WallUs end, WallUs now);
/// {"upstream": 120} as pairs in the order of Wait. Broken texts count as empty.
std::vector<std::pair<Wait, DurationUs>> times_of(std::string_view times_json);

}  // namespace baton::insight
