// A request out of bytes, however they are cut; bodies within their limit; chunks without games.
#include <gtest/gtest.h>

#include "web/http/request_parser.h"

namespace baton::http {
namespace {

constexpr std::size_t kHeadMax = 1024, kBodyLimit = 100;
using Progress = RequestParser::Progress;

struct Parsed {
  Progress progress = Progress::needs_more;
  std::string body, rest;
  int status = 0;
};

Parsed parse(const std::string& bytes, std::size_t piece) {
  RequestParser parser(kHeadMax);
  Parsed out;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    out.rest += bytes.substr(at, piece);
    out.progress = parser.feed(out.rest);
    if (out.progress == Progress::head) {
      parser.set_body_max(kBodyLimit);
      out.progress = parser.feed(out.rest);
    }
    if (out.progress == Progress::complete) {
      out.rest += bytes.substr(std::min(at + piece, bytes.size()));
      break;
    }
    if (out.progress == Progress::refused) break;
  }
  out.body = parser.body();
  out.status = parser.refusal().status;
  return out;
}

std::string chunked(const std::string& chunks) {
  return "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks;
}

class Parser : public testing::TestWithParam<std::size_t> {};

TEST_P(Parser, ABodyOfALengthEndsWhereTheNextRequestBegins) {
  const auto parsed = parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET", GetParam());
  EXPECT_EQ(parsed.progress, Progress::complete);
  EXPECT_EQ(parsed.body, "abc");
  EXPECT_EQ(parsed.rest, "GET");
}

TEST_P(Parser, ChunksBecomeOneBody) {
  const auto parsed = parse(chunked("3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\nGET"), GetParam());
  EXPECT_EQ(parsed.progress, Progress::complete);
  EXPECT_EQ(parsed.body, "abc0123456789");
  EXPECT_EQ(parsed.rest, "GET");
}

TEST_P(Parser, AGetHasNoBodyUnlessItSaysSo) {
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST", GetParam()).rest, "POST");
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nPOST", GetParam()).body, "POST");
}

TEST_P(Parser, ChunksPlayNoGames) {
  for (const char* chunks :
       {"3;a=b\r\nabc\r\n0\r\n\r\n", "-2\r\nabc\r\n0\r\n\r\n", "+3\r\nabc\r\n0\r\n\r\n", "0x3\r\nabc\r\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n", "3\nabc\n0\n\n\r\n", "3\r\nabc\r\n0\r\nHost: b\r\n\r\n", "\r\n\r\n",
        "3 \r\nabc\r\n0\r\n\r\n", "3;\r\nabc\r\n0\r\n\r\n", " 3\r\nabc\r\n0\r\n\r\n", "g\r\n"}) {
    const auto parsed = parse(chunked(chunks), GetParam());
    EXPECT_EQ(parsed.progress, Progress::refused) << chunks;
    EXPECT_EQ(parsed.status, 400) << chunks;
  }
}

TEST_P(Parser, ABodyBeyondItsLimitIsRefused) {
  EXPECT_EQ(parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", GetParam()).status, 413);
  EXPECT_EQ(parse(chunked("65\r\n" + std::string(101, 'x') + "\r\n0\r\n\r\n"), GetParam()).status, 413);
  EXPECT_EQ(parse(chunked("ffffffffffffffff\r\n" + std::string(200, 'x')), GetParam()).status, 413);
  const auto parsed = parse(
      chunked("32\r\n" + std::string(50, 'x') + "\r\n33\r\n" + std::string(51, 'x') + "\r\n0\r\n\r\n"), GetParam());
  EXPECT_EQ(parsed.status, 413);
  EXPECT_LE(parsed.body.size(), kBodyLimit);
}

TEST_P(Parser, AHeadBeyondItsLimitIsRefused) {
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(2000, 'x'), GetParam()).status, 431);
  EXPECT_EQ(parse("GET /" + std::string(2000, 'x'), GetParam()).status, 414);
}

TEST_P(Parser, ABareLineFeedIsRefusedAtOnce) {
  EXPECT_EQ(parse("GET / HTTP/1.1\n", GetParam()).status, 400);
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: a\n\r\n\r\n", GetParam()).status, 400);
}

TEST_P(Parser, AnEmptyLineBeforeARequestIsPassedOver) {
  EXPECT_EQ(parse("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", GetParam()).progress, Progress::complete);
}

TEST_P(Parser, SizesOfChunksWithoutEndAreRefused) {
  EXPECT_EQ(parse(chunked(std::string(1000, '0')), GetParam()).progress, Progress::refused);
}

INSTANTIATE_TEST_SUITE_P(Cut, Parser, testing::Values(1, 2, 3, 7, 100'000));

}  // namespace
}  // namespace baton::http
