#include "scheduler/control/run_job.h"

#include <array>
#include <utility>
#include <vector>

#include "scheduler/json/json_value.h"

namespace baton {
namespace {

constexpr std::array<std::string_view, kRunJobActionCount> kRunJobActions = {"delete",       "clear",      "retry", "cancel",
                                                                            "mark_success", "mark_failed"};

Value list_of_texts(const std::vector<std::string>& list) {
  ValueList out;
  for (const std::string& one : list) out.emplace_back(one);
  return Value(std::move(out));
}

void put_texts(ValueMap& out, const char* name, const std::vector<std::string>& list) {
  if (!list.empty()) out.emplace_back(name, list_of_texts(list));
}

void put_range(ValueMap& out, const std::string& name, const Range& range) {
  if (range.at_least != kNoTime) out.emplace_back(name + "_at_least", range.at_least);
  if (range.below != kNoTime) out.emplace_back(name + "_below", range.below);
}

class JobReader {
 public:
  explicit JobReader(const Value& job) : job_(job) {}

  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const {
    std::vector<std::string> out;
    const Value* list = job_.find(name);
    if (list == nullptr || list->type() != ValueType::list) return out;
    for (const Value& one : list->as_list()) {
      if (one.type() == ValueType::string) out.push_back(one.as_string());
    }
    return out;
  }
  [[nodiscard]] std::int64_t number(std::string_view name, std::int64_t otherwise) const {
    const Value* found = job_.find(name);
    return found != nullptr && found->type() == ValueType::integer ? found->as_int() : otherwise;
  }
  [[nodiscard]] std::string text(std::string_view name) const {
    const Value* found = job_.find(name);
    return found != nullptr && found->type() == ValueType::string ? found->as_string() : std::string();
  }
  [[nodiscard]] bool flag(std::string_view name) const {
    const Value* found = job_.find(name);
    return found != nullptr && found->type() == ValueType::boolean && found->as_bool();
  }
  [[nodiscard]] Range range(const std::string& name) const {
    Range out;
    out.at_least = number(name + "_at_least", kNoTime);
    out.below = number(name + "_below", kNoTime);
    return out;
  }
  [[nodiscard]] const Value* find(std::string_view name) const { return job_.find(name); }

 private:
  const Value& job_;
};

Error unreadable_job() { return {"what a job is about cannot be read", ErrorKind::storage}; }

}  // namespace

std::string_view to_string(RunJobAction action) { return kRunJobActions[static_cast<std::size_t>(action)]; }

std::string kind_of(const RunJobAsk& ask) { return std::string(to_string(ask.action)) + "_runs"; }

std::string job_json(const RunJobAsk& ask) {
  const RunFilter& filter = ask.filter;
  ValueMap out = {{"action", std::string(to_string(ask.action))}};
  put_texts(out, "dag_ids", filter.dag_ids);
  put_texts(out, "dag_run_ids", filter.run_ids);
  put_texts(out, "dag_run_id_parts", filter.run_id.parts);
  std::vector<std::string> states, types;
  for (const RunState state : filter.states) states.emplace_back(to_string(state));
  for (const RunType type : filter.types) types.emplace_back(to_string(type));
  put_texts(out, "states", states);
  put_texts(out, "run_types", types);
  ValueMap labels;
  for (const auto& [name, value] : filter.labels) labels.emplace_back(name, value ? Value(*value) : Value{});
  if (!labels.empty()) out.emplace_back("labels", std::move(labels));
  put_range(out, "logical_date", filter.logical_date);
  put_range(out, "run_after", filter.run_after);
  put_range(out, "started_at", filter.started_at);
  put_range(out, "ended_at", filter.ended_at);
  out.emplace_back("number_max", filter.number_max);
  if (ask.per_second > 0) out.emplace_back("per_second", ask.per_second);
  if (ask.takes_latest) out.emplace_back("latest", true);
  if (!ask.why.empty()) out.emplace_back("why", ask.why);
  return to_json(Value(std::move(out)));
}

/// What this program does not know would let through what was never meant: an error, and no job.
Result<RunJobAsk> run_job_from_json(const std::string& json) {
  const auto value = from_json(json);
  if (!value || value->type() != ValueType::map) return unreadable_job();
  const JobReader job(*value);
  RunJobAsk out;
  const std::string action = job.text("action");
  std::size_t k = 0;
  while (k < kRunJobActionCount && kRunJobActions[k] != action) ++k;
  if (k == kRunJobActionCount) return unreadable_job();
  out.action = static_cast<RunJobAction>(k);
  out.filter.dag_ids = job.texts("dag_ids");
  out.filter.run_ids = job.texts("dag_run_ids");
  out.filter.run_id.parts = job.texts("dag_run_id_parts");
  out.filter.run_id.is_literal = true;
  for (const std::string& name : job.texts("states")) {
    const auto state = run_state_from(name);
    if (!state) return unreadable_job();
    out.filter.states.push_back(*state);
  }
  for (const std::string& name : job.texts("run_types")) {
    const auto type = run_type_from(name);
    if (!type) return unreadable_job();
    out.filter.types.push_back(*type);
  }
  if (const Value* labels = job.find("labels"); labels != nullptr && labels->type() == ValueType::map) {
    for (const auto& [name, label] : labels->as_map()) {
      const bool has_value = label.type() == ValueType::string;
      out.filter.labels.emplace_back(name.as_string(), has_value ? std::optional(label.as_string()) : std::nullopt);
    }
  }
  out.filter.logical_date = job.range("logical_date");
  out.filter.run_after = job.range("run_after");
  out.filter.started_at = job.range("started_at");
  out.filter.ended_at = job.range("ended_at");
  out.filter.number_max = job.number("number_max", 0);
  if (out.filter.number_max <= 0) return unreadable_job();
  if (const Value* rate = job.find("per_second")) {
    if (rate->type() == ValueType::floating) out.per_second = rate->as_double();
    if (rate->type() == ValueType::integer) out.per_second = static_cast<double>(rate->as_int());
  }
  out.takes_latest = job.flag("latest");
  out.why = job.text("why");
  return out;
}

BulkJobRow rest_job(std::int64_t job_no, const RunRestAsk& ask, std::int64_t instances, const std::string& actor,
                    WallUs at) {
  BulkJobRow row;
  row.job_no = job_no;
  row.kind = kRunRestKind;
  row.actor = actor;
  row.filter_json = to_json(Value(ValueMap{{"run_no", ask.run_no}, {"name", ask.name}}));
  row.total = instances;
  row.created_at = at;
  if (instances > kRestPart) return row;
  row.state = JobState::completed;
  row.done = row.cursor = instances;
  row.ended_at = at;
  return row;
}

Result<RunRestAsk> rest_from_json(const std::string& json) {
  const auto value = from_json(json);
  if (!value || value->type() != ValueType::map) return unreadable_job();
  const JobReader job(*value);
  RunRestAsk out{job.number("run_no", 0), job.text("name")};
  if (out.run_no == 0) return unreadable_job();
  return out;
}

}  // namespace baton
