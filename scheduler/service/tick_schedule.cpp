// What a schedule is made of, for its ticks: the timetables, and the hash by which an edit is known.
#include <algorithm>
#include <utility>

#include "scheduler/digest/digest.h"
#include "scheduler/service/ticks.h"

namespace baton {
namespace {

/// Each part with its length before it, so that no two lists of parts read alike.
void add(std::string& text, std::string_view part) {
  text += std::to_string(part.size());
  text += ':';
  text += part;
}
void add(std::string& text, std::int64_t number) { add(text, std::to_string(number)); }

void add(std::string& text, std::vector<std::string> names, const std::vector<timetable::Calendar>& calendars) {
  std::sort(names.begin(), names.end());
  add(text, static_cast<std::int64_t>(names.size()));
  for (const std::string& name : names) {
    add(text, name);
    const auto found = std::find_if(calendars.begin(), calendars.end(),
                                    [&](const timetable::Calendar& calendar) { return calendar.name == name; });
    if (found == calendars.end()) continue;
    add(text, found->weekdays);
    add(text, static_cast<std::int64_t>(found->dates.size()));
    for (const timetable::CivilDay day : found->dates) add(text, day);
  }
}

}  // namespace

Result<TickSchedule> tick_schedule(const timetable::ScheduleSpec& spec, std::string_view dag_id,
                                   const std::vector<timetable::Calendar>& calendars, std::int32_t max_active_runs,
                                   std::vector<Blackout> blackouts) {
  Result<timetable::Timetable> ticks = timetable::Timetable::build(spec, dag_id, calendars);
  if (!ticks) return ticks.error();
  TickSchedule schedule;
  schedule.ticks = std::move(ticks).value();
  if (!spec.calendar.only.empty() || !spec.calendar.exclude.empty()) {
    timetable::ScheduleSpec every_day = spec;
    every_day.calendar = {};
    Result<timetable::Timetable> all = timetable::Timetable::build(every_day, dag_id, calendars);
    if (!all) return all.error();
    schedule.all = std::move(all).value();
  }
  schedule.start = spec.start;
  schedule.catchup = spec.catchup;
  schedule.catchup_max = spec.catchup_max;
  schedule.overlap = spec.overlap;
  schedule.runs_max = std::max(max_active_runs, 1);
  schedule.blackouts = std::move(blackouts);
  return schedule;
}

std::string schedule_hash(const timetable::ScheduleSpec& spec, const std::vector<timetable::Calendar>& calendars) {
  std::string text;
  add(text, static_cast<std::int64_t>(spec.entries.size()));
  for (const timetable::ScheduleEntry& entry : spec.entries) {
    add(text, entry.cron);
    add(text, entry.every_us);
    add(text, entry.timezone);
  }
  add(text, spec.timezone);
  add(text, spec.start);
  add(text, spec.end);
  add(text, spec.calendar.only, calendars);
  add(text, spec.calendar.exclude, calendars);
  return sha256_hex(text);
}

}  // namespace baton
