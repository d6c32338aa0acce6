// JsonObject: writes the members of one JSON object, leaving out what is not set. Used by the canonical form only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/dagfile/json_text.h"
#include "scheduler/model/dag.h"

namespace baton::dagfile {

class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;
  ~JsonObject() { out_ += '}'; }

  /// Writes the name; the value follows from the caller.
  std::string& member(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    out_ += '"';
    out_ += name;
    out_ += "\":";
    return out_;
  }
  void text(std::string_view name, std::string_view value) {
    if (!value.empty()) append_json_string(member(name), value);
  }
  void number(std::string_view name, std::int64_t value, std::int64_t unset = 0) {
    if (value != unset) append_json_int(member(name), value);
  }
  void flag(std::string_view name, bool value, bool unset = false) {
    if (value != unset) member(name) += value ? "true" : "false";
  }
  void texts(std::string_view name, const std::vector<std::string>& values) {
    if (values.empty()) return;
    member(name) += '[';
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i > 0) out_ += ',';
      append_json_string(out_, values[i]);
    }
    out_ += ']';
  }

 private:
  std::string& out_;
  bool first_ = true;
};

/// `,"pools":[…]`, the last member of the canonical form; nothing without pools.
void append_pools(std::string& out, const Dag& dag, bool with_slots);

}  // namespace baton::dagfile
