// FailureClass: a class of failures, as in `on: [exit:75, signal, timeout, lost, any]` of retries and `count` of
// breakers. A value; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace baton {

struct FailureClass {
  enum class Kind : std::uint8_t { any, exit, signal, timeout, lost };
  Kind kind = Kind::any;
  int exit_code = 0;  ///< for Kind::exit
  friend bool operator==(const FailureClass&, const FailureClass&) = default;
};

/// `exit:75`, `signal`, `timeout`, `lost`, `any`.
std::string to_string(const FailureClass& failure);
/// None: it is no such class. Exit codes are 1 to 255.
std::optional<FailureClass> failure_class_from(std::string_view text);

}  // namespace baton
