#include "scheduler/expr/type.h"

#include <algorithm>
#include <array>

#include "scheduler/model/check.h"

namespace baton::expr {

struct Type::Parts {
  Type key;
  Type element;
  std::string why;
};

namespace {

class ListedFields : public Fields {
 public:
  ListedFields(std::vector<std::pair<std::string, Type>> fields, std::string noun)
      : fields_(std::move(fields)), noun_(std::move(noun)) {}

  [[nodiscard]] std::optional<Type> field(std::string_view name) const override {
    for (const auto& [known, type] : fields_) {
      if (known == name) return type;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::vector<std::string> names() const override {
    std::vector<std::string> all;
    for (const auto& [name, type] : fields_) all.push_back(name);
    return all;
  }
  [[nodiscard]] std::string_view noun() const override { return noun_; }

 private:
  std::vector<std::pair<std::string, Type>> fields_;
  std::string noun_;
};

Type type_of_map(const ValueMap& map) {
  const bool is_object =
      std::all_of(map.begin(), map.end(), [](const auto& entry) { return entry.first.type() == ValueType::string; });
  if (is_object) {
    std::vector<std::pair<std::string, Type>> fields;
    for (const auto& [key, value] : map) fields.emplace_back(key.as_string(), Type::of(value));
    return Type::object(std::move(fields));
  }
  Type key = Type::of(map.front().first);
  Type element = Type::of(map.front().second);
  for (const auto& [k, v] : map) {
    key = common_type(key, Type::of(k));
    element = common_type(element, Type::of(v));
  }
  return Type::map(key, element);
}

/// Objects count as maps here.
bool is_map_like(const Type& type) {
  return type.kind() == Type::Kind::map || type.kind() == Type::Kind::object;
}

}  // namespace

Type Type::list(Type element) {
  Type type(Kind::list);
  type.parts_ = std::make_shared<const Parts>(Parts{{}, std::move(element), {}});
  return type;
}

Type Type::map(Type key, Type value) {
  Type type(Kind::map);
  type.parts_ = std::make_shared<const Parts>(Parts{std::move(key), std::move(value), {}});
  return type;
}

Type Type::object(std::vector<std::pair<std::string, Type>> fields, std::string noun) {
  return object(std::make_shared<const ListedFields>(std::move(fields), std::move(noun)));
}

Type Type::object(std::shared_ptr<const Fields> fields) {
  BATON_CHECK(fields != nullptr);
  Type type(Kind::object);
  type.fields_ = std::move(fields);
  return type;
}

Type Type::unavailable(std::string why) {
  Type type(Kind::unavailable);
  type.parts_ = std::make_shared<const Parts>(Parts{{}, {}, std::move(why)});
  return type;
}

std::optional<Type> Type::from_name(std::string_view name) {
  if (name == "string") return string();
  if (name == "int" || name == "integer") return integer();
  if (name == "number" || name == "double") return floating();
  if (name == "bool" || name == "boolean") return boolean();
  if (name == "list" || name == "array") return list(any());
  if (name == "map" || name == "object") return map(string(), any());
  if (name == "timestamp") return timestamp();
  if (name == "duration") return duration();
  if (name == "any") return any();
  return std::nullopt;
}

Type Type::of(const Value& value) {
  switch (value.type()) {
    case ValueType::null:
      return null();
    case ValueType::boolean:
      return boolean();
    case ValueType::integer:
      return integer();
    case ValueType::floating:
      return floating();
    case ValueType::string:
      return string();
    case ValueType::timestamp:
      return timestamp();
    case ValueType::duration:
      return duration();
    case ValueType::map:
      return type_of_map(value.as_map());
    case ValueType::list: {
      if (value.as_list().empty()) return list(any());
      Type element = of(value.as_list().front());
      for (const Value& other : value.as_list()) element = common_type(element, of(other));
      return list(element);
    }
  }
  return any();
}

const Type& Type::element() const {
  static const Type kAny;
  return parts_ ? parts_->element : kAny;
}

const Type& Type::key() const {
  static const Type kAny;
  return parts_ ? parts_->key : kAny;
}

const std::string& Type::why() const {
  BATON_CHECK(kind_ == Kind::unavailable);
  return parts_->why;
}

std::string Type::text() const {
  static constexpr std::array<std::string_view, 12> kNames{
      "any", "null", "bool", "int", "double", "string", "list", "map", "map", "timestamp", "duration", "unavailable"};
  std::string name(kNames[static_cast<std::size_t>(kind_)]);
  if (kind_ == Kind::list && !element().is_any()) name += "<" + element().text() + ">";
  if (kind_ == Kind::map && !element().is_any()) name += "<" + key().text() + ", " + element().text() + ">";
  return name;
}

bool is_assignable(const Type& wanted, const Type& actual) {
  if (wanted.is_any() || actual.is_any()) return true;
  if (is_map_like(wanted) && is_map_like(actual)) {
    return wanted.kind() != Type::Kind::map || actual.kind() != Type::Kind::map ||
           (is_assignable(wanted.key(), actual.key()) && is_assignable(wanted.element(), actual.element()));
  }
  if (wanted.kind() != actual.kind()) return false;
  return wanted.kind() != Type::Kind::list || is_assignable(wanted.element(), actual.element());
}

Type common_type(const Type& a, const Type& b) {
  if (a.kind() != b.kind()) return Type::any();
  switch (a.kind()) {
    case Type::Kind::list:
      return Type::list(common_type(a.element(), b.element()));
    case Type::Kind::map:
      return Type::map(common_type(a.key(), b.key()), common_type(a.element(), b.element()));
    case Type::Kind::object: {
      if (a.fields() == b.fields()) return a;
      const std::vector<std::string> names = a.fields()->names();
      if (names != b.fields()->names()) return Type::map(Type::string(), Type::any());
      std::vector<std::pair<std::string, Type>> fields;
      fields.reserve(names.size());
      for (const std::string& name : names) {
        fields.emplace_back(name, common_type(*a.fields()->field(name), *b.fields()->field(name)));
      }
      return Type::object(std::move(fields), std::string(a.fields()->noun()));
    }
    case Type::Kind::any:
    case Type::Kind::null:
    case Type::Kind::boolean:
    case Type::Kind::integer:
    case Type::Kind::floating:
    case Type::Kind::string:
    case Type::Kind::timestamp:
    case Type::Kind::duration:
      return a;
    case Type::Kind::unavailable:
      return Type::any();
  }
  return Type::any();
}

}  // namespace baton::expr
