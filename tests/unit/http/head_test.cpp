// What a head may be: one framing of the body, no line that two readers could understand in two ways.
#include "web/http/head.h"

#include <gtest/gtest.h>

namespace baton::http {
namespace {

std::string head_of(const std::string& lines, const std::string& request = "POST /a HTTP/1.1") {
  return request + "\r\nHost: localhost\r\n" + lines + "\r\n";
}

int refusal_of(const std::string& text) {
  const auto read = read_head(text);
  const auto* refusal = std::get_if<Refusal>(&read);
  return refusal == nullptr ? 0 : refusal->status;
}

TEST(Head, NamesAreLowerCaseAndValuesTrimmed) {
  const auto read = read_head("GET /a?b HTTP/1.1\r\nHOST:localhost\r\nX-A: \t b c \t\r\n\r\n");
  const auto& head = std::get<Head>(read);
  EXPECT_EQ(head.target, "/a?b");
  EXPECT_EQ(head.host, "localhost");
  ASSERT_EQ(head.headers.size(), 2U);
  EXPECT_EQ(head.headers[1].name, "x-a");
  EXPECT_EQ(head.headers[1].value, "b c");
}

TEST(Head, HasExactlyOneFramingOfTheBody) {
  EXPECT_EQ(refusal_of(head_of("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n")), 400);
  EXPECT_EQ(refusal_of(head_of("Content-Length: 3\r\nContent-Length: 3\r\n")), 400);
  EXPECT_EQ(refusal_of(head_of("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")), 400);
  for (const char* value : {"gzip, chunked", "chunked, identity", "identity", "xchunked", "\"chunked\"", ""}) {
    EXPECT_EQ(refusal_of(head_of(std::string("Transfer-Encoding: ") + value + "\r\n")), 501) << value;
  }
  for (const char* value : {"+3", "-3", "3,3", "3 3", "0x3", "", "3.0", "99999999999999999999"}) {
    EXPECT_EQ(refusal_of(head_of(std::string("Content-Length: ") + value + "\r\n")), 400) << value;
  }
  EXPECT_EQ(refusal_of(head_of("Transfer-Encoding: chunked\r\n", "POST /a HTTP/1.0")), 400);
  EXPECT_EQ(refusal_of(head_of("Transfer-Encoding: Chunked\r\n")), 0);
}

TEST(Head, HasNoFoldedLineNoNamelessOneAndNoControlCharacter) {
  for (const char* lines : {" folded: a\r\n", "A: b\r\n\tc\r\n", "A : b\r\n", ": b\r\n", "A\r\n", "A: b\x01\r\n",
                            "A: b\rc\r\n", "A(): b\r\n", "A: \x7f\r\n"}) {
    EXPECT_EQ(refusal_of(head_of(lines)), 400) << lines;
  }
  EXPECT_EQ(refusal_of(head_of(std::string("A: b\0c\r\n", 8))), 400);
  EXPECT_EQ(refusal_of(head_of("A: caf\xc3\xa9\r\n")), 0);
}

TEST(Head, HasOneHost) {
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of(head_of("Host: other\r\n")), 400);
  EXPECT_EQ(refusal_of("GET / HTTP/1.0\r\n\r\n"), 0);
}

TEST(Head, ARequestLineIsThreeWords) {
  for (const char* line : {"GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", " GET / HTTP/1.1", "GET / http/1.1",
                           "G\tT / HTTP/1.1", "GET a HTTP/1.1", "GET http://localhost/ HTTP/1.1", "GET /a\\b HTTP/1.1",
                           "GET /a#b HTTP/1.1", "GET * HTTP/1.1", "GET /caf\xc3\xa9 HTTP/1.1", "GET / HTTP/11"}) {
    EXPECT_EQ(refusal_of(head_of("", line)), 400) << line;
  }
  EXPECT_EQ(refusal_of(head_of("", "GET / HTTP/2.0")), 505);
  EXPECT_EQ(refusal_of(head_of("", "TRACE / HTTP/1.1")), 501);
  EXPECT_EQ(refusal_of(head_of("", "get / HTTP/1.1")), 501);
  EXPECT_EQ(refusal_of(head_of("", "OPTIONS * HTTP/1.1")), 0);
}

TEST(Head, HasAtMostAHundredLines) {
  std::string lines;
  for (int k = 0; k < 99; ++k) lines += "A: b\r\n";
  EXPECT_EQ(refusal_of(head_of(lines)), 0);
  EXPECT_EQ(refusal_of(head_of(lines + "A: b\r\n")), 431);
}

TEST(Head, TellsWhetherTheConnectionGoesOn) {
  const auto keeps = [](const std::string& text) { return std::get<Head>(read_head(text)).keep_alive; };
  EXPECT_TRUE(keeps(head_of("")));
  EXPECT_FALSE(keeps(head_of("Connection: Upgrade, Close\r\n")));
  EXPECT_FALSE(keeps(head_of("", "GET / HTTP/1.0")));
  EXPECT_TRUE(keeps(head_of("Connection: keep-alive\r\n", "GET / HTTP/1.0")));
}

TEST(Head, ABodyIsTakenAsItIs) {
  EXPECT_EQ(refusal_of(head_of("Content-Encoding: gzip\r\n")), 415);
  EXPECT_EQ(refusal_of(head_of("Expect: a-miracle\r\n")), 417);
}

TEST(Host, NamesThisServerInAnyCaseWithAnyPort) {
  const std::vector<std::string> allowed = {"localhost", "127.0.0.1", "[::1]"};
  for (const char* host : {"localhost", "LocalHost:8080", "127.0.0.1:1", "[::1]", "[::1]:8080"}) {
    EXPECT_TRUE(is_allowed_host(host, allowed)) << host;
  }
  for (const char* host : {"", ":80", "evil.example", "localhost.evil.example", "localhost:", "localhost:80x",
                           "localhost@evil", "127.0.0.1.evil", "::1", "[::1]evil", "[::1"}) {
    EXPECT_FALSE(is_allowed_host(host, allowed)) << host;
  }
}

}  // namespace
}  // namespace baton::http
