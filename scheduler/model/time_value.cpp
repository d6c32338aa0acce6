#include "scheduler/model/time_value.h"

#include <array>
#include <cstdlib>
#include <limits>

namespace baton {
namespace {

__extension__ using Wide = __int128;  // nanoseconds do not overflow it

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

Wide nanos_of(Duration span) {
  return Wide{span.seconds} * kNanosPerSecond + span.nanos;
}
Wide nanos_of(Timestamp time) {
  return Wide{time.seconds} * kNanosPerSecond + time.nanos;
}

Result<Duration> make_duration(Wide nanos) {
  if (nanos > std::numeric_limits<std::int64_t>::max() || nanos < std::numeric_limits<std::int64_t>::min()) {
    return Error{"the duration is out of range (about 292 years)"};
  }
  return Duration{static_cast<std::int64_t>(nanos / kNanosPerSecond),
                  static_cast<std::int32_t>(nanos % kNanosPerSecond)};
}

Result<Timestamp> make_timestamp(Wide nanos) {
  Wide seconds = nanos / kNanosPerSecond;
  Wide rest = nanos % kNanosPerSecond;
  if (rest < 0) {
    rest += kNanosPerSecond;
    --seconds;
  }
  if (seconds < kTimestampSecondsMin || seconds > kTimestampSecondsMax) {
    return Error{"the timestamp is out of range (years 0001 to 9999)"};
  }
  return Timestamp{static_cast<std::int64_t>(seconds), static_cast<std::int32_t>(rest)};
}

/// Reads a text from the left.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  [[nodiscard]] bool is_at_end() const { return at_ == text_.size(); }
  [[nodiscard]] bool is_at_digit() const { return !is_at_end() && text_[at_] >= '0' && text_[at_] <= '9'; }

  bool take(std::string_view wanted) {
    if (!text_.substr(at_).starts_with(wanted)) return false;
    at_ += wanted.size();
    return true;
  }

  /// Exactly so many digits; -1 when there are fewer.
  int digits(int count) {
    int value = 0;
    for (int i = 0; i < count; ++i) {
      if (!is_at_digit()) return -1;
      value = value * 10 + (text_[at_++] - '0');
    }
    return value;
  }

