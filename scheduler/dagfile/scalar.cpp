#include "scheduler/dagfile/scalar.h"

#include <algorithm>
#include <string>

namespace baton::dagfile {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

__extension__ using Wide = __int128;

/// `number` times `unit`, where that is a whole number of 63 bits. Exact: a double would round what has 16 digits.
std::optional<std::int64_t> whole_product(std::string_view number, std::int64_t unit) {
  constexpr std::size_t kDigitsMax = 18;
  const std::size_t point = std::min(number.find('.'), number.size());
  std::string digits(number.substr(0, point));
  std::int64_t scale = 1;
  for (const char c : number.substr(std::min(point + 1, number.size()))) {
    digits += c;
    if (digits.size() > kDigitsMax) return std::nullopt;
    scale *= 10;
  }
  const std::optional<std::int64_t> value = read_integer(digits);
  if (!value) return std::nullopt;
  const Wide product = Wide{*value} * unit;
  if (product % scale != 0 || product / scale > INT64_MAX) return std::nullopt;
  return static_cast<std::int64_t>(product / scale);
}

}  // namespace

std::optional<bool> core_bool(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

std::optional<std::int64_t> parse_size(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::int64_t bytes;
  };
  constexpr std::int64_t kKibi = 1024;
  constexpr std::int64_t kKilo = 1000;
  static constexpr Unit kUnits[] = {{"", 1},
                                    {"B", 1},
                                    {"Ki", kKibi},
                                    {"Mi", kKibi * kKibi},
                                    {"Gi", kKibi * kKibi * kKibi},
                                    {"Ti", kKibi * kKibi * kKibi * kKibi},
                                    {"Pi", kKibi * kKibi * kKibi * kKibi * kKibi},
                                    {"k", kKilo},
                                    {"K", kKilo},
                                    {"M", kKilo * kKilo},
                                    {"G", kKilo * kKilo * kKilo},
                                    {"T", kKilo * kKilo * kKilo * kKilo},
                                    {"P", kKilo * kKilo * kKilo * kKilo * kKilo}};
  std::size_t digits = 0;
  while (digits < text.size() && (is_digit(text[digits]) || text[digits] == '.')) ++digits;
  const std::string_view number = text.substr(0, digits);
  if (!is_decimal(number)) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (unit.name == text.substr(digits)) return whole_product(number, unit.bytes);
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
      return Value::spelled(number.integer, text);
    case CoreNumber::Kind::floating:
      return Value::spelled(number.floating, text);
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
  return in_quotes(node.text());
}

}  // namespace baton::dagfile
