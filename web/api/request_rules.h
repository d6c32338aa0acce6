// The part of a description of an API (OpenAPI 3.1) that says what requests may hold. A server keeps it for as long as
// it lives; answers, words and examples, which are most of the document, are for those who read it.
#pragma once

#include "scheduler/model/value.h"

namespace baton::api {

/// The same document without answers, words and examples, and without components that no request refers to. What a
/// reference leads to stands where it stood. Pure.
[[nodiscard]] Value request_rules(const Value& document);

}  // namespace baton::api
