// LoginThrottle: failed logins slow down whoever makes them. Pure: the time is an argument. Bounded: beyond kPeersMax
// the one that has been quiet for longest is forgotten. Whoever owns it calls it from one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace baton::http {

class LoginThrottle {
 public:
  static constexpr int kFree = 5;  ///< failures that cost nothing
  static constexpr std::int64_t kWaitMaxS = 60;
  static constexpr std::int64_t kForgetS = 15 * 60;  ///< without a failure
  static constexpr std::size_t kPeersMax = 1'000;

  /// Seconds until this peer may try again; 0: now.
  [[nodiscard]] std::int64_t wait_s(const std::string& peer, std::int64_t now_s) const;
  void failed(const std::string& peer, std::int64_t now_s);
  void succeeded(const std::string& peer) { peers_.erase(peer); }

 private:
  struct Failures {
    int count = 0;
    std::int64_t last_s = 0;
  };
  std::map<std::string, Failures> peers_;
};

}  // namespace baton::http
