// Times and durations as people write them (docs/dag-language.md), both ways. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "scheduler/model/result.h"
#include "scheduler/model/time.h"
#include "scheduler/timetable/zone.h"

namespace baton::timetable {

/// RFC 3339 (`2026-01-01T00:00:00+01:00`, `…Z`, fractions kept to the µs); without an offset it is local in `zone`:
/// the first of two in an overlap, the end of the gap in a gap. A plain date is the first instant of that day.
Result<WallUs> parse_time(std::string_view text, const TimeZone& zone);

/// True for `2026-01-01`: a date and nothing else.
bool is_plain_date(std::string_view text);

/// `2026-01-01T00:00:00+00:00`; a fraction of six digits only where there is one. Zero offset is `+00:00`, as in run
/// ids.
std::string format_rfc3339(WallUs at, const TimeZone& zone);

/// `90s`, `5m`, `2h30m`, `1d`, `1w`, `500ms`, `1.5h`, or ISO 8601 `PT5M`, `P1DT2H`. Never negative; years and months
/// are refused, as they have no fixed length.
Result<DurationUs> parse_duration(std::string_view text);

/// `06:30` or `06:30:15` as seconds of the day; none: it is no time of day.
std::optional<std::int32_t> parse_time_of_day(std::string_view text);

/// For people: the two largest units, `2h5m`, `3.2s`, `350ms`. Truncates.
std::string format_duration(DurationUs span);

/// Exact and readable by parse_duration: `1d2h3m4.5s`, `0s`.
std::string format_duration_exact(DurationUs span);

}  // namespace baton::timetable
