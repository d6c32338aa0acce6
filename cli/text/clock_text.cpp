#include "cli/text/clock_text.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>

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

}  // namespace baton::text
