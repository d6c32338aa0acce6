#include "scheduler/dagfile/json_schema.h"

#include <algorithm>
#include <cmath>
#include <compare>
#include <optional>

#include "scheduler/json/json_value.h"
#include "scheduler/model/number.h"
#include "scheduler/dagfile/schema_formats.h"

namespace baton::dagfile {
namespace {

constexpr std::size_t kFaultsMax = 20;

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool is_number(const Value& v) {
  return v.type() == ValueType::integer || v.type() == ValueType::floating;
}
double as_number(const Value& v) {
  return v.type() == ValueType::integer ? static_cast<double>(v.as_int()) : v.as_double();
}

/// The integer that a number is: of a double from its spelling, which is exact, else where doubles still tell integers
/// apart.
std::optional<std::int64_t> integer_of(const Value& value) {
  constexpr double kExactMax = 9007199254740992;  // 2^53
  if (value.type() == ValueType::integer) return value.as_int();
  if (value.spelling() != nullptr) return exact_integer(*value.spelling());
  const double x = value.as_double();
  if (std::floor(x) != x || std::abs(x) > kExactMax) return std::nullopt;
  return static_cast<std::int64_t>(x);
}

/// Integers exactly, everything else as doubles.
std::partial_ordering compare(const Value& a, const Value& b) {
  const auto x = integer_of(a);
  const auto y = integer_of(b);
  if (x && y) return *x <=> *y;
  return as_number(a) <=> as_number(b);
}

/// JSON's equality: 1 equals 1.0, and the order of keys does not count.
bool json_equal(const Value& a, const Value& b) {
  if (is_number(a) && is_number(b)) return compare(a, b) == 0;
  if (a.type() != b.type()) return false;
  if (a.type() == ValueType::list) {
    return std::equal(a.as_list().begin(), a.as_list().end(), b.as_list().begin(), b.as_list().end(), json_equal);
  }
  if (a.type() == ValueType::map) {
    if (a.as_map().size() != b.as_map().size()) return false;
    return std::all_of(a.as_map().begin(), a.as_map().end(), [&](const auto& entry) {
      const Value* const other = b.find(entry.first.as_string());
      return other != nullptr && json_equal(entry.second, *other);
    });
  }
  return a == b;
}

bool is_of_type(const Value& value, std::string_view type) {
  switch (value.type()) {
    case ValueType::null:
      return type == "null";
    case ValueType::boolean:
      return type == "boolean";
    case ValueType::integer:
      return type == "integer" || type == "number";
    case ValueType::floating:
      return type == "number" || (type == "integer" && integer_of(value));
    case ValueType::string:
      return type == "string";
    case ValueType::list:
      return type == "array";
    case ValueType::map:
      return type == "object";
    case ValueType::timestamp:
    case ValueType::duration:
      return false;
  }
  return false;
}

std::string shown(const Value& value) {
  std::string text = to_json(value);
  constexpr std::size_t kShownMax = 60;
  if (text.size() > kShownMax) {
    std::size_t cut = kShownMax;
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;
    text.resize(cut);
    text += "…";
  }
  return text;
}

std::string shown_list(const ValueList& values) {
  std::string text;
  for (const auto& v : values) text += (text.empty() ? "" : ", ") + shown(v);
  return text;
}

/// One walk through a value and its schema.
class Validation {
 public:
  std::vector<SchemaFault> faults;

  void check(const Value& schema, const Value& value, const std::string& path) {
    if (faults.size() >= kFaultsMax) return;
    if (schema.type() == ValueType::boolean) {
      if (!schema.as_bool()) fault(path, "nothing is allowed here");
      return;
    }
    if (schema.type() != ValueType::map) return;
    if (!check_type(schema, value, path)) return;
    check_choice(schema, value, path);
    if (is_number(value)) check_number(schema, value, path);
    if (value.type() == ValueType::string) check_string(schema, value, path);
    if (value.type() == ValueType::list) check_array(schema, value, path);
    if (value.type() == ValueType::map) check_map(schema, value, path);
    check_combinations(schema, value, path);
  }

 private:
  void fault(const std::string& path, std::string message) { faults.push_back({path, std::move(message)}); }

  /// A number is a double: an integer that no double is would be another number without a word.
  bool check_exact(std::string_view type, const Value& value, const std::string& path) {
    if (type != "number" || value.type() != ValueType::integer || exact_double(value.as_int())) return true;
    fault(path, shown(value) + " is not of type number: no double holds this integer exactly, the nearest is " +
                    double_text(static_cast<double>(value.as_int())) + "; type integer would hold it");
    return false;
  }

