// The calendar of a DAG: for each day how many of its runs stand in which state. A day is one of UTC; a run belongs to
// the day that it is for, and one that is for none to the day that it was to start on.
#include <array>
#include <map>

#include "web/api/answers.h"
#include "web/api/fields.h"
#include "web/api/list_query.h"

namespace baton::api {

namespace {

constexpr std::int64_t kRunsAtOnce = 5'000;
constexpr std::int64_t kRunsMost = 100'000;  // of a calendar: some three months of a run a minute
constexpr std::int64_t kDayUs = 86'400'000'000;

using StateCounts = std::array<std::int64_t, static_cast<std::size_t>(RunState::failed) + 1>;

struct Calendar {
  std::map<WallUs, StateCounts> days;  // by the beginning of the day
  std::int64_t runs = 0;
  bool is_whole = true;
};

WallUs day_of(WallUs at) {
  const WallUs into = at % kDayUs;
  return at - (into < 0 ? into + kDayUs : into);
}

/// Adds what the filter lets through, the newest first; of those that have a date only where `dated`.
Status count_runs(Reader& reader, RunQuery query, bool dated, Calendar& calendar) {
  query.page.limit = kRunsAtOnce;
  query.page.with_total = false;
  for (;;) {
    const auto page = reader.list_runs(query);
    if (!page) return page.error();
    for (const RunView& run : page->rows) {
      const bool has_date = run.row.logical_date != kNoTime;
      if (has_date != dated) continue;
      const WallUs due = run.row.run_after == kNoTime ? run.row.queued_at : run.row.run_after;
      const WallUs at = dated ? run.row.logical_date : due;
      ++calendar.days[day_of(at)].at(static_cast<std::size_t>(run.row.state));
    }
    calendar.runs += static_cast<std::int64_t>(page->rows.size());
    if (page->next.empty() || page->rows.empty()) return Unit{};
    if (calendar.runs >= kRunsMost) {
      calendar.is_whole = false;
      return Unit{};
    }
    query.page.after = page->next;
  }
}

void append_day(std::string& out, WallUs day, const StateCounts& counts) {
  JsonObject one(out);
  time_field(one, "date", day);
  for (std::size_t k = 0; k < counts.size(); ++k) {
    one.number(to_string(static_cast<RunState>(k)), counts.at(k));
  }
}

/// From `from` up to but not `to`; either may be absent.
Range range_of(const http::Request& request) {
  const auto at = [&](std::string_view name) {
    const auto text = request.query_value(name);
    return text ? time_of_text(*text) : kNoTime;
  };
  return Range{at("from"), at("to")};
}

http::Response calendar(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const std::string dag_id = call.request.param("dag_id");
  if (const auto known = check_dag(**reader, dag_id); !known) return read_error(known.error(), call);
  const Range range = range_of(call.request);
  Calendar found;
  for (const bool dated : {true, false}) {
    RunQuery query;
    query.filter.dag_ids = {dag_id};
    (dated ? query.filter.logical_date : query.filter.run_after) = range;
    query.order = {{dated ? RunField::logical_date : RunField::run_after, true}};
    if (const auto counted = count_runs(**reader, std::move(query), dated, found); !counted) {
      return read_error(counted.error(), call);
    }
  }
  std::string body;
  {
    JsonObject out(body);
    std::string& days = out.member("days") += '[';
    bool is_first = true;
    for (const auto& [day, counts] : found.days) {
      if (!is_first) days += ',';
      is_first = false;
      append_day(days, day, counts);
    }
    days += ']';
    bool_field(out, "is_whole", found.is_whole);
  }
  return json_response(std::move(body));
}

}  // namespace

void add_calendar(Operations& operations) {
  operations.at_once["get_dag_calendar"] = calendar;
}

}  // namespace baton::api
