// Digests of bytes, by OpenSSL. Pure: any thread.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace baton {

/// SHA-256 (FIPS 180-4) in lower-case hex.
std::string sha256_hex(std::string_view bytes);

/// SHA-1 (FIPS 180-4), for the names of RFC 4122 alone: it resists no attacker.
std::array<unsigned char, 20> sha1(std::string_view bytes);

}  // namespace baton
