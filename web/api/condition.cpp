#include "web/api/condition.h"

#include "scheduler/control/idempotency.h"
#include "web/api/answers.h"
#include "web/http/encoding.h"

namespace baton::api {

namespace {

/// These answer with the instances that they touched, be they none.
bool answers_with_instances(std::string_view operation) {
  return operation == "post_clear_task_instances" || operation == "patch_task_instance" ||
         operation == "patch_task_instance_by_map_index" || operation == "patch_task_group_instances";
}

http::Response made(const Call& call, Reader& reader, const IdempotencyRow& row) {
  if (const RunNo run_no = run_of(row); run_no != 0) {
    const auto instances = instances_of(row);
    const bool is_list = answers_with_instances(call.request.route->operation);
    return is_list ? instances_response(reader, {{run_no, instances}}, call)
                   : run_response(reader, run_no, row.status, call);
  }
  const auto render = call.made.find(row.object.substr(0, row.object.find('/')));
  if (render == call.made.end()) {
    return http::error_response(500, "what this key has made cannot be told", &call.request);
  }
  http::Response response = render->second(call, row.object.substr(render->first.size() + 1));
  if (response.status == 200) response.status = row.status;
  return response;
}

}  // namespace

std::optional<http::Response> check_match(Call& call, const std::string& object, std::int64_t seq) {
  const std::string_view wanted = call.request.header("if-match");
  if (wanted.empty()) return std::nullopt;
  if (!http::names_etag(wanted, std::to_string(seq))) {
    return http::error_response(412, "it has changed since: If-Match names another state of it", &call.request);
  }
  const std::string name = "object " + object;
  if (call.held->has(name)) return std::nullopt;
  auto lock = call.services.locks->take(name);
  if (lock == nullptr) return http::error_response(412, "it is being changed by another request", &call.request);
  call.held->keep(name, std::move(lock));
  return std::nullopt;
}

std::optional<http::Response> hold(Call& call, const std::string& object) {
  const std::string name = "object " + object;
  if (call.held->has(name)) return std::nullopt;
  auto lock = call.services.locks->take(name);
  if (lock == nullptr) return http::error_response(409, "it is being changed by another request", &call.request);
  call.held->keep(name, std::move(lock));
  return std::nullopt;
}

std::optional<http::Response> answered_before(Call& call) {
  const http::Method method = call.request.method;
  if (method != http::Method::post && method != http::Method::patch) return std::nullopt;
  const Once once = once_of(call.request);
  if (once.key.empty()) return std::nullopt;
  const std::string& name = call.request.principal.name;
  const std::string lock_name = "key " + name + "\n" + once.route + "\n" + once.key;
  auto lock = call.services.locks->take(lock_name);
  if (lock == nullptr) {
    return http::error_response(409, "the request of this idempotency key is still under way", &call.request);
  }
  call.held->keep(lock_name, std::move(lock));
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const auto found = (*reader)->find_key(name, once.route, once.key);
  if (!found) return read_error(found.error(), call);
  if (!*found) return std::nullopt;
  if ((*found)->body_hash != once.body_hash) {
    return http::error_response(Error{"this idempotency key was used for another request", ErrorKind::invalid},
                                &call.request);
  }
  if ((*found)->object.empty()) return std::nullopt;  // of a patch that nothing is known by: it comes to the same again
  return made(call, **reader, **found);
}

}  // namespace baton::api
