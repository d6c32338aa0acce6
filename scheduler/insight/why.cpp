#include "scheduler/insight/why.h"

#include <algorithm>
#include <csignal>
#include <map>

#include "scheduler/insight/words.h"

namespace baton::insight {
namespace {

constexpr std::size_t kNamedMax = 20;

std::string plural(std::int64_t n, const std::string& word) {
  return grouped(n) + " " + word + (n == 1 ? "" : "s");
}

/// An instance among others, as the API names it.
Value named(const InstanceView& view) {
  const TaskState state = view.row.state;
  return ValueMap{{"task_id", view.task_id},
                  {"map_index", std::int64_t{view.row.map_index}},
                  {"state", state == TaskState::none ? Value() : Value(to_string(state))}};
}

bool is_failure(TaskState s) {
  return s == TaskState::failed || s == TaskState::upstream_failed;
}

class Why {
 public:
  explicit Why(const WhyInput& input)
      : in_(input), row_(input.instance.row), task_(input.dag->task(row_.task_no)), spec_(*task_.spec) {
    for (const InstanceView& view : in_.instances) by_task_[view.row.task_no].push_back(&view);
  }

  std::vector<WhyReason> run() {
    if (is_final(row_.state)) {
      ended();
    } else {
      if (!in_.somebody_runs) {
        add("offline", "nobody runs the engine for this state folder now");
        offer(Remedy::go_on);
      }
      frozen();
      waiting();
    }
    if (out_.empty()) add(std::string(to_string(row_.state)), "it is " + std::string(to_string(row_.state)));
    return std::move(out_);
  }

 private:
  void add(std::string reason, std::string message, std::string advice = {}, ValueMap details = {}) {
    out_.push_back({std::move(reason), std::move(message), std::move(advice), Remedy::none, {}, std::move(details)});
  }
  /// With the reason that was added last.
  void offer(Remedy remedy, std::string about = {}) {
    out_.back().remedy = remedy;
    out_.back().about = std::move(about);
  }

  /// A server that is frozen starts nothing: whatever else is lacking, that comes first.
  void frozen() {
    if (is_live(row_.state) || row_.state == TaskState::deferred) return;
    for (const ServerStateRow& row : in_.server) {
      if (row.name != "frozen") continue;
      add("frozen", "the server is frozen since " + utc_time(row.since) + " by " + row.actor + ": " + row.reason,
          "nothing starts before it is thawed",
          ValueMap{{"since", json_time(row.since)}, {"actor", row.actor}, {"why", row.reason}});
    }
  }

  // ---- what it waits for ------------------------------------------------------------------------------------------

  void waiting() {
    switch (row_.state) {
      case TaskState::none: upstreams(); break;
      case TaskState::scheduled: resources(); break;
      case TaskState::queued: add("starting", "it holds its resources, and its worker starts it"); break;
      case TaskState::running: running(); break;
      case TaskState::up_for_retry: backoff(); break;
      case TaskState::up_for_reschedule: sensor(); break;
      case TaskState::deferred: deferred(); break;
      case TaskState::success:
      case TaskState::failed:
      case TaskState::skipped:
      case TaskState::upstream_failed:
      case TaskState::removed: break;
    }
  }

  void deferred() {
    const bool is_child = row_.wait == Wait::child;
    std::string message = is_child ? "it waits for the end of the run that it has started" : "a person is asked";
    if (row_.wake_at > in_.now) message += "; its deadline comes in " + span(row_.wake_at - in_.now);
    add(is_child ? "child" : "approval", message);
  }

  void upstreams() {
    ValueList open;
    std::string words;
    std::size_t count = 0;
    for (const TaskNo u : in_.dag->upstream.of(row_.task_no)) {
      for (const InstanceView* view : instances_of(u)) {
        if (is_final(view->row.state)) continue;
        ++count;
        if (open.size() >= kNamedMax) continue;
        open.push_back(named(*view));
        if (open.size() <= 4)
          words +=
              (words.empty() ? "" : ", ") + instance_name(*view) + " (" + std::string(to_string(view->row.state)) + ")";
      }
    }
    if (count > 4) words += " and " + std::to_string(count - 4) + " more";
    if (count == 0) {
      if (spec_.depends_on_past && in_.run.row.logical_date != kNoTime) {  // nothing is written of it either
        add("past", "it starts once it is done in the run of the date before (depends_on_past)");
      }
      // Its upstreams have ended: what it waits for now is written late or never, and is worked out from what lives.
      resources();
      return;
    }
    add("upstream", "its trigger rule " + std::string(to_string(spec_.trigger_rule)) + " waits for " + words, {},
        ValueMap{{"trigger_rule", to_string(spec_.trigger_rule)}, {"upstreams", std::move(open)}});
  }

