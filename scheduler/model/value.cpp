#include "scheduler/model/value.h"

#include "scheduler/model/number.h"

namespace baton {

std::string_view to_string(ValueType type) {
  switch (type) {
    case ValueType::null: return "null";
    case ValueType::boolean: return "bool";
    case ValueType::integer: return "int";
    case ValueType::floating: return "double";
    case ValueType::string: return "string";
    case ValueType::list: return "list";
    case ValueType::map: return "map";
    case ValueType::timestamp: return "timestamp";
    case ValueType::duration: return "duration";
  }
  return "?";
}

/// The lists and maps inside of what goes are collected by the outermost call on this thread, not followed.
void Value::take_apart() noexcept {
  const auto* const list = std::get_if<kListIndex>(&data_);
  const auto* const map = std::get_if<kMapIndex>(&data_);
  const long owners = list != nullptr ? list->use_count() : map->use_count();
  if (owners != 1) return;  // moved from, or others keep it: nothing inside of it goes
  static thread_local std::vector<Data>* collected = nullptr;
  if (collected != nullptr) {
    collected->push_back(std::move(data_));
    return;
  }
  std::vector<Data> open;
  collected = &open;
  open.push_back(std::move(data_));
  while (!open.empty()) {
    const Data last = std::move(open.back());
    open.pop_back();
  }
  collected = nullptr;
}

const std::string* Value::spelling() const {
  const auto* const spelled = std::get_if<Spelled>(&data_);
  return spelled == nullptr ? nullptr : spelled->text.get();
}

Value Value::spelled(std::int64_t value, std::string_view spelling) {
  Value out(value);
  if (spelling != std::to_string(value)) {
    out.data_ = Spelled{value, std::make_shared<const std::string>(spelling), true};
  }
  return out;
}

Value Value::spelled(double value, std::string_view spelling) {
  Value out(value);
  if (spelling != double_text(value)) {
    out.data_ = Spelled{std::bit_cast<std::int64_t>(value), std::make_shared<const std::string>(spelling), false};
  }
  return out;
}

const Value* Value::find(std::string_view key) const {
  if (type() != ValueType::map) return nullptr;
  for (const auto& [k, v] : as_map()) {
    if (k.type() == ValueType::string && k.as_string() == key) return &v;
  }
  return nullptr;
}

bool operator==(const Value& a, const Value& b) {
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case ValueType::integer: return a.as_int() == b.as_int();
    case ValueType::floating: return a.as_double() == b.as_double();
    case ValueType::list: return a.as_list() == b.as_list();
    case ValueType::map: return a.as_map() == b.as_map();
    case ValueType::null: return true;
    case ValueType::boolean: return a.as_bool() == b.as_bool();
    case ValueType::string: return a.as_string() == b.as_string();
    case ValueType::timestamp: return a.as_timestamp() == b.as_timestamp();
    case ValueType::duration: return a.as_duration() == b.as_duration();
  }
  return false;
}

}  // namespace baton
