#include "scheduler/dagfile/scalar.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace baton::dagfile {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool all_digits(std::string_view text, int base) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    if (base == 8) return c >= '0' && c <= '7';
    if (base == 16) return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    return is_digit(c);
  });
}

CoreNumber read_integer(std::string_view digits, int base, bool negative) {
  std::string signed_digits = negative ? "-" : "";
  signed_digits += digits;
  CoreNumber number;
  const char* const end = signed_digits.data() + signed_digits.size();
  const auto read = std::from_chars(signed_digits.data(), end, number.integer, base);
  number.kind = read.ec == std::errc() && read.ptr == end ? CoreNumber::Kind::integer : CoreNumber::Kind::too_large;
  return number;
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
bool is_float(std::string_view text) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t begin = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    return i - begin;
  };
  std::size_t count = digits();
  if (i < text.size() && text[i] == '.') {
    ++i;
    count += digits();
  }
  if (count == 0) return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    if (digits() == 0) return false;
  }
  return i == text.size();
}

CoreNumber read_float(std::string_view text, bool negative) {
  CoreNumber number;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number.floating);
  if (negative) number.floating = -number.floating;
  const bool fits = read.ec == std::errc() && std::isfinite(number.floating);
  number.kind = fits ? CoreNumber::Kind::floating : CoreNumber::Kind::too_large;
  return number;
}

}  // namespace

std::optional<bool> core_bool(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

CoreNumber core_number(std::string_view text) {
  if (text.empty()) return {};
  if (text.substr(0, 2) == "0o" && all_digits(text.substr(2), 8)) return read_integer(text.substr(2), 8, false);
  if (text.substr(0, 2) == "0x" && all_digits(text.substr(2), 16)) return read_integer(text.substr(2), 16, false);
  const bool negative = text[0] == '-';
  const std::string_view rest = negative || text[0] == '+' ? text.substr(1) : text;
  if (rest.empty()) return {};
  for (const std::string_view word : {".inf", ".Inf", ".INF"}) {
    if (rest == word) return {CoreNumber::Kind::not_finite};
  }
  for (const std::string_view word : {".nan", ".NaN", ".NAN"}) {
    if (text == word) return {CoreNumber::Kind::not_finite};
  }
  if (all_digits(rest, 10)) {
    if (rest.size() > 1 && rest[0] == '0') return {CoreNumber::Kind::leading_zero};
    return read_integer(rest, 10, negative);
  }
  return is_float(rest) ? read_float(rest, negative) : CoreNumber();
}

std::optional<std::int64_t> parse_size(std::string_view text) {
  struct Unit {
    std::string_view name;
    double bytes;
  };
  static constexpr Unit kUnits[] = {{"", 1},        {"B", 1},       {"Ki", 0x1p10}, {"Mi", 0x1p20}, {"Gi", 0x1p30},
                                    {"Ti", 0x1p40}, {"Pi", 0x1p50}, {"k", 1e3},     {"K", 1e3},     {"M", 1e6},
                                    {"G", 1e9},     {"T", 1e12},    {"P", 1e15}};
  std::size_t digits = 0;
  while (digits < text.size() && (is_digit(text[digits]) || text[digits] == '.')) ++digits;
  if (digits == 0 || !is_float(text.substr(0, digits))) return std::nullopt;
  double number = 0;
  std::from_chars(text.data(), text.data() + digits, number);
  const std::string_view unit = text.substr(digits);
  for (const Unit& u : kUnits) {
    if (u.name != unit) continue;
    const double bytes = number * u.bytes;
    if (!(bytes < 9e18) || bytes != std::floor(bytes)) return std::nullopt;
    return static_cast<std::int64_t>(bytes);
  }
  return std::nullopt;
}

bool is_id(std::string_view text) {
  constexpr std::size_t kIdLengthMax = 250;
  if (text.empty() || text.size() > kIdLengthMax || (!is_letter(text[0]) && !is_digit(text[0]))) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '.' || c == '-'; });
}

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > 250 || is_digit(text[0])) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

namespace {

Value scalar_value(Node node, Reporter& reporter) {
  const std::string_view text = node.text();
  if (node.kind() != NodeKind::plain) return text;
  if (const auto flag = core_bool(text)) return *flag;
  const CoreNumber number = core_number(text);
  switch (number.kind) {
    case CoreNumber::Kind::text:
      return text;
    case CoreNumber::Kind::integer:
      return number.integer;
    case CoreNumber::Kind::floating:
      return number.floating;
    case CoreNumber::Kind::too_large:
      reporter.error(Rule::invalid_value, node.span(),
                     "the number " + std::string(text.substr(0, 40)) + " is too large", "quote it if it is text");
      return {};
    case CoreNumber::Kind::leading_zero:
      reporter.error(Rule::invalid_value, node.span(), "a number may not begin with 0 here",
                     "quote it if it is text, write 0o… if it is octal");
      return {};
    case CoreNumber::Kind::not_finite:
      reporter.error(Rule::invalid_value, node.span(), "infinity and NaN are not values of the language",
                     "quote it if it is text");
      return {};
  }
  return {};
}

}  // namespace

Value value_of(Node node, Reporter& reporter) {
  if (!node || node.is_null()) return {};
  if (node.is_list()) {
    ValueList list;
    list.reserve(node.size());
    for (const Node item : Items(node)) list.push_back(value_of(item, reporter));
    return list;
  }
  if (node.is_map()) {
    ValueMap map;
    map.reserve(node.size());
    for (const auto& [key, value] : Entries(node)) map.emplace_back(key.text(), value_of(value, reporter));
    return map;
  }
  return scalar_value(node, reporter);
}

std::string describe_node(Node node) {
  if (!node || node.is_null()) return "nothing";
  if (node.is_map()) return "a mapping";
  if (node.is_list()) return "a list";
  return quoted(node.text());
}

}  // namespace baton::dagfile
