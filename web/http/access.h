// Access: who asks, and whether they may. It is asked before every handler; a route that has no role is none
// (router.h).
//
//   over the socket    the peer's uid decides: the owner of the state folder and root are admin
//   Authorization      Bearer: the admin token, a signed token of /auth/token, or a personal one (bat_…)
//   cookie             a session of the page; what changes something also needs the header X-CSRF-Token
//
// Any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/model/result.h"
#include "web/http/ended_sessions.h"
#include "web/http/message.h"

namespace baton::http {

/// What a personal token lets its bearer do.
struct TokenGrant {
  std::string name;
  Role role = Role::viewer;
  std::int64_t expires_s = 0;  ///< seconds since the epoch; 0: never
  std::vector<std::string> scopes = {};  ///< as Principal has them
};

struct AccessOptions {
  std::string admin_token;
  std::string signing_key;
  std::string cookie = "baton_session";  ///< ports share cookies: one name for each server
  uid_t owner = 0;                       ///< of the state folder
  std::function<std::string(uid_t)> name_of;  ///< of who comes by the socket; empty: `uid:1000`
  std::function<std::int64_t()> now_s;   ///< seconds since the epoch
  std::string ended_file;  ///< of sessions that were logged out; empty: they are forgotten with the process
  /// A personal token by its SHA-256 in hex. Any thread. None, and an empty function: there is no such token.
  std::function<std::optional<TokenGrant>(const std::string& sha256)> find_token;
  /// Told of each refusal, on the thread of the request. May be empty.
  std::function<void(const Request& request, int status, const std::string& why)> on_refused;
};

inline constexpr std::int64_t kAccessTokenS = 24 * 3600;
inline constexpr std::int64_t kSessionS = 14 * 24 * 3600;
inline constexpr std::int64_t kLoginCodeS = 600;

class Access {
 public:
  explicit Access(AccessOptions options);
  /// Before it is asked: what it keeps in files. storage: they cannot be read or written.
  Status load() { return ended_.load(options_.now_s()); }
  ~Access();
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;

  /// For Server: names `request.principal`. A response: refused (401: nobody is known; 403: known, and may not).
  std::optional<Response> authorize(Request& request) const;

  /// A signed token for who knows a name and its password: `admin` with the admin token, anybody with a personal one.
  /// unauthenticated: they do not belong together; busy: too many failures came from there, wait.
  Result<std::string> log_in(const std::string& name, const std::string& password, const Peer& peer);

  /// The same, for the page: the value of the session's cookie.
  Result<std::string> log_in_page(const std::string& name, const std::string& password, const Peer& peer);

  /// A code that opens one session as admin, once, within kLoginCodeS. The last one made is the one that works.
  std::string make_login_code();
  /// The value of the session's cookie. unauthenticated: not this code, or not any more.
  Result<std::string> open_session(const std::string& code, const Peer& peer);
  /// The whole header Set-Cookie. An empty session ends it.
  [[nodiscard]] std::string set_cookie(const std::string& session) const;
  /// Whose session of the page the request brings along; none: it has none that counts.
  [[nodiscard]] std::optional<Principal> session_holder(const Request& request) const;
  /// Logs the session of the request out, wherever its cookie has been copied to. Nothing to do: it has none. storage:
  /// it has ended until the server starts again.
  Status end_session(const Request& request);
  /// What X-CSRF-Token must be in a session. Empty: the request has none.
  [[nodiscard]] std::string csrf_token(const Request& request) const;

 private:
  class Logins;
  [[nodiscard]] std::optional<Principal> bearer(std::string_view token) const;
  Result<Principal> principal_of(const std::string& name, const std::string& password, const Peer& peer);
  [[nodiscard]] std::string_view session_of(const Request& request) const;
  Response refused(const Request& request, int status, const std::string& why) const;

  const AccessOptions options_;
  const std::unique_ptr<Logins> logins_;
  EndedSessions ended_;
};

}  // namespace baton::http
