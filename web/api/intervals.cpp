// The intervals of a DAG's schedule, each with the run that covers it: as rows, and as what a matrix of very many of them
// needs. Dates that runs have and the schedule does not (by hand, of a schedule before) are among them.
#include <algorithm>

#include "web/api/answers.h"
#include "web/api/fields.h"
#include "web/api/list_query.h"

namespace baton::api {

namespace {

constexpr std::size_t kTicksAtOnce = 5'000;
constexpr std::int64_t kUsPerMs = 1'000;

struct Interval {
  WallUs date = kNoTime, end = kNoTime;  ///< no end: its date is none of the schedule
  const CoveredDateView* run = nullptr;
};

struct Intervals {
  std::vector<CoveredDateView> runs;
  std::vector<Interval> list;            ///< oldest first
  bool is_whole = true;
};

/// Ticks by their logical date, in [from, to); the oldest kCoveredDatesMax of them. A tick is due after its date.
std::vector<Interval> ticks_of(const timetable::Timetable& schedule, WallUs from, WallUs to, bool& is_whole) {
  std::vector<Interval> list;
  for (WallUs after = from;;) {
    const std::vector<timetable::Tick> page = schedule.ticks_from(after + 1, kTicksAtOnce);
    for (const timetable::Tick& tick : page) {
      if (tick.logical_date >= to) return list;
      if (tick.logical_date < from) continue;
      if (std::ssize(list) == kCoveredDatesMax) {
        is_whole = false;
        return list;
      }
      list.push_back({tick.logical_date, tick.data_interval.end, nullptr});
    }
    if (page.empty()) return list;
    after = page.back().run_after;
  }
}

/// Both are in order; what has the same date is one.
void add_runs(Intervals& found) {
  std::vector<Interval> merged;
  merged.reserve(found.list.size() + found.runs.size());
  auto tick = found.list.begin();
  for (const CoveredDateView& run : found.runs) {
    while (tick != found.list.end() && tick->date < run.logical_date) merged.push_back(*tick++);
    const bool is_tick = tick != found.list.end() && tick->date == run.logical_date;
    merged.push_back({run.logical_date, is_tick ? tick++->end : kNoTime, &run});
  }
  merged.insert(merged.end(), tick, found.list.end());
  found.list = std::move(merged);
}

Result<Intervals> intervals_of(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return reader.error();
  const auto dag = dag_of_path(**reader, call);
  if (!dag) return dag.error();
  const Range range{time_word(call.request, "from").value_or(kNoTime), time_word(call.request, "to").value_or(kNoTime)};
  auto runs = (*reader)->covered_dates(dag->dag_id, range);
  if (!runs) return runs.error();
  Intervals found;
  found.runs = std::move(*runs);
  found.is_whole = std::ssize(found.runs) < kCoveredDatesMax;
  const KnownDag known = known_of(**reader, *dag, call);
  if (known.ticks != nullptr && known.ticks->has_ticks()) {
    found.list = ticks_of(*known.ticks, range.at_least, range.below, found.is_whole);
  }
  add_runs(found);
  return found;
}

char letter_of(const Interval& one, WallUs now) {
  if (one.run == nullptr) return one.end <= now ? '-' : '.';
  switch (one.run->state) {
    case RunState::queued: return 'q';
    case RunState::running: return 'r';
    case RunState::success: return 's';
    case RunState::failed: return 'f';
  }
  return '-';
}

void append_interval(std::string& out, const Interval& one) {
  JsonObject to(out);
  time_field(to, "logical_date", one.date);
  time_field(to, "data_interval_end", one.end);
  text_field(to, "state", one.run == nullptr ? std::string_view() : to_string(one.run->state));
  text_field(to, "dag_run_id", one.run == nullptr ? std::string_view() : std::string_view(one.run->run_id));
}

http::Response list_intervals(const Call& call) {
  const auto found = intervals_of(call);
  if (!found) return read_error(found.error(), call);
  const std::vector<Interval> rows = rows_of_page(found->list, page_of(call.request));
  std::string body = list_body("intervals", rows, std::ssize(found->list), append_interval);
  body.pop_back();
  body += std::string(",\"is_whole\":") + (found->is_whole ? "true" : "false") + "}";
  return json_response(std::move(body));
}

/// A hundred thousand of them are some kilobytes once they are packed: distances repeat.
http::Response matrix(const Call& call) {
  const auto found = intervals_of(call);
  if (!found) return read_error(found.error(), call);
  const WallUs now = call.services.now();
  std::string body;
  {
    JsonObject out(body);
    std::string& dates = out.member("dates") += '[';
    std::string states;
    std::int64_t last = 0;
    for (const Interval& one : found->list) {
      if (dates.back() != '[') dates += ',';
      const std::int64_t at = one.date / kUsPerMs;
      dates += std::to_string(at - last);
      last = at;
      states += letter_of(one, now);
    }
    dates += ']';
    out.text("states", states);
    bool_field(out, "is_whole", found->is_whole);
  }
  return json_response(std::move(body));
}

}  // namespace

void add_intervals(Operations& operations) {
  operations.at_once["list_dag_intervals"] = list_intervals;
  operations.at_once["get_dag_interval_matrix"] = matrix;
}

}  // namespace baton::api
