// CRC-32C (Castagnoli; RFC 3720 §B.4): one for the rows of the store and the records of the worker's journal. The
// standard library alone, so that the worker may have it. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace baton {

/// Of `bytes`, going on from `crc` (0 to begin).
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc = 0);

}  // namespace baton
