#include "cli/engine_metrics.h"

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace baton {
namespace {

/// One metric: a head, and a line for each of its values.
class Gauge {
 public:
  Gauge(std::string& out, std::string name, std::string_view help) : out_(out), name_(std::move(name)) {
    out_.append("# HELP ").append(name_).append(" ").append(help).append("\n# TYPE ").append(name_).append(" gauge\n");
  }
  Gauge& is(std::string_view value) {
    out_.append(name_).append(" ").append(value).append("\n");
    return *this;
  }
  Gauge& is(std::int64_t value) { return is(std::string_view(std::to_string(value))); }
  /// Of one thing; its name is an id: nothing in it must be escaped.
  void of(std::string_view label, std::string_view which, std::int64_t value) {
    out_.append(name_).append("{").append(label).append("=\"").append(which).append("\"} ");
    out_.append(std::to_string(value)).append("\n");
  }

 private:
  std::string& out_;
  std::string name_;
};

}  // namespace

std::string lateness_metric(DurationUs late_us) {
  std::string out;
  Gauge(out, "baton_loop_lateness_seconds", "How late the scheduler's loop is, or came to its last beat.")
      .is(std::string_view(std::to_string(static_cast<double>(late_us) / static_cast<double>(kSecond))));
  return out;
}

std::string engine_metrics(const Engine& engine) {
  std::string out;
  const Admission& admission = engine.admission();
  const RunQueue& queue = engine.queue();
  const auto waiting = static_cast<std::int64_t>(queue.waiting());
  Gauge(out, "baton_frozen", "Whether nothing may begin.").is(queue.is_frozen() ? 1 : 0);
  Gauge(out, "baton_runs_active", "Runs that have begun and not ended.")
      .is(static_cast<std::int64_t>(queue.size()) - waiting);
  Gauge(out, "baton_runs_waiting", "Runs that wait to begin and are due.").is(waiting);
  Gauge(out, "baton_slots", "Attempts that workers may run at a time.").is(engine.workers().capacity());
  Gauge(out, "baton_attempts_live", "Attempts that are claimed or run.").is(admission.live());
  const std::vector<PoolSpec> pools = admission.declared();
  Gauge slots(out, "baton_pool_slots", "Slots of a pool.");
  for (const PoolSpec& pool : pools) slots.of("pool", pool.name, pool.slots);
  Gauge used(out, "baton_pool_used_slots", "Slots of a pool that are taken.");
  for (const PoolSpec& pool : pools) used.of("pool", pool.name, admission.used(pool.name));
  Gauge waits(out, "baton_pool_waiting_for_slots", "Tasks that a pool's slots keep from starting.");
  for (const PoolSpec& pool : pools) waits.of("pool", pool.name, admission.waiting(pool.name));
  Gauge rated(out, "baton_pool_waiting_for_rate", "Tasks that a pool's rate keeps from starting.");
  for (const PoolSpec& pool : pools) {
    const auto rate = admission.rate_of(pool.name, 0);
    if (rate) rated.of("pool", pool.name, static_cast<std::int64_t>(rate->waiting));
  }
  Gauge states(out, "baton_breaker_state", "Of a circuit breaker: 0 closed, 1 open, 2 half open.");
  engine.breakers().each([&](const std::string& name, const Breaker& breaker) {
    states.of("breaker", name, static_cast<std::int64_t>(breaker.state()));
  });
  return out;
}

}  // namespace baton
