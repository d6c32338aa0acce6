// Which files hold tests of DAGs. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "scheduler/rehearsal/test_case.h"

namespace baton::cli {

inline constexpr std::int64_t kTestBytesMax = 8 << 20;

/// Within a folder; a file that is named may be called as it likes.
inline bool is_test_file(std::string_view path) {
  return path.ends_with(".test.yaml") || path.ends_with(".test.yml");
}

}  // namespace baton::cli
