#include "scheduler/service/backup_plan.h"

#include <algorithm>

#include "scheduler/model/time_value.h"

namespace baton {
namespace {

constexpr std::string_view kPrefix = "baton-";
constexpr std::string_view kSuffix = "Z.db";
constexpr std::size_t kStampSize = 15;  // 20260131T040000

/// `20260131T040000` of `2026-01-31T04:00:00…`.
std::string compact(const std::string& rfc3339) {
  std::string out;
  for (const char c : rfc3339.substr(0, 19)) {
    if (c != '-' && c != ':') out += c;
  }
  return out;
}

/// `2026-01-31T04:00:00Z` of `20260131T040000`.
std::string spelled_out(const std::string& stamp) {
  return stamp.substr(0, 4) + "-" + stamp.substr(4, 2) + "-" + stamp.substr(6, 5) + ":" + stamp.substr(11, 2) + ":" +
         stamp.substr(13, 2) + "Z";
}

}  // namespace

std::string backup_name(WallUs at) {
  return std::string(kPrefix) + compact(timestamp_text({at / kSecond, 0})) + std::string(kSuffix);
}

WallUs backup_time(const std::string& name) {
  if (name.size() != kPrefix.size() + kStampSize + kSuffix.size()) return kNoTime;
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return kNoTime;
  const std::string stamp = name.substr(kPrefix.size(), kStampSize);
  for (std::size_t i = 0; i < stamp.size(); ++i) {
    if (i == 8 ? stamp[i] != 'T' : stamp[i] < '0' || stamp[i] > '9') return kNoTime;
  }
  const auto read = parse_timestamp(spelled_out(stamp));
  return read ? timestamp_to_us(*read) : kNoTime;
}

WallUs next_backup(const BackupSettings& settings, const std::vector<std::string>& names, WallUs now) {
  WallUs newest = kNoTime;
  for (const std::string& name : names) newest = std::max(newest, backup_time(name));
  if (newest == kNoTime || newest > now) return now;
  return newest + settings.every_us;
}

std::vector<std::string> backups_to_drop(const BackupSettings& settings, std::vector<std::string> names) {
  std::erase_if(names, [](const std::string& name) { return backup_time(name) == kNoTime; });
  std::sort(names.begin(), names.end());
  const auto keep = static_cast<std::size_t>(std::max(1, settings.keep));
  names.resize(names.size() > keep ? names.size() - keep : 0);
  return names;
}

}  // namespace baton
