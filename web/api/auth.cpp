// Logging in: tokens for programs, sessions for the page.
#include "scheduler/json/json_writer.h"
#include "web/api/services.h"
#include "web/http/errors.h"
#include "web/http/target.h"

namespace baton::api {

namespace {

/// 201 `{access_token}`, from JSON or a form, as clients that can only log in expect it.
http::Response token(const Call& call) {
  const auto token = call.services.access->log_in(call.text("username"), call.text("password"), call.request.peer);
  if (!token) return http::error_response(token.error(), &call.request);
  std::string body;
  {
    JsonObject out(body);
    out.text("access_token", *token);
  }
  return json_response(std::move(body), 201);
}

/// The one-time link: a session, and on to the page, behind whatever prefix a proxy has put before both.
http::Response login(const Call& call) {
  const std::string code(call.request.query_value("code").value_or(""));
  const auto session = call.services.access->open_session(code, call.request.peer);
  if (!session) return http::error_response(session.error(), &call.request);
  http::Response response;
  response.status = 303;
  // The pattern of `next` and the dots before it: it leads to this server, whatever it says.
  const std::string next(call.request.query_value("next").value_or(""));
  response.headers = {{"Location", "../" + next},
                      {"Set-Cookie", call.services.access->set_cookie(*session)},
                      {"Referrer-Policy", "no-referrer"}};
  return response;
}

/// The same for who types a token into the page: a cookie, which its scripts cannot read.
http::Response create_session(const Call& call) {
  const auto session =
      call.services.access->log_in_page(call.text("username"), call.text("password"), call.request.peer);
  if (!session) return http::error_response(session.error(), &call.request);
  http::Response response;
  response.status = 204;
  response.headers = {{"Set-Cookie", call.services.access->set_cookie(*session)}};
  return response;
}

/// A copy of the cookie opens nothing any more either.
http::Response logout(const Call& call) {
  http::Response response;
  response.status = 204;
  if (const Status ended = call.services.access->end_session(call.request); !ended) {
    response = http::error_response(ended.error(), &call.request);
  }
  response.headers = {{"Set-Cookie", call.services.access->set_cookie("")}};
  return response;
}

http::Response whoami(const Call& call) {
  return json_response(who_is(*call.services.access, call.request, call.request.principal));
}

}  // namespace

std::string who_is(const http::Access& access, const http::Request& request, const http::Principal& principal) {
  std::string body;
  {
    JsonObject out(body);
    out.text("name", principal.name);
    out.text("role", http::to_string(principal.role));
    out.text("via", principal.via);
    out.text("csrf_token", principal.via == "page" ? access.csrf_token(request) : std::string());
  }
  return body;
}

void add_auth(Operations& operations) {
  operations.at_once["create_token"] = operations.at_once["create_token_cli"] = token;
  operations.at_once["login"] = login;
  operations.at_once["create_session"] = create_session;
  operations.at_once["logout"] = logout;
  operations.at_once["get_session"] = whoami;
}

}  // namespace baton::api
