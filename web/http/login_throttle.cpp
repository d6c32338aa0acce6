#include "web/http/login_throttle.h"

#include <algorithm>

namespace baton::http {

std::int64_t LoginThrottle::wait_s(const std::string& peer, std::int64_t now_s) const {
  const auto found = peers_.find(peer);
  if (found == peers_.end() || found->second.count < kFree) return 0;
  const int beyond = std::min(found->second.count - kFree, 6);
  const std::int64_t pause = std::min<std::int64_t>(std::int64_t{1} << beyond, kWaitMaxS);
  return std::clamp<std::int64_t>(found->second.last_s + pause - now_s, 0, kWaitMaxS);
}

void LoginThrottle::failed(const std::string& peer, std::int64_t now_s) {
  if (peers_.size() >= kPeersMax && peers_.find(peer) == peers_.end()) {
    const auto by_time = [](const auto& a, const auto& b) { return a.second.last_s < b.second.last_s; };
    peers_.erase(std::min_element(peers_.begin(), peers_.end(), by_time));
  }
  Failures& failures = peers_[peer];
  if (now_s - failures.last_s > kForgetS) failures.count = 0;
  ++failures.count;
  failures.last_s = now_s;
}

}  // namespace baton::http
