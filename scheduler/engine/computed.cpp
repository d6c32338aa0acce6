#include "scheduler/engine/computed.h"

#include "scheduler/engine/run_names.h"
#include "scheduler/expr/convert.h"
#include "scheduler/timetable/time_text.h"

namespace baton {
namespace {

Result<std::int32_t> integer_of(const Text& text, const RunNames& names, std::int32_t least, const char* what) {
  const auto value = value_of(text, names);
  if (!value) return Error{std::string(what) + ": " + value.error().message};
  if (value->type() != ValueType::integer) {
    return Error{std::string(what) + " is no integer but " + std::string(to_string(value->type()))};
  }
  if (value->as_int() < least || value->as_int() > INT32_MAX) {
    return Error{std::string(what) + " is " + std::to_string(value->as_int()) + ", not between " +
                 std::to_string(least) + " and " + std::to_string(INT32_MAX)};
  }
  return static_cast<std::int32_t>(value->as_int());
}

/// A duration, or a text that holds one as DAG files write it.
Result<DurationUs> span_of(const Value& value) {
  if (value.type() == ValueType::duration) return expr::duration_to_us(value.as_duration());
  if (value.type() == ValueType::string) return timetable::parse_duration(value.as_string());
  return Error{"the value is no duration but " + std::string(to_string(value.type()))};
}

}  // namespace

Result<DurationUs> timeout_of(const DagRun& run, InstanceNo i) {
  const TaskSpec& spec = run.spec_of(i);
  if (!spec.computed_timeout->is_set()) return spec.timeout_us;
  const auto value = value_of(spec.computed_timeout, RunNames(run, run.at(i).task_no, i));
  if (!value) return Error{"timeout: " + value.error().message};
  const auto span = span_of(*value);
  if (!span) return Error{"timeout: " + span.error().message};
  if (*span <= 0) return Error{"timeout must be more than zero"};
  return *span;
}

Result<std::int32_t> retries_max_of(const DagRun& run, InstanceNo i) {
  const RetryPolicy& policy = run.spec_of(i).retries;
  if (!policy.computed_max.is_set()) return policy.max;
  return integer_of(policy.computed_max, RunNames(run, run.at(i).task_no, i), 0, "retries");
}

Result<std::int32_t> max_parallel_of(const DagRun& run, TaskNo t) {
  const Mapping& mapping = run.dag->spec(t).mapping;
  if (!mapping.computed_max_parallel.is_set()) return mapping.max_parallel;
  return integer_of(mapping.computed_max_parallel, RunNames(run, t), 1, "max_parallel");
}

}  // namespace baton
