// The first line as a schedule, the second as a time zone, the third as the moment: ticks rise strictly, and looking
// back finds what looking forward found. Every line as a time and a duration: what is read reads back from its text.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "scheduler/model/check.h"
#include "scheduler/timetable/cron.h"
#include "scheduler/timetable/schedule_spec.h"
#include "scheduler/timetable/time_text.h"
#include "scheduler/timetable/timetable.h"
#include "scheduler/timetable/zone.h"

namespace baton::timetable {
namespace {

constexpr int kTicks = 12;
constexpr WallUs kMoment = 1'774'742'400'000'000;  // 2026-03-29T00:00:00Z, hours before a change of clocks

void check_cron(const Cron& cron, const TimeZone& zone, WallUs moment) {
  WallUs at = moment;
  for (int i = 0; i < kTicks; ++i) {
    const auto next = cron.next_after(at, zone);
    if (!next) break;
    BATON_CHECK(*next > at);
    BATON_CHECK(cron.next_at_or_after(*next, zone) == next && cron.prev_at_or_before(*next, zone) == next);
    const auto before = cron.prev_before(*next, zone);
    if (before) {
      BATON_CHECK(*before <= at);
      BATON_CHECK(cron.next_after(*before, zone) == next);
    }
    at = *next;
  }
}

void check_timetable(const Timetable& table, WallUs moment) {
  WallUs at = moment;
  for (int i = 0; i < kTicks; ++i) {
    const auto tick = table.next_tick(at);
    if (!tick) break;
    BATON_CHECK(tick->run_after > at);
    BATON_CHECK(tick->data_interval.start < tick->data_interval.end);
    BATON_CHECK(tick->data_interval.end == tick->run_after && tick->data_interval.start == tick->logical_date);
    BATON_CHECK(table.prev_tick(tick->run_after + 1) == tick);
    if (i > 0) BATON_CHECK(tick->logical_date == at);
    const DurationUs jitter = table.jitter_of(*tick);
    BATON_CHECK(jitter >= 0);
    at = tick->run_after;
  }
}

void check_texts(std::string_view line, const TimeZone& zone) {
  if (const auto span = parse_duration(line)) {
    BATON_CHECK(*span >= 0);
    const auto again = parse_duration(format_duration_exact(*span));
    BATON_CHECK(again.ok() && *again == *span);
    (void)format_duration(*span);
  }
  if (const auto at = parse_time(line, zone)) {
    const auto again = parse_time(format_rfc3339(*at, utc()), zone);
    BATON_CHECK(again.ok() && *again == *at);
    (void)format_rfc3339(*at, zone);
  }
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

void check_schedule(std::string_view line, const std::string& zone_name, const TimeZone& zone, WallUs moment) {
  int column = 0;
  const auto entry = parse_schedule_text(line, "dag", &column);
  if (!entry) {
    BATON_CHECK(!entry.error().message.empty());
    BATON_CHECK(column >= 1 && column <= static_cast<int>(line.size()) + 1);
    return;
  }
  ScheduleSpec spec;
  spec.entries = {*entry};
  spec.timezone = zone_name;
  spec.jitter_us = 5 * kMinute;
  if (const auto table = Timetable::build(spec, "dag", {})) check_timetable(*table, moment);
  if (entry->cron.empty()) return;
  const auto cron = Cron::parse(entry->cron, "dag");
  BATON_CHECK(cron.ok());
  check_cron(*cron, zone, moment);
}

}  // namespace
}  // namespace baton::timetable

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace baton::timetable;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::array<std::string_view, 3> lines{take_line(text), take_line(text), take_line(text)};
  const auto zone = load_zone(lines[1]);
  const TimeZone used = zone.ok() ? *zone : utc();
  const auto moment = parse_time(lines[2], used);
  for (const std::string_view line : lines) check_texts(line, used);
  check_schedule(lines[0], zone.ok() ? used.name() : "UTC", used, moment.ok() ? *moment : kMoment);
  return 0;
}
