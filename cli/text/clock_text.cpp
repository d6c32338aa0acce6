#include "cli/text/clock_text.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "scheduler/timetable/time_text.h"

namespace baton::text {
namespace {

template <typename... A>
std::string print(const char* format, A... args) {
  std::array<char, 64> buffer{};
  const int size = std::snprintf(buffer.data(), buffer.size(), format, args...);
  return {buffer.data(), static_cast<std::size_t>(size)};
}

/// floor division, for instants before 1970.
std::time_t second_of(WallUs at) {
  return static_cast<std::time_t>(at / kSecond - (at % kSecond < 0 ? 1 : 0));
}

std::tm local(WallUs at) {
  const std::time_t second = second_of(at);
  std::tm out{};
  localtime_r(&second, &out);
  return out;
}

std::string stamp(const std::tm& t, const char* format) {
  std::array<char, 64> buffer{};
  return {buffer.data(), std::strftime(buffer.data(), buffer.size(), format, &t)};
}

/// ` +01:00`: what tells a local time from one of another zone, or of the other side of a change of the clocks.
std::string offset(const std::tm& t) {
  const long minutes = t.tm_gmtoff / 60;
  return print(" %c%02ld:%02ld", minutes < 0 ? '-' : '+', std::labs(minutes) / 60, std::labs(minutes) % 60);
}

}  // namespace

std::string span(DurationUs us) {
  if (us < 0) us = 0;
  const auto tenths = [](DurationUs whole_tenths) { return static_cast<double>(whole_tenths) / 10; };
  if (us < 10 * kMillisecond) return print("%.1fms", tenths(us / 100));
  if (us < kSecond) return print("%dms", static_cast<int>(us / kMillisecond));
  if (us < kMinute) return print("%.1fs", tenths(us / 100'000));
  if (us < kHour) return print("%dm%02ds", static_cast<int>(us / kMinute), static_cast<int>(us % kMinute / kSecond));
  if (us < kDay) return print("%dh%02dm", static_cast<int>(us / kHour), static_cast<int>(us % kHour / kMinute));
  return print("%lldd%02dh", static_cast<long long>(us / kDay), static_cast<int>(us % kDay / kHour));
}

std::string local_time(WallUs at) {
  if (at == kNoTime) return "-";
  const std::tm t = local(at);
  return stamp(t, "%Y-%m-%d %H:%M:%S") + offset(t);
}

std::string local_clock(WallUs at) {
  if (at == kNoTime) return "-";
  const auto ms = static_cast<int>((at - static_cast<WallUs>(second_of(at)) * kSecond) / kMillisecond);
  return stamp(local(at), "%H:%M:%S") + print(".%03d", ms);
}

std::string local_clock_with_offset(WallUs at) { return at == kNoTime ? "-" : local_clock(at) + offset(local(at)); }

std::string short_time(WallUs at, WallUs now) {
  if (at == kNoTime) return "-";
  const std::tm a = local(at);
  const std::tm b = local(now);
  const bool today = a.tm_year == b.tm_year && a.tm_yday == b.tm_yday;
  return stamp(a, today ? "%H:%M:%S" : "%Y-%m-%d %H:%M") + offset(a);
}

std::string utc_time(WallUs at) {
  if (at == kNoTime) return "";
  std::string out = timetable::format_rfc3339(at, timetable::utc());
  if (out.ends_with("+00:00")) out.replace(out.size() - 6, 6, "Z");
  return out;
}

Value json_time(WallUs at) { return at == kNoTime ? Value() : Value(utc_time(at)); }

std::string size(std::int64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  const char* format = unit == 0 || value >= 100 ? "%.0f%s" : "%.1f%s";
  return print(format, value, kUnits.at(unit));
}

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number < 0 ? -number : number);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return number < 0 ? "-" + digits : digits;
}

}  // namespace baton::text
