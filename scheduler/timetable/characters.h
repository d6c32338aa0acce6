// The characters that times, durations and schedules are written in: ASCII alone, whatever the locale. Pure; any thread.
#pragma once

namespace baton::timetable {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr bool is_space(char c) {
  return c == ' ' || c == '\t';
}

}  // namespace baton::timetable
