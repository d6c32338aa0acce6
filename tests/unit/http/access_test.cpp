// Who gets in: tokens, the socket's peer, sessions; and who does not.
#include "web/http/access.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "scheduler/digest/digest.h"
#include "web/http/login_throttle.h"
#include "web/http/router.h"
#include "web/http/signed_token.h"

namespace baton::http {
namespace {

constexpr std::int64_t kNow = 1'800'000'000;
constexpr std::string_view kKey = "key";

class AccessTest : public testing::Test {
 protected:
  AccessTest() : access_(options()) {}

  AccessOptions options() {
    AccessOptions options;
    options.admin_token = "the-admin-token-of-this-folder-x";
    options.signing_key = kKey;
    options.owner = 1000;
    options.now_s = [this] { return now_s_; };
    options.find_token = [this](const std::string& sha256) -> std::optional<TokenGrant> {
      if (sha256 != sha256_hex("bat_ann")) return std::nullopt;
      return TokenGrant{"ann", Role::operator_, expires_s_};
    };
    return options;
  }

  /// 0: may.
  int status(Role role, std::vector<Header> headers, Peer peer = {"127.0.0.1", std::nullopt},
             Method method = Method::get) {
    const Route route{method, "/a", "op", "dag", role, {}};
    Request request;
    request.method = method;
    request.headers = std::move(headers);
    request.peer = std::move(peer);
    request.route = &route;
    const auto refusal = access_.authorize(request);
    who_ = request.principal;
    return refusal ? refusal->status : 0;
  }
  static std::vector<Header> with_bearer(const std::string& token) { return {{"authorization", "Bearer " + token}}; }

