// What the server does with the built page: where its document is, how it is packed, how it finds its root.
#include "web/page/page.h"

#include <gtest/gtest.h>

#include "web/page/built_page.h"

namespace baton::page {
namespace {

constexpr std::string_view kDocument = "<head><base href=\"./\" /></head>";

http::Response get(const http::Router& router, std::vector<std::string> segments, std::string accepted = "",
                   http::Pairs query = {}) {
  http::Request request;
  request.query = std::move(query);
  request.target = "";
  for (const std::string& segment : segments) request.target += "/" + segment;
  if (request.target.empty()) request.target = "/";
  request.headers = {{"accept-encoding", std::move(accepted)}};
  const http::Match match = router.match(http::Method::get, segments);
  http::Response out;
  out.status = 0;
  if (match.route == nullptr) return out;
  request.route = match.route;
  request.params = match.params;
  class Kept final : public http::Reply::Target {
   public:
    explicit Kept(http::Response& out) : out_(out) {}
    void send(http::Response response) override { out_ = std::move(response); }
    void later(std::function<http::Response()> make) override { out_ = make(); }

   private:
    http::Response& out_;
  };
  match.route->handler(std::make_shared<const http::Request>(request), http::Reply(std::make_shared<Kept>(out)));
  return out;
}

std::string header(const http::Response& response, std::string_view name) {
  for (const http::Header& one : response.headers) {
    if (one.name == name) return one.value;
  }
  return "";
}

class Page : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(add_page(router, {})); }
  http::Router router;
};

TEST(Document, LeadsUpToTheRootFromWhereverItIs) {
  EXPECT_EQ(document_at(kDocument, 0), kDocument);
  EXPECT_EQ(document_at(kDocument, 1), "<head><base href=\"../\" /></head>");
  EXPECT_EQ(document_at(kDocument, 3), "<head><base href=\"../../../\" /></head>");
  EXPECT_EQ(document_at("no base", 3), "no base");
}

TEST(Accepts, ACodingThatIsNamedWithoutAWeightOfNothing) {
  EXPECT_TRUE(accepts("gzip, deflate, br, zstd", "br"));
  EXPECT_TRUE(accepts("br;q=0.5", "br"));
  EXPECT_FALSE(accepts("gzip;q=1, br;q=0", "br"));
  EXPECT_FALSE(accepts("gzip, brotli", "br"));
  EXPECT_FALSE(accepts("", "gzip"));
}

TEST_F(Page, HasItsDocumentWhereverAPathOfThePageIs) {
  for (const std::vector<std::string>& path :
       std::vector<std::vector<std::string>>{{}, {"dags"}, {"dags", "a"}, {"dags", "a", "runs", "r"},
                                             {"dags", "a", "runs", "r", "tasks", "t"}, {"audit"}}) {
    const http::Response response = get(router, path);
    ASSERT_EQ(response.status, 200) << path.size();
    EXPECT_NE(header(response, "Content-Security-Policy").find("script-src 'self';"), std::string::npos);
    EXPECT_EQ(header(response, "Cache-Control"), "private, no-cache");  // with an ETag: asked again each time
    EXPECT_FALSE(response.etag.empty());
    const std::size_t up = path.size() > 1 ? path.size() - 1 : 0;
    std::string base = up == 0 ? "./" : "";
    for (std::size_t k = 0; k < up; ++k) base += "../";
    EXPECT_NE(response.body.find("<base href=\"" + base + "\""), std::string::npos) << response.body.substr(0, 200);
  }
}

TEST(Preload, NamesWhatThePageAsksForFirstToWhoIsLoggedInAndHasNoQuery) {
  http::Router router;
  bool is_in = true;
  PageOptions options;
  options.who = [&is_in](const http::Request&) { return is_in ? R"({"name":"admin"})" : ""; };
  ASSERT_TRUE(add_page(router, options));
  EXPECT_NE(get(router, {}).body.find(R"(<link rel="preload" as="fetch" crossorigin href="api/v2/home">)"),
            std::string::npos);
  EXPECT_NE(get(router, {"dags", "a b", "runs", "r:1"})
                .body.find(R"(href="api/v2/dags/a%20b/dagRuns/r%3A1/explain?dag_run=true")"),
            std::string::npos);
  EXPECT_NE(get(router, {"dags", "a", "runs", "r", "tasks", "t", "2"})
                .body.find(R"(href="api/v2/dags/a/dagRuns/r/taskInstances/t/2/logs/latest/lines?limit=300&amp;)"),
            std::string::npos);
  EXPECT_EQ(get(router, {"audit"}).body.find("as=\"fetch\""), std::string::npos);
  EXPECT_EQ(get(router, {"dags"}, "", {{"q", "x"}}).body.find("as=\"fetch\""), std::string::npos);
  is_in = false;
  EXPECT_EQ(get(router, {}).body.find("as=\"fetch\""), std::string::npos);
}

