// Rng: the only source of chance in the simulation, and hashes for what must not depend on order. The same seed gives
// the same numbers on every machine. Values; each part of the simulation owns its own stream.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace baton::sim {

/// The finalizer of splitmix64.
constexpr std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31U);
}

constexpr std::uint64_t hash_of(std::initializer_list<std::uint64_t> parts) {
  std::uint64_t h = 0x243f6a8885a308d3ULL;
  for (const std::uint64_t part : parts) h = mix(h ^ part);
  return h;
}

constexpr std::uint64_t hash_text(std::string_view text, std::uint64_t h = 0xcbf29ce484222325ULL) {
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return mix(h);
}

class Rng {
 public:
  explicit Rng(std::uint64_t seed) : state_(mix(seed)) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    return mix(state_);
  }
  /// 0 ≤ result < n.
  std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(n)); }
  /// lo ≤ result ≤ hi.
  std::int64_t between(std::int64_t lo, std::int64_t hi) { return lo + below(hi - lo + 1); }
  bool percent(std::int64_t p) { return below(100) < p; }
  bool per_mille(std::int64_t p) { return below(1000) < p; }
  /// Many small values and few large ones: uniform in the logarithm.
  std::int64_t log_between(std::int64_t lo, std::int64_t hi);

 private:
  std::uint64_t state_;
};

inline std::int64_t Rng::log_between(std::int64_t lo, std::int64_t hi) {
  std::int64_t top = lo;
  int doublings = 0;
  while (top < hi) {
    top *= 2;
    ++doublings;
  }
  std::int64_t low = lo;
  for (std::int64_t k = doublings > 0 ? below(doublings) : 0; k > 0; --k) low *= 2;
  return between(low, low * 2 < hi ? low * 2 : hi);
}

}  // namespace baton::sim
