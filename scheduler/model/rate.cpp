#include "scheduler/model/rate.h"

#include <charconv>

namespace baton {

std::optional<Rate> parse_rate(std::string_view text) {
  constexpr std::int32_t kMost = 1'000'000;
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash + 2 != text.size()) return std::nullopt;
  Rate rate;
  const auto [end, error] = std::from_chars(text.data(), text.data() + slash, rate.starts);
  const bool is_number = error == std::errc() && end == text.data() + slash;
  if (!is_number || rate.starts <= 0 || rate.starts > kMost) return std::nullopt;
  switch (text.back()) {
    case 's': rate.per_us = kSecond; return rate;
    case 'm': rate.per_us = kMinute; return rate;
    case 'h': rate.per_us = kHour; return rate;
    default: return std::nullopt;
  }
}

std::string to_string(const Rate& rate) {
  if (!rate.is_set()) return "";
  return std::to_string(rate.starts) + (rate.per_us == kSecond ? "/s" : rate.per_us == kMinute ? "/m" : "/h");
}

}  // namespace baton
