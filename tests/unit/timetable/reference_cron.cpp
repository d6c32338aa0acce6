#include "tests/unit/timetable/reference_cron.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <ctime>
#include <sstream>

namespace baton::timetable::reference {
namespace {

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, by);) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

int number_of(std::string word) {
  static const std::map<std::string, int> kNames = {{"JAN", 1},  {"FEB", 2},  {"MAR", 3}, {"APR", 4}, {"MAY", 5},
                                                    {"JUN", 6},  {"JUL", 7},  {"AUG", 8}, {"SEP", 9}, {"OCT", 10},
                                                    {"NOV", 11}, {"DEC", 12}, {"SUN", 0}, {"MON", 1}, {"TUE", 2},
                                                    {"WED", 3},  {"THU", 4},  {"FRI", 5}, {"SAT", 6}};
  for (char& c : word) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const auto found = kNames.find(word);
  return found == kNames.end() ? std::stoi(word) : found->second;
}

/// The plain values of a field: lists, ranges, steps, `*`.
std::set<int> values_of(const std::string& field, int low, int high) {
  std::set<int> values;
  for (const std::string& item : split(field, ',')) {
    const std::vector<std::string> halves = split(item, '/');
    int from = low;
    int to = high;
    if (halves[0] != "*" && halves[0] != "?") {
      const std::vector<std::string> ends = split(halves[0], '-');
      from = number_of(ends[0]);
      if (ends.size() == 2) to = number_of(ends[1]);
      if (ends.size() == 1 && halves.size() == 1) to = from;
    }
    for (int v = from; v <= to; v += halves.size() == 2 ? std::stoi(halves[1]) : 1) values.insert(v);
  }
  return values;
}

std::tm date_at(std::int64_t local_day) {
  const std::time_t noon = local_day * 86'400 + 43'200;
  std::tm date = {};
  gmtime_r(&noon, &date);
  return date;
}

/// The weekdays of a month, [1] to [n], from the calendar of glibc.
std::vector<int> grid_of(std::int64_t local_day) {
  const std::tm date = date_at(local_day);
  std::vector<int> weekdays = {-1};
  for (std::int64_t day = local_day - date.tm_mday + 1; date_at(day).tm_mon == date.tm_mon; ++day) {
    weekdays.push_back(date_at(day).tm_wday);
  }
  return weekdays;
}

bool is_workday(int weekday) {
  return weekday >= 1 && weekday <= 5;
}

/// The workday nearest to `day`, by looking one and two days to each side.
int nearest_workday(const std::vector<int>& grid, int day) {
  const int last = static_cast<int>(grid.size()) - 1;
  for (const int delta : {0, -1, 1, -2, 2}) {
    const int other = day + delta;
    if (other >= 1 && other <= last && is_workday(grid[static_cast<std::size_t>(other)])) return other;
  }
  return 0;
}

bool day_item_matches(const std::string& item, int day, const std::vector<int>& grid) {
  const int last = static_cast<int>(grid.size()) - 1;
  if (item == "L") return day == last;
  if (item == "LW") return day == nearest_workday(grid, last);
  if (item.starts_with("L-")) return day == last - std::stoi(item.substr(2));
  if (item.ends_with("W")) {
    const int wanted = std::stoi(item);
    return wanted <= last && day == nearest_workday(grid, wanted);
  }
  return values_of(item, 1, 31).contains(day);
}

bool weekday_item_matches(const std::string& item, int day, const std::vector<int>& grid) {
  const int weekday = grid[static_cast<std::size_t>(day)];
  const int last = static_cast<int>(grid.size()) - 1;
  if (item.ends_with("L")) return weekday == number_of(item.substr(0, item.size() - 1)) % 7 && day + 7 > last;
  if (const auto hash = item.find('#'); hash != std::string::npos) {
    return weekday == number_of(item.substr(0, hash)) % 7 && (day + 6) / 7 == std::stoi(item.substr(hash + 1));
  }
  const std::set<int> values = values_of(item, 0, 6);
  return values.contains(weekday) || (weekday == 0 && values.contains(7));
}

