// How much the model check does, how it counts, and how it fails.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace baton::model {

/// Random cases to try: BATON_CASES, else `by_default` in an optimised build without sanitizers and a twentieth of it
/// here.
inline std::int64_t random_cases(std::int64_t by_default) {
  if (const char* text = std::getenv("BATON_CASES"); text != nullptr) return std::atoll(text);
#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  return by_default;
#else
  return by_default / 20;
#endif
}

/// Of the systematic ones, every n-th is tried; 1 in an optimised build and wherever BATON_CASES asks for a million.
inline std::int64_t stride() {
  return random_cases(1'000'000) >= 1'000'000 ? 1 : 20;
}

/// Cases are whole runs; steps are comparisons of the two sides.
struct Volume {
  std::int64_t cases = 0;
  std::int64_t steps = 0;
  void print(const char* what) const {
    std::printf("           %s: %lld cases, %lld steps\n", what, static_cast<long long>(cases),
                static_cast<long long>(steps));
  }
};

}  // namespace baton::model
