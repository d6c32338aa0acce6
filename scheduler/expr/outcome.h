// What can go wrong in an expression and where: the error type that the whole room shares. Any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "scheduler/model/check.h"

namespace baton::expr {

/// Byte offsets [begin, end) into the text that was given to parse, parse_template or parse_shell_template.
struct SourceRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  friend bool operator==(const SourceRange&, const SourceRange&) = default;
};

/// The smallest range that holds both.
inline SourceRange join(SourceRange a, SourceRange b) {
  return {std::min(a.begin, b.begin), std::max(a.end, b.end)};
}

/// One sentence for a person, and the place it speaks of.
struct ExprError {
  std::string message;
  SourceRange where;
};

/// A value or an ExprError.
template <typename T>
class [[nodiscard]] Outcome {
 public:
  Outcome(T value) : state_(std::in_place_index<0>, std::move(value)) {}          // NOLINT: implicit on purpose
  Outcome(ExprError error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit on purpose

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    BATON_CHECK(ok());
    return std::get<0>(state_);
  }
  const T& value() const& {
    BATON_CHECK(ok());
    return std::get<0>(state_);
  }
  T&& value() && {
    BATON_CHECK(ok());
    return std::get<0>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  [[nodiscard]] const ExprError& error() const {
    BATON_CHECK(!ok());
    return std::get<1>(state_);
  }

 private:
  std::variant<T, ExprError> state_;
};

}  // namespace baton::expr
