#include "web/api/run_choice.h"

#include <algorithm>
#include <limits>

#include "web/api/many_changes.h"

namespace baton::api {

Result<std::vector<RunRow>> runs_within(Reader& reader, const std::string& dag_id, const Range& dates) {
  RunQuery query;
  query.filter.dag_ids = {dag_id};
  query.filter.logical_date = dates;
  query.order = {{RunField::number, false}};
  query.page.limit = kRunsAtOnce + 1;
  query.page.with_total = false;
  const auto page = reader.list_runs(query);
  if (!page) return page.error();
  if (static_cast<std::int64_t>(page->rows.size()) > kRunsAtOnce) {
    return Error{"these are more than " + std::to_string(kRunsAtOnce) + " runs; name a shorter span of dates",
                 ErrorKind::invalid};
  }
  std::vector<RunRow> runs;
  for (const RunView& run : page->rows) runs.push_back(run.row);
  return runs;
}

Result<std::vector<RunRow>> runs_around(Reader& reader, const RunRow& run, bool with_past, bool with_future) {
  if (run.logical_date == kNoTime || (!with_past && !with_future)) return std::vector<RunRow>{run};
  Range dates;
  dates.at_least = with_past ? kNoTime : run.logical_date;
  dates.below = with_future ? kNoTime : run.logical_date + 1;
  if (dates.is_open()) dates.at_least = std::numeric_limits<std::int64_t>::min() + 1;  // those that have a date
  return runs_within(reader, run.dag_id, dates);
}

Result<RunNo> run_no_of(Reader& reader, const std::string& dag_id, const std::string& run_id) {
  const auto run_no = reader.run_number(dag_id, run_id);
  if (run_no || run_no.error().kind != ErrorKind::not_found) return run_no;
  return Error{"there is no run \"" + run_id + "\" of the DAG \"" + dag_id + "\"", ErrorKind::not_found};
}

Result<RunRow> run_named(Reader& reader, const std::string& dag_id, const std::string& run_id) {
  const auto run_no = run_no_of(reader, dag_id, run_id);
  if (!run_no) return run_no.error();
  auto run = reader.run(*run_no);
  if (!run) return run.error();
  return std::move(run->row);
}

}  // namespace baton::api
