// Pools, breakers, assets, calendars.
#include <algorithm>

#include "scheduler/dagfile/calendars.h"
#include "scheduler/json/json_value.h"
#include "scheduler/dagfile/scalar.h"
#include "scheduler/dagfile/schedule_reader.h"
#include "scheduler/dagfile/task_reader.h"
#include "scheduler/timetable/civil.h"
#include "scheduler/timetable/time_text.h"

namespace baton::dagfile {
namespace {

void check_names(Node map, std::string_view what, Reporter& reporter) {
  for (const auto& [key, value] : Entries(map)) {
    if (is_id(key.text())) continue;
    reporter.error(Rule::invalid_id, key.span(), in_quotes(key.text()) + " is not a name of " + std::string(what));
  }
}

double number_of(Node node, double otherwise) {
  if (!node || !node.is_scalar()) return otherwise;
  const CoreNumber number = core_number(node.text());
  if (number.kind == CoreNumber::Kind::integer) return static_cast<double>(number.integer);
  return number.kind == CoreNumber::Kind::floating ? number.floating : otherwise;
}

void check_part(Node node, std::string_view key, Reporter& reporter) {
  if (!node || !node.is_scalar() || core_bool(node.text())) return;
  const double part = number_of(node, 1);
  if (part > 0 && part <= 1) return;
  reporter.error(Rule::invalid_value, node.span(), in_quotes(key) + " must be more than 0 and at most 1");
}

/// `true`: the part that is usual.
std::int32_t read_retry_budget(Node node, Reporter& reporter) {
  check_part(node, "retry_budget", reporter);
  if (!node || !node.is_scalar()) return 0;
  if (const auto is_on = core_bool(node.text())) return *is_on ? kRetryMillionths : 0;
  return static_cast<std::int32_t>(std::clamp(number_of(node, 0), 0.0, 1.0) * 1e6 + 0.5);
}

Rate read_rate(Node node, Reporter& reporter) {
  if (!node || !node.is_scalar()) return {};
  const auto rate = parse_rate(node.text());
  if (!rate) {
    reporter.error(Rule::invalid_value, node.span(), in_quotes(node.text()) + " is not a rate",
                   "write 10/s, 10/m or 10/h");
  }
  return rate.value_or(Rate{});
}

/// What stands in a map: a time of day, and a zone for it.
void check_freshness(Node node, Reporter& reporter) {
  if (!node || !node.is_map()) return;
  if (const Node by = node.find("by"); by && by.is_scalar() && !timetable::parse_time_of_day(by.text())) {
    reporter.error(Rule::invalid_value, by.span(), in_quotes(by.text()) + " is no time of day", "write \"07:00\"");
  }
  (void)read_timezone(node.find("timezone"), Rule::invalid_value, reporter);
}

constexpr std::string_view kWeekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

}  // namespace

std::vector<std::string> names_of(Node map) {
  std::vector<std::string> names;
  if (!map || !map.is_map()) return names;
  for (const auto& [key, value] : Entries(map)) names.emplace_back(key.text());
  return names;
}

std::vector<PoolSpec> read_pools(Node node, Reporter& reporter) {
  std::vector<PoolSpec> pools;
  if (!node || !node.is_map()) return pools;
  check_names(node, "a pool", reporter);
  for (const auto& [key, value] : Entries(node)) {
    PoolSpec pool;
    pool.name = key.text();
    if (value.is_scalar()) pool.slots = read_int(value, 1);
    if (value.is_map()) {
      pool.slots = read_int(value.find("slots"), 1);
      pool.rate = read_rate(value.find("rate"), reporter);
      pool.retry_millionths = read_retry_budget(value.find("retry_budget"), reporter);
    }
    pools.push_back(std::move(pool));
  }
  return pools;
}

std::string read_breakers(Node node, Reporter& reporter) {
  if (!node || !node.is_map()) return {};
  check_names(node, "a breaker", reporter);
  for (const auto& [key, value] : Entries(node)) {
    if (!value.is_map()) continue;
    const bool opens = value.find("failures") || value.find("consecutive") || value.find("rate");
    if (!opens) {
      reporter.error(Rule::missing_key, key.span(), "the breaker " + in_quotes(key.text()) + " says not when it opens",
                     "give it failures and window, or consecutive");
    }
    check_part(value.find("rate"), "rate", reporter);
    check_part(value.find("retry_budget"), "retry_budget", reporter);
    (void)read_failure_classes(value.find("count"), reporter);
    const DurationUs cooldown = read_duration(value.find("cooldown"), 5 * kMinute);
    if (const Node longest = value.find("max_cooldown"); longest && read_duration(longest, cooldown) < cooldown) {
      reporter.error(Rule::conflicting_keys, longest.span(), "\"max_cooldown\" is less than \"cooldown\"");
    }
  }
  return to_json(value_of(node, reporter));
}

std::string read_assets(Node node, Reporter& reporter) {
  if (!node || !node.is_map()) return {};
  check_names(node, "an asset", reporter);
  for (const auto& [key, value] : Entries(node)) {
    if (!value.is_map()) continue;
    check_freshness(value.find("fresh_within"), reporter);
    check_freshness(value.find("freshness"), reporter);
  }
  return to_json(value_of(node, reporter));
}

std::string read_calendars(Node node, Reporter& reporter) {
  if (!node || !node.is_map()) return {};
  check_names(node, "a calendar", reporter);
  for (const auto& [key, value] : Entries(node)) {
    if (key.text() == "business_days") {
      reporter.error(Rule::duplicate_id, key.span(), "\"business_days\" (Monday to Friday) is there already");
    }
    const Node dates = value.is_map() ? value.find("dates") : value;
    if (!dates || !dates.is_list()) {
      if (value.is_map() && !value.find("weekdays")) {
        reporter.error(Rule::missing_key, key.span(), "the calendar " + in_quotes(key.text()) + " has no days",
                       "give it dates or weekdays");
      }
      continue;
    }
    for (const Node date : Items(dates)) {
      if (!date.is_scalar() || timetable::parse_date(date.text())) continue;
      reporter.error(Rule::invalid_time, date.span(), in_quotes(date.text()) + " is not a date", "write 2026-12-25");
    }
  }
  return to_json(value_of(node, reporter));
}

std::vector<timetable::Calendar> calendars_from_json(std::string_view json) {
  std::vector<timetable::Calendar> calendars;
  if (json.empty()) return calendars;
  const auto parsed = from_json(json);
  if (!parsed || parsed->type() != ValueType::map) return calendars;
  for (const auto& [name, body] : parsed->as_map()) {
    std::vector<timetable::CivilDay> days;
    std::uint8_t weekdays = 0;
    const Value* const dates = body.type() == ValueType::map ? body.find("dates") : &body;
    if (dates != nullptr && dates->type() == ValueType::list) {
      for (const auto& date : dates->as_list()) {
        if (date.type() != ValueType::string) continue;
        if (const auto day = timetable::parse_date(date.as_string())) days.push_back(*day);
      }
    }
    const Value* const given = body.type() == ValueType::map ? body.find("weekdays") : nullptr;
    if (given != nullptr && given->type() == ValueType::list) {
      for (const auto& day : given->as_list()) {
        for (std::size_t i = 0; i < std::size(kWeekdays); ++i) {
          if (day == Value(kWeekdays[i])) weekdays = static_cast<std::uint8_t>(weekdays | (1U << i));
        }
      }
    }
    calendars.push_back(timetable::make_calendar(name.as_string(), std::move(days), weekdays));
  }
  return calendars;
}

}  // namespace baton::dagfile
