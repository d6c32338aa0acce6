// JSON text, written front to back into a string: for whoever knows the order of what it writes. Nothing is built in
// between. Pure functions and one small class; any thread, each text on one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace baton {

/// Appends `"text"` with JSON's escapes; other characters stay UTF-8, bytes that are no UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);
void append_json_int(std::string& out, std::int64_t number);

/// Writes the members of one object, in the order of the calls; the brace closes with the scope. The methods with an
/// `unset` leave a member out that has this value.
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;
  ~JsonObject() { out_ += '}'; }

  /// Writes the name, which must need no escapes; the value follows from the caller.
  std::string& member(std::string_view name);
  void text(std::string_view name, std::string_view value) { append_json_string(member(name), value); }
  void number(std::string_view name, std::int64_t value) { append_json_int(member(name), value); }

 private:
  std::string& out_;
  bool first_ = true;
};

/// `[…]` of the items, each written by `write(out, item)`.
template <typename List, typename Write>
void append_json_array(std::string& out, const List& list, Write write) {
  out += '[';
  bool first = true;
  for (const auto& item : list) {
    if (!first) out += ',';
    first = false;
    write(out, item);
  }
  out += ']';
}

}  // namespace baton