  std::string_view all_digits() {
    const std::size_t begin = at_;
    while (is_at_digit()) ++at_;
    return text_.substr(begin, at_ - begin);
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

int days_of_month(std::int64_t year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && is_leap ? 29 : kDays[month - 1];
}

bool is_valid(const CivilTime& civil) {
  return civil.month >= 1 && civil.month <= 12 && civil.day >= 1 &&
         civil.day <= days_of_month(civil.year, civil.month) && civil.hour >= 0 && civil.hour <= 23 &&
         civil.minute >= 0 && civil.minute <= 59 && civil.second >= 0 && civil.second <= 59;
}

std::string padded(std::int64_t value, std::size_t digits) {
  std::string text = std::to_string(value);
  if (text.size() < digits) text.insert(0, digits - text.size(), '0');
  return text;
}

/// ".5" for 500,000,000; "" for 0.
std::string fraction_text(std::int32_t nanos) {
  if (nanos == 0) return "";
  std::string text = "." + padded(std::abs(nanos), 9);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

}  // namespace

// Days and civil dates after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
std::int64_t unix_seconds(const CivilTime& civil) {
  const std::int64_t year = civil.year - (civil.month <= 2 ? 1 : 0);
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (civil.month + (civil.month > 2 ? -3 : 9)) + 2) / 5 + civil.day - 1;
  const std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  const std::int64_t days = era * 146097 + day_of_era - 719468;
  return days * 86400 + civil.hour * 3600 + civil.minute * 60 + civil.second;
}

CivilTime civil_time(std::int64_t seconds) {
  std::int64_t days = seconds / 86400;
  std::int64_t rest = seconds % 86400;
  if (rest < 0) {
    rest += 86400;
    --days;
  }
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const std::int64_t day_of_era = days - era * 146097;
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  CivilTime civil;
  civil.day = static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  civil.month = static_cast<int>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  civil.year = year_of_era + era * 400 + (civil.month <= 2 ? 1 : 0);
  civil.hour = static_cast<int>(rest / 3600);
  civil.minute = static_cast<int>(rest % 3600 / 60);
  civil.second = static_cast<int>(rest % 60);
  return civil;
}

Result<Timestamp> make_timestamp(std::int64_t seconds, std::int64_t nanos) {
  return make_timestamp(Wide{seconds} * kNanosPerSecond + nanos);
}

Result<Timestamp> add(Timestamp time, Duration span) {
  return make_timestamp(nanos_of(time) + nanos_of(span));
}
Result<Timestamp> subtract(Timestamp time, Duration span) {
  return make_timestamp(nanos_of(time) - nanos_of(span));
}
Result<Duration> subtract(Timestamp a, Timestamp b) {
  return make_duration(nanos_of(a) - nanos_of(b));
}
Result<Duration> add(Duration a, Duration b) {
  return make_duration(nanos_of(a) + nanos_of(b));
}
Result<Duration> subtract(Duration a, Duration b) {
  return make_duration(nanos_of(a) - nanos_of(b));
}
Result<Duration> negate(Duration span) {
  return make_duration(-nanos_of(span));
}

Result<Timestamp> parse_timestamp(std::string_view text) {
  const Error wrong{"\"" + std::string(text.substr(0, 64)) +
                    "\" is no RFC 3339 time; write one as 2026-01-31T08:30:00Z"};
  Scanner scanner(text);
  CivilTime civil;
  civil.year = scanner.digits(4);
  if (civil.year < 0 || !scanner.take("-")) return wrong;
  civil.month = scanner.digits(2);
  if (!scanner.take("-")) return wrong;
  civil.day = scanner.digits(2);
  if (!scanner.take("T") && !scanner.take("t")) return wrong;
  civil.hour = scanner.digits(2);
  if (!scanner.take(":")) return wrong;
  civil.minute = scanner.digits(2);
  if (!scanner.take(":")) return wrong;
  civil.second = scanner.digits(2);
  if (!is_valid(civil)) return wrong;
  std::int64_t nanos = 0;
  if (scanner.take(".")) {
    const std::string_view digits = scanner.all_digits();
    if (digits.empty() || digits.size() > 9) return wrong;
    for (std::size_t i = 0; i < 9; ++i) nanos = nanos * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  }
  std::int64_t offset = 0;
  if (!scanner.take("Z") && !scanner.take("z")) {
    const bool is_negative = scanner.take("-");
    if (!is_negative && !scanner.take("+")) return wrong;
    const int hours = scanner.digits(2);
    if (hours < 0 || hours > 23 || !scanner.take(":")) return wrong;
    const int minutes = scanner.digits(2);
    if (minutes < 0 || minutes > 59) return wrong;
    offset = (is_negative ? -1 : 1) * (hours * 3600 + minutes * 60);
  }
  if (!scanner.is_at_end()) return wrong;
  return make_timestamp(unix_seconds(civil) - offset, nanos);
}

namespace {

struct DurationUnit {
  std::string_view name;
  std::int64_t nanos;
};

/// Longer names first: "ms" before "m".
constexpr DurationUnit kDurationUnits[] = {{"ms", 1'000'000},
                                           {"us", 1'000},
                                           {"µs", 1'000},
                                           {"μs", 1'000},
                                           {"ns", 1},
                                           {"h", 3600 * kNanosPerSecond},
                                           {"m", 60 * kNanosPerSecond},
                                           {"s", kNanosPerSecond}};

/// One number with its unit, in nanoseconds; nothing when there is none or it is too large.
std::optional<Wide> duration_term(Scanner& scanner) {
  const std::string_view whole = scanner.all_digits();
  const std::string_view fraction = scanner.take(".") ? scanner.all_digits() : std::string_view();
  if ((whole.empty() && fraction.empty()) || whole.size() > 20) return std::nullopt;
  for (const DurationUnit& unit : kDurationUnits) {
    if (!scanner.take(unit.name)) continue;
    Wide nanos = 0;
    for (const char digit : whole) nanos = nanos * 10 + (digit - '0');
    nanos *= unit.nanos;
    Wide part = unit.nanos;
    for (const char digit : fraction) {
      part /= 10;
      nanos += part * (digit - '0');
    }
    return nanos;
  }
  return std::nullopt;
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  const Error wrong{"\"" + std::string(text.substr(0, 64)) +
                    "\" is no duration; write one as 1h30m or 3.5s, with the units h m s ms us ns"};
  if (text.size() > 200) return wrong;
  Scanner scanner(text);
  const bool is_negative = scanner.take("-");
  if (!is_negative) scanner.take("+");
  if (scanner.is_at_end()) return wrong;
  Wide nanos = 0;
  if (text.substr(is_negative || text[0] == '+' ? 1 : 0) != "0") {
    while (!scanner.is_at_end()) {
      const std::optional<Wide> term = duration_term(scanner);
      if (!term) return wrong;
      nanos += *term;
    }
  }
  return make_duration(is_negative ? -nanos : nanos);
}

std::optional<int> offset_seconds(std::string_view zone) {
  Scanner scanner(zone);
  const bool is_negative = scanner.take("-");
  if (!is_negative) scanner.take("+");
  const int hours = scanner.digits(2);
  if (hours < 0 || hours > 23 || !scanner.take(":")) return std::nullopt;
  const int minutes = scanner.digits(2);
  if (minutes < 0 || minutes > 59 || !scanner.is_at_end()) return std::nullopt;
  return (is_negative ? -1 : 1) * (hours * 3600 + minutes * 60);
}

std::string timestamp_text(Timestamp value) {
  const CivilTime civil = civil_time(value.seconds);
  if (civil.year < 0 || civil.year > 9999) {
    return padded(civil.year, 4) + "-" + padded(civil.month, 2) + "-" + padded(civil.day, 2) + "T" +
           padded(civil.hour, 2) + ":" + padded(civil.minute, 2) + ":" + padded(civil.second, 2) +
           fraction_text(value.nanos) + "Z";
  }
  // Lists are full of these: the digits are put straight into their places.
  std::array<char, 32> text{};
  std::size_t at = 0;
  const auto put = [&](std::int64_t number, std::size_t digits, char after) {
    for (std::size_t k = digits; k-- > 0; number /= 10) text[at + k] = static_cast<char>('0' + number % 10);
    at += digits;
    text[at++] = after;
  };
  put(civil.year, 4, '-');
  put(civil.month, 2, '-');
  put(civil.day, 2, 'T');
  put(civil.hour, 2, ':');
  put(civil.minute, 2, ':');
  put(civil.second, 2, '.');
  if (value.nanos == 0) {
    text[at - 1] = 'Z';
  } else {
    put(value.nanos, 9, 'Z');
    std::size_t end = at - 1;
    while (text[end - 1] == '0') --end;
    text[end] = 'Z';
    at = end + 1;
  }
  return {text.data(), at};
}

std::string duration_text(Duration value) {
  const bool is_negative = value.seconds < 0 || value.nanos < 0;
  const auto magnitude =
      is_negative ? 0 - static_cast<std::uint64_t>(value.seconds) : static_cast<std::uint64_t>(value.seconds);
  return (is_negative ? "-" : "") + std::to_string(magnitude) + fraction_text(value.nanos) + "s";
}

Timestamp timestamp_from_us(std::int64_t wall_us) {
  std::int64_t seconds = wall_us / 1'000'000;
  std::int64_t rest_us = wall_us % 1'000'000;
  if (rest_us < 0) {
    --seconds;
    rest_us += 1'000'000;
  }
  return {seconds, static_cast<std::int32_t>(rest_us * 1000)};
}

std::int64_t timestamp_to_us(Timestamp value) {
  return value.seconds * 1'000'000 + value.nanos / 1000;
}

Duration duration_from_us(std::int64_t us) {
  return {us / 1'000'000, static_cast<std::int32_t>(us % 1'000'000 * 1000)};
}

std::int64_t duration_to_us(Duration value) {
  return value.seconds * 1'000'000 + value.nanos / 1000;
}

}  // namespace baton
