// Times of the language as calendars and clocks show them: fields and formats, in a zone. Private to this room. Pure
// but for the machine's time-zone data; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "scheduler/expr/functions.h"
#include "scheduler/model/time_value.h"

namespace baton::expr {

/// A zone is a name of the time-zone data, UTC, or an offset as +05:30.
Result<std::int64_t> date_part(Timestamp time, Function getter, std::string_view zone);
std::int64_t duration_part(Duration span, Function getter);
Result<std::string> format_time(Timestamp time, std::string_view format, std::string_view zone);
Status check_zone(std::string_view zone);

}  // namespace baton::expr
