// Run ids: what one may look like, and how one is made where nobody gave any. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "scheduler/model/time.h"

namespace baton {

/// Letters, digits and _.~:+- ; 1 to 250 characters; no `.` or `..`, which no path can name.
bool is_run_id(std::string_view id);

/// manual__<time>_<6 letters and digits>, the time in UTC to the µs. Equal arguments give equal ids.
std::string manual_run_id(WallUs now, std::uint64_t random);

}  // namespace baton
