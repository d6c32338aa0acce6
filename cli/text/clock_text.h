// Times, spans and sizes as people read them in a terminal, and as JSON carries them. Pure but for the local time zone;
// any thread.
#pragma once

#include <cstdint>
#include <string>

#include "scheduler/insight/words.h"
#include "scheduler/model/time.h"
#include "scheduler/model/value.h"

namespace baton::text {

using insight::grouped;
using insight::json_time;
using insight::span;
using insight::utc_time;

/// Local time with its offset, `2026-01-31 14:05:09 +01:00`; `-` for kNoTime.
std::string local_time(WallUs at);
/// Local time of day, `14:05:09.123`: for lines that are written as it happens.
std::string local_clock(WallUs at);
/// The same with its offset, `14:05:09.123 +01:00`: for what is read later, elsewhere.
std::string local_clock_with_offset(WallUs at);
/// Local time with its offset, without the day where it is today's: `14:05:09 +01:00`, else `2026-01-31 14:05 +01:00`.
std::string short_time(WallUs at, WallUs now);

/// `512B`, `1.5KiB`, `64MiB`.
std::string size(std::int64_t bytes);

}  // namespace baton::text
