#include "web/http/errors.h"

#include "scheduler/json/json_writer.h"

namespace baton::http {

namespace {

Response problem(int status, const Request* request, const std::string& detail_json) {
  Response response;
  response.status = status;
  {
    JsonObject out(response.body);
    out.text("type", "about:blank");
    out.text("title", reason_of(status));
    out.number("status", status);
    out.member("detail") += detail_json;
    if (request != nullptr) out.text("instance", request->path());
  }
  // Exactly this media type, without a charset: there are clients that compare it as a text.
  const bool wants_problem =
      request != nullptr && request->header("accept").find("application/problem+json") != std::string_view::npos;
  if (wants_problem) response.content_type = "application/problem+json";
  if (status == 429 || status == 503) response.headers.push_back({"Retry-After", "1"});
  if (status == 401) response.headers.push_back({"WWW-Authenticate", "Bearer"});
  return response;
}

}  // namespace

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid: return 422;
    case ErrorKind::not_found: return 404;
    case ErrorKind::denied: return 403;
    case ErrorKind::unauthenticated: return 401;
    case ErrorKind::conflict: return 409;
    case ErrorKind::precondition: return 412;
    case ErrorKind::busy: return 429;
    case ErrorKind::unavailable: return 503;
    case ErrorKind::storage: return 507;
    case ErrorKind::internal: return 500;
  }
  return 500;
}

std::string_view reason_of(int status) {
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return "";
  }
}

Response error_response(int status, std::string_view detail, const Request* request) {
  std::string detail_json;
  append_json_string(detail_json, detail);
  return problem(status, request, detail_json);
}

Response error_response(const Error& error, const Request* request) {
  if (error.kind != ErrorKind::invalid) return error_response(status_of(error.kind), error.message, request);
  return faults_response({{"value_error", {"body"}, error.message, "null"}}, request);
}

Response faults_response(const std::vector<Fault>& faults, const Request* request) {
  std::string list;
  append_json_array(list, faults, [](std::string& out, const Fault& fault) {
    JsonObject one(out);
    one.text("type", fault.type);
    append_json_array(one.member("loc"), fault.where,
                      [](std::string& o, const std::string& at) { append_json_string(o, at); });
    one.text("msg", fault.message);
    one.member("input") += fault.input_json;
  });
  return problem(422, request, list);
}

}  // namespace baton::http
