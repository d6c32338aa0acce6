// From the text of a cron expression to bit sets. Inside the room; people call Cron::parse. Pure, any thread.
#pragma once

#include <string_view>

#include "scheduler/model/result.h"
#include "scheduler/timetable/cron.h"

namespace baton::timetable {

/// See Cron::parse. `column` is set on errors only.
Result<CronFields> parse_cron_fields(std::string_view expr, std::string_view hash_seed, int& column);

/// True if some day of the 400-year cycle of the calendar is allowed.
bool can_ever_fire(const CronFields& fields);

/// Bit n: day n of that month is allowed by the day fields (months are not looked at).
std::uint32_t allowed_days(const CronFields& fields, std::int64_t year, int month);

}  // namespace baton::timetable
