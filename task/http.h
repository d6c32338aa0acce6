// One HTTP request with libcurl, and what follows from its answer. Blocks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "task/report.h"
#include "task/spec.h"

namespace baton::task {

Exit run_http(const HttpSpec& spec);

/// What an answer of this status means. Pure.
Exit judge_status(const HttpSpec& spec, std::int64_t status);

/// What of `expect_json` does not hold, in words; empty: all does. Pure.
std::string unmet_of(const HttpSpec& spec, const std::string& body);

/// The url without a user and a password in it. Pure.
std::string shown_url(std::string_view url);

/// Scheme, host and port: what a secret is meant for. Pure.
std::string origin_of(std::string_view url);

}  // namespace baton::task
