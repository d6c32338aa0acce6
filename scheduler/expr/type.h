// The static types of the language, for `baton validate`. Immutable, cheap to copy; any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scheduler/model/value.h"

namespace baton::expr {

class Type;

/// The fields of an object type. Implement it where the fields are many or made on demand (`tasks`).
class Fields {
 public:
  virtual ~Fields() = default;
  /// Nothing when there is no such field.
  [[nodiscard]] virtual std::optional<Type> field(std::string_view name) const = 0;
  /// All names, for "did you mean".
  [[nodiscard]] virtual std::vector<std::string> names() const = 0;
  /// What one of them is called in a message: "task", "param", "output".
  [[nodiscard]] virtual std::string_view noun() const { return "field"; }
};

class Type {
 public:
  enum class Kind : std::uint8_t {
    any,
    null,
    boolean,
    integer,
    floating,
    string,
    list,
    map,
    object,
    timestamp,
    duration,
    unavailable
  };

  Type() = default;  // any: known only at run time

  static Type any() { return {}; }
  static Type null() { return Type(Kind::null); }
  static Type boolean() { return Type(Kind::boolean); }
  static Type integer() { return Type(Kind::integer); }
  static Type floating() { return Type(Kind::floating); }
  static Type string() { return Type(Kind::string); }
  static Type timestamp() { return Type(Kind::timestamp); }
  static Type duration() { return Type(Kind::duration); }
  static Type list(Type element);
  static Type map(Type key, Type value);
  /// With these fields and no others.
  static Type object(std::vector<std::pair<std::string, Type>> fields, std::string noun = "field");
  static Type object(std::shared_ptr<const Fields> fields);
  /// A name that exists but cannot be used here; whoever uses it gets `why` as the error's message.
  static Type unavailable(std::string why);
  /// The type of outputs: string int|integer number|double bool|boolean list|array map|object timestamp duration any.
  static std::optional<Type> from_name(std::string_view name);
  /// The most exact type of a value; maps with string keys only become objects.
  static Type of(const Value& value);

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is_any() const { return kind_ == Kind::any; }
  [[nodiscard]] bool is_number() const { return kind_ == Kind::integer || kind_ == Kind::floating; }
  /// Of a list: its elements; of a map: its values. any otherwise.
  [[nodiscard]] const Type& element() const;
  /// Of a map.
  [[nodiscard]] const Type& key() const;
  /// Of an object; never null there.
  [[nodiscard]] const std::shared_ptr<const Fields>& fields() const { return fields_; }
  /// Of unavailable.
  [[nodiscard]] const std::string& why() const;

  /// For a message: "list<string>".
  [[nodiscard]] std::string text() const;

 private:
  struct Parts;
  explicit Type(Kind kind) : kind_(kind) {}

  Kind kind_ = Kind::any;
  std::shared_ptr<const Parts> parts_;
  std::shared_ptr<const Fields> fields_;
};

/// Whether a value of type `actual` may stand where `wanted` is asked for; `any` on either side is let through.
bool is_assignable(const Type& wanted, const Type& actual);

/// The type of what is either; any when the two differ.
Type common_type(const Type& a, const Type& b);

}  // namespace baton::expr
