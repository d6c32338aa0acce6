#include "scheduler/model/number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "scheduler/model/check.h"

namespace baton {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool all_digits(std::string_view text, int base) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    if (base == 8) return c >= '0' && c <= '7';
    if (base == 16) return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    return is_digit(c);
  });
}

std::string_view leading_digits(std::string_view text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

/// A decimal taken apart.
struct Decimal {
  bool is_negative = false;
  std::string_view whole, fraction, exponent;  ///< digits; the exponent with its sign
  bool has_point = false;
  bool has_exponent = false;
};

std::optional<Decimal> take_apart(std::string_view text) {
  Decimal d;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    d.is_negative = text[0] == '-';
    text.remove_prefix(1);
  }
  d.whole = leading_digits(text);
  text.remove_prefix(d.whole.size());
  if (!text.empty() && text[0] == '.') {
    d.has_point = true;
    d.fraction = leading_digits(text.substr(1));
    text.remove_prefix(1 + d.fraction.size());
  }
  if (d.whole.empty() && d.fraction.empty()) return std::nullopt;
  if (!text.empty() && (text[0] == 'e' || text[0] == 'E')) {
    d.has_exponent = true;
    const std::size_t sign = text.size() > 1 && (text[1] == '-' || text[1] == '+') ? 1 : 0;
    const std::string_view digits = leading_digits(text.substr(1 + sign));
    if (digits.empty()) return std::nullopt;
    d.exponent = text.substr(1, sign + digits.size());
    text.remove_prefix(1 + d.exponent.size());
  }
  if (!text.empty()) return std::nullopt;
  return d;
}

/// An exponent as a number; beyond ±10^9, which no text of numbers reaches, it stays there.
std::int64_t exponent_of(const Decimal& d) {
  constexpr std::int64_t kExponentMax = 1'000'000'000;
  std::int64_t value = 0;
  for (const char c : d.exponent) {
    if (is_digit(c)) value = std::min(kExponentMax, value * 10 + (c - '0'));
  }
  return d.exponent.substr(0, 1) == "-" ? -value : value;
}

/// 10^n is the place of the first digit that is not 0; nothing for 0 itself.
std::optional<std::int64_t> magnitude_of(const Decimal& d) {
  const auto first = [](std::string_view digits) { return digits.find_first_not_of('0'); };
  if (const std::size_t at = first(d.whole); at != std::string_view::npos) {
    return static_cast<std::int64_t>(d.whole.size() - at) - 1 + exponent_of(d);
  }
  if (const std::size_t at = first(d.fraction); at != std::string_view::npos) {
    return -static_cast<std::int64_t>(at) - 1 + exponent_of(d);
  }
  return std::nullopt;
}

CoreNumber integer_of(std::string_view digits, int base) {
  CoreNumber number;
  const auto value = read_integer(digits, base);
  number.kind = value ? CoreNumber::Kind::integer : CoreNumber::Kind::too_large;
  number.integer = value.value_or(0);
  return number;
}

}  // namespace

std::optional<std::int64_t> read_integer(std::string_view digits, int base) {
  std::int64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, value, base);
  if (digits.empty() || read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}

bool is_decimal(std::string_view text) {
  return take_apart(text).has_value();
}

std::optional<double> read_double(std::string_view decimal) {
  const std::optional<Decimal> d = take_apart(decimal);
  if (!d) return std::nullopt;
  if (decimal[0] == '+') decimal.remove_prefix(1);
  double value = 0;
  const auto read = std::from_chars(decimal.data(), decimal.data() + decimal.size(), value);
  if (read.ec == std::errc()) return std::isfinite(value) ? std::optional(value) : std::nullopt;
  // from_chars says "out of range" of both ends.
  if (magnitude_of(*d).value_or(-1) >= 0) return std::nullopt;
  return d->is_negative ? -0.0 : 0.0;
}

std::optional<std::int64_t> exact_integer(std::string_view decimal) {
  constexpr std::int64_t kDigitsMax = 19;
  const std::optional<Decimal> d = take_apart(decimal);
  if (!d) return std::nullopt;
  const std::optional<std::int64_t> magnitude = magnitude_of(*d);
  if (!magnitude) return 0;
  if (*magnitude < 0 || *magnitude >= kDigitsMax) return std::nullopt;
  const std::string all = std::string(d->whole) + std::string(d->fraction);
  const std::size_t first = all.find_first_not_of('0');
  const std::size_t count = static_cast<std::size_t>(*magnitude) + 1;  // digits before the point
  std::string digits = (d->is_negative ? "-" : "") + all.substr(first, count);
  if (all.size() - first > count && all.find_first_not_of('0', first + count) != std::string::npos) return std::nullopt;
  digits.append(count - std::min(count, all.size() - first), '0');
  return read_integer(digits);
}

std::optional<double> exact_double(std::int64_t integer) {
  constexpr double kBeyond = 9223372036854775808.0;  // 2^63, which no integer is
  const auto nearest = static_cast<double>(integer);
  const bool is_same = nearest < kBeyond && static_cast<std::int64_t>(nearest) == integer;
  return is_same ? std::optional(nearest) : std::nullopt;
}

bool is_json_number(std::string_view text) {
  const std::optional<Decimal> d = take_apart(text);
  if (!d || text[0] == '+' || d->whole.empty()) return false;
  return (d->whole.size() == 1 || d->whole[0] != '0') && (!d->has_point || !d->fraction.empty());
}

CoreNumber core_number(std::string_view text) {
  if (text.empty()) return {};
  if (text.substr(0, 2) == "0o" && all_digits(text.substr(2), 8)) return integer_of(text.substr(2), 8);
  if (text.substr(0, 2) == "0x" && all_digits(text.substr(2), 16)) return integer_of(text.substr(2), 16);
  const std::string_view rest = text[0] == '-' || text[0] == '+' ? text.substr(1) : text;
  for (const std::string_view word : {".inf", ".Inf", ".INF"}) {
    if (rest == word) return {CoreNumber::Kind::not_finite};
  }
  for (const std::string_view word : {".nan", ".NaN", ".NAN"}) {
    if (text == word) return {CoreNumber::Kind::not_finite};
  }
  if (all_digits(rest, 10)) {
    if (rest.size() > 1 && rest[0] == '0') return {CoreNumber::Kind::leading_zero};
    return integer_of(text[0] == '+' ? rest : text, 10);
  }
  CoreNumber number;
  if (!is_decimal(text)) return number;
  const std::optional<double> value = read_double(text);
  number.kind = value ? CoreNumber::Kind::floating : CoreNumber::Kind::too_large;
  number.floating = value.value_or(0);
  return number;
}

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

}  // namespace baton
