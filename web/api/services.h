// What the API stands on, and how its operations get at a request. Given once at the start; everything here may be
// called from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "scheduler/model/time.h"
#include "scheduler/model/value.h"
#include "web/api/description.h"
#include "web/http/access.h"
#include "web/http/message.h"
#include "web/http/server.h"

namespace baton::api {

/// How the scheduler is, as told by a thread that is not its own.
struct Health {
  bool is_ready = false;            ///< takes requests: not while it starts, ends, or hangs
  std::string why;                  ///< when it is not
  WallUs scheduler_seen = kNoTime;  ///< when its loop last turned
  WallUs files_seen = kNoTime;      ///< when the folder of DAGs was last looked at; kNoTime: nobody looks
  bool is_store_writable = true;
};

struct Services {
  std::string version;  ///< of Baton, with its commit
  std::function<Health()> health;
  std::function<std::string()>
      metrics;  ///< lines in the format of Prometheus, beside those of the server. May be empty
  http::Access* access = nullptr;
  std::function<http::ServerCounts()> counts;
};

/// One request that fits its description.
struct Call {
  const http::Request& request;
  const Services& services;
  const Value& body;  ///< an empty map where there is none

  /// A member of the body as text; empty: it is not there, or null.
  [[nodiscard]] std::string text(std::string_view name) const;
};

using Operate = std::function<http::Response(const Call&)>;
/// By operationId of the description.
using Operations = std::map<std::string, Operate>;

void add_system(Operations& operations);
void add_auth(Operations& operations);

http::Response json_response(std::string body, int status = 200);

}  // namespace baton::api
