// RowSum: the checksum of a row: of its immutable columns, or of its final state (docs/INVARIANTS.md, S29). What
// SQLite's integrity_check lets through, this catches. Any thread.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

#include "scheduler/checksum/crc32c.h"

namespace baton {

/// Of the columns in order: integers as 8 bytes, texts with their length before them.
class RowSum {
 public:
  RowSum& add(std::int64_t value) {
    static_assert(std::endian::native == std::endian::little, "integers are fed as they lie in memory");
    crc_ = crc32c({reinterpret_cast<const char*>(&value), sizeof value}, crc_);
    return *this;
  }
  RowSum& add(std::string_view text) {
    add(static_cast<std::int64_t>(text.size()));
    crc_ = crc32c(text, crc_);
    return *this;
  }
  [[nodiscard]] std::int64_t value() const { return crc_; }

 private:
  std::uint32_t crc_ = 0;
};

}  // namespace baton
