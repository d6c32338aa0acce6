// Fields of the API's objects: what is null there is kNoTime or empty in the rows. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "scheduler/json/json_writer.h"
#include "scheduler/model/labels.h"
#include "scheduler/model/time.h"
#include "scheduler/model/value.h"

namespace baton::api {

/// RFC 3339 with microseconds as far as there are some, or null.
void time_field(JsonObject& out, std::string_view name, WallUs at);
/// Seconds between the two, or null where one is missing.
void duration_field(JsonObject& out, std::string_view name, WallUs from, WallUs to);
/// null where it is empty.
void text_field(JsonObject& out, std::string_view name, std::string_view text);
void bool_field(JsonObject& out, std::string_view name, bool value);
void null_field(JsonObject& out, std::string_view name);

void labels_field(JsonObject& out, const Labels& labels);

/// 2026-01-01T00:00:00Z. Not of kNoTime.
std::string time_text(WallUs at);
/// What time_text() writes and every other timestamp of RFC 3339, to the microsecond; kNoTime: it is none. One without
/// an offset is UTC, a plain date its beginning, as clients of Airflow write them.
WallUs time_of_text(std::string_view text);

/// A member of an object that is a text; empty: it is not there, or something else.
std::string text_member(const Value& object, std::string_view name);

}  // namespace baton::api
