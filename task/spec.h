// What baton-task is told on its standard input, as values: a request or statements, with every expression evaluated and
// every secret in place. It comes that way and no other: arguments and files would show secrets to others. Pure.
//
//   {"http": {...}, "secret_headers": ["A"], "outputs": {"status": "int"}, "look": true}
//   {"sql": {...}, "connection": {"name": "w", "sqlite": "/path"}, "outputs": {"rows": "list"}}
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scheduler/model/result.h"
#include "scheduler/model/value.h"

namespace baton::task {

/// The outputs that the task declares, and their types.
class Wanted {
 public:
  Wanted() = default;
  explicit Wanted(std::vector<std::pair<std::string, std::string>> outputs) : outputs_(std::move(outputs)) {}
  [[nodiscard]] bool has(std::string_view name) const;
  /// Empty where it is not declared.
  [[nodiscard]] std::string_view type_of(std::string_view name) const;
  [[nodiscard]] bool is_empty() const { return outputs_.empty(); }

 private:
  std::vector<std::pair<std::string, std::string>> outputs_;
};

struct Header {
  std::string name, value;
  bool is_secret = false;
};

struct HttpSpec {
  std::string url;
  std::string method;
  std::vector<Header> headers;
  std::string body;
  bool has_body = false;
  std::vector<std::int64_t> expect;  ///< empty: 200 to 299
  /// A JSON pointer (RFC 6901) → what must stand there in the answer; null: nothing, or null.
  std::vector<std::pair<std::string, Value>> expect_json;
  bool follow_redirects = false;
  bool look = false;  ///< of a sensor: what is not there yet is no failure
  Wanted wanted;
};

struct SqlSpec {
  std::string connection_name;
  std::string sqlite;      ///< the path of a database; or
  std::string postgresql;  ///< a connection string of libpq
  std::string password;
  std::string query;
  std::string file;  ///< instead of `query`
  Value params;      ///< null, a list or a map
  Wanted wanted;
};

/// Refuses values that would be something else where they are put: line ends and NUL in headers, in the URL, …
Result<HttpSpec> http_spec(const Value& told);
Result<SqlSpec> sql_spec(const Value& told);

/// A scalar as text: strings as they are, numbers as they were written.
std::string text_of(const Value& value);

}  // namespace baton::task
