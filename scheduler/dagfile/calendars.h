// Calendars between their canonical JSON (Dag::calendars_json, Config::calendars_json) and timetable's own form.
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scheduler/timetable/calendar.h"

namespace baton::dagfile {

/// `{"name":{"dates":["2026-01-01"],"weekdays":["sat"]}}` as made by the loader; empty text gives none.
std::vector<timetable::Calendar> calendars_from_json(std::string_view json);

}  // namespace baton::dagfile
