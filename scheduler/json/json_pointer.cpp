#include "scheduler/json/json_pointer.h"

#include <charconv>
#include <cstddef>

namespace baton {
namespace {

std::string key_of(std::string_view step) {
  std::string key;
  for (std::size_t i = 0; i < step.size(); ++i) {
    const bool is_escape = step[i] == '~' && i + 1 < step.size();
    key += !is_escape ? step[i] : step[++i] == '1' ? '/' : '~';
  }
  return key;
}

const Value* item_at(const ValueList& list, std::string_view step) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
  const bool is_index = error == std::errc() && end == step.data() + step.size();
  return is_index && index < list.size() ? &list[index] : nullptr;
}

}  // namespace

std::string pointer_step(std::string_view key) {
  std::string step;
  for (const char c : key) {
    if (c == '~') {
      step += "~0";
    } else if (c == '/') {
      step += "~1";
    } else {
      step += c;
    }
  }
  return step;
}

std::string last_step(std::string_view pointer) {
  return key_of(pointer.substr(pointer.rfind('/') + 1));
}

const Value* value_at(const Value& value, std::string_view pointer) {
  const Value* at = &value;
  while (at != nullptr && !pointer.empty()) {
    pointer.remove_prefix(1);
    const std::string_view step = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(step.size());
    if (at->type() == ValueType::list) {
      at = item_at(at->as_list(), step);
    } else {
      at = at->find(key_of(step));
    }
  }
  return at;
}

}  // namespace baton
