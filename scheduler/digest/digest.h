// Digests of bytes, by OpenSSL. Pure: any thread.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace baton {

/// SHA-256 (FIPS 180-4) in lower-case hex.
std::string sha256_hex(std::string_view bytes);

/// HMAC-SHA-256 (RFC 2104) in lower-case hex.
std::string hmac_sha256_hex(std::string_view key, std::string_view bytes);

/// Whether two texts are the same, in a time that tells nothing of where they differ.
bool is_same_secret(std::string_view a, std::string_view b);

/// So many bytes of the kernel's randomness, in lower-case hex.
std::string random_hex(std::size_t bytes);

/// SHA-1 (FIPS 180-4), for the names of RFC 4122 alone: it resists no attacker.
std::array<unsigned char, 20> sha1(std::string_view bytes);

}  // namespace baton
