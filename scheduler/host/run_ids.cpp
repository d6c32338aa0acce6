#include "scheduler/host/run_ids.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace baton {
namespace {

constexpr std::size_t kRunIdMax = 250;
constexpr std::string_view kOtherCharacters = "_.~:+-";

bool is_allowed(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         kOtherCharacters.find(c) != std::string_view::npos;
}

}  // namespace

bool is_run_id(std::string_view id) {
  return !id.empty() && id != "." && id != ".." && id.size() <= kRunIdMax && std::ranges::all_of(id, is_allowed);
}

std::string manual_run_id(WallUs now, std::uint64_t random) {
  const std::time_t seconds = now / kSecond;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[64];
  std::string id(text, std::strftime(text, sizeof text, "manual__%Y-%m-%dT%H:%M:%S", &utc));
  char fraction[40];
  std::snprintf(fraction, sizeof fraction, ".%06lld+00:00_", static_cast<long long>(now % kSecond));
  id += fraction;
  static constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
  for (int i = 0; i < 6; ++i, random /= kLetters.size()) id += kLetters[random % kLetters.size()];
  return id;
}

}  // namespace baton
