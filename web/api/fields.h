// Fields of the API's objects: what is null there is kNoTime or empty in the rows. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "scheduler/json/json_writer.h"
#include "scheduler/model/time.h"

namespace baton::api {

/// RFC 3339 with microseconds as far as there are some, or null.
void time_field(JsonObject& out, std::string_view name, WallUs at);
/// Seconds between the two, or null where one is missing.
void duration_field(JsonObject& out, std::string_view name, WallUs from, WallUs to);
/// null where it is empty.
void text_field(JsonObject& out, std::string_view name, std::string_view text);
void bool_field(JsonObject& out, std::string_view name, bool value);
void null_field(JsonObject& out, std::string_view name);

/// 2026-01-01T00:00:00Z. Not of kNoTime.
std::string time_text(WallUs at);

}  // namespace baton::api
