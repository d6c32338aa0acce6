// BATON_CHECK: a broken invariant prints itself and aborts, in release builds too. Never for input.
// A restart recovers from the store. Any thread.
#pragma once

namespace baton {
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;
}

#define BATON_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::baton::check_failed(#condition, __FILE__, __LINE__))
