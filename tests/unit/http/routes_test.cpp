// Paths, queries and the routes they lead to; what becomes of a response before it is sent.
#include <gtest/gtest.h>

#include "web/http/encoding.h"
#include "web/http/errors.h"
#include "web/http/router.h"
#include "web/http/target.h"

namespace baton::http {
namespace {

using Segments = std::vector<std::string>;

Segments segments_of(const std::string& target) {
  const auto read = read_target(target);
  const auto* found = std::get_if<Target>(&read);
  return found == nullptr ? Segments{"refused"} : found->segments;
}

TEST(Target, IsDecodedOnce) {
  EXPECT_EQ(segments_of("/"), Segments{});
  EXPECT_EQ(segments_of("/a/b"), (Segments{"a", "b"}));
  EXPECT_EQ(segments_of("/a%20b/%2Fetc/%252f/a+b"), (Segments{"a b", "/etc", "%2f", "a+b"}));
  EXPECT_EQ(segments_of("//a/"), (Segments{"", "a", ""}));
  EXPECT_EQ(segments_of("/a..b/...?x"), (Segments{"a..b", "..."}));
}

TEST(Target, DoesNotClimbAndIsUtf8) {
  for (const char* target : {"/.", "/..", "/a/../b", "/%2e%2E/a", "/a/.%2e", "/a%00b", "/%", "/%4", "/%zz", "/%c0%af",
                             "/%ed%a0%80", "/%ff"}) {
    EXPECT_EQ(segments_of(target), Segments{"refused"}) << target;
  }
}

TEST(Query, KeepsOrderAndRepetition) {
  const auto read = read_target("/a?b=1&c=x+y%26&b=2&&d&e=f=g");
  const Pairs wanted = {{"b", "1"}, {"c", "x y&"}, {"b", "2"}, {"d", ""}, {"e", "f=g"}};
  EXPECT_EQ(std::get<Target>(read).query, wanted);
  EXPECT_TRUE(std::holds_alternative<Refusal>(read_form("a=%0")));
  EXPECT_TRUE(std::holds_alternative<Refusal>(read_form("a=%00")));
}

Router table() {
  Router router;
  const Handler handler = at_once([](const Request&) { return Response{}; });
  for (const auto& [method, path] :
       std::vector<std::pair<Method, std::string>>{{Method::get, "/dags"},
                                                   {Method::get, "/dags/{dag_id}"},
                                                   {Method::patch, "/dags/{dag_id}"},
                                                   {Method::get, "/dags/{dag_id}/dagRuns/{run}"},
                                                   {Method::post, "/dags/~/dagRuns/list"},
                                                   {Method::post, "/dags/{dag_id}/dagRuns/{run}:cancel"},
                                                   {Method::post, "/dags:validate"}}) {
    EXPECT_TRUE(router.add({method, path, "op", "dag", Role::viewer, handler}).ok());
  }
  return router;
}

std::string found(const Router& router, Method method, const Segments& segments) {
  const Match match = router.match(method, segments);
  if (match.route == nullptr) return std::to_string(match.allowed.size());
  std::string text = match.route->path;
  for (const auto& [name, value] : match.params) text += " " + name + "=" + value;
  return text;
}

TEST(Router, FindsExactPaths) {
  const Router router = table();
  EXPECT_EQ(found(router, Method::get, {"dags"}), "/dags");
  EXPECT_EQ(found(router, Method::head, {"dags", "a"}), "/dags/{dag_id} dag_id=a");
  EXPECT_EQ(found(router, Method::get, {"dags", "a", "dagRuns", "list"}),
            "/dags/{dag_id}/dagRuns/{run} dag_id=a run=list");
  EXPECT_EQ(found(router, Method::get, {"dags", "~", "dagRuns", "x"}), "/dags/{dag_id}/dagRuns/{run} dag_id=~ run=x");
  for (const Segments& none :
       {Segments{}, Segments{"Dags"}, Segments{"dags", ""}, Segments{"", "dags"}, Segments{"dags", "a", "b"}}) {
    EXPECT_EQ(found(router, Method::get, none), "0");
  }
}

TEST(Router, AVerbFollowsTheLastColonOfAPost) {
  const Router router = table();
  EXPECT_EQ(found(router, Method::post, {"dags", "a", "dagRuns", "manual__2026-01-01T00:00:00+00:00:cancel"}),
            "/dags/{dag_id}/dagRuns/{run}:cancel dag_id=a run=manual__2026-01-01T00:00:00+00:00");
  EXPECT_EQ(found(router, Method::post, {"dags:validate"}), "/dags:validate");
  EXPECT_EQ(found(router, Method::get, {"dags", "a", "dagRuns", "x:cancel"}),
            "/dags/{dag_id}/dagRuns/{run} dag_id=a run=x:cancel");
  EXPECT_EQ(found(router, Method::post, {"dags", "a", "dagRuns", ":cancel"}), "1");
}

TEST(Router, TellsWhatAPathAllows) {
  const Match match = table().match(Method::post, {"dags", "a"});
  EXPECT_EQ(match.route, nullptr);
  EXPECT_EQ(match.allowed, (std::vector{Method::get, Method::patch}));
}

TEST(Router, ARouteWithoutRoleResourceOrOperationIsRefused) {
  Router router;
  const Handler handler = at_once([](const Request&) { return Response{}; });
  EXPECT_FALSE(router.add({Method::get, "/a", "op", "dag", std::nullopt, handler}).ok());
  EXPECT_FALSE(router.add({Method::get, "/a", "op", "", Role::viewer, handler}).ok());
  EXPECT_FALSE(router.add({Method::get, "/a", "", "dag", Role::viewer, handler}).ok());
  EXPECT_FALSE(router.add({Method::get, "/a:verb", "op", "dag", Role::viewer, handler}).ok());
  EXPECT_TRUE(router.add({Method::get, "/a/{b}", "op", "dag", Role::viewer, handler}).ok());
  EXPECT_FALSE(router.add({Method::get, "/a/{c}", "op", "dag", Role::viewer, handler}).ok());
}

TEST(Response, IsCompressedWhereItPaysAndTheClientTakesIt) {
  const auto encoded = [](const std::string& accepts, std::size_t size) {
    Request request;
    request.headers = {{"accept-encoding", accepts}};
    Response response{.body = std::string(size, 'x'), .etag = "7"};
    finish_response(request, response);
    return response.body.size() < size;
  };
  EXPECT_TRUE(encoded("gzip, br", 5000));
  EXPECT_FALSE(encoded("gzip;q=0, br", 5000));
  EXPECT_FALSE(encoded("br", 5000));
  EXPECT_FALSE(encoded("gzip", 1000));
}

TEST(Response, IsNotSentAgainToWhoHasIt) {
  Request request;
  for (const char* have : {"\"7\"", "W/\"7\"", "\"6\", \"7-gz\"", "*"}) {
    request.headers = {{"if-none-match", have}};
    Response response{.body = "x", .etag = "7"};
    finish_response(request, response);
    EXPECT_EQ(response.status, 304) << have;
    EXPECT_EQ(response.body, "");
  }
  EXPECT_FALSE(names_etag("\"77\", 7, \"", "7"));
}

TEST(Response, AHeaderBeginsNoLineOfItsOwn) {
  Response response;
  response.headers = {{"Location", "/a\r\nSet-Cookie: x\n"}};
  const std::string head = response_head(response, {}, "now");
  EXPECT_EQ(head.find("\nSet-Cookie"), std::string::npos);
}

TEST(Errors, AreProblemsWithADetail) {
  Request request;
  request.target = "/dags/a?x=1";
  const Response response = error_response(Error{"no such DAG", ErrorKind::not_found}, &request);
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body,
            R"({"type":"about:blank","title":"Not Found","status":404,"detail":"no such DAG","instance":"/dags/a"})");
  request.headers = {{"accept", "application/problem+json"}};
  EXPECT_EQ(error_response(409, "x", &request).content_type, "application/problem+json");
}

}  // namespace
}  // namespace baton::http
