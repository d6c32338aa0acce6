// The `schedule:` of a DAG as data (docs/dag-language.md): what the author wrote, with names resolved to nothing yet.
// Timetable::build gives it meaning. Plain values, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/model/result.h"
#include "scheduler/model/time.h"

namespace baton::timetable {

enum class Catchup : std::uint8_t { none, latest, all };
enum class Overlap : std::uint8_t { queue, skip, cancel_running };

/// One source of ticks: a cron expression (or `@daily`), or a fixed span of elapsed time.
struct ScheduleEntry {
  std::string cron;         // empty: `every_us` counts
  DurationUs every_us = 0;  // whole seconds, at least 1 s, where cron is empty
  std::string timezone;     // empty: that of the ScheduleSpec
  bool operator==(const ScheduleEntry&) const = default;
};

/// Days on which ticks count. Names are calendars, or `business_days` (Monday to Friday).
struct CalendarRule {
  std::vector<std::string> only;     // the day must be in one of these; empty: any day
  std::vector<std::string> exclude;  // and in none of these
  bool operator==(const CalendarRule&) const = default;
};

/// `{all: [a, {any: [b, c]}]}`. Data only; assets are matched elsewhere.
struct AssetCondition {
  enum class Kind : std::uint8_t { asset, all, any };
  Kind kind = Kind::asset;
  std::string asset;                     // Kind::asset
  std::vector<AssetCondition> children;  // Kind::all, Kind::any
  bool operator==(const AssetCondition&) const = default;
};

/// Without entries and assets the DAG is manual.
struct ScheduleSpec {
  std::vector<ScheduleEntry> entries;
  std::string timezone = "UTC";
  WallUs start = kNoTime;  // start ≤ logical_date < end; kNoTime: no limit
  WallUs end = kNoTime;
  Catchup catchup = Catchup::none;
  std::int64_t catchup_max = 0;  // with Catchup::all: only the newest so many; 0: no limit
  Overlap overlap = Overlap::queue;
  DurationUs jitter_us = 0;
  CalendarRule calendar;
  std::optional<AssetCondition> assets;
  bool assets_merge = false;
  bool operator==(const ScheduleSpec&) const = default;
};

/// Whether `every: …` may be so long: whole seconds, at least one.
Status check_every(DurationUs every_us);

/// Reads a schedule written as one string: `30 2 * * *`, `@daily`, `every 15m`. Cron text is parsed to check it.
/// `error_column` gets the 1-based column of the mistake inside `text`.
Result<ScheduleEntry> parse_schedule_text(std::string_view text, std::string_view dag_id, int* error_column = nullptr);

}  // namespace baton::timetable
