#include "tests/support/run_watch.h"

#include <algorithm>

#include "scheduler/engine/barrier.h"
#include "scheduler/engine/computed.h"
#include "scheduler/engine/trigger_rule.h"

namespace baton::test {
namespace {

/// The sum of the numbers of {"upstream":120,"running":7}.
DurationUs sum_of(const std::string& times_json) {
  DurationUs sum = 0;
  DurationUs number = 0;
  for (const char c : times_json) {
    if (c >= '0' && c <= '9') {
      number = number * 10 + (c - '0');
    } else {
      sum += number;
      number = 0;
    }
  }
  return sum + number;
}

bool same(const UpstreamCounts& a, const UpstreamCounts& b) {
  return a.open == b.open && a.success == b.success && a.failed == b.failed && a.upstream_failed == b.upstream_failed &&
         a.skipped == b.skipped;
}

bool is_stop(Reason r) {
  return r == Reason::stopped || r == Reason::fail_fast || r == Reason::run_timeout;
}

}  // namespace

RunWatch::RunWatch(const DagRun& run, const CoreSettings& settings) : settings_(settings), run_state_(run.row.state) {
  for (const Instance& instance : run.instances) {
    seen_.push_back({.state = instance.state, .reason = instance.reason, .born = instance.since});
  }
}

std::string RunWatch::after(const DagRun& run, const StepOutcome& out) {
  while (seen_.size() < run.instances.size()) {  // an expansion: as old as the placeholder
    const Instance& made = run.instances[seen_.size()];  // it counts on from one that a clear has removed
    Seen seen{.epoch = made.epoch, .try_number = made.try_number, .tries_before = made.try_number};
    seen.born = seen_[static_cast<std::size_t>(made.task_no)].born;
    const Activity* waited = run.activity(static_cast<InstanceNo>(seen_.size()));
    if (run.has_collapsed) seen.born = made.since - (waited == nullptr ? 0 : waited->times.total_us());
    seen_.push_back(seen);
  }
  written_.assign(run.instances.size(), 0);
  for (const auto* list : {&out.dirty, &out.made}) {
    for (const InstanceNo i : *list) written_[static_cast<std::size_t>(i)] = 1;
  }
  std::string broken = check_tries(run, out);
  learn_clears(run);
  if (broken.empty()) broken = check_commands(run, out);
  for (std::size_t i = 0; i < seen_.size() && broken.empty(); ++i) {
    const auto number = static_cast<InstanceNo>(i);
    broken = check_instance(run, number);
    if (broken.empty()) broken = check_times(run, number);
    if (broken.empty() && run.pending.empty()) broken = check_wake(run, number);
    if (!broken.empty()) broken += " (instance " + std::to_string(i) + ")";
    const Instance& now = run.instances[i];
    seen_[i].state = now.state;
    seen_[i].reason = now.reason;
    seen_[i].wait = now.wait;
    seen_[i].since = now.since;
    const Activity* activity = run.activity(number);
    seen_[i].wake_at = activity == nullptr ? kNoTime : activity->wake_at;
    seen_[i].epoch = now.epoch;
    seen_[i].try_number = now.try_number;
  }
  person_ = false;
  if (broken.empty()) broken = check_counters(run);
  if (broken.empty()) broken = check_end(run, out);
  run_state_ = run.row.state;
  return broken;
}

/// Whoever is none again has been cleared: its time and its tries count from here.
void RunWatch::learn_clears(const DagRun& run) {
  if (person_ && is_final(run_state_)) {
    finished_count_ = 0;
    run_state_ = RunState::running;
  }
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    const Instance& now = run.instances[i];
    Seen& was = seen_[i];
    const bool went_through = awaits_its_end(was.reason) && !awaits_its_end(now.reason);  // none, and judged at once
    const bool stays = was.state == now.state && was.reason == now.reason && was.since == now.since;
    if (!went_through && (!person_ || stays)) continue;
    const Activity* activity = run.activity(static_cast<InstanceNo>(i));
    was.born = now.since - (activity == nullptr ? 0 : activity->times.total_us());
    was.in_tries_us = 0;
    was.state = TaskState::none;
    was.reason = Reason::none;
    was.wait = Wait::upstream;
    if (now.failures > 0 || now.losses > 0) continue;
    was.tries_before = now.try_number;
    was.tries_granted = 0;
  }
}

