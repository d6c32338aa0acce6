// Time as the whole program keeps it: 64-bit microseconds. Nothing here reads a clock.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace baton {

/// A span, in µs.
using DurationUs = std::int64_t;

/// A wall-clock instant: µs since 1970-01-01T00:00:00Z. Also what the database stores.
using WallUs = std::int64_t;

/// An instant of the monotonic clock (CLOCK_BOOTTIME), in µs. Comparable only within one boot.
using MonoUs = std::int64_t;

inline constexpr WallUs kNoTime = std::numeric_limits<std::int64_t>::min();

inline constexpr DurationUs kMillisecond = 1'000;
inline constexpr DurationUs kSecond = 1'000'000;
inline constexpr DurationUs kMinute = 60 * kSecond;
inline constexpr DurationUs kHour = 60 * kMinute;
inline constexpr DurationUs kDay = 24 * kHour;

}  // namespace baton
