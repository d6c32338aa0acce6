// The table of routes, made from the description: each operation of openapi.yaml has its function, and each function
// its operation, or the server does not start.
#pragma once

#include <memory>

#include "scheduler/model/result.h"
#include "web/api/description.h"
#include "web/api/services.h"
#include "web/http/router.h"

namespace baton::api {

/// `services` outlives the router. internal: description and functions do not fit each other; says which.
Result<http::Router> make_routes(std::shared_ptr<const Description> description, const Services& services);

}  // namespace baton::api