std::string RunWatch::check_tries(const DagRun& run, const StepOutcome& out) {
  for (const TryRow& row : out.tries) {
    Seen& seen = seen_[static_cast<std::size_t>(row.instance_no)];
    if (row.epoch <= seen.ended_epoch) return "INV-04: a second result for one epoch was accepted";
    if (row.epoch != seen.epoch) return "INV-05: the result of an epoch that is not current was accepted";
    if (row.try_number != seen.try_number) return "a try row bears the number of another try";
    if (row.run_no != run.row.run_no) return "a try row of another run";
    seen.ended_epoch = row.epoch;
    seen.in_tries_us += sum_of(row.times_json);
  }
  return {};
}

std::string RunWatch::check_instance(const DagRun& run, InstanceNo i) const {
  const Instance& now = run.at(i);
  const Seen& was = seen_[static_cast<std::size_t>(i)];
  if (is_final(was.state) && (now.state != was.state || now.reason != was.reason || now.epoch != was.epoch)) {
    return "INV-10: a final state changed";
  }
  if (now.epoch < was.epoch) return "INV-04: the epoch fell";
  const bool is_cleared = now.state == TaskState::none && now.epoch == 1;  // it does not ask the cache
  const bool is_claimed = now.state == TaskState::queued || now.state == TaskState::deferred;  // what waits for others
  if (now.epoch != was.epoch && !is_claimed && !is_cleared) {
    return "INV-04: the epoch rose without a claim";
  }
  if (now.epoch != was.epoch && now.state == TaskState::queued && !was_marked_) {
    const TaskSpec& spec = run.spec_of(i);
    const UpstreamCounts& up = run.progress(now.task_no).upstreams;
    const bool waits = spec.teardown ? up.open > 0 : judge(spec.trigger_rule, up) == Verdict::wait;
    if (waits) return "INV-07: claimed while its upstreams are open";
  }
  if (now.try_number < was.try_number || now.try_number > now.epoch) return "the try number fell or outran the epoch";
  if (now.losses > settings_.losses_max) return "INV-09: more losses than their budget";
  const Result<std::int32_t> computed = retries_max_of(run, i);
  const std::int32_t retries = computed ? *computed : 0;
  if (now.failures > retries + 1) return "INV-09: more failures than 1 + retries";
  if (now.try_number - was.tries_before > 1 + retries + settings_.losses_max + was.tries_granted) {
    return "INV-09: more tries than 1 + retries + the budget of losses";
  }
  if ((now.wait == Wait::ended) != is_final(now.state)) return "a wait that does not fit the state";
  const bool must_be_durable = now.epoch != was.epoch || (now.state != was.state && is_final(now.state));
  if (must_be_durable && written_[static_cast<std::size_t>(i)] == 0) return "S2: a claim or an end that nobody will write";
  return {};
}

std::string RunWatch::check_times(const DagRun& run, InstanceNo i) const {
  const Seen& was = seen_[static_cast<std::size_t>(i)];
  const Activity* activity = run.activity(i);
  const DurationUs sum = was.in_tries_us + (activity == nullptr ? 0 : activity->times.total_us());
  if (sum != run.at(i).since - was.born) return "the time by reason does not add up to the lifetime";
  return {};
}

std::string RunWatch::check_wake(const DagRun& run, InstanceNo i) const {
  const Instance& now = run.at(i);
  const Activity* activity = run.activity(i);
  const bool by_timer = now.state == TaskState::up_for_retry || now.state == TaskState::up_for_reschedule;
  const bool may_have_one = by_timer || now.state == TaskState::deferred;  // a deadline
  const bool has_one = activity != nullptr && activity->wake_at != kNoTime;
  if (by_timer ? !has_one : has_one && !may_have_one) {
    return "INV-11: a timer where none belongs, or none where one does";
  }
  const bool is_held_back = run.progress(now.task_no).expands_anew;  // what still lives of its task ends first
  if (now.state == TaskState::none && run.dag->task(now.task_no).hook == Hook::none && !is_held_back) {
    const bool has_all = run.progress(now.task_no).upstreams.open == 0;
    const bool is_behind_barrier = judge(run, now.task_no) == Verdict::wait;
    if (has_all && !is_behind_barrier) return "INV-11: it waits for upstreams that have all ended";
  }
  return {};
}

