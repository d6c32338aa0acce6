#include "web/api/fields.h"

#include <algorithm>
#include <cstdint>

#include "scheduler/model/time_value.h"

namespace baton::api {

std::string time_text(WallUs at) {
  const std::int64_t seconds = at >= 0 ? at / kSecond : (at - kSecond + 1) / kSecond;
  return timestamp_text({seconds, static_cast<std::int32_t>((at - seconds * kSecond) * 1000)});
}

void time_field(JsonObject& out, std::string_view name, WallUs at) {
  if (at == kNoTime) return null_field(out, name);
  out.text(name, time_text(at));
}

void duration_field(JsonObject& out, std::string_view name, WallUs from, WallUs to) {
  if (from == kNoTime || to == kNoTime) return null_field(out, name);
  const DurationUs span = to - from;
  std::string& text = out.member(name);
  if (span < 0) text += '-';
  const auto us = static_cast<std::uint64_t>(span < 0 ? -span : span);
  append_json_int(text, static_cast<std::int64_t>(us / kSecond));
  // Six digits: a one before them keeps the zeros.
  const std::size_t at = text.size();
  append_json_int(text, static_cast<std::int64_t>(us % kSecond) + kSecond);
  text[at] = '.';
}

void text_field(JsonObject& out, std::string_view name, std::string_view text) {
  if (text.empty()) return null_field(out, name);
  out.text(name, text);
}

void bool_field(JsonObject& out, std::string_view name, bool value) {
  out.member(name) += value ? "true" : "false";
}

void null_field(JsonObject& out, std::string_view name) {
  out.member(name) += "null";
}

namespace {

constexpr std::size_t kDateSize = 10, kMinuteSize = 16;  // 2026-01-31, 2026-01-31T08:30

/// What a time leaves out, put where RFC 3339 wants it.
std::string spelled_out(std::string_view text) {
  std::string out(text);
  if (out.size() == kDateSize) return out + "T00:00:00Z";
  if (out.size() < kMinuteSize) return out;
  if (out[kDateSize] == ' ') out[kDateSize] = 'T';
  const std::size_t offset = out.find_first_of("Zz+-", kDateSize);
  if (offset == std::string::npos) out += 'Z';
  if (std::min(offset, out.size() - 1) == kMinuteSize) out.insert(kMinuteSize, ":00");
  return out;
}

}  // namespace

WallUs time_of_text(std::string_view text) {
  const auto time = parse_timestamp(spelled_out(text));
  return time ? time->seconds * kSecond + time->nanos / 1000 : kNoTime;
}

std::string text_member(const Value& object, std::string_view name) {
  const Value* found = object.find(name);
  return found != nullptr && found->type() == ValueType::string ? found->as_string() : std::string();
}

void labels_field(JsonObject& out, const Labels& labels) {
  JsonObject all(out.member("labels"));
  for (const auto& [name, value] : labels) all.text(name, value);
}

}  // namespace baton::api
