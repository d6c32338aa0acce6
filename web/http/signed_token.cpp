#include "web/http/signed_token.h"

#include "scheduler/digest/digest.h"
#include "scheduler/json/json_reader.h"
#include "scheduler/json/json_writer.h"

namespace baton::http {

namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// The only head that is written, and the only one that is read: a token does not choose how it is checked.
constexpr std::string_view kHead = R"({"alg":"HS256","typ":"JWT"})";

std::string base64url(std::string_view bytes) {
  std::string out;
  unsigned held = 0;
  int bits = 0;
  for (const char c : bytes) {
    held = (held << 8U) | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6; bits -= 6) out += kAlphabet[(held >> static_cast<unsigned>(bits - 6)) & 63U];
  }
  if (bits > 0) out += kAlphabet[(held << static_cast<unsigned>(6 - bits)) & 63U];
  return out;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string out;
  unsigned held = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == kAlphabet.npos) return std::nullopt;
    held = ((held << 6U) | static_cast<unsigned>(value)) & 0xffffU;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>((held >> static_cast<unsigned>(bits)) & 255U);
  }
  return out;
}

std::string raw_bytes(std::string_view hex) {
  std::string out;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (std::size_t k = 0; k + 1 < hex.size(); k += 2) out += static_cast<char>(digit(hex[k]) * 16 + digit(hex[k + 1]));
  return out;
}

std::string signature_of(std::string_view text, std::string_view key) {
  return base64url(raw_bytes(hmac_sha256_hex(key, text)));
}

std::optional<TokenClaims> read_claims(std::string_view json) {
  TokenClaims claims;
  std::string role, name;
  JsonReader in(json);
  in.enter_object();
  while (in.next_member(name)) {
    if (name == "sub")
      claims.subject = in.string();
    else if (name == "role")
      role = in.string();
    else if (name == "use")
      claims.purpose = in.string();
    else if (name == "iat")
      claims.issued_s = in.integer();
    else if (name == "exp")
      claims.expires_s = in.integer();
    else
      in.fail();
  }
  const auto named = role_named(role);
  if (!in.at_end() || !in.ok() || !named) return std::nullopt;
  claims.role = *named;
  return claims;
}

}  // namespace

std::string sign_token(const TokenClaims& claims, std::string_view key) {
  std::string payload;
  {
    JsonObject out(payload);
    out.text("sub", claims.subject);
    out.text("role", to_string(claims.role));
    out.text("use", claims.purpose);
    out.number("iat", claims.issued_s);
    out.number("exp", claims.expires_s);
  }
  const std::string text = base64url(kHead) + "." + base64url(payload);
  return text + "." + signature_of(text, key);
}

std::optional<TokenClaims> verify_token(std::string_view token, std::string_view key, std::string_view purpose,
                                        std::int64_t now_s) {
  const std::size_t last = token.rfind('.');
  const std::size_t first = token.find('.');
  if (last == token.npos || first == last) return std::nullopt;
  const std::string_view text = token.substr(0, last);
  if (!is_same_secret(token.substr(last + 1), signature_of(text, key))) return std::nullopt;
  if (text.substr(0, first) != base64url(kHead)) return std::nullopt;
  const auto payload = from_base64url(text.substr(first + 1));
  if (!payload) return std::nullopt;
  auto claims = read_claims(*payload);
  if (!claims || claims->purpose != purpose || claims->expires_s <= now_s) return std::nullopt;
  return claims;
}

}  // namespace baton::http