  std::int64_t now_s_ = kNow, expires_s_ = 0;
  Principal who_;
  Access access_;
};

TEST_F(AccessTest, EveryRoleMayWhatThoseBelowItMay) {
  for (const Role role : {Role::viewer, Role::operator_}) EXPECT_EQ(status(role, with_bearer("bat_ann")), 0);
  for (const Role role : {Role::editor, Role::admin}) EXPECT_EQ(status(role, with_bearer("bat_ann")), 403);
  EXPECT_EQ(who_.name, "ann");
  EXPECT_EQ(status(Role::admin, with_bearer("the-admin-token-of-this-folder-x")), 0);
}

TEST_F(AccessTest, WithoutAKnownTokenNobodyGetsIn) {
  EXPECT_EQ(status(Role::viewer, {}), 401);
  for (const char* value : {"Bearer", "Bearer ", "Bearer x", "Basic dXNlcjpwdw==", "bat_ann", "Bearer bat_ann ",
                            "Bearer bat_", "bearerbat_ann"}) {
    EXPECT_EQ(status(Role::viewer, {{"authorization", value}}), 401) << value;
  }
  EXPECT_EQ(status(Role::viewer, {{"authorization", "bearer bat_ann"}}), 0);
  expires_s_ = kNow;
  EXPECT_EQ(status(Role::viewer, with_bearer("bat_ann")), 401);
}

TEST_F(AccessTest, APublicRouteLooksAtNoCredentials) {
  EXPECT_EQ(status(Role::anyone, {{"authorization", "Basic x"}}), 0);
  EXPECT_EQ(who_.name, "");
}

TEST_F(AccessTest, OverTheSocketTheUidDecides) {
  EXPECT_EQ(status(Role::admin, {}, {"", uid_t{1000}}), 0);
  EXPECT_EQ(status(Role::admin, {}, {"", uid_t{0}}), 0);
  EXPECT_EQ(status(Role::viewer, {}, {"", uid_t{1001}}), 401);
  EXPECT_EQ(status(Role::viewer, with_bearer("bat_ann"), {"", uid_t{1001}}), 0);
}

TEST_F(AccessTest, ALoginGivesATokenForADay) {
  const Peer peer{"127.0.0.1", std::nullopt};
  const auto token = access_.log_in("admin", "the-admin-token-of-this-folder-x", peer);
  ASSERT_TRUE(token.ok());
  EXPECT_EQ(status(Role::admin, with_bearer(*token)), 0);
  EXPECT_FALSE(access_.log_in("admin", *token, peer).ok()) << "it is no password";
  now_s_ += kAccessTokenS;
  EXPECT_EQ(status(Role::viewer, with_bearer(*token)), 401);
  const auto anns = access_.log_in("admin", "bat_ann", peer);
  ASSERT_TRUE(anns.ok());
  EXPECT_EQ(status(Role::admin, with_bearer(*anns)), 403) << "a name gives no role";
}

TEST_F(AccessTest, FailedLoginsAreSlowed) {
  const Peer peer{"127.0.0.1", std::nullopt};
  for (int k = 0; k < LoginThrottle::kFree; ++k) {
    EXPECT_EQ(access_.log_in("admin", "guess", peer).error().kind, ErrorKind::unauthenticated);
  }
  EXPECT_EQ(access_.log_in("admin", "bat_ann", peer).error().kind, ErrorKind::busy);
  EXPECT_TRUE(access_.log_in("admin", "bat_ann", {"127.0.0.2", std::nullopt}).ok());
  now_s_ += 1;
  EXPECT_TRUE(access_.log_in("admin", "bat_ann", peer).ok());
}

TEST_F(AccessTest, ALoginLinkOpensOneSession) {
  const Peer peer{"127.0.0.1", std::nullopt};
  const std::string code = access_.make_login_code();
  EXPECT_FALSE(access_.open_session("x", peer).ok());
  const auto session = access_.open_session(code, peer);
  ASSERT_TRUE(session.ok());
  EXPECT_FALSE(access_.open_session(code, peer).ok());
  const std::vector<Header> cookie = {{"cookie", "a=b; baton_session=" + *session}};
  EXPECT_EQ(status(Role::admin, cookie), 0);
  EXPECT_EQ(status(Role::admin, with_bearer(*session)), 401) << "a session is no bearer's token";
  const std::string late = access_.make_login_code();
  now_s_ += kLoginCodeS;
  EXPECT_FALSE(access_.open_session(late, peer).ok());
}

TEST_F(AccessTest, InASessionAChangeNeedsTheCsrfToken) {
  const auto session = access_.open_session(access_.make_login_code(), {"127.0.0.1", std::nullopt});
  ASSERT_TRUE(session.ok());
  std::vector<Header> headers = {{"cookie", "baton_session=" + *session}};
  Request request;
  request.headers = headers;
  EXPECT_EQ(status(Role::admin, headers, {"127.0.0.1", std::nullopt}, Method::post), 403);
  headers.push_back({"x-csrf-token", access_.csrf_token(request)});
  EXPECT_EQ(status(Role::admin, headers, {"127.0.0.1", std::nullopt}, Method::post), 0);
  headers.back().value.back() ^= 1;
  EXPECT_EQ(status(Role::admin, headers, {"127.0.0.1", std::nullopt}, Method::post), 403);
}

TEST(SignedToken, IsReadBackAndNothingElseIs) {
  const TokenClaims claims{"ann", Role::editor, "access", kNow, kNow + 10};
  const std::string token = sign_token(claims, kKey);
  const auto read = verify_token(token, kKey, "access", kNow);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->subject, "ann");
  EXPECT_EQ(read->role, Role::editor);
  EXPECT_FALSE(verify_token(token, "other", "access", kNow));
  EXPECT_FALSE(verify_token(token, kKey, "session", kNow));
  EXPECT_FALSE(verify_token(token, kKey, "access", kNow + 10));
  for (std::size_t k = 0; k < token.size(); ++k) {
    std::string changed = token;
    changed[k] = changed[k] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(verify_token(changed, kKey, "access", kNow)) << k;
  }
  // {"alg":"none"} and no signature.
  const std::string payload = token.substr(token.find('.'), token.rfind('.') - token.find('.') + 1);
  EXPECT_FALSE(verify_token("eyJhbGciOiJub25lIn0" + payload, kKey, "access", kNow));
  EXPECT_FALSE(verify_token("..", kKey, "access", kNow));
  EXPECT_FALSE(verify_token("", kKey, "access", kNow));
}

TEST(LoginThrottle, WaitsLongerEachTimeAndForgets) {
  LoginThrottle throttle;
  for (int k = 0; k < LoginThrottle::kFree + 3; ++k) throttle.failed("a", kNow);
  EXPECT_EQ(throttle.wait_s("a", kNow), 8);
  for (int k = 0; k < 50; ++k) throttle.failed("a", kNow);
  EXPECT_EQ(throttle.wait_s("a", kNow), LoginThrottle::kWaitMaxS);
  throttle.failed("a", kNow + LoginThrottle::kForgetS + 1);
  EXPECT_EQ(throttle.wait_s("a", kNow + LoginThrottle::kForgetS + 1), 0);
}

/// A folder's file that is gone with the test.
struct File {
  std::string path = testing::TempDir() + "sessions.ended." + random_hex(8);
  ~File() { std::remove(path.c_str()); }
};

TEST_F(AccessTest, ASessionThatWasLoggedOutOpensNothingOverARestartToo) {
  const File file;
  AccessOptions kept = options();
  kept.ended_file = file.path;
  const std::string session =
      sign_token({"admin", Role::admin, "session", kNow, kNow + kSessionS}, kKey);
  const Route route{Method::get, "/a", "op", "dag", Role::viewer, {}};
  Request request;
  request.headers = {{"cookie", "baton_session=" + session}};
  request.route = &route;
  {
    Access access(kept);
    ASSERT_TRUE(access.load().ok());
    EXPECT_FALSE(access.authorize(request).has_value());
    ASSERT_TRUE(access.end_session(request).ok());
    EXPECT_EQ(access.authorize(request)->status, 401);
  }
  Access again(kept);
  ASSERT_TRUE(again.load().ok());
  EXPECT_EQ(again.authorize(request)->status, 401);
  now_s_ = kNow + kSessionS;  // it would have ended by itself: nothing of it is kept
  Access later(kept);
  ASSERT_TRUE(later.load().ok());
  std::ifstream in(file.path);
  EXPECT_EQ(in.peek(), std::ifstream::traits_type::eof());
}

TEST_F(AccessTest, ALineThatACrashHasCutTakesNoLogoutWithIt) {
  const File file;
  std::ofstream(file.path) << "00112233";  // of a logout that never was on the disk whole
  AccessOptions kept = options();
  kept.ended_file = file.path;
  const std::string session = sign_token({"admin", Role::admin, "session", kNow, kNow + kSessionS}, kKey);
  const Route route{Method::get, "/a", "op", "dag", Role::viewer, {}};
  Request request;
  request.headers = {{"cookie", "baton_session=" + session}};
  request.route = &route;
  {
    Access access(kept);
    ASSERT_TRUE(access.load().ok());
    ASSERT_TRUE(access.end_session(request).ok());
  }
  Access again(kept);
  ASSERT_TRUE(again.load().ok());
  ASSERT_TRUE(again.authorize(request).has_value()) << "it was read as a part of the line before";
  EXPECT_EQ(again.authorize(request)->status, 401);
}

}  // namespace
}  // namespace baton::http
