#include "scheduler/expr/convert.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "scheduler/expr/times.h"

namespace baton::expr {
namespace {

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

std::string double_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  const double magnitude = std::fabs(value);
  const bool is_fixed = magnitude == 0 || (magnitude >= 1e-6 && magnitude < 1e21);
  std::array<char, 64> buffer{};
  const auto format = is_fixed ? std::chars_format::fixed : std::chars_format::scientific;
  const auto [end, code] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format);
  BATON_CHECK(code == std::errc());
  return std::string(buffer.data(), end);
}

std::string timestamp_text(Timestamp value) {
  const CivilTime civil = civil_time(value.seconds);
  return padded(civil.year, 4) + "-" + padded(civil.month, 2) + "-" + padded(civil.day, 2) + "T" +
         padded(civil.hour, 2) + ":" + padded(civil.minute, 2) + ":" + padded(civil.second, 2) +
         fraction_text(value.nanos) + "Z";
}

std::string duration_text(Duration value) {
  const bool is_negative = value.seconds < 0 || value.nanos < 0;
  const auto magnitude =
      is_negative ? 0 - static_cast<std::uint64_t>(value.seconds) : static_cast<std::uint64_t>(value.seconds);
  return (is_negative ? "-" : "") + std::to_string(magnitude) + fraction_text(value.nanos) + "s";
}

Result<std::string> to_text(const Value& value) {
  switch (value.type()) {
    case ValueType::boolean:
      return std::string(value.as_bool() ? "true" : "false");
    case ValueType::integer:
      return std::to_string(value.as_int());
    case ValueType::floating:
      return double_text(value.as_double());
    case ValueType::string:
      return value.as_string();
    case ValueType::timestamp:
      return timestamp_text(value.as_timestamp());
    case ValueType::duration:
      return duration_text(value.as_duration());
    case ValueType::null:
      return Error{"null has no text; write what should stand here instead, as in x == null ? '' : x"};
    case ValueType::list:
      return Error{"a list has no text of its own; use .join(',') or toJson(…)"};
    case ValueType::map:
      return Error{"a map has no text of its own; name one of its fields or use toJson(…)"};
  }
  return Error{"a value of no known type"};
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

}  // namespace baton::expr
