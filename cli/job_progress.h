// How far a bulk job of a server has come, in words, and staying to its end.
#pragma once

#include <cstdint>
#include <string>

#include "cli/invocation.h"
#include "cli/server_client.h"

namespace baton::cli {

inline constexpr char kBulkJobs[] = "/api/v2/bulkJobs";

/// `12 of 30, 1 could not be: …`
[[nodiscard]] std::string job_words(const Value& job);
/// To its end: 1 where one of its objects could not be done, or somebody has cancelled it.
int await_job(const Invocation& call, const ServerClient& server, std::int64_t number);

}  // namespace baton::cli
