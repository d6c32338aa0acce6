// A Value as a document: JSON for people (indented), JSON in one line, and YAML. Pure; any thread.
#pragma once

#include <string>

#include "scheduler/model/value.h"

namespace baton::text {

/// Builds a map in the order of the calls.
class Object {
 public:
  Object& set(std::string_view key, Value value) {
    entries_.emplace_back(Value(key), std::move(value));
    return *this;
  }
  [[nodiscard]] Value take() { return Value(std::move(entries_)); }

 private:
  ValueMap entries_;
};

/// Indented by two spaces, ended by a newline; short lists and maps of scalars stay on one line.
std::string json_pretty(const Value& value);
/// One line, ended by a newline.
std::string json_line(const Value& value);
/// YAML 1.2 that every parser reads the same: texts that could be read as something else are quoted.
std::string yaml(const Value& value);

}  // namespace baton::text
