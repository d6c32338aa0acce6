#include "scheduler/insight/diff.h"

#include <algorithm>
#include <map>

#include "scheduler/insight/words.h"
#include "scheduler/json/json_value.h"

namespace baton::insight {
namespace {

std::string or_dash(std::string_view text) {
  return text.empty() ? "-" : std::string(text);
}

void compare_params(const Side& a, const Side& b, std::vector<Change>& out) {
  const Result<Value> left = from_json(a.run.row.conf_json);
  const Result<Value> right = from_json(b.run.row.conf_json);
  if (!left || !right || left->type() != ValueType::map || right->type() != ValueType::map) return;
  const auto text_of = [](const Value* value) { return value == nullptr ? std::string("-") : to_json(*value); };
  for (const auto& [key, value] : left->as_map()) {
    const Value* other = right->find(key.as_string());
    if (other == nullptr || !(*other == value))
      out.push_back({"params." + key.as_string(), to_json(value), text_of(other)});
  }
  for (const auto& [key, value] : right->as_map()) {
    if (left->find(key.as_string()) == nullptr) out.push_back({"params." + key.as_string(), "-", to_json(value)});
  }
}

void compare_runs(const Side& a, const Side& b, std::vector<Change>& out) {
  const RunRow& left = a.run.row;
  const RunRow& right = b.run.row;
  const auto add = [&](const char* what, const std::string& before, const std::string& after) {
    if (before != after) out.push_back({what, or_dash(before), or_dash(after)});
  };
  add("dag", left.dag_id, right.dag_id);
  if (left.dag_version != right.dag_version) {
    add("version", std::to_string(a.run.version_number) + " (" + left.dag_version.substr(0, 8) + ")",
        std::to_string(b.run.version_number) + " (" + right.dag_version.substr(0, 8) + ")");
  }
  add("state", std::string(to_string(left.state)), std::string(to_string(right.state)));
  add("interval", utc_time(left.interval_start) + " / " + utc_time(left.interval_end),
      utc_time(right.interval_start) + " / " + utc_time(right.interval_end));
  compare_params(a, b, out);
  const auto took = [](const RunRow& row) {
    return row.ended_at == kNoTime || row.started_at == kNoTime ? std::string()
                                                                : span(row.ended_at - row.started_at);
  };
  add("duration", took(left), took(right));
}

/// A change of a tenth, and of a tenth of a second, is one worth a line.
bool differs(DurationUs a, DurationUs b) {
  const DurationUs more = std::max(a, b);
  const DurationUs apart = a > b ? a - b : b - a;
  return apart > more / 10 && apart > 100 * kMillisecond;
}

void compare_instance(const InstanceView& a, const InstanceView& b, std::vector<Change>& out) {
  const std::string name = instance_name(b);
  if (a.row.state != b.row.state || a.row.reason != b.row.reason) {
    const auto words = [](const TaskRow& row) {
      return std::string(to_string(row.state)) +
             (row.reason == Reason::none ? "" : " (" + std::string(to_string(row.reason)) + ")");
    };
    out.push_back({name + " state", words(a.row), words(b.row)});
  }
  const DurationUs left = duration_of(a.row.started_at, a.row.ended_at, a.row.started_at);
  const DurationUs right = duration_of(b.row.started_at, b.row.ended_at, b.row.started_at);
  if (left >= 0 && right >= 0 && differs(left, right))
    out.push_back({name + " duration", span(left), span(right)});
  if (a.row.outputs_json != b.row.outputs_json)
    out.push_back({name + " outputs", or_dash(a.row.outputs_json), or_dash(b.row.outputs_json)});
  if (a.row.try_number != b.row.try_number) {
    out.push_back({name + " tries", std::to_string(a.row.try_number), std::to_string(b.row.try_number)});
  }
}

void compare_instances(const Side& a, const Side& b, std::vector<Change>& out) {
  std::map<std::pair<std::string, std::int32_t>, const InstanceView*> left;
  for (const InstanceView& view : a.instances) left[{view.task_id, view.row.map_index}] = &view;
  for (const InstanceView& view : b.instances) {
    const auto found = left.find({view.task_id, view.row.map_index});
    if (found == left.end()) {
      out.push_back({instance_name(view), "-", std::string(to_string(view.row.state))});
      continue;
    }
    compare_instance(*found->second, view, out);
    left.erase(found);
  }
  for (const auto& [key, view] : left)
    out.push_back({instance_name(*view), std::string(to_string(view->row.state)), "-"});
}

}  // namespace

std::vector<Change> diff(const Side& before, const Side& after) {
  std::vector<Change> out;
  compare_runs(before, after, out);
  compare_instances(before, after, out);
  return out;
}

}  // namespace baton::insight
