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

/// Local time with its offset, `2026-01-31 14:05:09 +01:00`; `-` for kNoTime.
std::string local_time(WallUs at);
/// Local time of day, `14:05:09.123`: for lines that are written as it happens.
std::string local_clock(WallUs at);
/// The same with its offset, `14:05:09.123 +01:00`: for what is read later, elsewhere.
std::string local_clock_with_offset(WallUs at);
/// Local time with its offset, without the day where it is today's: `14:05:09 +01:00`, else `2026-01-31 14:05 +01:00`.
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
