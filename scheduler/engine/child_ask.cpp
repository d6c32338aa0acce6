#include "scheduler/engine/child_ask.h"

#include "scheduler/engine/body.h"
#include "scheduler/expr/convert.h"
#include "scheduler/json/json_value.h"
#include "scheduler/timetable/time_text.h"
#include "scheduler/timetable/zone.h"

namespace baton {
namespace {

std::string child_text(const Value& body, const char* name) {
  const Value* found = body.find(name);
  return found != nullptr && found->type() == ValueType::string ? found->as_string() : std::string();
}

ChildAsk child_ask_of_value(const Value& body) {
  ChildAsk ask;
  ask.params = Value(ValueMap{});
  if (body.type() == ValueType::string) ask.dag_id = body.as_string();
  if (body.type() != ValueType::map) return ask;
  ask.dag_id = child_text(body, "dag");
  if (const Value* params = body.find("params"); params != nullptr && params->type() == ValueType::map) {
    ask.params = *params;
  }
  ask.run_id = child_text(body, "run_id");
  const Value* waits = body.find("wait");
  ask.waits = waits != nullptr && waits->type() == ValueType::boolean && waits->as_bool();
  ask.ignores_failure = child_text(body, "on_failure") == "ignore";
  return ask;
}

Result<WallUs> date_of(const DagRun& run, const Value& body) {
  const Value* date = body.find("logical_date");
  if (date == nullptr || date->type() == ValueType::null) return kNoTime;
  if (date->type() == ValueType::timestamp) return expr::timestamp_to_us(date->as_timestamp());
  if (date->type() != ValueType::string) return Error{"logical_date: the value is no timestamp"};
  if (date->as_string().empty()) return kNoTime;
  const auto zone = timetable::load_zone(run.dag->timezone);
  const auto at = timetable::parse_time(date->as_string(), zone ? *zone : timetable::utc());
  if (!at) return Error{"logical_date: " + at.error().message};
  return *at;
}

/// As its author wrote it.
Value written_child(const TaskSpec& spec) {
  const auto body = from_json(spec.body->json, kExactJsonLimits);
  return body ? *body : Value();
}

}  // namespace

ChildAsk child_ask_of(const TaskSpec& spec) {
  return child_ask_of_value(written_child(spec));
}

Result<ChildAsk> rendered_child_ask(const DagRun& run, InstanceNo i) {
  const auto body = body_of(run, i);
  if (!body) return body.error();
  ChildAsk ask = child_ask_of_value(*body);
  if (auto params = from_json(to_json(ask.params)); params) ask.params = std::move(*params);  // as any trigger gives them
  const auto date = body->type() == ValueType::map ? date_of(run, *body) : Result<WallUs>(kNoTime);
  if (!date) return date.error();
  ask.logical_date = *date;
  const std::int32_t tries = run.at(i).try_number;
  if (!ask.run_id.empty() && tries > 1) ask.run_id += "__" + std::to_string(tries);
  return ask;
}

}  // namespace baton