bool unrestricted(const std::string& field) {
  return field[0] == '*' || field[0] == '?';
}

}  // namespace

GlibcZone::GlibcZone(const std::string& name) {
  setenv("TZ", name.c_str(), 1);
  tzset();
}

GlibcZone::~GlibcZone() {
  unsetenv("TZ");
  tzset();
}

std::int64_t GlibcZone::offset_s(std::int64_t utc_second) const {
  const std::time_t at = utc_second;
  std::tm shown = {};
  localtime_r(&at, &shown);
  return shown.tm_gmtoff;
}

std::vector<ShownMinute> GlibcZone::walk(std::int64_t from_minute, std::int64_t to_minute) const {
  std::vector<ShownMinute> minutes;
  minutes.reserve(static_cast<std::size_t>(to_minute - from_minute));
  for (std::int64_t m = from_minute; m < to_minute; ++m) minutes.push_back({m, m + offset_s(m * 60) / 60});
  return minutes;
}

std::vector<std::int64_t> GlibcZone::changes(std::int64_t from_minute, std::int64_t to_minute) const {
  std::vector<std::int64_t> found;
  constexpr std::int64_t kStride = 180;
  for (std::int64_t m = from_minute; m < to_minute; m += kStride) {
    if (offset_s(m * 60) == offset_s((m + kStride) * 60)) continue;
    std::int64_t exact = m + 1;
    while (offset_s(exact * 60) == offset_s(m * 60)) ++exact;
    found.push_back(exact);
  }
  return found;
}

ReferenceCron::ReferenceCron(const std::string& expr) {
  const std::vector<std::string> fields = split(expr, ' ');
  const std::set<int> minutes = values_of(fields.at(0), 0, 59);
  for (const int hour : values_of(fields.at(1), 0, 23)) {
    for (const int minute : minutes) minutes_of_day_.set(static_cast<std::size_t>(hour * 60 + minute));
  }
  hours_follow_the_clock_ = fields.at(1)[0] == '*';
  day_text_ = fields.at(2);
  months_ = values_of(fields.at(3), 1, 12);
  weekday_text_ = fields.at(4);
}

bool ReferenceCron::day_matches(std::int64_t local_day) const {
  if (const auto known = days_.find(local_day); known != days_.end()) return known->second;
  const std::tm date = date_at(local_day);
  const std::vector<int> grid = grid_of(local_day);
  bool by_day = false;
  bool by_weekday = false;
  for (const std::string& item : split(day_text_, ',')) by_day = by_day || day_item_matches(item, date.tm_mday, grid);
  for (const std::string& item : split(weekday_text_, ',')) {
    by_weekday = by_weekday || weekday_item_matches(item, date.tm_mday, grid);
  }
  const bool both = unrestricted(day_text_) || unrestricted(weekday_text_);
  const bool matches = months_.contains(date.tm_mon + 1) && (both ? by_day && by_weekday : by_day || by_weekday);
  days_[local_day] = matches;
  return matches;
}

bool ReferenceCron::matches(std::int64_t local_minute) const {
  const std::int64_t day = (local_minute >= 0 ? local_minute : local_minute - 1439) / 1440;
  return minutes_of_day_[static_cast<std::size_t>(local_minute - day * 1440)] && day_matches(day);
}

std::vector<std::int64_t> ReferenceCron::ticks(const std::vector<ShownMinute>& minutes) const {
  std::vector<std::int64_t> ticks;
  if (minutes.empty()) return ticks;
  std::int64_t next_unseen = minutes.front().local_minute;  // local minutes below it have had their turn
  for (const ShownMinute& minute : minutes) {
    bool tick = false;
    if (hours_follow_the_clock_) {
      tick = matches(minute.local_minute);
    } else {
      for (; next_unseen <= minute.local_minute; ++next_unseen) tick = matches(next_unseen) || tick;
    }
    if (tick) ticks.push_back(minute.utc_minute);
  }
  return ticks;
}

}  // namespace baton::timetable::reference
