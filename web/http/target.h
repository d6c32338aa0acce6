// The target of a request: path and query, decoded exactly once. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "web/http/head.h"
#include "web/http/message.h"

namespace baton::http {

struct Target {
  std::vector<std::string> segments;  ///< `/a/b` has two, `/` none; a trailing slash is an empty one at the end
  Pairs query;
};

/// Refused with 400: a `%` without two hex digits, a NUL, what is no UTF-8, a segment that is `.` or `..` once it is
/// decoded. A decoded `/` or `%` is a part of its segment and nothing else: nobody decodes again.
std::variant<Target, Refusal> read_target(std::string_view target);

/// `a=1&b=x+y` as of a query or a form (application/x-www-form-urlencoded): `+` is a blank.
std::variant<Pairs, Refusal> read_form(std::string_view text);

/// Everything but letters, digits and `-._~` as %XX.
std::string percent_encoded(std::string_view text);

}  // namespace baton::http
