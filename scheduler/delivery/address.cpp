#include "scheduler/delivery/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace baton::delivery {
namespace {

struct Block {
  std::uint32_t network;
  int bits;
};

/// What RFC 6890 and its registry do not give to the public.
constexpr std::array kBlocks = {
    Block{0x00000000, 8},   // this network
    Block{0x0A000000, 8},   // private
    Block{0x64400000, 10},  // shared, of carriers
    Block{0x7F000000, 8},   // loopback
    Block{0xA9FE0000, 16},  // link-local: where clouds tell machines their keys
    Block{0xAC100000, 12},  // private
    Block{0xC0000000, 24},  // protocol assignments
    Block{0xC0000200, 24},  // documentation
    Block{0xC0A80000, 16},  // private
    Block{0xC6120000, 15},  // benchmarks
    Block{0xC6336400, 24},  // documentation
    Block{0xCB007100, 24},  // documentation
    Block{0xE0000000, 4},   // multicast
    Block{0xF0000000, 4},   // reserved, broadcast
};

bool is_private_4(std::uint32_t address) {
  for (const Block& block : kBlocks) {
    if ((address >> (32 - block.bits)) == (block.network >> (32 - block.bits))) return true;
  }
  return false;
}

std::uint32_t word_at(const std::uint8_t* bytes) {
  return static_cast<std::uint32_t>(bytes[0]) << 24 | static_cast<std::uint32_t>(bytes[1]) << 16 |
         static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3];
}

bool is_private_6(const std::uint8_t* a) {
  static constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  static constexpr std::array<std::uint8_t, 12> kNone = {};
  static constexpr std::array<std::uint8_t, 12> kTranslated = {0, 0x64, 0xFF, 0x9B};
  // An address of IPv4 in another form leads where that leads.
  if (std::memcmp(a, kMapped.data(), 12) == 0 || std::memcmp(a, kTranslated.data(), 12) == 0) {
    return is_private_4(word_at(a + 12));
  }
  if (std::memcmp(a, kNone.data(), 12) == 0) return true;  // ::, ::1, and the old compatible form
  if (a[0] == 0x20 && a[1] == 0x02) return is_private_4(word_at(a + 2));
  // Only 2000::/3 is given to the public; of it documentation, Teredo and other protocols are not.
  if ((a[0] & 0xE0U) != 0x20) return true;
  const bool is_protocols = a[0] == 0x20 && a[1] == 0x01 && a[2] < 2;
  const bool is_documentation = a[0] == 0x20 && a[1] == 0x01 && a[2] == 0x0D && a[3] == 0xB8;
  return is_protocols || is_documentation;
}

}  // namespace

bool is_private(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, address, sizeof(four));
    return is_private_4(ntohl(four.sin_addr.s_addr));
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 six{};
    std::memcpy(&six, address, sizeof(six));
    return is_private_6(six.sin6_addr.s6_addr);
  }
  return true;
}

}  // namespace baton::delivery