  bool check_type(const Value& schema, const Value& value, const std::string& path) {
    const Value* const type = schema.find("type");
    if (type == nullptr) return true;
    if (type->type() == ValueType::string) {
      if (is_of_type(value, type->as_string())) return check_exact(type->as_string(), value, path);
      fault(path, shown(value) + " is not of type " + type->as_string());
      return false;
    }
    if (type->type() != ValueType::list) return true;
    const auto& types = type->as_list();
    const bool fits = std::any_of(types.begin(), types.end(), [&](const Value& t) {
      return t.type() == ValueType::string && is_of_type(value, t.as_string());
    });
    if (!fits) fault(path, shown(value) + " is of none of the types " + shown_list(types));
    return fits;
  }

  void check_choice(const Value& schema, const Value& value, const std::string& path) {
    if (const Value* const allowed = schema.find("enum"); allowed != nullptr && allowed->type() == ValueType::list) {
      const auto& list = allowed->as_list();
      const bool found = std::any_of(list.begin(), list.end(), [&](const Value& v) { return json_equal(v, value); });
      if (!found) fault(path, shown(value) + " is not one of " + shown_list(list));
    }
    if (const Value* const only = schema.find("const"); only != nullptr && !json_equal(*only, value)) {
      fault(path, shown(value) + " is not " + shown(*only));
    }
  }

  /// The number under a keyword, if it is there.
  static const Value* number_at(const Value& schema, std::string_view keyword) {
    const Value* const v = schema.find(keyword);
    return v != nullptr && is_number(*v) ? v : nullptr;
  }

  void check_number(const Value& schema, const Value& value, const std::string& path) {
    const auto bound = [&](std::string_view keyword, auto holds, std::string_view words) {
      const Value* const limit = number_at(schema, keyword);
      if (limit != nullptr && !holds(compare(value, *limit))) {
        fault(path, shown(value) + " is not " + std::string(words) + " " + shown(*limit));
      }
    };
    bound("minimum", [](std::partial_ordering order) { return order >= 0; }, "at least");
    bound("maximum", [](std::partial_ordering order) { return order <= 0; }, "at most");
    bound("exclusiveMinimum", [](std::partial_ordering order) { return order > 0; }, "more than");
    bound("exclusiveMaximum", [](std::partial_ordering order) { return order < 0; }, "less than");
    const Value* const step = number_at(schema, "multipleOf");
    if (step != nullptr && !is_multiple(value, *step)) {
      fault(path, shown(value) + " is not a multiple of " + shown(*step));
    }
  }

  static bool is_multiple(const Value& value, const Value& step) {
    const auto x = integer_of(value);
    const auto y = integer_of(step);
    if (x && y && *y > 0) return *x % *y == 0;
    const double quotient = as_number(value) / as_number(step);
    const double off = std::abs(quotient - std::round(quotient));
    return as_number(step) <= 0 || off <= 1e-9 * std::max(1.0, std::abs(quotient));
  }

  void check_size(const Value& schema, std::size_t size, std::string_view least, std::string_view most,
                  std::string_view noun, const std::string& path) {
    if (const Value* const limit = number_at(schema, least);
        limit != nullptr && static_cast<double>(size) < as_number(*limit)) {
      fault(path, "it has " + std::to_string(size) + " " + std::string(noun) + ", fewer than " + shown(*limit));
    }
    if (const Value* const limit = number_at(schema, most);
        limit != nullptr && static_cast<double>(size) > as_number(*limit)) {
      fault(path, "it has " + std::to_string(size) + " " + std::string(noun) + ", more than " + shown(*limit));
    }
  }

  void check_string(const Value& schema, const Value& value, const std::string& path) {
    const std::string& text = value.as_string();
    check_size(schema, code_points(text), "minLength", "maxLength", "characters", path);
    if (const Value* const pattern = schema.find("pattern");
        pattern != nullptr && pattern->type() == ValueType::string) {
      if (!matches_pattern(text, pattern->as_string())) {
        fault(path, shown(value) + " does not match " + pattern->as_string());
      }
    }
    if (const Value* const format = schema.find("format"); format != nullptr && format->type() == ValueType::string) {
      if (!matches_format(text, format->as_string())) {
        fault(path, shown(value) + " is not of the format " + format->as_string());
      }
    }
  }

  void check_array(const Value& schema, const Value& value, const std::string& path) {
    const auto& list = value.as_list();
    check_size(schema, list.size(), "minItems", "maxItems", "items", path);
    if (const Value* const unique = schema.find("uniqueItems");
        unique != nullptr && unique->type() == ValueType::boolean && unique->as_bool()) {
      check_unique(list, path);
    }
    const Value* const items = schema.find("items");
    if (items == nullptr) return;
    for (std::size_t i = 0; i < list.size(); ++i) check(*items, list[i], path + "[" + std::to_string(i) + "]");
  }

