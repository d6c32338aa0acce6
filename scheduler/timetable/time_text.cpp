#include "scheduler/timetable/time_text.h"

#include <array>
#include <cstdio>

#include "scheduler/timetable/characters.h"
#include "scheduler/timetable/quoted.h"

namespace baton::timetable {
namespace {

constexpr std::size_t kDateLength = 10;

/// Reads the part after the date, from left to right.
class ClockReader {
 public:
  explicit ClockReader(std::string_view text) : text_(text) {}

  bool accept(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }

  /// Two digits, 0 to `max`.
  bool two_digits(std::int64_t max, std::int64_t& value) {
    if (text_.size() < 2 || !is_digit(text_[0]) || !is_digit(text_[1])) return false;
    value = (text_[0] - '0') * 10 + (text_[1] - '0');
    text_.remove_prefix(2);
    return value <= max;
  }

  /// The digits after the point, cut to µs.
  bool fraction(DurationUs& us) {
    if (text_.empty() || !is_digit(text_.front())) return false;
    DurationUs worth = kSecond / 10;
    for (; !text_.empty() && is_digit(text_.front()); worth /= 10) {
      us += (text_.front() - '0') * worth;
      text_.remove_prefix(1);
    }
    return true;
  }

  [[nodiscard]] bool at_end() const { return text_.empty(); }

 private:
  std::string_view text_;
};

struct Clock {
  std::int64_t second_of_day = 0;
  DurationUs fraction_us = 0;
  bool has_offset = false;
  std::int64_t offset_s = 0;
};

bool read_offset(ClockReader& reader, Clock& clock) {
  if (reader.at_end()) return true;
  clock.has_offset = true;
  if (reader.accept('Z') || reader.accept('z')) return true;
  const bool west = reader.accept('-');
  if (!west && !reader.accept('+')) return false;
  std::int64_t hours = 0;
  std::int64_t minutes = 0;
  if (!reader.two_digits(23, hours) || !reader.accept(':') || !reader.two_digits(59, minutes)) return false;
  clock.offset_s = (hours * 3'600 + minutes * 60) * (west ? -1 : 1);
  return true;
}

bool read_clock(std::string_view text, Clock& clock) {
  ClockReader reader(text);
  std::int64_t hour = 0;
  std::int64_t minute = 0;
  std::int64_t second = 0;
  if (!reader.two_digits(23, hour) || !reader.accept(':') || !reader.two_digits(59, minute)) return false;
  if (reader.accept(':')) {
    if (!reader.two_digits(59, second)) return false;
    if (reader.accept('.') && !reader.fraction(clock.fraction_us)) return false;
  }
  clock.second_of_day = hour * 3'600 + minute * 60 + second;
  return read_offset(reader, clock) && reader.at_end();
}

}  // namespace

bool is_plain_date(std::string_view text) {
  return parse_date(text).ok();
}

Result<WallUs> parse_time(std::string_view text, const TimeZone& zone) {
  const auto refuse = [&] {
    return Error{quoted(text) + " is not a time like 2026-01-01, 2026-01-01T02:30 or 2026-01-01T02:30:00+01:00"};
  };
  if (text.size() < kDateLength) return refuse();
  Result<CivilDay> day = parse_date(text.substr(0, kDateLength));
  if (!day) return day.error();
  if (text.size() == kDateLength) return zone.day_begin(*day);
  const char separator = text[kDateLength];
  Clock clock;
  if (separator != 'T' && separator != 't' && separator != ' ') return refuse();
  if (!read_clock(text.substr(kDateLength + 1), clock)) return refuse();
  const CivilSecond civil = *day * kSecondsPerDay + clock.second_of_day;
  if (clock.has_offset) return (civil - clock.offset_s) * kSecond + clock.fraction_us;
  const std::int64_t instant = zone.instant_of(civil);
  const bool in_gap = instant + zone.offset_at(instant) != civil;
  return instant * kSecond + (in_gap ? 0 : clock.fraction_us);
}

std::string format_rfc3339(WallUs at, const TimeZone& zone) {
  const std::int64_t second = floor_div(at, kSecond);
  const DurationUs fraction = (at % kSecond + kSecond) % kSecond;
  // RFC 3339 knows offsets of whole minutes; local mean times of long ago have seconds, which are cut.
  const std::int64_t offset = zone.offset_at(second) / 60 * 60;
  const CivilDay day = floor_div(second + offset, kSecondsPerDay);
  const auto second_of_day = static_cast<int>(second + offset - day * kSecondsPerDay);
  const int minutes = static_cast<int>(offset < 0 ? -offset : offset) / 60;
  std::array<char, 64> text = {};
  std::snprintf(text.data(), text.size(), "T%02d:%02d:%02d", second_of_day / 3'600, second_of_day / 60 % 60,
                second_of_day % 60);
  std::string result = format_date(day) + text.data();
  if (fraction != 0) {
    std::snprintf(text.data(), text.size(), ".%06d", static_cast<int>(fraction));
    result += text.data();
  }
  std::snprintf(text.data(), text.size(), "%c%02d:%02d", offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
  return result + text.data();
}

std::optional<std::int32_t> parse_time_of_day(std::string_view text) {
  const bool has_seconds = text.size() == 8;
  if ((text.size() != 5 && !has_seconds) || text[2] != ':' || (has_seconds && text[5] != ':')) return std::nullopt;
  const auto number = [&](std::size_t at, int end) {
    const bool are_digits = text[at] >= '0' && text[at] <= '9' && text[at + 1] >= '0' && text[at + 1] <= '9';
    const int value = are_digits ? (text[at] - '0') * 10 + (text[at + 1] - '0') : end;
    return value < end ? value : -1;
  };
  const int hours = number(0, 24), minutes = number(3, 60), seconds = has_seconds ? number(6, 60) : 0;
  if (hours < 0 || minutes < 0 || seconds < 0) return std::nullopt;
  return (hours * 60 + minutes) * 60 + seconds;
}

}  // namespace baton::timetable
