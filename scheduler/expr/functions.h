// The table of the language's functions and macros: one row each, from which the checker, the evaluator, the
// documentation and completion work. Any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace baton::expr {

enum class Function : std::uint8_t {
  // conversions
  to_bool,
  to_double,
  to_duration,
  to_int,
  to_string,
  to_timestamp,
  dyn,
  // strings
  contains,
  ends_with,
  join,
  lower,
  matches,
  replace,
  split,
  starts_with,
  trim,
  upper,
  // lists and numbers
  size,
  avg,
  max,
  min,
  sum,
  // JSON
  from_json,
  to_json,
  // times
  format,
  get_date,
  get_day_of_month,
  get_day_of_week,
  get_day_of_year,
  get_full_year,
  get_hours,
  get_milliseconds,
  get_minutes,
  get_month,
  get_seconds,
  // answered by the caller
  hash_files,
  raw,
  secret,
  variable,
};

/// What a parameter takes or a function gives.
enum class Kind : std::uint8_t {
  none,  // no such parameter
  any,   // every value
  boolean,
  integer,
  floating,
  number,  // int or double
  string,
  list,
  strings,  // list of strings
  map,
  timestamp,
  duration,
  ordered,  // bool, number, string, timestamp or duration
  same,     // result: the type of the first argument
  element,  // result: the type of the list's elements
};

/// One way to call a function. A list of at most four parameters; the first is the target when called as a method.
struct Overload {
  Kind parameters[4] = {Kind::none, Kind::none, Kind::none, Kind::none};
  Kind result = Kind::any;
  [[nodiscard]] std::size_t arity() const;
};

struct FunctionInfo {
  Function id;
  std::string_view name;
  std::string_view doc;      // one line
  std::string_view example;  // an expression and what it gives
  std::span<const Overload> overloads;
  bool is_variadic = false;  // min and max: any number of arguments beyond the last overload

  [[nodiscard]] std::size_t arity_min() const;
  [[nodiscard]] std::size_t arity_max() const;
  /// One line for each overload: "split(string, string, int) -> list".
  [[nodiscard]] std::vector<std::string> signatures() const;
};

struct MacroInfo {
  std::string_view name;
  std::string_view signature;
  std::string_view doc;
  std::string_view example;
};

/// All functions by name, in the alphabet's order.
std::span<const FunctionInfo> functions();

/// has, all, exists, exists_one, map, filter.
std::span<const MacroInfo> macros();

/// nullptr when there is no function of that name.
const FunctionInfo* find_function(std::string_view name);

std::string_view to_string(Kind kind);

}  // namespace baton::expr
