#include "web/http/access.h"

#include <mutex>

#include "scheduler/digest/digest.h"
#include "web/http/errors.h"
#include "web/http/login_throttle.h"
#include "web/http/router.h"
#include "web/http/signed_token.h"

namespace baton::http {

namespace {

constexpr std::string_view kPersonal = "bat_";
constexpr std::size_t kCsrfSize = 32;

bool changes_something(Method method) {
  return method != Method::get && method != Method::head && method != Method::options;
}

std::string peer_name(const Peer& peer) {
  return peer.uid ? "uid " + std::to_string(*peer.uid) : peer.address;
}

/// What the token is for, where it is not for all that its role may do.
bool lies_in_scope(const Request& request) {
  if (request.principal.scopes.empty()) return true;
  const std::string& resource = request.route->resource;
  for (std::string_view scope : request.principal.scopes) {
    constexpr std::string_view kRead = ":read";
    if (scope.ends_with(kRead)) {
      if (changes_something(request.method)) continue;
      scope.remove_suffix(kRead.size());
    }
    if (scope == "*" || scope == resource) return true;
  }
  return false;
}

std::string_view bearer_of(const Request& request) {
  const std::string_view value = request.header("authorization");
  constexpr std::string_view kScheme = "bearer ";
  if (value.size() <= kScheme.size()) return {};
  for (std::size_t k = 0; k < kScheme.size(); ++k) {
    if ((value[k] | 0x20) != kScheme[k]) return {};
  }
  return value.substr(kScheme.size());
}

}  // namespace

/// What of logging in is remembered; the mutex makes it usable from every handler's thread.
class Access::Logins {
 public:
  /// 0: may try now.
  std::int64_t wait_s(const Peer& peer, std::int64_t now_s) {
    const std::lock_guard lock(mutex_);
    return throttle_.wait_s(peer_name(peer), now_s);
  }
  void tried(const Peer& peer, bool is_right, std::int64_t now_s) {
    const std::lock_guard lock(mutex_);
    if (is_right) {
      throttle_.succeeded(peer_name(peer));
    } else {
      throttle_.failed(peer_name(peer), now_s);
    }
  }
  std::string make_code(std::int64_t now_s) {
    const std::lock_guard lock(mutex_);
    code_ = random_hex(32);
    code_expires_s_ = now_s + kLoginCodeS;
    return code_;
  }
  bool take_code(const std::string& code, std::int64_t now_s) {
    const std::lock_guard lock(mutex_);
    if (code_.empty() || code_expires_s_ <= now_s || !is_same_secret(code, code_)) return false;
    code_.clear();
    return true;
  }

