// `diff`: what changed between two runs.
#include <map>
#include <tuple>

#include "cli/handlers.h"
#include "cli/reading.h"
#include "cli/text/clock_text.h"
#include "cli/text/display_width.h"
#include "cli/text/document_text.h"
#include "cli/text/table.h"
#include "cli/views.h"
#include "scheduler/expr/json.h"

namespace baton::cli {
namespace {

using text::Ink;

struct Change {
  std::string what, before, after;  ///< `params.region`, `load[3] state`
};

struct Side {
  RunView run;
  std::vector<InstanceView> instances;
};

std::string shown(std::string_view text) {
  return text.empty() ? "-" : text::printable(text);
}

void compare_params(const Side& a, const Side& b, std::vector<Change>& out) {
  const Result<Value> left = expr::from_json(a.run.row.conf_json);
  const Result<Value> right = expr::from_json(b.run.row.conf_json);
  if (!left || !right || left->type() != ValueType::map || right->type() != ValueType::map) return;
  const auto text_of = [](const Value* value) { return value == nullptr ? std::string("-") : expr::to_json(*value); };
  for (const auto& [key, value] : left->as_map()) {
    const Value* other = right->find(key.as_string());
    if (other == nullptr || !(*other == value))
      out.push_back({"params." + key.as_string(), expr::to_json(value), text_of(other)});
  }
  for (const auto& [key, value] : right->as_map()) {
    if (left->find(key.as_string()) == nullptr) out.push_back({"params." + key.as_string(), "-", expr::to_json(value)});
  }
}

void compare_runs(const Side& a, const Side& b, std::vector<Change>& out) {
  const RunRow& left = a.run.row;
  const RunRow& right = b.run.row;
  const auto add = [&](const char* what, const std::string& before, const std::string& after) {
    if (before != after) out.push_back({what, shown(before), shown(after)});
  };
  add("dag", left.dag_id, right.dag_id);
  if (left.dag_version != right.dag_version) {
    add("version", std::to_string(a.run.version_number) + " (" + left.dag_version.substr(0, 8) + ")",
        std::to_string(b.run.version_number) + " (" + right.dag_version.substr(0, 8) + ")");
  }
  add("state", std::string(to_string(left.state)), std::string(to_string(right.state)));
  add("interval", text::utc_time(left.interval_start) + " / " + text::utc_time(left.interval_end),
      text::utc_time(right.interval_start) + " / " + text::utc_time(right.interval_end));
  compare_params(a, b, out);
  const auto span = [](const RunRow& row) {
    return row.ended_at == kNoTime || row.started_at == kNoTime ? std::string()
                                                                : text::span(row.ended_at - row.started_at);
  };
  add("duration", span(left), span(right));
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
    out.push_back({name + " duration", text::span(left), text::span(right)});
  if (a.row.outputs_json != b.row.outputs_json)
    out.push_back({name + " outputs", shown(a.row.outputs_json), shown(b.row.outputs_json)});
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

Result<Side> side_of(const Invocation& call, std::size_t at) {
  Result<OpenRun> run = open_run(call, at);
  if (!run) return run.error();
  Result<std::vector<InstanceView>> instances = all_instances(*run->reader, run->run_no);
  if (!instances) return instances.error();
  return Side{std::move(run->run), std::move(*instances)};
}

}  // namespace

int diff_command(const Invocation& call) {
  const Result<Side> a = side_of(call, 0);
  if (!a) return call.fail(a.error());
  const Result<Side> b = side_of(call, 1);
  if (!b) return call.fail(b.error());
  std::vector<Change> changes;
  compare_runs(*a, *b, changes);
  compare_instances(*a, *b, changes);
  if (call.format() != Format::table) {
    ValueList list;
    for (const Change& change : changes) {
      list.push_back(
          text::Object().set("what", change.what).set("before", change.before).set("after", change.after).take());
    }
    call.print_document(text::Object()
                            .set("before", run_object(a->run, false))
                            .set("after", run_object(b->run, false))
                            .set("changes", std::move(list))
                            .take());
    return kOk;
  }
  if (changes.empty()) {
    call.note("nothing differs that is worth a line");
    return kOk;
  }
  const text::Style& style = call.out_style();
  text::Table table(
      {{"WHAT", false, true, 16}, {a->run.row.run_id, false, true, 12}, {b->run.row.run_id, false, true, 12}});
  for (const Change& change : changes)
    table.add({change.what, style.paint(Ink::red, change.before), style.paint(Ink::green, change.after)});
  Invocation::print(table.render(style, call.out_width()));
  return kOk;
}

}  // namespace baton::cli
