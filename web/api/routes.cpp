#include "web/api/routes.h"

namespace baton::api {

std::string Call::text(std::string_view name) const {
  const Value* found = body.find(name);
  return found != nullptr && found->type() == ValueType::string ? found->as_string() : std::string();
}

http::Response json_response(std::string body, int status) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

namespace {

Operations all_operations() {
  Operations operations;
  add_system(operations);
  add_auth(operations);
  return operations;
}

/// What every operation has in common: nothing that does not fit the description reaches its function.
http::Handler checked(std::shared_ptr<const Description> description, const Operation& operation, Operate operate,
                      const Services& services) {
  return http::at_once([description = std::move(description), &operation, operate = std::move(operate),
                        &services](const http::Request& request) -> http::Response {
    auto faults = description->check_query(operation, request);
    Value body{ValueMap{}};
    auto more = description->check_body(operation, request, body);
    faults.insert(faults.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    if (!faults.empty()) return http::faults_response(faults, &request);
    return operate(Call{request, services, body});
  });
}

}  // namespace

Result<http::Router> make_routes(std::shared_ptr<const Description> description, const Services& services) {
  Operations operations = all_operations();
  http::Router router;
  for (const Operation& operation : description->operations()) {
    const auto found = operations.find(operation.id);
    if (found == operations.end())
      return Error{"nothing carries out the operation " + operation.id, ErrorKind::internal};
    auto added = router.add({operation.method, operation.path, operation.id, operation.resource, operation.role,
                             checked(description, operation, std::move(found->second), services), operation.body_max});
    if (!added) return Error{added.error().message, ErrorKind::internal};
    operations.erase(found);
  }
  if (!operations.empty()) {
    return Error{"the description of the API lacks the operation " + operations.begin()->first, ErrorKind::internal};
  }
  return router;
}

}  // namespace baton::api
