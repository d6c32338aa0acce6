// What baton-task is told, and what it refuses.
#include "task/spec.h"

#include <gtest/gtest.h>

#include "scheduler/json/json_value.h"
#include "task/http.h"

namespace baton::task {
namespace {

Result<HttpSpec> read_request(const std::string& json) {
  const auto told = from_json(json);
  EXPECT_TRUE(told.ok()) << json;
  return http_spec(*told);
}

std::string why_not(const std::string& json) {
  const auto spec = read_request(json);
  return spec ? "" : spec.error().message;
}

TEST(HttpSpec, ATextIsItsUrl) {
  const auto spec = read_request(R"({"http":"http://x/a"})");
  ASSERT_TRUE(spec.ok());
  EXPECT_EQ(spec->url, "http://x/a");
  EXPECT_EQ(spec->method, "GET");
}

TEST(HttpSpec, ABodyIsPostedAndSaysWhatItIs) {
  const auto json = read_request(R"({"http":{"url":"http://x","json":{"a":[1,2.50]}}})");
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(json->method, "POST");
  EXPECT_EQ(json->body, R"({"a":[1,2.50]})");
  ASSERT_EQ(json->headers.size(), 1U);
  EXPECT_EQ(json->headers[0].value, "application/json");
  const auto text = read_request(R"({"http":{"url":"http://x","body":7,"method":"PUT","headers":{"content-type":"a/b"}}})");
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(text->method, "PUT");
  EXPECT_EQ(text->body, "7");
  EXPECT_EQ(text->headers.size(), 1U);
}

TEST(HttpSpec, WhatWouldBecomeSomethingElseIsRefused) {
  EXPECT_NE(why_not(R"({"http":"file:///etc/passwd"})"), "");
  EXPECT_NE(why_not(R"({"http":"http://x/\r\nHost: y"})"), "");
  EXPECT_NE(why_not(R"({"http":"http://x/a b"})"), "");
  EXPECT_NE(why_not(R"({"http":{"url":"http://x","headers":{"A: b":"c"}}})"), "");
  EXPECT_NE(why_not(R"({"http":{"url":"http://x","method":"GET /"}})"), "");
  for (const char* bad : {"a\\r\\nB: c", "a\\nb", "a\\u0000b"}) {
    const std::string why = why_not(std::string(R"({"http":{"url":"http://x","headers":{"A":"secret )") + bad + "\"}}}");
    EXPECT_NE(why.find("\"A\""), std::string::npos) << why;
    EXPECT_EQ(why.find("secret"), std::string::npos) << "a value may be a secret";
  }
}

TEST(HttpSpec, TheHeadersThatAreSecretsAreKnown) {
  const auto spec = read_request(R"({"http":{"url":"http://x","headers":{"A":"1","B":"2"}},"secret_headers":["B"]})");
  ASSERT_TRUE(spec.ok());
  EXPECT_FALSE(spec->headers[0].is_secret);
  EXPECT_TRUE(spec->headers[1].is_secret);
}

TEST(Http, StatusesAreJudgedByWhatIsExpected) {
  HttpSpec spec;
  EXPECT_EQ(judge_status(spec, 204), Exit::done);
  EXPECT_EQ(judge_status(spec, 404), Exit::failed);
  EXPECT_EQ(judge_status(spec, 302), Exit::failed);
  for (const int status : {408, 425, 429, 500, 503}) EXPECT_EQ(judge_status(spec, status), Exit::transient) << status;
  spec.expect = {404, 503};
  EXPECT_EQ(judge_status(spec, 404), Exit::done);
  EXPECT_EQ(judge_status(spec, 503), Exit::done);
  EXPECT_EQ(judge_status(spec, 200), Exit::failed);
}

TEST(Http, AnOriginIsSchemeHostAndPort) {
  EXPECT_EQ(origin_of("http://Host/a"), origin_of("HTTP://u:p@host:80/b?c"));
  EXPECT_EQ(origin_of("https://h:443"), origin_of("https://h/"));
  EXPECT_NE(origin_of("http://h:81"), origin_of("http://h"));
  EXPECT_NE(origin_of("https://h"), origin_of("http://h"));
  EXPECT_EQ(origin_of("http://evil\\@good/"), origin_of("http://evil/"));
  EXPECT_EQ(shown_url("http://u:p@h/x?a@b"), "http://***@h/x?a@b");
  EXPECT_EQ(shown_url("http://h/x?a@b"), "http://h/x?a@b");
}

TEST(SqlSpec, TakesParamsAsAListOrAMap) {
  const auto read = [](const std::string& params) {
    return sql_spec(*from_json(R"({"sql":{"query":"q","params":)" + params + R"(},"connection":{"name":"w","sqlite":"/x"}})"));
  };
  EXPECT_TRUE(read("[1]").ok());
  EXPECT_TRUE(read(R"({"a":1})").ok());
  EXPECT_TRUE(read("null").ok());
  EXPECT_FALSE(read("1").ok());
}

}  // namespace
}  // namespace baton::task
