#include <cmath>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "scheduler/expr/json.h"

namespace baton::expr {
namespace {

/// Builds the value from the parser's events: no tree of the library, and no recursion, is ever made.
class Builder {
 public:
  explicit Builder(int depth_max) : depth_max_(depth_max) {}

  bool null() { return put(Value()); }
  bool boolean(bool value) { return put(Value(value)); }
  bool number_integer(std::int64_t value) { return put(Value(value)); }
  bool number_unsigned(std::uint64_t value) {
    if (value <= static_cast<std::uint64_t>(INT64_MAX)) return put(Value(static_cast<std::int64_t>(value)));
    return put(Value(static_cast<double>(value)));
  }
  bool number_float(double value, const std::string& /*text*/) {
    if (!std::isfinite(value)) return fail("a number is out of the range of double");
    return put(Value(value));
  }
  bool string(std::string& value) { return put(Value(std::move(value))); }
  bool binary(std::vector<std::uint8_t>& /*value*/) { return fail("binary data is no JSON"); }

  bool start_object(std::size_t /*size*/) { return open(true); }
  bool start_array(std::size_t /*size*/) { return open(false); }
  bool key(std::string& name) {
    Frame& frame = frames_.back();
    if (!frame.names.insert(name).second)
      return fail("the key \"" + name.substr(0, 64) + "\" stands twice in one object");
    frame.key = std::move(name);
    return true;
  }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool parse_error(std::size_t position, const std::string& /*token*/, const nlohmann::detail::exception& error) {
    const std::string_view text = error.what();
    const std::size_t colon = text.find(": ");
    const std::string_view reason = colon == std::string_view::npos ? text : text.substr(colon + 2);
    return fail("no valid JSON at byte " + std::to_string(position) + ": " + std::string(reason));
  }

  [[nodiscard]] const std::string& message() const { return message_; }
  Value take() { return std::move(root_); }

 private:
  struct Frame {
    bool is_object = false;
    ValueList elements;
    ValueMap entries;
    std::string key;
    std::unordered_set<std::string> names;
  };

  bool fail(std::string message) {
    if (message_.empty()) message_ = std::move(message);
    return false;
  }

  bool open(bool is_object) {
    if (static_cast<int>(frames_.size()) >= depth_max_) {
      return fail("the JSON is nested more than " + std::to_string(depth_max_) + " deep");
    }
    frames_.emplace_back().is_object = is_object;
    return true;
  }

  bool close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    return put(frame.is_object ? Value(std::move(frame.entries)) : Value(std::move(frame.elements)));
  }

  bool put(Value value) {
    if (frames_.empty()) {
      root_ = std::move(value);
    } else if (Frame& frame = frames_.back(); frame.is_object) {
      frame.entries.emplace_back(Value(std::move(frame.key)), std::move(value));
    } else {
      frame.elements.push_back(std::move(value));
    }
    return true;
  }

  int depth_max_;
  std::vector<Frame> frames_;
  Value root_;
  std::string message_;
};

}  // namespace

Result<Value> from_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes_max) {
    return Error{"the JSON has " + std::to_string(text.size()) + " bytes; the limit is " +
                 std::to_string(limits.bytes_max)};
  }
  Builder builder(limits.depth_max);
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) {
    return Error{builder.message().empty() ? "no valid JSON" : builder.message()};
  }
  return builder.take();
}

}  // namespace baton::expr
