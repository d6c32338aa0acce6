// Signed tokens with a short life: JSON Web Tokens (RFC 7519) signed with HMAC-SHA-256. The server keeps nothing of
// them but its key. Pure: the time is an argument.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "web/http/message.h"

namespace baton::http {

struct TokenClaims {
  std::string subject;
  Role role = Role::viewer;
  std::string purpose;                       ///< access, or session: one never passes for the other
  std::int64_t issued_s = 0, expires_s = 0;  ///< seconds since the epoch
};

std::string sign_token(const TokenClaims& claims, std::string_view key);
/// None: not signed with this key, or not in exactly the form that sign_token has (no other algorithm, none), for
/// another purpose, or expired.
std::optional<TokenClaims> verify_token(std::string_view token, std::string_view key, std::string_view purpose,
                                        std::int64_t now_s);

}  // namespace baton::http
