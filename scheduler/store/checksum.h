// CRC32C (Castagnoli; RFC 3720 §B.4) over rows: their immutable columns, and their final states (docs/INVARIANTS.md, S29). What SQLite's integrity_check lets through, this catches. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace baton {

/// CRC32C of `bytes`, going on from `crc` (0 to begin).
std::uint32_t crc32c(std::uint32_t crc, const void* bytes, std::size_t size);

/// Checksum of a row's columns in order: integers as 8 bytes, texts with their length before them.
class RowSum {
 public:
  RowSum& add(std::int64_t value) {
    crc_ = crc32c(crc_, &value, sizeof value);
    return *this;
  }
  RowSum& add(std::string_view text) {
    add(static_cast<std::int64_t>(text.size()));
    crc_ = crc32c(crc_, text.data(), text.size());
    return *this;
  }
  [[nodiscard]] std::int64_t value() const { return crc_; }

 private:
  std::uint32_t crc_ = 0;
};

}  // namespace baton