  void backoff() {
    const TryRow* last = last_try();
    std::string message =
        "try " + std::to_string(row_.try_number) + " of " + std::to_string(in_.instance.max_tries) + " failed";
    if (last != nullptr && last->reason != Reason::none) message += " (" + reason_words(*last) + ")";
    if (row_.wake_at != kNoTime) {
      message += row_.wake_at > in_.now ? "; the next one is due in " + span(row_.wake_at - in_.now)
                                        : "; the next one is due now";
    }
    add("backoff", message, {},
        ValueMap{{"wake_at", json_time(row_.wake_at)}, {"try_number", std::int64_t{row_.try_number}}});
  }

  void sensor() {
    const bool awaits_asset = spec_.sensor->kind == Sensor::Kind::asset;
    std::string message = awaits_asset ? "the asset \"" + spec_.sensor->asset + "\" has had no event since then yet"
                                       : "what it watches for is not there yet";
    const char* const what = awaits_asset ? "; it fails in " : "; it looks again in ";
    if (row_.wake_at > in_.now) message += what + span(row_.wake_at - in_.now);
    ValueMap details{{"wake_at", json_time(row_.wake_at)}};
    if (row_.first_look_at != kNoTime) {
      message += ", and has looked for " + span(in_.now - row_.first_look_at);
      details.emplace_back("first_look_at", json_time(row_.first_look_at));
    }
    add("sensor", message, {}, std::move(details));
  }

  void running() {
    if (!in_.somebody_runs) {
      add("running", "it ran when its engine was cut off; whoever goes on sees what became of it", {},
          ValueMap{{"pid", std::int64_t{row_.pid}}, {"start_date", json_time(row_.started_at)}});
      return;
    }
    std::string message = "it runs";
    if (row_.started_at != kNoTime) message += " for " + span(in_.now - row_.started_at);
    if (row_.pid > 0) message += ", pid " + std::to_string(row_.pid);
    if (spec_.timeout_us > 0) message += ", of at most " + span(spec_.timeout_us);
    add("running", message,
        {}, ValueMap{{"pid", std::int64_t{row_.pid}}, {"start_date", json_time(row_.started_at)}});
    offer(Remedy::follow_log, instance_name(in_.instance));
  }

  /// Everything that a scheduled instance may lack, by what lives now: limits, pools, slots.
  void resources() {
    for (const BreakerRow& breaker : in_.breakers) closed_door(breaker);
    std::int32_t live_of_run = 0;
    std::int32_t live_of_task = 0;
    for (const InstanceView& view : in_.instances) {
      if (!is_live(view.row.state)) continue;
      ++live_of_run;
      if (view.row.task_no == row_.task_no) ++live_of_task;
    }
    if (const std::int32_t limit = in_.dag->max_active_tasks; limit > 0 && live_of_run >= limit) {
      add("limit",
          "max_active_tasks: " + std::to_string(live_of_run) + " of " + std::to_string(limit) +
              " tasks of this run are under way",
          {},
          ValueMap{{"limit", "max_active_tasks"}, {"max", std::int64_t{limit}}, {"used", std::int64_t{live_of_run}}});
    }
    if (const std::int32_t limit = spec_.mapping->max_parallel; limit > 0 && live_of_task >= limit) {
      add("limit",
          "max_parallel: " + std::to_string(live_of_task) + " of " + std::to_string(limit) + " instances of " +
              task_.id + " are under way",
          {}, ValueMap{{"limit", "max_parallel"}, {"max", std::int64_t{limit}}, {"used", std::int64_t{live_of_task}}});
    }
    for (const PoolUse& use : spec_.pools) pool(use);
    if (row_.wait == Wait::rate) starts_limited();
    told();
    std::int64_t live = 0;
    for (const InstanceView& view : in_.live.instances) live += is_live(view.row.state) ? 1 : 0;
    const bool only_offline = out_.size() == 1 && out_.front().reason == "offline";
    if (out_.empty()) {
      add("slots", "no slot is free: " + plural(live, "task") + (live == 1 ? " is" : " are") + " under way",
          {}, ValueMap{{"used", live}});
      offer(Remedy::more_slots);
    } else if (only_offline) {
      add("slots", "it is ready to start as soon as somebody does", {}, ValueMap{{"used", live}});
    }
  }

