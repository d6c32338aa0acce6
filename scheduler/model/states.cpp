#include "scheduler/model/states.h"

#include <cstddef>

namespace baton {
namespace {

constexpr std::array<std::string_view, 4> kRunStates = {"queued", "running", "success", "failed"};
constexpr std::array<std::string_view, kTaskStateCount> kTaskStates = {
    "none",    "scheduled",       "queued",       "running",           "success",  "failed",
    "skipped", "upstream_failed", "up_for_retry", "up_for_reschedule", "deferred", "removed"};
constexpr std::array<std::string_view, 4> kRunTypes = {"manual", "scheduled", "backfill", "asset_triggered"};
constexpr std::array<std::string_view, kReasonCount> kReasons = {
    "",        "exit_code",  "signal",  "oom",     "timeout",   "run_timeout", "heartbeat", "lost",
    "spawn",   "outputs",    "expression", "secret", "stopped",  "fail_fast",   "condition", "exit_skip",
    "no_items", "trigger_rule", "cached", "upstream_failed", "marked", "not_selected", "unsupported", "cache_key",
    "cleared", "replaced", "marking_success", "marking_failed", "state", "checks", "rejected", "deadlock"};
constexpr std::array<std::string_view, kWaitCount> kWaits = {
    "ended", "pause", "calendar", "approval", "upstream", "backoff",  "breaker", "limit",    "pool",
    "rate",  "slots", "worker",   "commit",   "sensor",   "starting", "running", "stopping", "offline", "child"};
constexpr std::array<std::string_view, 12> kTriggerRules = {
    "all_success", "all_failed", "all_done",    "all_done_min_one_success",    "all_skipped",  "one_success",
    "one_failed",  "one_done",   "none_failed", "none_failed_min_one_success", "none_skipped", "always"};
constexpr std::array<std::string_view, 9> kTaskKinds = {"run",      "exec",        "http", "sql", "sensor", "checks",
                                                        "approval", "trigger_dag", "noop"};

template <typename E, std::size_t N>
std::optional<E> find(const std::array<std::string_view, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == name) return static_cast<E>(i);
  }
  return std::nullopt;
}

template <typename E, std::size_t N>
std::string_view name_of(const std::array<std::string_view, N>& names, E value) {
  return names[static_cast<std::size_t>(value)];
}

constexpr std::uint16_t bit(TaskState s) { return static_cast<std::uint16_t>(1U << static_cast<unsigned>(s)); }

template <typename... S>
constexpr std::uint16_t any_of(S... states) {
  return static_cast<std::uint16_t>((0U | ... | bit(states)));
}

using enum TaskState;
/// Row: from; bits: the states it may become. Final states have no way out but a clear.
constexpr std::array<std::uint16_t, kTaskStateCount> kTransitions = {
    /* none */ any_of(scheduled, success, failed, skipped, upstream_failed, up_for_reschedule, deferred, removed),
    /* scheduled */ any_of(queued, success, failed, skipped, up_for_reschedule, removed),
    /* queued */ any_of(running, scheduled, success, failed, skipped, up_for_retry, up_for_reschedule),
    /* running */ any_of(scheduled, success, failed, skipped, up_for_retry, up_for_reschedule),
    /* success */ 0,
    /* failed */ 0,
    /* skipped */ 0,
    /* upstream_failed */ 0,
    /* up_for_retry */ any_of(scheduled, failed, skipped, deferred, removed),
    /* up_for_reschedule */ any_of(scheduled, success, failed, skipped, removed),
    /* deferred */ any_of(scheduled, success, failed, skipped, up_for_retry, removed),
    /* removed */ 0,
};
static_assert(kTransitions[static_cast<std::size_t>(success)] == 0, "INV-10: a final state never changes by itself");
static_assert((kTransitions[static_cast<std::size_t>(none)] & bit(running)) == 0, "nothing runs without a claim");
static_assert((kTransitions[static_cast<std::size_t>(scheduled)] & bit(running)) == 0, "nothing runs without a claim");

}  // namespace

std::string_view to_string(RunState v) { return name_of(kRunStates, v); }
std::string_view to_string(TaskState v) { return name_of(kTaskStates, v); }
std::string_view to_string(RunType v) { return name_of(kRunTypes, v); }
std::string_view to_string(Reason v) { return name_of(kReasons, v); }
std::string_view run_reason_name(Reason v) { return v == Reason::upstream_failed ? "task_failed" : to_string(v); }
std::string_view to_string(Wait v) { return name_of(kWaits, v); }
std::string_view to_string(TriggerRule v) { return name_of(kTriggerRules, v); }
std::string_view to_string(TaskKind v) { return name_of(kTaskKinds, v); }

std::optional<RunState> run_state_from(std::string_view n) { return find<RunState>(kRunStates, n); }
std::optional<TaskState> task_state_from(std::string_view n) { return find<TaskState>(kTaskStates, n); }
std::optional<RunType> run_type_from(std::string_view n) { return find<RunType>(kRunTypes, n); }
std::optional<Reason> reason_from(std::string_view n) { return find<Reason>(kReasons, n); }
std::optional<Wait> wait_from(std::string_view n) { return find<Wait>(kWaits, n); }
std::optional<TriggerRule> trigger_rule_from(std::string_view n) { return find<TriggerRule>(kTriggerRules, n); }
std::optional<TaskKind> task_kind_from(std::string_view n) { return find<TaskKind>(kTaskKinds, n); }

bool may_become(TaskState from, TaskState to) { return (kTransitions[static_cast<std::size_t>(from)] & bit(to)) != 0; }

}  // namespace baton
