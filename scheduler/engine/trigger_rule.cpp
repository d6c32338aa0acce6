#include "scheduler/engine/trigger_rule.h"

#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

Verdict judge_ended(TriggerRule rule, const UpstreamCounts& c) {
  const std::int32_t f = c.failed + c.upstream_failed;
  switch (rule) {
    case TriggerRule::all_success:
      if (f > 0) return Verdict::upstream_failed;
      if (BATON_BUG(skip_taken_for_a_success)) return Verdict::run;
      return c.skipped > 0 ? Verdict::skip : Verdict::run;
    case TriggerRule::all_failed: return f == c.total() ? Verdict::run : Verdict::skip;
    case TriggerRule::all_skipped: return c.skipped == c.total() ? Verdict::run : Verdict::skip;
    case TriggerRule::all_done: return Verdict::run;
    case TriggerRule::always: return Verdict::run;
    case TriggerRule::all_done_min_one_success:
      if (c.skipped > 0) return Verdict::skip;
      return c.success > 0 ? Verdict::run : Verdict::upstream_failed;
    case TriggerRule::one_success:
      if (c.success > 0) return Verdict::run;
      return f > 0 ? Verdict::upstream_failed : Verdict::skip;
    case TriggerRule::one_failed: return f > 0 ? Verdict::run : Verdict::skip;
    case TriggerRule::one_done: return c.success + c.failed > 0 ? Verdict::run : Verdict::skip;
    case TriggerRule::none_failed: return f > 0 ? Verdict::upstream_failed : Verdict::run;
    case TriggerRule::none_failed_min_one_success:
      if (f > 0) return Verdict::upstream_failed;
      return c.success > 0 ? Verdict::run : Verdict::skip;
    case TriggerRule::none_skipped: return c.skipped > 0 ? Verdict::skip : Verdict::run;
  }
  return Verdict::wait;
}

/// Whether the ends so far settle the rule whatever the open ones become.
bool is_settled_early(TriggerRule rule, const UpstreamCounts& c) {
  const std::int32_t f = c.failed + c.upstream_failed;
  switch (rule) {
    case TriggerRule::all_success:
    case TriggerRule::none_failed:
    case TriggerRule::none_failed_min_one_success:
    case TriggerRule::one_failed:
      if (BATON_BUG(rule_settled_too_early)) return f + c.success > 0;
      return f > 0;
    case TriggerRule::all_failed: return c.success + c.skipped > 0;
    case TriggerRule::all_skipped: return c.success + f > 0;
    case TriggerRule::one_success: return c.success > 0;
    case TriggerRule::one_done: return c.success + c.failed > 0;
    case TriggerRule::all_done_min_one_success:
    case TriggerRule::none_skipped: return c.skipped > 0;
    case TriggerRule::always: return true;
    case TriggerRule::all_done: return false;
  }
  return false;
}

}  // namespace

Verdict judge(TriggerRule rule, const UpstreamCounts& counts) {
  if (counts.total() == 0) return Verdict::run;
  if (counts.open > 0 && !is_settled_early(rule, counts)) return Verdict::wait;
  return judge_ended(rule, counts);
}

}  // namespace baton
