#include "scheduler/json/json_value.h"

#include <cmath>
#include <optional>
#include <unordered_set>

#include "scheduler/model/number.h"
#include "scheduler/model/time_value.h"

namespace baton {
namespace {

constexpr std::string_view kTimestamp = "$timestamp";
constexpr std::string_view kDuration = "$duration";
constexpr std::string_view kDouble = "$double";
constexpr std::string_view kNumber = "$number";
constexpr std::string_view kMap = "$map";

bool reads_as_double(std::string_view number) {
  return number.find_first_of(".eE") != std::string_view::npos;
}

/// Writes one value in one of the two forms.
class ValueWriter {
 public:
  ValueWriter(std::string& out, bool is_exact) : out_(out), is_exact_(is_exact) {}

  void write(const Value& value) {
    switch (value.type()) {
      case ValueType::null: out_ += "null"; return;
      case ValueType::boolean: out_ += value.as_bool() ? "true" : "false"; return;
      case ValueType::integer: return write_int(value);
      case ValueType::floating: return write_double(value);
      case ValueType::string: return append_json_string(out_, value.as_string());
      case ValueType::timestamp: return write_named(kTimestamp, timestamp_text(value.as_timestamp()));
      case ValueType::duration: return write_named(kDuration, duration_text(value.as_duration()));
      case ValueType::list:
        return append_json_array(out_, value.as_list(), [&](std::string&, const Value& item) { write(item); });
      case ValueType::map: return write_map(value.as_map());
    }
  }

 private:
  /// What JSON has no type for: a string in the plain form.
  void write_named(std::string_view name, std::string_view text) {
    if (!is_exact_) return append_json_string(out_, text);
    JsonObject(out_).text(name, text);
  }

  void write_int(const Value& value) {
    if (is_exact_ && value.spelling() != nullptr) return write_named(kNumber, *value.spelling());
    append_json_int(out_, value.as_int());
  }

  void write_double(const Value& value) {
    const std::string* const spelling = value.spelling();
    if (spelling != nullptr && is_json_number(*spelling) && reads_as_double(*spelling)) {
      out_ += *spelling;
      return;
    }
    if (is_exact_ && spelling != nullptr) return write_named(kNumber, *spelling);
    const std::string text = double_text(value.as_double());
    if (!std::isfinite(value.as_double())) return write_named(kDouble, text);
    if (reads_as_double(text)) {
      out_ += text;
    } else if (is_exact_) {
      write_named(kDouble, text);  // 1.0 would come back with a spelling that it never had
    } else {
      out_ += text + ".0";  // a double keeps its point, or it would come back as an int
    }
  }

  void write_map(const ValueMap& map) {
    if (is_exact_ && needs_pairs(map)) {
      JsonObject object(out_);
      append_json_array(object.member(kMap), map, [&](std::string&, const auto& entry) {
        out_ += '[';
        write(entry.first);
        out_ += ',';
        write(entry.second);
        out_ += ']';
      });
      return;
    }
    out_ += '{';
    for (std::size_t i = 0; i < map.size(); ++i) {
      if (i > 0) out_ += ',';
      write_key(map[i].first);
      out_ += ':';
      write(map[i].second);
    }
    out_ += '}';
  }

  /// Keys that are no strings, and a map that would be taken for one of the names above.
  static bool needs_pairs(const ValueMap& map) {
    for (const auto& [key, value] : map) {
      if (key.type() != ValueType::string) return true;
    }
    return map.size() == 1 && map[0].first.as_string().starts_with('$');
  }

  void write_key(const Value& key) {
    if (key.type() == ValueType::string) return append_json_string(out_, key.as_string());
    append_json_string(out_, to_json(key));
  }

  std::string& out_;
  bool is_exact_;
};

/// The value that an object of one member stands for in the exact form; nothing when it is an object like any other.
std::optional<Value> named_value(std::string_view name, const Value& content) {
  if (name == kMap && content.type() == ValueType::list) {
    ValueMap map;
    for (const Value& pair : content.as_list()) {
      if (pair.type() != ValueType::list || pair.as_list().size() != 2) return std::nullopt;
      map.emplace_back(pair.as_list()[0], pair.as_list()[1]);
    }
    return Value(std::move(map));
  }
  if (content.type() != ValueType::string) return std::nullopt;
  const std::string& text = content.as_string();
  if (name == kTimestamp) {
    const auto time = parse_timestamp(text);
    return time ? std::optional(Value(*time)) : std::nullopt;
  }
  if (name == kDuration) {
    const auto span = parse_duration(text);
    return span ? std::optional(Value(*span)) : std::nullopt;
  }
  if (name == kDouble) {
    if (text == "NaN") return Value(std::nan(""));
    if (text == "Infinity" || text == "-Infinity") return Value(text[0] == '-' ? -HUGE_VAL : HUGE_VAL);
    const auto number = read_double(text);
    return number ? std::optional(Value(*number)) : std::nullopt;
  }
  if (name == kNumber) {
    const CoreNumber number = core_number(text);
    if (number.kind == CoreNumber::Kind::integer) return Value::spelled(number.integer, text);
    if (number.kind == CoreNumber::Kind::floating) return Value::spelled(number.floating, text);
  }
  return std::nullopt;
}

/// Reads one value; recursion is bounded by `depth_max`.
class ValueReader {
 public:
  ValueReader(JsonReader& in, int depth_max, bool is_exact) : in_(in), depth_max_(depth_max), is_exact_(is_exact) {}

