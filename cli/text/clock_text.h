// Times, spans and sizes as people read them in a terminal, and as JSON carries them. Pure but for the local time zone;
// any thread.
#pragma once

#include <cstdint>
#include <string>

#include "scheduler/model/time.h"
#include "scheduler/model/value.h"

namespace baton::text {

/// Short and of steady precision: `0.4ms`, `35ms`, `1.2s`, `59.9s`, `2m05s`, `1h02m`, `3d04h`.
std::string span(DurationUs us);

/// Local time, `2026-01-31 14:05:09`; `-` for kNoTime.
std::string local_time(WallUs at);
/// Local time of day, `14:05:09.123`.
std::string local_clock(WallUs at);
/// Local time without the day where it is today's: `14:05:09`, else `2026-01-31 14:05`.
std::string short_time(WallUs at, WallUs now);

/// RFC 3339 in UTC with `Z`, six digits of the second only where there are any. kNoTime is the empty text.
std::string utc_time(WallUs at);
/// The same as a JSON value: null for kNoTime.
Value json_time(WallUs at);

/// `512B`, `1.5KiB`, `64MiB`.
std::string size(std::int64_t bytes);
/// `1,234,567`.
std::string grouped(std::int64_t number);

}  // namespace baton::text
