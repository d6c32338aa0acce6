// Errors as responses: the kinds of failure and their statuses, in one place. The body is a problem of RFC 9457 with
// the `detail` that clients of Airflow read: a text, for 422 a list. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scheduler/model/result.h"
#include "web/http/message.h"

namespace baton::http {

int status_of(ErrorKind kind);
/// "Not Found"; empty for a status that nobody sends here.
std::string_view reason_of(int status);

/// One thing in a request that is wrong, where it is, and what was given.
struct Fault {
  std::string type;                ///< missing, int_parsing, extra_forbidden, …
  std::vector<std::string> where;  ///< {"query", "limit"}, {"body", "conf"}
  std::string message;
  std::string input_json = "null";
};

/// `request` may be null: then nothing says for which path it is, and the media type is application/json.
Response error_response(int status, std::string_view detail, const Request* request);
Response error_response(const Error& error, const Request* request);
/// 422, with each fault in Airflow's form.
Response faults_response(const std::vector<Fault>& faults, const Request* request);

}  // namespace baton::http
