// Which addresses of the network are private: this machine's, those of networks that are not the public one, and all that
// only stands for such a one in another form. Pure; any thread.
#pragma once

struct sockaddr;

namespace baton::delivery {

/// Also what is no address of IPv4 or IPv6.
[[nodiscard]] bool is_private(const sockaddr* address);

}  // namespace baton::delivery