  /// What its row says that it waits for, which was true when it was written, comes first; what has been worked out
  /// from what lives may be the same with its numbers.
  void told() {
    if (!row_.wait || *row_.wait == Wait::slots || *row_.wait == Wait::ended) return;
    const std::string_view name = to_string(*row_.wait);
    const auto same = std::ranges::find(out_, name, &WhyReason::reason);
    const bool is_new = same == out_.end();
    const auto place = same - out_.begin();
    if (is_new) add(std::string(name), "it waits for " + std::string(wait_words(*row_.wait)));
    const auto own = is_new ? out_.end() - 1 : out_.begin() + place;
    // Behind those that hold for everything.
    const auto first = std::ranges::find_if(out_, [](const WhyReason& one) {
      return one.reason != "offline" && one.reason != "frozen";
    });
    if (first < own) std::rotate(first, own, own + 1);
  }

  /// A breaker that lets nothing through, or not now.
  void closed_door(const BreakerRow& row) {
    const auto& names = spec_.breakers;
    if (row.state == BreakerState::closed || std::ranges::find(names, row.spec.name) == names.end()) return;
    ValueMap details = {{"breaker", row.spec.name}, {"state", std::string(to_string(row.state))}};
    std::string message = "breaker " + row.spec.name;
    if (row.state == BreakerState::half_open) {
      const auto running = static_cast<std::int64_t>(row.probes.size());
      if (running < row.spec.probes) return;
      message += " is half open: " + plural(running, "task") + (running == 1 ? " tries" : " try") + " it";
      return add("breaker", std::move(message), {}, std::move(details));
    }
    details.emplace_back("until", json_time(row.until));
    message += row.until == kNoTime ? " is open until it is reset" : " is open until " + utc_time(row.until);
    if (row.until != kNoTime && row.until > in_.now) message += " (in " + span(row.until - in_.now) + ")";
    if (!row.cause.empty()) message += ": " + row.cause;
    if (!row.actor.empty()) message += " (" + row.actor + ")";
    add("breaker", std::move(message), {}, std::move(details));
  }

  /// What settings or a person say of a pool goes before what its DAG says.
  [[nodiscard]] const PoolSpec* spec_of(const std::string& name) const {
    for (const auto* pools : {&in_.pools, &in_.dag->pools}) {
      const auto last = std::find_if(pools->rbegin(), pools->rend(), [&](const PoolSpec& p) { return p.name == name; });
      if (last != pools->rend()) return &*last;
    }
    return nullptr;
  }