  void check_unique(const ValueList& list, const std::string& path) {
    std::vector<std::pair<std::string, std::size_t>> texts;
    for (std::size_t i = 0; i < list.size(); ++i) texts.emplace_back(to_json(list[i]), i);
    std::sort(texts.begin(), texts.end());
    for (std::size_t i = 1; i < texts.size(); ++i) {
      if (texts[i].first != texts[i - 1].first) continue;
      fault(path, "the items " + std::to_string(texts[i - 1].second) + " and " + std::to_string(texts[i].second) +
                      " are equal");
      return;
    }
  }

  void check_map(const Value& schema, const Value& value, const std::string& path) {
    const auto& map = value.as_map();
    check_size(schema, map.size(), "minProperties", "maxProperties", "properties", path);
    if (const Value* const required = schema.find("required");
        required != nullptr && required->type() == ValueType::list) {
      for (const auto& name : required->as_list()) {
        if (name.type() == ValueType::string && value.find(name.as_string()) == nullptr) {
          fault(path, "the property " + in_quotes(name.as_string()) + " is missing");
        }
      }
    }
    const Value* const properties = schema.find("properties");
    const Value* const others = schema.find("additionalProperties");
    for (const auto& [key, item] : map) {
      const std::string& name = key.as_string();
      const Value* const property = properties != nullptr ? properties->find(name) : nullptr;
      const std::string inner = path.empty() ? name : path + "." + name;
      if (property != nullptr) {
        check(*property, item, inner);
      } else if (others != nullptr && others->type() == ValueType::boolean && !others->as_bool()) {
        fault(path, "the property " + in_quotes(name) + " is not allowed");
      } else if (others != nullptr) {
        check(*others, item, inner);
      }
    }
  }

  static bool fits(const Value& schema, const Value& value) { return validate_value(schema, value).empty(); }

  void check_combinations(const Value& schema, const Value& value, const std::string& path) {
    const auto list_at = [&](std::string_view keyword) -> const ValueList* {
      const Value* const v = schema.find(keyword);
      return v != nullptr && v->type() == ValueType::list ? &v->as_list() : nullptr;
    };
    const auto count = [&](const ValueList& list) {
      return std::count_if(list.begin(), list.end(), [&](const Value& s) { return fits(s, value); });
    };
    if (const ValueList* const all = list_at("allOf")) {
      for (const auto& s : *all) check(s, value, path);
    }
    if (const ValueList* const any = list_at("anyOf"); any != nullptr && count(*any) == 0) {
      fault(path, shown(value) + " fits none of the alternatives of anyOf");
    }
    if (const ValueList* const one = list_at("oneOf"); one != nullptr) {
      const auto n = count(*one);
      if (n != 1) fault(path, shown(value) + " fits " + std::to_string(n) + " of the alternatives of oneOf, not one");
    }
    if (const Value* const no = schema.find("not"); no != nullptr && fits(*no, value)) {
      fault(path, shown(value) + " fits what `not` excludes");
    }
  }
};

}  // namespace

std::vector<SchemaFault> validate_value(const Value& schema, const Value& value) {
  Validation validation;
  validation.check(schema, value, "");
  return std::move(validation.faults);
}

std::string single_type(const Value& schema) {
  const Value* const type = schema.find("type");
  if (type == nullptr) return {};
  if (type->type() == ValueType::string) return type->as_string();
  if (type->type() == ValueType::list && type->as_list().size() == 1 &&
      type->as_list()[0].type() == ValueType::string) {
    return type->as_list()[0].as_string();
  }
  return {};
}

bool allows_type(const Value& schema, std::string_view type) {
  const Value* const given = schema.find("type");
  if (given == nullptr) return true;
  if (given->type() == ValueType::string) return given->as_string() == type;
  if (given->type() != ValueType::list) return true;
  return std::any_of(given->as_list().begin(), given->as_list().end(),
                     [&](const Value& t) { return t.type() == ValueType::string && t.as_string() == type; });
}

Value coerce_numbers(const Value& schema, const Value& value) {
  if (schema.type() != ValueType::map) return value;
  const std::string type = single_type(schema);
  if (type == "number" && value.type() == ValueType::integer) {
    const auto exact = exact_double(value.as_int());
    return exact ? Value(*exact) : value;  // validate_value() refuses what none holds
  }
  if (type == "integer" && value.type() == ValueType::floating) {
    if (const auto whole = integer_of(value)) return *whole;
  }
  if (value.type() == ValueType::list) {
    const Value* const items = schema.find("items");
    if (items == nullptr) return value;
    ValueList out;
    for (const auto& item : value.as_list()) out.push_back(coerce_numbers(*items, item));
    return out;
  }
  if (value.type() == ValueType::map) {
    const Value* const properties = schema.find("properties");
    if (properties == nullptr) return value;
    ValueMap out;
    for (const auto& [key, item] : value.as_map()) {
      const Value* const property = properties->find(key.as_string());
      out.emplace_back(key, property != nullptr ? coerce_numbers(*property, item) : item);
    }
    return out;
  }
  return value;
}

}  // namespace baton::dagfile