/// Who may start has been offered, once; who sleeps has a timer, once.
std::string RunWatch::check_commands(const DagRun& run, const StepOutcome& out) {
  asked_.assign(run.instances.size(), {0, 0});
  looked_up_.assign(run.instances.size(), 0);
  for (const Command& c : out.commands) {
    if (c.kind == Command::Kind::find_cached) ++looked_up_[static_cast<std::size_t>(c.instance)];
    if (c.kind == Command::Kind::offer) ++asked_[static_cast<std::size_t>(c.instance)].first;
    if (c.kind == Command::Kind::timer) ++asked_[static_cast<std::size_t>(c.instance)].second;
  }
  for (std::size_t i = 0; i < asked_.size(); ++i) {
    const Instance& now = run.instances[i];
    const Seen& was = seen_[i];
    const auto [offers, timers] = asked_[i];
    if (offers > 1 || timers > 1) return "INV-11: offered twice, or two timers (instance " + std::to_string(i) + ")";
    const bool may_start = now.state == TaskState::scheduled && now.wait != Wait::commit;  // commit: it asks the cache
    const bool is_new = was.state != TaskState::scheduled || was.wait == Wait::commit;
    if (may_start && is_new && offers != 1) return "INV-11: it may start and was not offered (instance " + std::to_string(i) + ")";
    if (may_start && !is_new && offers != 0) return "INV-11: offered again (instance " + std::to_string(i) + ")";
    // Who asks the cache is woken by its answer alone: after the hash of its files too, and whatever that hash is.
    const bool asks = now.state == TaskState::scheduled && now.wait == Wait::commit;
    const bool asked_before = was.state == TaskState::scheduled && was.wait == Wait::commit;
    if (looked_up_[i] != (asks && !asked_before ? 1 : 0)) {
      return "INV-11: it waits for an answer that nobody was asked for (instance " + std::to_string(i) + ")";
    }
    const bool sleeps = now.state == TaskState::up_for_retry || now.state == TaskState::up_for_reschedule;
    const bool fell_asleep = sleeps && (was.state != now.state || was.wake_at != run.activity(static_cast<InstanceNo>(i))->wake_at);
    if (fell_asleep && timers != 1) return "INV-11: it sleeps without a timer (instance " + std::to_string(i) + ")";
  }
  return {};
}

std::string RunWatch::check_counters(const DagRun& run) {
  scratch_.dag = run.dag;
  scratch_.instances = run.instances;
  scratch_.tasks = run.tasks;
  recount(scratch_);
  if (scratch_.open_instances != run.open_instances || scratch_.open_hooks != run.open_hooks) {
    return "counters: open instances or hooks differ from a recount";
  }
  if (scratch_.counted_failures != run.counted_failures) return "counters: failures differ from a recount";
  if (scratch_.row.counts != run.row.counts) return "counters: states differ from a recount";
  std::int32_t cut_off = 0;
  for (const Instance& i : run.instances) {
    const bool is_hook = run.dag->task(i.task_no).hook != Hook::none;
    if (is_final(i.state) && is_stop(i.reason) && !is_hook) ++cut_off;
  }
  if (cut_off != run.cut_off) return "counters: what a stop cut off differs from a recount";
  for (std::size_t t = 0; t < run.tasks.size(); ++t) {
    if (!same(scratch_.tasks[t].upstreams, run.tasks[t].upstreams)) return "counters: upstreams differ from a recount";
    if (scratch_.tasks[t].own_open != run.tasks[t].own_open) return "counters: own_open differs from a recount";
  }
  return {};
}

std::string RunWatch::check_end(const DagRun& run, const StepOutcome& out) {
  for (const Command& c : out.commands) finished_count_ += c.kind == Command::Kind::finished ? 1 : 0;
  if (is_final(run_state_) && run.row.state != run_state_) return "INV-10: the outcome of the run changed";
  if (run.pending.empty() && is_final(run.row.state) != (run.open_instances == 0)) {
    return "INV-14: the run is ended while tasks are open, or open while all have ended";
  }
  if (run.pending.empty() && finished_count_ != (run.is_finished() ? 1 : 0)) {
    return "the end of the run was not told exactly once";
  }
  return {};
}

}  // namespace baton::test
