#include "scheduler/digest/derived_uuid.h"

#include <array>

#include "scheduler/digest/digest.h"

namespace baton {
namespace {

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The 16 bytes of a UUID's text; what is no hexadecimal digit is passed over.
std::string bytes_of(std::string_view uuid) {
  std::string bytes;
  int high = -1;
  for (const char c : uuid) {
    const int digit = nibble(c);
    if (digit < 0) continue;
    if (high < 0) {
      high = digit;
    } else {
      bytes += static_cast<char>(high * 16 + digit);
      high = -1;
    }
  }
  return bytes;
}

}  // namespace

std::string derived_uuid(std::string_view store_id, std::string_view name) {
  std::string input = bytes_of(store_id);
  input += name;
  auto digest = sha1(input);
  digest[6] = static_cast<unsigned char>((digest[6] & 0x0F) | 0x50);
  digest[8] = static_cast<unsigned char>((digest[8] & 0x3F) | 0x80);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 0x0F];
  }
  return text;
}

}  // namespace baton
