// The numbers that the tasks of a DAG have put out and that their checks have seen, over its newest runs: what a chart
// of them is drawn from. Mapped instances have no line of their own and are left out.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "scheduler/json/json_value.h"
#include "scheduler/model/number.h"
#include "web/api/answers.h"
#include "web/api/fields.h"
#include "web/api/list_query.h"

namespace baton::api {

namespace {

constexpr std::int64_t kRunsDefault = 100, kRunsMax = 1'000;
constexpr std::int64_t kInstancesMax = 5'000, kChecksLooked = 2'000;
constexpr std::size_t kSeriesMax = 60;

struct SeriesPoint {
  std::string run_id;
  double value = 0;
  std::string_view state;  ///< of a check; else empty
};

/// By kind, task and name.
using SeriesKey = std::tuple<std::string_view, std::string, std::string>;
using AllSeries = std::map<SeriesKey, std::vector<SeriesPoint>>;

void take_outputs(AllSeries& all, const InstanceView& instance) {
  if (instance.row.outputs_json.empty() || instance.row.map_index != kUnmapped) return;
  const auto outputs = from_json(instance.row.outputs_json);
  if (!outputs || outputs->type() != ValueType::map) return;
  for (const auto& [name, value] : outputs->as_map()) {
    const bool is_integer = value.type() == ValueType::integer;
    if (!is_integer && value.type() != ValueType::floating) continue;
    const double number = is_integer ? static_cast<double>(value.as_int()) : value.as_double();
    if (!std::isfinite(number)) continue;
    all[{"output", instance.task_id, name.as_string()}].push_back({instance.run_id, number, {}});
  }
}

Status read_outputs(AllSeries& all, Reader& reader, const std::string& dag_id, const std::set<std::string>& runs) {
  InstanceQuery query;
  query.filter.run.dag_ids = {dag_id};
  query.filter.with_hooks = false;
  query.page.limit = kInstancesMax;
  query.page.with_total = false;
  const auto page = reader.list_instances(query);
  if (!page) return page.error();
  for (const InstanceView& instance : page->rows) {
    if (runs.count(instance.run_id) > 0) take_outputs(all, instance);
  }
  return Unit{};
}

/// Newest first: of each run and check the first one that is seen is that of the last try.
Status read_checks(AllSeries& all, Reader& reader, const std::string& dag_id, const std::set<std::string>& runs) {
  CheckQuery query;
  query.dag_id = dag_id;
  query.limit = kChecksLooked;
  const auto rows = reader.list_checks(query);
  if (!rows) return rows.error();
  std::set<std::tuple<std::string, std::string, std::string>> seen;
  for (const CheckRow& row : *rows) {
    if (row.map_index != kUnmapped || runs.count(row.run_id) == 0) continue;
    if (!seen.emplace(row.run_id, row.task_id, row.name).second || !is_decimal(row.observed)) continue;
    const auto value = read_double(row.observed);
    if (value && std::isfinite(*value)) {
      all[{"check", row.task_id, row.name}].push_back({row.run_id, *value, to_string(row.state)});
    }
  }
  return Unit{};
}

void append_series(std::string& out, const SeriesKey& key, const std::vector<SeriesPoint>& points) {
  JsonObject one(out);
  one.text("kind", std::get<0>(key));
  one.text("task_id", std::get<1>(key));
  one.text("name", std::get<2>(key));
  append_json_array(one.member("points"), points, [](std::string& to, const SeriesPoint& point) {
    JsonObject at(to);
    at.text("dag_run_id", point.run_id);
    append_json(at.member("value"), Value(point.value));
    text_field(at, "state", point.state);
  });
}

http::Response get_series(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const std::string& dag_id = call.request.param("dag_id");
  if (Status known = check_dag(**reader, dag_id); !known || dag_id == "~") {
    return read_error(known ? Error{"name one DAG", ErrorKind::not_found} : known.error(), call);
  }
  RunQuery query;
  query.filter.dag_ids = {dag_id};
  const auto limit = words(call.request, "limit");
  query.page.limit = limit.empty() ? kRunsDefault : std::clamp<std::int64_t>(whole_number(limit.front()), 1, kRunsMax);
  query.page.with_total = false;
  const auto page = (*reader)->list_runs(query);
  if (!page) return read_error(page.error(), call);
  std::set<std::string> runs;
  for (const RunView& run : page->rows) runs.insert(run.row.run_id);
  AllSeries all;
  if (Status done = read_outputs(all, **reader, dag_id, runs); !done) return read_error(done.error(), call);
  if (Status done = read_checks(all, **reader, dag_id, runs); !done) return read_error(done.error(), call);
  std::string body;
  {
    JsonObject out(body);
    std::string& list = out.member("series") += '[';
    std::size_t shown = 0;
    for (const auto& [key, points] : all) {
      if (shown == kSeriesMax) break;
      if (shown++ > 0) list += ',';
      append_series(list, key, points);
    }
    list += ']';
    out.number("total_entries", static_cast<std::int64_t>(all.size()));
  }
  return hashed_response(std::move(body), call);
}

}  // namespace

void add_series(Operations& operations) { operations.at_once["get_dag_series"] = get_series; }

}  // namespace baton::api
