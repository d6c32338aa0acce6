#include "scheduler/insight/breaker_value.h"

#include <string>

#include "scheduler/insight/words.h"

namespace baton::insight {
namespace {

Value text_or_null(const std::string& text) {
  return text.empty() ? Value() : Value(text);
}

Value seconds(DurationUs span) {
  return Value(static_cast<double>(span) / static_cast<double>(kSecond));
}

}  // namespace

ValueMap breaker_value(const BreakerRow& row, WallUs now) {
  const BreakerSpec& spec = row.spec;
  std::int64_t failures = 0;
  for (const BreakerSlot& slot : row.window) {
    if (now - slot.at < spec.window_us) failures += slot.failures;
  }
  ValueList count;
  for (const FailureClass& failure : spec.count) count.emplace_back(to_string(failure));
  return {
      {"name", spec.name},
      {"description", text_or_null(spec.description)},
      {"dag_id", text_or_null(row.declared_by)},
      {"state", std::string(to_string(row.state))},
      {"since", json_time(row.since)},
      {"until", json_time(row.state == BreakerState::open ? row.until : kNoTime)},
      {"reason", text_or_null(row.cause)},
      {"actor", text_or_null(row.actor)},
      {"recent_failures", failures},
      {"failures_in_row", std::int64_t{row.in_row}},
      {"probes_running", static_cast<std::int64_t>(row.probes.size())},
      {"failures", std::int64_t{spec.failures}},
      {"consecutive", std::int64_t{spec.consecutive}},
      {"rate", spec.rate},
      {"window_seconds", seconds(spec.window_us)},
      {"cooldown_seconds", seconds(spec.cooldown_us)},
      {"max_cooldown_seconds", seconds(spec.max_cooldown_us)},
      {"next_cooldown_seconds", seconds(row.cooldown_us)},
      {"probes", std::int64_t{spec.probes}},
      {"count", std::move(count)},
      {"updated_at", json_time(row.updated_at)},
  };
}

ValueList breaker_history(const std::vector<BreakerEventRow>& events) {
  ValueList out;
  for (const BreakerEventRow& event : events) {
    out.emplace_back(ValueMap{{"when", json_time(event.at)},
                              {"from", std::string(to_string(event.from))},
                              {"to", std::string(to_string(event.to))},
                              {"reason", text_or_null(event.cause)},
                              {"actor", text_or_null(event.actor)}});
  }
  return out;
}

}  // namespace baton::insight
