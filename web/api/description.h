// Description: openapi.yaml as the server uses it. It says which routes there are, who may, and what a request may
// hold; the table of routes is made from it, so that a route without a description, or the other way around, does not
// start. Read once at the start; then immutable, any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/model/result.h"
#include "scheduler/model/value.h"
#include "web/http/errors.h"
#include "web/http/message.h"

namespace baton::api {

/// The document, compact.
std::string_view openapi_json();
/// What of it a server holds requests against (request_rules.h): a quarter of it, made by the build.
std::string_view request_rules_json();

struct Parameter {
  std::string name;
  bool is_required = false;
  const Value* schema = nullptr;  ///< of the description; never null
};

/// One operation: what stands under a path and a method.
struct Operation {
  std::string id, path, resource;
  http::Method method = http::Method::get;
  http::Role role = http::Role::admin;
  std::size_t body_max = 0;
  std::vector<Parameter> query;
  const Value* body = nullptr;  ///< schema; null: none is taken
  bool is_body_required = false;
  bool takes_form = false;  ///< as application/x-www-form-urlencoded too
};

class Description {
 public:
  /// invalid: it is no such document, an operation has no id, role or resource, a reference leads nowhere.
  static Result<std::shared_ptr<const Description>> read(std::string_view json);

  [[nodiscard]] const std::vector<Operation>& operations() const { return operations_; }
  /// What does not fit: words of the query that are not known, lack or have the wrong form.
  [[nodiscard]] std::vector<http::Fault> check_query(const Operation& operation, const http::Request& request) const;
  /// The body as a value, or what does not fit: members that are not known, lack or have the wrong form.
  [[nodiscard]] std::vector<http::Fault> check_body(const Operation& operation, const http::Request& request,
                                                    Value& body) const;

 private:
  Status read_paths();
  Status read_operation(const std::string& path, const std::string& method, const Value& item);
  [[nodiscard]] const Value* resolved(const Value& schema) const;
  struct Check;

  Value document_;
  std::vector<Operation> operations_;
};

}  // namespace baton::api
