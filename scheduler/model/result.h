// Result<T>: a value or an Error, for failures that are expected. Exceptions come only from libraries and are
// caught in the file that owns the library.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "scheduler/model/check.h"

namespace baton {

/// What kind of failure it is. A kind says whose turn it is, never how it is told: cli/exit_codes.h makes exit codes of
/// kinds, the HTTP server statuses.
enum class ErrorKind : std::uint8_t {
  invalid,          ///< what was given is wrong: mend it
  not_found,        ///< what was named is not there
  denied,           ///< who asks may not
  unauthenticated,  ///< nobody knows who asks
  conflict,         ///< it cannot be in the present state: held by another, exists already, has ended
  precondition,     ///< it has changed since it was read
  busy,             ///< too much at once, or not in time: ask again later
  unavailable,      ///< who should answer is not there
  storage,          ///< the disk or what lies on it
  internal,         ///< a fault of Baton itself
};

/// What went wrong and the way out, in one sentence for a person, in words of no command.
struct Error {
  std::string message;
  ErrorKind kind = ErrorKind::invalid;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}       // NOLINT: implicit on purpose
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}   // NOLINT: implicit on purpose

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { BATON_CHECK(ok()); return std::get<0>(state_); }
  const T& value() const& { BATON_CHECK(ok()); return std::get<0>(state_); }
  T&& value() && { BATON_CHECK(ok()); return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  [[nodiscard]] const Error& error() const { BATON_CHECK(!ok()); return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

struct Unit {};
/// A Result without a value: `return Unit{};` is success.
using Status = Result<Unit>;

}  // namespace baton
