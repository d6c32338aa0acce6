// SHA-256 for hashed files: the worker has no library to ask. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace baton::worker {

/// SHA-256 (FIPS 180-4) of a stream.
class Sha256 {
 public:
  void update(std::string_view bytes);
  /// The digest in lower-case hex. The object is used up.
  [[nodiscard]] std::string hex();

 private:
  void block(const std::uint8_t* bytes);

  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> pending_{};
  std::size_t pending_bytes_ = 0;
  std::uint64_t total_bytes_ = 0;
};

}  // namespace baton::worker
