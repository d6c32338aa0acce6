// Value: what params, outputs and expressions hold. The types are those of CEL that Baton's subset knows.
// Immutable once built; copies share lists and maps. Any thread may read.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace baton {

class Value;
using ValueList = std::vector<Value>;
/// In order of insertion, keys unique (CEL map keys: bool, int, string). Lookup is linear below 16 entries.
using ValueMap = std::vector<std::pair<Value, Value>>;

/// Seconds and nanoseconds since the Unix epoch, 0 ≤ nanos < 1e9; range 0001-01-01 to 9999-12-31 (CEL).
struct Timestamp {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
  friend bool operator==(const Timestamp&, const Timestamp&) = default;
  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
};

/// Seconds and nanoseconds of the same sign (protobuf Duration).
struct Duration {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
  friend bool operator==(const Duration&, const Duration&) = default;
  friend auto operator<=>(const Duration&, const Duration&) = default;
};

enum class ValueType : std::uint8_t { null, boolean, integer, floating, string, list, map, timestamp, duration };

/// The name that the language uses: null bool int double string list map timestamp duration.
std::string_view to_string(ValueType type);

class Value {
 public:
  Value() = default;  // null
  Value(bool v) : data_(v) {}                       // NOLINT: implicit on purpose, likewise below
  Value(std::int64_t v) : data_(v) {}               // NOLINT
  Value(int v) : data_(std::int64_t{v}) {}          // NOLINT
  Value(double v) : data_(v) {}                     // NOLINT
  Value(std::string v) : data_(std::move(v)) {}     // NOLINT
  Value(std::string_view v) : data_(std::string(v)) {}  // NOLINT
  Value(const char* v) : data_(std::string(v)) {}   // NOLINT
  Value(Timestamp v) : data_(v) {}                  // NOLINT
  Value(Duration v) : data_(v) {}                   // NOLINT
  Value(ValueList v) : data_(std::make_shared<const ValueList>(std::move(v))) {}  // NOLINT
  Value(ValueMap v) : data_(std::make_shared<const ValueMap>(std::move(v))) {}    // NOLINT

  Value(const Value&) = default;
  Value(Value&&) noexcept = default;
  Value& operator=(const Value&) = default;
  Value& operator=(Value&&) noexcept = default;
  /// A deep value goes without recursion: an expression may nest thousands of lists before it is refused.
  ~Value() {
    if (data_.index() == kListIndex || data_.index() == kMapIndex) take_apart();
  }

  [[nodiscard]] ValueType type() const {
    const auto* const spelled = std::get_if<Spelled>(&data_);
    if (spelled == nullptr) return static_cast<ValueType>(data_.index());
    return spelled->is_integer ? ValueType::integer : ValueType::floating;
  }
  [[nodiscard]] bool is_null() const { return type() == ValueType::null; }

  // Each aborts when the type is another; ask type() first.
  [[nodiscard]] bool as_bool() const { return std::get<bool>(data_); }
  [[nodiscard]] std::int64_t as_int() const {
    const auto* const plain = std::get_if<std::int64_t>(&data_);
    return plain != nullptr ? *plain : std::get<Spelled>(data_).bits;
  }
  [[nodiscard]] double as_double() const {
    const auto* const plain = std::get_if<double>(&data_);
    return plain != nullptr ? *plain : std::bit_cast<double>(std::get<Spelled>(data_).bits);
  }
  [[nodiscard]] const std::string& as_string() const { return std::get<std::string>(data_); }
  [[nodiscard]] const ValueList& as_list() const { return *std::get<std::shared_ptr<const ValueList>>(data_); }
  [[nodiscard]] const ValueMap& as_map() const { return *std::get<std::shared_ptr<const ValueMap>>(data_); }
  [[nodiscard]] Timestamp as_timestamp() const { return std::get<Timestamp>(data_); }
  [[nodiscard]] Duration as_duration() const { return std::get<Duration>(data_); }

  /// How the number was written, where that is not the text its value would get: 1.10, 1e3, 0x1F. A value that becomes
  /// text keeps it: a version 1.10 in a file is no 1.1 in a command. Equality and arithmetic do not see it.
  [[nodiscard]] const std::string* spelling() const;
  static Value spelled(std::int64_t value, std::string_view spelling);
  static Value spelled(double value, std::string_view spelling);

  /// The entry of a map by string key; nullptr when this is no map or has no such key.
  [[nodiscard]] const Value* find(std::string_view key) const;

  /// Same type and same content (1 and 1.0 differ here; CEL equality is the evaluator's).
  friend bool operator==(const Value& a, const Value& b);

 private:
  /// 32 bytes, as much as a string: numbers that keep their spelling make no Value larger.
  struct Spelled {
    std::int64_t bits = 0;  ///< the integer, or the bits of the double
    std::shared_ptr<const std::string> text;
    bool is_integer = false;
  };

  /// The alternatives in the order of ValueType, then numbers that keep their spelling.
  using Data = std::variant<std::monostate, bool, std::int64_t, double, std::string, std::shared_ptr<const ValueList>,
                            std::shared_ptr<const ValueMap>, Timestamp, Duration, Spelled>;
  static constexpr std::size_t kListIndex = static_cast<std::size_t>(ValueType::list);
  static constexpr std::size_t kMapIndex = static_cast<std::size_t>(ValueType::map);

  void take_apart() noexcept;

  Data data_;
};

}  // namespace baton
