// Conditions of a request: If-Match against the object as it is, and the idempotency key of a POST against what a
// request with this key has made. Any thread; each reads with the Reader that it is given.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "web/api/services.h"

namespace baton::api {

/// `object` may be changed by this request, whose ETag is `seq` now. A response: it may not (412). `call` keeps others
/// with such a condition from it until it is answered. Without If-Match there is no condition.
std::optional<http::Response> check_match(Call& call, const std::string& object, std::int64_t seq);

/// Nobody else may change `object` until `call` is answered; a response: somebody does (409).
std::optional<http::Response> hold(Call& call, const std::string& object);

/// A POST whose key is known: what it has made, as that is now, before anything else is looked at; 409 where such a
/// request is still under way, 422 where the key was used for another one. None: it is to be carried out, and
/// `call.held` keeps others with this key from it meanwhile.
std::optional<http::Response> answered_before(Call& call);

}  // namespace baton::api
