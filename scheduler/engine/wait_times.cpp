#include "scheduler/engine/wait_times.h"

#include <charconv>
#include <numeric>

namespace baton {
namespace {

constexpr std::string_view kSummedTo = "\"summed_to\":";

}  // namespace

DurationUs WaitTimes::total_us() const { return std::accumulate(us_.begin(), us_.end(), DurationUs{0}); }

std::string WaitTimes::to_json() const {
  std::string out;
  for (std::size_t i = 0; i < us_.size(); ++i) {
    if (us_[i] == 0) continue;
    out += out.empty() ? "{\"" : ",\"";
    out += to_string(static_cast<Wait>(i));
    out += "\":";
    out += std::to_string(us_[i]);
  }
  if (!out.empty()) out += '}';
  return out;
}

std::string WaitTimes::to_json(WallUs at) const {
  std::string out = to_json();
  if (at == kNoTime) return out;
  if (!out.empty()) out.pop_back();
  out += out.empty() ? "{" : ",";
  out.append(kSummedTo).append(std::to_string(at)) += '}';
  return out;
}

WallUs WaitTimes::summed_to(std::string_view json) {
  const std::size_t at = json.find(kSummedTo);
  if (at == std::string_view::npos) return kNoTime;
  WallUs wall = kNoTime;
  const char* digits = json.data() + at + kSummedTo.size();
  const auto parsed = std::from_chars(digits, json.data() + json.size(), wall);
  return parsed.ec == std::errc{} ? wall : kNoTime;
}

WaitTimes WaitTimes::from_json(std::string_view json) {
  WaitTimes times;
  std::size_t at = 0;
  while ((at = json.find('"', at)) != std::string_view::npos) {
    const std::size_t end = json.find('"', at + 1);
    if (end == std::string_view::npos || end + 1 >= json.size() || json[end + 1] != ':') break;
    DurationUs us = 0;
    const char* digits = json.data() + end + 2;
    const auto parsed = std::from_chars(digits, json.data() + json.size(), us);
    if (parsed.ec != std::errc{}) break;
    if (const auto wait = wait_from(json.substr(at + 1, end - at - 1))) times.add(*wait, us);
    at = static_cast<std::size_t>(parsed.ptr - json.data());
  }
  return times;
}

}  // namespace baton
