#include "web/api/routes.h"

#include "scheduler/json/json_value.h"
#include "web/api/condition.h"
#include "web/api/fields.h"

namespace baton::api {

std::string Call::text(std::string_view name) const { return text_member(body, name); }

WallUs Call::time(std::string_view name) const { return time_of_text(text(name)); }

std::optional<std::string> Call::text_if_given(std::string_view name) const {
  const Value* found = body.find(name);
  if (found == nullptr) return std::nullopt;
  return found->type() == ValueType::string ? found->as_string() : std::string();
}

bool Call::flag(std::string_view name, bool otherwise) const {
  const Value* found = body.find(name);
  return found != nullptr && found->type() == ValueType::boolean ? found->as_bool() : otherwise;
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
  add_reference_page(operations);
  add_auth(operations);
  add_holds(operations);
  add_ticks(operations);
  add_calendar(operations);
  add_intervals(operations);
  add_settings(operations);
  add_dags(operations);
  add_runs(operations);
  add_run_changes(operations);
  add_clears(operations);
  add_task_instances(operations);
  add_instance_changes(operations);
  add_logs(operations);
  add_log_lines(operations);
  add_reports(operations);
  add_series(operations);
  add_events(operations);
  add_records(operations);
  add_pictures(operations);
  add_reasons(operations);
  add_run_why(operations);
  add_backfills(operations);
  add_upkeep(operations);
  add_bulk_runs(operations);
  add_home(operations);
  add_hooks(operations);
  add_pools(operations);
  add_breakers(operations);
  add_states(operations);
  add_checks(operations);
  add_approvals(operations);
  add_accounting(operations);
  add_alerts(operations);
  add_dead_letters(operations);
  add_bulk_jobs(operations);
  add_assets(operations);
  add_secrets(operations);
  add_simulations(operations);
  add_variables(operations);
  add_favorites(operations);
  add_connections(operations);
  add_state_store(operations);
  add_tokens(operations);
  add_xcom(operations);
  add_batches(operations);
  add_waits(operations);
  return operations;
}

using Made = decltype(Operations::made);

OperateLater as_later(Operate operate) {
  return [operate = std::move(operate)](const Call& call, const http::Reply& reply) { reply.send(operate(call)); };
}

/// What carries it out, taken out of the list; empty: nothing does.
OperateLater take(Operations& operations, const std::string& id) {
  OperateLater out;
  if (const auto found = operations.at_once.find(id); found != operations.at_once.end()) {
    out = as_later(std::move(found->second));
    operations.at_once.erase(found);
  } else if (const auto later = operations.later.find(id); later != operations.later.end()) {
    out = std::move(later->second);
    operations.later.erase(later);
  }
  return out;
}

OperateLater refusing(const Error& why) {
  return [why](const Call& call, const http::Reply& reply) { reply.send(http::error_response(why, &call.request)); };
}

/// Logins that fail, and what nobody is told: refused by an operation rather than before it.
void tell_if_refused(const http::Response& response, const http::Request& request, const Services& services) {
  if (!services.on_refused || (response.status != 401 && response.status != 403)) return;
  const auto body = from_json(response.body);
  services.on_refused(request, response.status, body ? text_member(*body, "detail") : std::string());
}

/// Lets go of what a request held before its answer is sent.
class LetsGo final : public http::Reply::Target {
 public:
  LetsGo(http::Reply to, const Call& call) : to_(std::move(to)), call_(call) {}
  ~LetsGo() override { call_.held->let_go(); }
  void send(http::Response response) override {
    call_.held->let_go();
    tell_if_refused(response, call_.request, call_.services);
    to_.send(std::move(response));
  }
  void later(std::function<http::Response()> make) override {
    to_.later([make = std::move(make), call = call_] {
      http::Response response = make();
      call.held->let_go();
      tell_if_refused(response, call.request, call.services);
      return response;
    });
  }

 private:
  const http::Reply to_;
  const Call call_;
};

/// What every operation has in common: nothing that does not fit the description reaches its function.
http::Handler checked(std::shared_ptr<const Description> description, const Operation& operation, OperateLater operate,
                      std::shared_ptr<const Made> made, const Services& services) {
  return [description = std::move(description), &operation, operate = std::move(operate), made = std::move(made),
          &services](
             const std::shared_ptr<const http::Request>& request, const http::Reply& reply) {
    auto faults = description->check_query(operation, *request);
    Value body{ValueMap{}};
    auto more = description->check_body(operation, *request, body);
    faults.insert(faults.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    if (!faults.empty()) return reply.send(http::faults_response(faults, request.get()));
    Call call{request, *request, services, std::move(body), *made, std::make_shared<Held>()};
    const http::Reply letting_go(std::make_shared<LetsGo>(reply, call));
    if (auto answer = answered_before(call)) return letting_go.send(std::move(*answer));
    operate(call, letting_go);
  };
}

}  // namespace

Result<http::Router> make_routes(std::shared_ptr<const Description> description, const Services& services) {
  Operations operations = all_operations();
  const auto made = std::make_shared<const Made>(operations.made);
  http::Router router;
  for (const Operation& operation : description->operations()) {
    OperateLater operate = take(operations, operation.id);
    if (!operate) return Error{"nothing carries out the operation " + operation.id, ErrorKind::internal};
    if (services.serves) {
      if (Status here = services.serves(operation); !here) operate = refusing(here.error());
    }
    auto added = router.add({operation.method, operation.path, operation.id, operation.resource, operation.role,
                             checked(description, operation, std::move(operate), made, services), operation.body_max});
    if (!added) return Error{added.error().message, ErrorKind::internal};
  }
  const bool is_all = operations.at_once.empty() && operations.later.empty();
  if (is_all) return router;
  const std::string& left =
      operations.at_once.empty() ? operations.later.begin()->first : operations.at_once.begin()->first;
  return Error{"the description of the API lacks the operation " + left, ErrorKind::internal};
}

}  // namespace baton::api