  /// A rate lets only so many start, or a budget only so many retries.
  void starts_limited() {
    const bool is_retry = row_.failures > 0 || row_.losses > 0;
    std::string message;
    ValueMap details;
    const auto add_words = [&](const std::string& words) { message += (message.empty() ? "" : "; ") + words; };
    const auto add_budget = [&](const std::string& what, std::int32_t millionths) {
      if (!is_retry || millionths == 0) return;
      add_words(what + " lets retries be " + std::to_string(millionths / 10'000) + " % of the first tries of a minute, or ten");
      details.emplace_back("retry_budget", static_cast<double>(millionths) / 1e6);
    };
    for (const PoolUse& use : spec_.pools) {
      const PoolSpec* const pool = spec_of(use.name);
      if (pool == nullptr) continue;
      add_budget("pool " + use.name, pool->retry_millionths);
      if (!pool->rate.is_set()) continue;
      add_words("pool " + use.name + " lets " + to_string(pool->rate) + " start, one each " +
                span(pool->rate.per_us / pool->rate.starts) + ", and others go before it");
      details.emplace_back("pool", use.name);
      details.emplace_back("rate", to_string(pool->rate));
    }
    for (const BreakerRow& breaker : in_.breakers) add_budget("breaker " + breaker.spec.name, breaker.spec.retry_millionths);
    if (!message.empty()) add("rate", std::move(message), {}, std::move(details));
  }

  void pool(const PoolUse& use) {
    const PoolSpec* const known = spec_of(use.name);
    const std::int64_t capacity = known == nullptr ? -1 : known->slots;
    std::int64_t used = 0;
    ValueList holders;
    std::string names;
    for (const InstanceView& view : in_.live.instances) {
      if (!is_live(view.row.state) || view.pool != use.name) continue;
      used += view.pool_slots;
      if (holders.size() >= kNamedMax) continue;
      holders.emplace_back(view.dag_id + "/" + instance_name(view));
      const bool is_own_run = view.row.run_no == row_.run_no;
      if (holders.size() <= 3)
        names += (names.empty() ? "" : ", ") + (is_own_run ? "" : view.run_id + " ") + instance_name(view);
    }
    if (capacity < 0 || used + use.slots <= capacity) return;
    std::string message = "pool " + use.name + ": " + std::to_string(used) + " of " + std::to_string(capacity) +
                          " slots are taken" + (names.empty() ? "" : " by " + names) + ", it wants " +
                          std::to_string(use.slots);
    if (use.slots > capacity) {  // a person holds it back: it waits for no other task
      message = "it wants " + std::to_string(use.slots) + " of pool " + use.name + ", which has " +
                std::to_string(capacity) + ": it goes on when the pool is set to more";
    }
    add("pool", std::move(message), {},
        ValueMap{{"pool", use.name},
                 {"slots", std::int64_t{use.slots}},
                 {"used", used},
                 {"capacity", capacity},
                 {"holders", std::move(holders)}});
  }

  // ---- why it ended so --------------------------------------------------------------------------------------------

  void ended() {
    switch (row_.state) {
      case TaskState::success: succeeded(); break;
      case TaskState::failed: failed(); break;
      case TaskState::upstream_failed: upstream_failed(); break;
      case TaskState::skipped: skipped(); break;
      case TaskState::removed: add("not_selected", "the run was made without it"); break;
      case TaskState::none:
      case TaskState::scheduled:
      case TaskState::queued:
      case TaskState::running:
      case TaskState::up_for_retry:
      case TaskState::up_for_reschedule:
      case TaskState::deferred: break;
    }
  }

  void succeeded() {
    if (row_.reason == Reason::cached) {
      add("cached", "an earlier success under the same cache key gave its outputs; it did not run");
      return;
    }
    std::string message = "it ended well";
    if (row_.started_at != kNoTime && row_.ended_at != kNoTime)
      message += " after " + span(row_.ended_at - row_.started_at);
    if (row_.try_number > 1) message += ", on try " + std::to_string(row_.try_number);
    add(row_.reason == Reason::none ? "success" : std::string(to_string(row_.reason)), message);
  }

  void failed() {
    const TryRow* last = last_try();
    ValueMap details{{"try_number", std::int64_t{row_.try_number}},
                     {"max_tries", std::int64_t{in_.instance.max_tries}}};
    std::string message =
        reason_words(row_.reason, last == nullptr ? -1 : last->exit_code, last == nullptr ? 0 : last->signal);
    if (message.empty()) message = "it failed";
    if (last != nullptr) {
      if (last->exit_code >= 0) details.emplace_back("exit_code", std::int64_t{last->exit_code});
      if (last->signal != 0) details.emplace_back("signal", std::int64_t{last->signal});
    }
    if (!row_.note.empty() && row_.reason != Reason::exit_code) message += ": " + row_.note;
    const bool never_ran = row_.epoch == 0;
    add(row_.reason == Reason::none ? "failed" : std::string(to_string(row_.reason)), message,
        {}, std::move(details));
    if (!never_ran) offer(Remedy::read_log, instance_name(in_.instance));
    if (last != nullptr && last->exit_code == 128 + SIGPIPE && row_.reason == Reason::exit_code) {
      add("pipefail",
          "a command in a pipe wrote to one that had ended, as `head` does; under pipefail that fails the script",
          "let the reader take all (`| head -1` becomes `| sed -n 1p`), or say `set +o pipefail` where it is meant");
    }
    if (never_ran || row_.reason == Reason::stopped || row_.reason == Reason::fail_fast) return;
    if (in_.instance.max_tries > 1 && row_.failures >= in_.instance.max_tries) {
      add("retries", "all " + std::to_string(in_.instance.max_tries) + " tries are used up");
    } else if (in_.instance.max_tries > 1) {
      add("retries", "this kind of failure is not retried (`on`, `never_on` of its retries)");
    } else {
      add("retries", "it has no retries");
      offer(Remedy::add_retries);
    }
  }

  void upstream_failed() {
    if (row_.reason == Reason::expression) {  // whatever its upstreams did: this is its own failure
      add("expression", row_.note.empty() ? "it could not be expanded" : row_.note);
      return;
    }
    ValueList list;
    std::string words;
    for (const TaskNo u : in_.dag->upstream.of(row_.task_no)) {
      for (const InstanceView* view : instances_of(u)) {
        if (!is_failure(view->row.state) || list.size() >= kNamedMax) continue;
        list.push_back(named(*view));
        if (list.size() <= 4)
          words +=
              (words.empty() ? "" : ", ") + instance_name(*view) + " (" + std::string(to_string(view->row.state)) + ")";
      }
    }
    std::string message = words.empty() ? "nothing above it has failed since: clear it too"
                                        : "its trigger rule " + std::string(to_string(spec_.trigger_rule)) +
                                              " cannot hold any more: " + words;
    add("upstream_failed", std::move(message), {},
        ValueMap{{"trigger_rule", to_string(spec_.trigger_rule)}, {"upstreams", std::move(list)}});
    roots();
  }

  /// The failures that all of it comes from.
  void roots() {
    std::vector<TaskNo> open{row_.task_no};
    std::vector<bool> seen(in_.dag->tasks.size(), false);
    while (!open.empty()) {
      const TaskNo t = open.back();
      open.pop_back();
      for (const TaskNo u : in_.dag->upstream.of(t)) {
        if (seen[static_cast<std::size_t>(u)]) continue;
        seen[static_cast<std::size_t>(u)] = true;
        bool follows = false;
        for (const InstanceView* view : instances_of(u)) {
          if (view->row.state == TaskState::failed) root(*view);
          follows = follows || view->row.state == TaskState::upstream_failed;
        }
        if (follows) open.push_back(u);
      }
    }
  }
  void root(const InstanceView& view) {
    if (++roots_ > kNamedMax) return;
    const std::string why =
        view.row.note.empty() ? reason_words(view.row.reason) : view.row.note;
    add("root", "it began with " + instance_name(view) + (why.empty() ? "" : " (" + why + ")"),
        {}, ValueMap{{"task_id", view.task_id},
                     {"map_index", std::int64_t{view.row.map_index}},
                     {"state_reason", to_string(view.row.reason)}});
    offer(Remedy::ask_about, instance_name(view));
  }

  void skipped() {
    std::string message;
    switch (row_.reason) {
      case Reason::condition: message = "its `if` is false: " + spec_.condition->source; break;
      case Reason::exit_skip: message = "it ended with exit code 99, which means skipped"; break;
      case Reason::no_items: message = "its for_each or matrix had no items"; break;
      case Reason::trigger_rule:
        message = "its trigger rule " + std::string(to_string(spec_.trigger_rule)) +
                  " is settled against it: " + upstream_states();
        break;
      case Reason::stopped: message = "the run was stopped before it started"; break;
      case Reason::fail_fast: message = "another task failed, and the DAG says fail_fast"; break;
      case Reason::run_timeout: message = "the run's time was up before it started"; break;
      case Reason::none:
      case Reason::exit_code:
      case Reason::signal:
      case Reason::oom:
      case Reason::timeout:
      case Reason::heartbeat:
      case Reason::lost:
      case Reason::spawn:
      case Reason::outputs:
      case Reason::expression:
      case Reason::secret:
      case Reason::cached:
      case Reason::upstream_failed:
      case Reason::marked:
      case Reason::not_selected:
      case Reason::unsupported:
      case Reason::cleared:
      case Reason::replaced:
      case Reason::marking_success:
      case Reason::marking_failed:
      case Reason::state:
      case Reason::checks:
      case Reason::rejected:
      case Reason::deadlock:
      case Reason::cache_key: message = reason_words(row_.reason); break;
    }
    if (message.empty()) message = "it was skipped";
    add(row_.reason == Reason::none ? "skipped" : std::string(to_string(row_.reason)), message);
  }

  std::string upstream_states() {
    StateCounts counts{};
    for (const TaskNo u : in_.dag->upstream.of(row_.task_no)) {
      for (const InstanceView* view : instances_of(u)) ++counts[static_cast<std::size_t>(view->row.state)];
    }
    std::string out;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (counts.at(i) > 0)
        out += (out.empty() ? "" : ", ") + std::to_string(counts.at(i)) + " " +
               std::string(to_string(static_cast<TaskState>(i)));
    }
    return out;
  }

  const std::vector<const InstanceView*>& instances_of(TaskNo t) { return by_task_[t]; }
  const TryRow* last_try() const { return in_.tries.empty() ? nullptr : &in_.tries.back().row; }

  const WhyInput& in_;
  const TaskRow& row_;
  const Task& task_;
  const TaskSpec& spec_;
  std::map<TaskNo, std::vector<const InstanceView*>> by_task_;
  std::vector<WhyReason> out_;
  std::size_t roots_ = 0;
};

}  // namespace

std::vector<WhyReason> reasons_of(const WhyInput& input) {
  return Why(input).run();
}

}  // namespace baton::insight
