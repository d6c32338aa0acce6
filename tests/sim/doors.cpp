#include "tests/sim/doors.h"

#include <fmt/format.h>

#include <algorithm>

namespace baton::sim {

void Doors::begin() {
  courses_.clear();
  claims_.clear();
  for (const auto& [name, row] : rows_) courses_[name].before = row.state;
}

void Doors::take(const ServiceRows& rows) {
  for (const BreakerRow& row : rows.breakers) {
    rows_.insert_or_assign(row.spec.name, row);
    if (static_cast<std::int32_t>(row.probes.size()) > row.spec.probes) {
      ground_.findings.fail("INV-13", fmt::format("breaker {} has {} probes and {} permits", row.spec.name,
                                                  row.probes.size(), row.spec.probes));
    }
    if (row.state != BreakerState::half_open && !row.probes.empty()) {
      ground_.findings.fail("INV-13", "breaker " + row.spec.name + " is not half open and has probes");
    }
  }
  for (const BreakerEventRow& event : rows.breaker_events) {
    courses_[event.name].later.push_back(event.to);
    ground_.say(fmt::format("  breaker {} {} -> {}: {}", event.name, to_string(event.from), to_string(event.to), event.cause));
    if (event.from == BreakerState::closed && event.to == BreakerState::open) ground_.strike(Fault::breaker_opened);
    if (event.from == BreakerState::half_open && event.to == BreakerState::open && event.actor.empty()) {
      ground_.strike(Fault::probe_failed);
    }
    if (event.from == BreakerState::half_open && event.to == BreakerState::closed && event.actor.empty()) {
      ground_.strike(Fault::probe_succeeded);
    }
  }
}

void Doors::claimed(const AttemptKey& key, const std::vector<std::string>& breakers) {
  for (const std::string& name : breakers) claims_.push_back({key, name});
}

void Doors::end() {
  for (const Claim& claim : claims_) check(claim);
}

/// A batch gathers for a while: what a breaker was at any moment of it may have let the claim through. Where it stood
/// still all that while, there is one answer.
void Doors::check(const Claim& claim) {
  const auto row = rows_.find(claim.breaker);
  if (row == rows_.end()) return;  // nobody has declared it
  const Course& course = courses_[claim.breaker];
  std::vector<BreakerState> all = course.later;
  all.push_back(course.before);
  const auto was = [&](BreakerState state) { return std::find(all.begin(), all.end(), state) != all.end(); };
  if (was(BreakerState::closed)) return;
  const std::string name = text_of(claim.key) + " is claimed while breaker " + claim.breaker;
  if (!was(BreakerState::half_open)) return ground_.findings.fail("INV-13", name + " is open");
  if (!course.later.empty()) return;
  const auto& probes = row->second.probes;
  if (std::find(probes.begin(), probes.end(), claim.key) == probes.end()) {
    ground_.findings.fail("INV-13", name + " is half open, and has no permit");
  }
}

std::vector<BreakerRow> Doors::rows() const {
  std::vector<BreakerRow> out;
  for (const auto& [name, row] : rows_) out.push_back(row);
  return out;
}

std::string difference(const BreakerRow& a, const BreakerRow& b) {
  const auto differs = [&](const char* what) { return "breaker " + a.spec.name + ": " + what; };
  if (!(a.spec == b.spec) || a.declared_by != b.declared_by) return differs("what was declared");
  if (a.state != b.state || a.since != b.since || a.until != b.until) return differs("its state");
  if (a.cooldown_us != b.cooldown_us || a.in_row != b.in_row || a.window != b.window) return differs("what it counts");
  if (a.probes != b.probes) return differs("its probes");
  if (a.cause != b.cause || a.actor != b.actor) return differs("its cause");
  return {};
}

}  // namespace baton::sim
