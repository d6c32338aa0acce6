#include "scheduler/timetable/zone.h"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "scheduler/timetable/quoted.h"

namespace baton::timetable {

struct TimeZone::Rules {
  std::string name;
  absl::TimeZone zone;
};

namespace {

CivilSecond civil_second_of(const absl::CivilSecond& civil) {
  return civil - absl::CivilSecond(1970, 1, 1);
}

/// What `civil` may look like when it is handed to the zone files: a name below the zone folder, nothing else. Abseil
/// would also open absolute paths and `file:` names.
bool is_zone_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '+' || c == '/';
  };
  if (name.empty() || name.size() > 64 || name.front() == '/' || name.front() == '-') return false;
  if (name == "localtime" || name == "posixrules" || name.starts_with("posix/") || name.starts_with("right/")) {
    return false;
  }
  return std::all_of(name.begin(), name.end(), allowed);
}

}  // namespace

TimeZone::TimeZone() : rules_(std::make_shared<const Rules>(Rules{"UTC", absl::UTCTimeZone()})) {}

const std::string& TimeZone::name() const {
  return rules_->name;
}

OffsetStretch TimeZone::stretch_at(std::int64_t second) const {
  const absl::TimeZone& zone = rules_->zone;
  const absl::Time at = absl::FromUnixSeconds(std::clamp(second, kFirstSecond, kEndSecond - 1));
  OffsetStretch stretch;
  stretch.offset_s = zone.At(at).offset;
  absl::TimeZone::CivilTransition change;
  if (zone.NextTransition(at, &change)) {
    stretch.end_s = std::min(kEndSecond, civil_second_of(change.from) - stretch.offset_s);
  }
  if (zone.PrevTransition(at + absl::Seconds(1), &change)) {
    stretch.begin_s = std::max(kFirstSecond, civil_second_of(change.to) - stretch.offset_s);
  }
  // The last change alone decides: since 1900 no zone had two changes within three days of each other.
  stretch.shown_until = stretch.civil_begin();
  if (stretch.begin_s > kFirstSecond) stretch.shown_until = civil_second_of(change.from);
  return stretch;
}

std::int64_t TimeZone::offset_at(std::int64_t second) const {
  return rules_->zone.At(absl::FromUnixSeconds(second)).offset;
}

std::int64_t TimeZone::instant_of(CivilSecond civil) const {
  const auto found = rules_->zone.At(absl::CivilSecond(1970, 1, 1) + civil);
  return absl::ToUnixSeconds(found.kind == absl::TimeZone::TimeInfo::SKIPPED ? found.trans : found.pre);
}

CivilDay TimeZone::day_at(WallUs at) const {
  const std::int64_t second = floor_div(at, kSecond);
  return floor_div(second + offset_at(second), kSecondsPerDay);
}

WallUs TimeZone::day_begin(CivilDay day) const {
  return instant_of(day * kSecondsPerDay) * kSecond;
}

TimeZone utc() {
  return TimeZone();
}

Result<TimeZone> load_zone(std::string_view iana) {
  TimeZone zone;
  if (iana == "UTC") return zone;
  TimeZone::Rules rules{std::string(iana), {}};
  if (!is_zone_name(iana) || !absl::LoadTimeZone(rules.name, &rules.zone)) {
    return Error{"there is no time zone " + quoted(iana) +
                 " on this machine; use a name of the IANA database, such as Europe/Berlin or UTC"};
  }
  zone.rules_ = std::make_shared<const TimeZone::Rules>(std::move(rules));
  return zone;
}

std::vector<std::string> known_zones() {
  namespace fs = std::filesystem;
  const char* const folder = std::getenv("TZDIR");
  const fs::path root = folder != nullptr ? folder : "/usr/share/zoneinfo";
  std::vector<std::string> names;
  std::error_code failed;
  for (fs::recursive_directory_iterator it(root, failed), last; !failed && it != last; it.increment(failed)) {
    const std::string name = it->path().lexically_relative(root).string();
    // Zones begin with a capital; tables (zone.tab), leap seconds and the folders posix and right do not.
    if (it->is_regular_file(failed) && is_zone_name(name) && name.front() >= 'A' && name.front() <= 'Z') {
      names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace baton::timetable
