// The functions of OpenSSL 1.1, which version 3 has kept: EVP's first use loads providers, and that takes a millisecond
// of each `baton run`.
#define OPENSSL_API_COMPAT 10100
#include "scheduler/digest/digest.h"

#include <openssl/sha.h>
#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace baton {

namespace {

using Sha256 = std::array<unsigned char, SHA256_DIGEST_LENGTH>;
constexpr std::size_t kBlock = 64;  // of SHA-256, in bytes

std::string hex_of(const unsigned char* bytes, std::size_t count) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * count);
  for (std::size_t k = 0; k < count; ++k) {
    hex += kHex[bytes[k] >> 4U];
    hex += kHex[bytes[k] & 15U];
  }
  return hex;
}

Sha256 sha256(std::string_view head, std::string_view bytes) {
  Sha256 digest;
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, head.data(), head.size());
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

std::string_view text_of(const Sha256& digest) { return {reinterpret_cast<const char*>(digest.data()), digest.size()}; }

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  const Sha256 digest = sha256({}, bytes);
  return hex_of(digest.data(), digest.size());
}

std::string hmac_sha256_hex(std::string_view key, std::string_view bytes) {
  std::string block(key);
  if (block.size() > kBlock) block = text_of(sha256({}, key));
  block.resize(kBlock, '\0');
  std::string inner = block, outer = block;
  for (char& c : inner) c = static_cast<char>(c ^ 0x36);
  for (char& c : outer) c = static_cast<char>(c ^ 0x5c);
  const Sha256 first = sha256(inner, bytes);
  const Sha256 second = sha256(outer, text_of(first));
  return hex_of(second.data(), second.size());
}

bool is_same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t k = 0; k < a.size(); ++k) difference |= static_cast<unsigned char>(a[k] ^ b[k]);
  return difference == 0;
}

std::string random_hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  for (std::size_t at = 0; at < bytes;) {
    const ssize_t got = getrandom(raw.data() + at, bytes - at, 0);
    if (got < 0 && errno != EINTR) std::abort();  // no secret is better than one that can be guessed
    if (got > 0) at += static_cast<std::size_t>(got);
  }
  return hex_of(reinterpret_cast<const unsigned char*>(raw.data()), raw.size());
}

std::array<unsigned char, 20> sha1(std::string_view bytes) {
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA_CTX context;
  SHA1_Init(&context);
  SHA1_Update(&context, bytes.data(), bytes.size());
  SHA1_Final(digest.data(), &context);
  return digest;
}

}  // namespace baton