TEST_F(Page, HasNoScriptOrStyleInItsDocument) {
  const std::string body = get(router, {}).body;
  EXPECT_EQ(body.find("<style"), std::string::npos);
  for (std::size_t at = body.find("<script"); at != body.npos; at = body.find("<script", at + 1)) {
    EXPECT_NE(body.substr(at, body.find('>', at) - at).find("src="), std::string::npos);
  }
}

TEST_F(Page, GivesWhatItIsMadeOfPackedAndForGood) {
  std::size_t assets = 0;
  for (const BuiltFile& file : built_files()) {
    if (file.name.substr(0, 7) != "assets/") continue;
    ++assets;
    const std::string name(file.name.substr(7));
    const http::Response plain = get(router, {"assets", name});
    ASSERT_EQ(plain.status, 200) << name;
    EXPECT_EQ(plain.body, file.bytes);
    EXPECT_EQ(header(plain, "Cache-Control"), "public, max-age=31536000, immutable");
    const http::Response packed = get(router, {"assets", name}, "gzip, br");
    if (file.brotli.empty()) continue;
    EXPECT_EQ(header(packed, "Content-Encoding"), "br");
    EXPECT_EQ(packed.body, file.brotli);
    EXPECT_LT(packed.body.size(), plain.body.size());
    EXPECT_EQ(get(router, {"assets", name}, "gzip").body, file.gzip);
  }
  EXPECT_GE(assets, 2U);
}

TEST(NotFound, SaysSoAsAPageToBrowsersAlone) {
  const auto told = [](const char* target, const char* accept, http::Method method = http::Method::get) {
    http::Request request;
    request.target = target;
    request.method = method;
    request.headers = {{"accept", accept}};
    return not_found(request, {});
  };
  const char* browser = "text/html,application/xhtml+xml,*/*;q=0.8";
  const auto page = told("/dags/a/nosuch?x=/y", browser);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 404);
  EXPECT_NE(page->body.find("<base href=\"../../\""), std::string::npos);
  EXPECT_TRUE(page->etag.empty());
  EXPECT_TRUE(told("/foo", browser, http::Method::head));
  EXPECT_FALSE(told("/foo", "application/json"));
  EXPECT_FALSE(told("/foo", "*/*"));
  EXPECT_FALSE(told("/foo", browser, http::Method::post));
  EXPECT_FALSE(told("/api/v2/nosuch", browser));
  EXPECT_FALSE(told("/assets/nosuch.js", browser));
}

TEST_F(Page, AsksForItsSecondScriptAtOnce) {
  EXPECT_EQ(get(router, {}).body.find("modulepreload"), std::string::npos);
  const std::string body = get(router, {"dags", "a", "runs", "r"}).body;
  const std::size_t at = body.find("<link rel=\"modulepreload\" crossorigin href=\"./assets/Run-");
  ASSERT_NE(at, body.npos);
  EXPECT_LT(at, body.find("</head>"));
}

TEST(Session, IsToldInTheDocumentAndNeverAsMarkup) {
  http::Router router;
  ASSERT_TRUE(add_page(router, {"", [](const http::Request&) { return std::string("{\"name\":\"<b>\"}"); }}));
  const http::Response response = get(router, {"dags"});
  EXPECT_NE(response.body.find("<meta name=\"session\" content=\"{&quot;name&quot;:&quot;&lt;b&gt;&quot;}\">"),
            std::string::npos)
      << response.body;
  EXPECT_EQ(header(response, "Vary"), "Cookie");
}

TEST_F(Page, KnowsNothingElse) {
  EXPECT_EQ(get(router, {"assets", "none.js"}).status, 404);
  EXPECT_EQ(get(router, {"assets", ".."}).status, 404);
  EXPECT_EQ(get(router, {"nonsense"}).status, 0);
}

TEST(PageOnDisk, ReadsNothingOutsideItsFolder) {
  http::Router router;
  ASSERT_TRUE(add_page(router, {"/nonexistent", {}}));
  EXPECT_EQ(get(router, {}).status, 404);
  EXPECT_EQ(get(router, {"assets", "../index.html"}).status, 404);
  EXPECT_EQ(get(router, {"assets", ".hidden"}).status, 404);
}

}  // namespace
}  // namespace baton::page