  Value read(int depth) {
    switch (in_.peek()) {
      case JsonReader::Kind::object: return read_object(depth + 1);
      case JsonReader::Kind::array: return read_array(depth + 1);
      case JsonReader::Kind::string: return Value(in_.string());
      case JsonReader::Kind::boolean: return Value(in_.boolean());
      case JsonReader::Kind::null: in_.null(); return Value();
      case JsonReader::Kind::number:
      case JsonReader::Kind::none: return read_number();
    }
    return Value();
  }

 private:
  Value read_number() {
    const std::string_view text = in_.number();
    if (!in_.ok()) return Value();
    if (reads_as_double(text)) {
      const auto number = read_double(text);
      if (!number) in_.fail("the number " + std::string(text.substr(0, 40)) + " is out of the range of double");
      return number ? Value::spelled(*number, text) : Value();
    }
    const auto number = read_integer(text);
    if (!number) in_.fail("the number " + std::string(text.substr(0, 40)) + " does not fit 64 bits");
    return Value(number.value_or(0));
  }

  bool is_too_deep(int depth) {
    if (depth <= depth_max_) return false;
    in_.fail("it is nested more than " + std::to_string(depth_max_) + " deep");
    return true;
  }

  Value read_array(int depth) {
    if (is_too_deep(depth)) return Value();
    ValueList list;
    in_.enter_array();
    while (in_.next_item()) list.push_back(read(depth));
    return Value(std::move(list));
  }

  Value read_object(int depth) {
    if (is_too_deep(depth)) return Value();
    ValueMap map;
    KeySet keys;
    std::string name;
    in_.enter_object();
    while (in_.next_member(name)) {
      if (!keys.insert(name, map)) in_.fail("the key \"" + name.substr(0, 64) + "\" stands twice in one object");
      map.emplace_back(Value(name), read(depth));
    }
    if (is_exact_ && map.size() == 1) {
      if (auto named = named_value(map[0].first.as_string(), map[0].second)) return *std::move(named);
    }
    return Value(std::move(map));
  }

  /// The keys of one object so far: most have few, a hostile one has millions.
  class KeySet {
   public:
    bool insert(const std::string& name, const ValueMap& map) {
      constexpr std::size_t kScannedMax = 16;
      if (map.size() < kScannedMax) {
        for (const auto& [key, value] : map) {
          if (key.as_string() == name) return false;
        }
        return true;
      }
      if (names_.empty()) {
        for (const auto& [key, value] : map) names_.insert(key.as_string());
      }
      return names_.insert(name).second;
    }

   private:
    std::unordered_set<std::string> names_;
  };

  JsonReader& in_;
  int depth_max_;
  bool is_exact_;
};

Result<Value> read_all(std::string_view text, const JsonLimits& limits, bool is_exact) {
  if (text.size() > limits.bytes_max) {
    return Error{"the JSON has " + std::to_string(text.size()) + " bytes; the limit is " +
                 std::to_string(limits.bytes_max)};
  }
  JsonReader in(text);
  Value value = ValueReader(in, limits.depth_max, is_exact).read(0);
  if (!in.ok() || !in.at_end()) return Error{in.message()};
  return value;
}

}  // namespace

void append_json(std::string& out, const Value& value) {
  ValueWriter(out, false).write(value);
}

void append_exact_json(std::string& out, const Value& value) {
  ValueWriter(out, true).write(value);
}

std::string to_json(const Value& value) {
  std::string out;
  append_json(out, value);
  return out;
}

std::string to_exact_json(const Value& value) {
  std::string out;
  append_exact_json(out, value);
  return out;
}

std::string to_tagged_json(const Value& value) {
  return "{\"type\":\"" + std::string(to_string(value.type())) + "\",\"value\":" + to_json(value) + "}";
}

Result<Value> from_json(std::string_view text, const JsonLimits& limits) {
  return read_all(text, limits, false);
}

Result<Value> from_exact_json(std::string_view text, const JsonLimits& limits) {
  return read_all(text, limits, true);
}

Value read_exact_value(JsonReader& in, int depth_max) {
  return ValueReader(in, depth_max, true).read(0);
}

}  // namespace baton
