// What the server and its connections share. The io thread owns all of it but the pool and the counters.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "web/http/handler_pool.h"
#include "web/http/server.h"

namespace baton::http {

class Connection;

struct Core {
  Core(ServerOptions o, Router r, Authorize a)
      : options(std::move(o)), router(std::move(r)), authorize(std::move(a)), pool(options.limits.queue) {}

  boost::asio::io_context context{1};  ///< first, so that it goes last
  const ServerOptions options;
  const Router router;
  const Authorize authorize;
  std::vector<std::string> hosts;
  HandlerPool pool;
  std::unordered_set<std::shared_ptr<Connection>> connections;
  std::unordered_map<std::string, std::size_t> by_peer;  ///< open connections
  bool is_stopping = false;
  std::function<void()> on_idle;  ///< the last connection has gone while the server stops
  std::atomic<std::uint64_t> requests = 0, refused = 0, open_connections = 0, open_streams = 0;
};

}  // namespace baton::http
