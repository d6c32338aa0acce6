#include "scheduler/dagfile/breakers.h"

#include <algorithm>
#include <limits>
#include <string>

#include "scheduler/json/json_value.h"
#include "scheduler/model/rate.h"
#include "scheduler/timetable/time_text.h"

namespace baton::dagfile {
namespace {

std::int32_t count_of(const Value& body, std::string_view key, std::int32_t otherwise) {
  const Value* const found = body.find(key);
  if (found == nullptr || found->type() != ValueType::integer) return otherwise;
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(found->as_int(), 0, kMost));
}

double share_of(const Value& body, std::string_view key) {
  const Value* const found = body.find(key);
  if (found == nullptr) return 0;
  if (found->type() == ValueType::integer) return static_cast<double>(found->as_int());
  return found->type() == ValueType::floating ? found->as_double() : 0;
}

/// `true`: the part that is usual.
std::int32_t budget_of(const Value& body) {
  const Value* const found = body.find("retry_budget");
  if (found != nullptr && found->type() == ValueType::boolean) return found->as_bool() ? kRetryMillionths : 0;
  return static_cast<std::int32_t>(std::clamp(share_of(body, "retry_budget"), 0.0, 1.0) * 1e6 + 0.5);
}

/// A duration is a text, or a number of seconds.
DurationUs span_of(const Value& body, std::string_view key, DurationUs otherwise) {
  const Value* const found = body.find(key);
  if (found == nullptr) return otherwise;
  if (found->type() == ValueType::integer) return found->as_int() * kSecond;
  if (found->type() != ValueType::string) return otherwise;
  const auto span = timetable::parse_duration(found->as_string());
  return span ? *span : otherwise;
}

void add_class(const Value& name, std::vector<FailureClass>& classes) {
  if (name.type() != ValueType::string) return;
  if (const auto found = failure_class_from(name.as_string())) classes.push_back(*found);
}

BreakerSpec breaker_of(const std::string& name, const Value& body) {
  BreakerSpec spec;
  spec.name = name;
  spec.failures = count_of(body, "failures", 0);
  spec.consecutive = count_of(body, "consecutive", 0);
  spec.rate = share_of(body, "rate");
  spec.window_us = std::max<DurationUs>(span_of(body, "window", spec.window_us), 1);
  spec.cooldown_us = std::max<DurationUs>(span_of(body, "cooldown", spec.cooldown_us), 1);
  spec.max_cooldown_us = std::max(span_of(body, "max_cooldown", 10 * spec.cooldown_us), spec.cooldown_us);
  spec.probes = std::max(count_of(body, "probes", 1), 1);
  spec.retry_millionths = budget_of(body);
  if (const Value* const description = body.find("description"); description != nullptr) {
    if (description->type() == ValueType::string) spec.description = description->as_string();
  }
  const Value* const count = body.find("count");
  if (count == nullptr) return spec;
  if (count->type() == ValueType::list) {
    for (const Value& item : count->as_list()) add_class(item, spec.count);
  } else {
    add_class(*count, spec.count);
  }
  return spec;
}

}  // namespace

std::vector<BreakerSpec> breakers_from_json(std::string_view json) {
  std::vector<BreakerSpec> out;
  if (json.empty()) return out;
  const auto parsed = from_json(json);
  if (!parsed || parsed->type() != ValueType::map) return out;
  for (const auto& [name, body] : parsed->as_map()) {
    if (body.type() == ValueType::map) out.push_back(breaker_of(name.as_string(), body));
  }
  return out;
}

}  // namespace baton::dagfile
