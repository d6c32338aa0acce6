// What the author wrote, fit for an error message: in quotes, short, and printable. Pure, any thread.
#pragma once

#include <string>
#include <string_view>

namespace baton::timetable {

/// `"text"`, at most 60 bytes of it; what is not printable ASCII becomes `?`.
std::string quoted(std::string_view text);

}  // namespace baton::timetable
