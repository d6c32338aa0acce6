// Numbers as people and programs write them, read in one way for DAG files, params, JSON and expressions: an integer is
// exact or refused, a double is the nearest one. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace baton {

/// Decimal digits, or those of `base`, with a `-` before them at most; nothing when the number does not fit 64 bits.
std::optional<std::int64_t> read_integer(std::string_view digits, int base = 10);

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
bool is_decimal(std::string_view text);

/// The double nearest to a decimal: 0 where it is too small for one, as in CEL; nothing where it is too large.
std::optional<double> read_double(std::string_view decimal);

/// The integer that a decimal stands for, found from its digits: 1e18 and 2.50e1 are integers, 0.5 and 1e19 are none.
/// Never by way of a double, which above 2^53 would be another number.
std::optional<std::int64_t> exact_integer(std::string_view decimal);

/// The double that is this integer; nothing where there is none (2^53 + 1).
std::optional<double> exact_double(std::int64_t integer);

/// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?`: RFC 8259, section 6.
bool is_json_number(std::string_view text);

/// What plain text is as a number in YAML's core schema (1.2.2, §10.3).
struct CoreNumber {
  enum class Kind : std::uint8_t {
    text,  ///< no number at all
    integer,
    floating,
    too_large,     ///< beyond 64 bits, or beyond a double
    leading_zero,  ///< 010: octal for some readers, decimal for others
    not_finite,    ///< .inf, .nan
  };
  Kind kind = Kind::text;
  std::int64_t integer = 0;
  double floating = 0;
};
CoreNumber core_number(std::string_view text);

/// Shortest text that reads back as the same double: 0.1, 1000000, 1e+21, NaN, Infinity, -Infinity.
std::string double_text(double value);

}  // namespace baton