 private:
  std::mutex mutex_;
  LoginThrottle throttle_;
  std::string code_;
  std::int64_t code_expires_s_ = 0;
};

Access::Access(AccessOptions options)
    : options_(std::move(options)), logins_(std::make_unique<Logins>()), ended_(options_.ended_file) {}
Access::~Access() = default;

Response Access::refused(const Request& request, int status, const std::string& why) const {
  if (options_.on_refused) options_.on_refused(request, status, why);
  return error_response(status, why, &request);
}

std::optional<Principal> Access::bearer(std::string_view token) const {
  if (is_same_secret(token, options_.admin_token)) return Principal{"admin", Role::admin, "api"};
  const std::int64_t now_s = options_.now_s();
  if (token.substr(0, kPersonal.size()) == kPersonal) {
    if (!options_.find_token) return std::nullopt;
    const auto grant = options_.find_token(sha256_hex(token));
    if (!grant || (grant->expires_s != 0 && grant->expires_s <= now_s)) return std::nullopt;
    return Principal{grant->name, grant->role, "api", grant->scopes};
  }
  const auto claims = verify_token(token, options_.signing_key, "access", now_s);
  if (!claims) return std::nullopt;
  return Principal{claims->subject, claims->role, "api"};
}

std::string_view Access::session_of(const Request& request) const {
  const std::string wanted = options_.cookie + "=";
  std::string_view cookies = request.header("cookie");
  while (!cookies.empty()) {
    const std::size_t end = std::min(cookies.find(';'), cookies.size());
    std::string_view one = cookies.substr(0, end);
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    if (one.substr(0, wanted.size()) == wanted) return one.substr(wanted.size());
  }
  return {};
}

std::string Access::csrf_token(const Request& request) const {
  const std::string_view session = session_of(request);
  if (session.empty()) return {};
  return hmac_sha256_hex(options_.signing_key, "csrf:" + std::string(session)).substr(0, kCsrfSize);
}

std::optional<Principal> Access::session_holder(const Request& request) const {
  const std::string_view session = session_of(request);
  if (session.empty()) return std::nullopt;
  const auto claims = verify_token(session, options_.signing_key, "session", options_.now_s());
  if (!claims || ended_.has(session)) return std::nullopt;
  return Principal{claims->subject, claims->role, "page"};
}

std::optional<Response> Access::authorize(Request& request) const {
  const Role wanted = *request.route->role;
  if (wanted == Role::anyone) return std::nullopt;  // looks at no credentials: they may be of any kind, or wrong
  if (!request.header("authorization").empty()) {
    const auto principal = bearer(bearer_of(request));
    if (!principal) return refused(request, 401, "this token is not known here, or has expired");
    request.principal = *principal;
  } else if (request.peer.uid && (*request.peer.uid == options_.owner || *request.peer.uid == 0)) {
    const uid_t uid = *request.peer.uid;
    request.principal = {options_.name_of ? options_.name_of(uid) : "uid:" + std::to_string(uid), Role::admin, "socket"};
  } else if (!session_of(request).empty()) {
    const auto holder = session_holder(request);
    if (!holder) return refused(request, 401, "this session has ended");
    request.principal = *holder;
    // A page elsewhere can make the browser send the cookie along, and cannot know this.
    if (changes_something(request.method) && !is_same_secret(request.header("x-csrf-token"), csrf_token(request))) {
      return refused(request, 403, "the header X-CSRF-Token is missing or wrong");
    }
  } else {
    return refused(request, 401, "a token is needed: Authorization: Bearer …");
  }
  if (request.principal.role < wanted) {
    return refused(request, 403,
                   "the role " + std::string(to_string(wanted)) + " is needed, this is " +
                       std::string(to_string(request.principal.role)));
  }
  if (!lies_in_scope(request)) {
    return refused(request, 403, "this token is not for " + request.route->resource);
  }
  return std::nullopt;
}

Result<Principal> Access::principal_of(const std::string& name, const std::string& password, const Peer& peer) {
  const std::int64_t now_s = options_.now_s();
  if (const std::int64_t wait = logins_->wait_s(peer, now_s); wait > 0) {
    return Error{"too many logins failed: wait " + std::to_string(wait) + " s", ErrorKind::busy};
  }
  // A signed token is no password: whoever got hold of one could renew it for ever.
  const bool is_lasting =
      is_same_secret(password, options_.admin_token) || password.substr(0, kPersonal.size()) == kPersonal;
  const auto principal = is_lasting ? bearer(password) : std::nullopt;
  const bool is_right = principal && (principal->name == name || name == "admin");
  logins_->tried(peer, is_right, now_s);
  if (!is_right) return Error{"name and password do not belong together", ErrorKind::unauthenticated};
  if (!principal->scopes.empty()) {  // a signed one could not say them, and would be worth more
    return Error{"a token with scopes is used as it is, and cannot be exchanged", ErrorKind::denied};
  }
  return *principal;
}

Result<std::string> Access::log_in(const std::string& name, const std::string& password, const Peer& peer) {
  const auto who = principal_of(name, password, peer);
  if (!who) return who.error();
  const std::int64_t now_s = options_.now_s();
  return sign_token({who->name, who->role, "access", now_s, now_s + kAccessTokenS}, options_.signing_key);
}

Result<std::string> Access::log_in_page(const std::string& name, const std::string& password, const Peer& peer) {
  const auto who = principal_of(name, password, peer);
  if (!who) return who.error();
  const std::int64_t now_s = options_.now_s();
  return sign_token({who->name, who->role, "session", now_s, now_s + kSessionS}, options_.signing_key);
}

std::string Access::make_login_code() {
  return logins_->make_code(options_.now_s());
}

Result<std::string> Access::open_session(const std::string& code, const Peer& peer) {
  const std::int64_t now_s = options_.now_s();
  if (const std::int64_t wait = logins_->wait_s(peer, now_s); wait > 0) {
    return Error{"too many logins failed: wait " + std::to_string(wait) + " s", ErrorKind::busy};
  }
  const bool is_right = logins_->take_code(code, now_s);
  logins_->tried(peer, is_right, now_s);
  if (!is_right) return Error{"this login link has been used, or is too old", ErrorKind::unauthenticated};
  return sign_token({"admin", Role::admin, "session", now_s, now_s + kSessionS}, options_.signing_key);
}

Status Access::end_session(const Request& request) {
  const std::string_view session = session_of(request);
  const auto claims = verify_token(session, options_.signing_key, "session", options_.now_s());
  if (!claims) return Unit{};
  return ended_.end(session, claims->expires_s);
}

std::string Access::set_cookie(const std::string& session) const {
  const std::int64_t age = session.empty() ? 0 : kSessionS;
  return options_.cookie + "=" + session + "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(age);
}

}  // namespace baton::http
