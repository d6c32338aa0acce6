#include "tests/model/reference.h"

#include <algorithm>
#include <array>
#include <map>

namespace baton::model {
namespace {

bool has(const std::string& letters, char c) { return letters.find(c) != std::string::npos; }
int count(const std::string& letters, char c) { return static_cast<int>(std::count(letters.begin(), letters.end(), c)); }

/// The last letter that is not a request to stop; a space before the first.
char last(const Life& life) {
  const auto at = life.letters.find_last_not_of('!');
  return at == std::string::npos ? ' ' : life.letters[at];
}
bool is_over(const Life& life) { return has("SEKU", last(life)); }
bool is_with_worker(const Life& life) { return has("CP", last(life)); }

/// The table of docs/dag-language.md, written out. Every rule asks only which kinds of ends there are: column i is for the
/// set with S = 1, F = 2, U = 4, K = 8, from 1 to 15. r run, s skip, u upstream failed. A capital first letter of the
/// name: one end may be enough to run.
struct RuleRow {
  TriggerRule rule;
  bool runs_early;
  const char* by_set;
};
constexpr RuleRow kRules[] = {
    //                                               S F SF U ...
    {TriggerRule::all_success, false,                 "ruuuuuussuuuuuu"},
    {TriggerRule::all_failed, false,                  "srsrsrsssssssss"},
    {TriggerRule::all_done, false,                    "rrrrrrrrrrrrrrr"},
    {TriggerRule::all_done_min_one_success, false,    "rurururssssssss"},
    {TriggerRule::all_skipped, false,                 "sssssssrsssssss"},
    {TriggerRule::one_success, true,                  "rururursrururur"},
    {TriggerRule::one_failed, true,                   "srrrrrrssrrrrrr"},
    {TriggerRule::one_done, true,                     "rrrsrrrsrrrsrrr"},
    {TriggerRule::none_failed, false,                 "ruuuuuurruuuuuu"},
    {TriggerRule::none_failed_min_one_success, false, "ruuuuuusruuuuuu"},
    {TriggerRule::none_skipped, false,                "rrrrrrrssssssss"},
    {TriggerRule::always, true,                       "rrrrrrrrrrrrrrr"},
};

/// Every way in which `open` upstreams could still end is gone through: what all of them lead to is the verdict. 'w': wait.
char rule_verdict(const RuleRow& row, int ended, int open) {
  if (ended == 0 && open == 0) return 'r';
  if (open == 0) return row.by_set[ended - 1];
  char common = ' ';
  for (int more = 1; more < 16; ++more) {
    if (__builtin_popcount(static_cast<unsigned>(more)) > open) continue;
    const char v = row.by_set[(ended | more) - 1];
    if (common != ' ' && common != v) return 'w';
    common = v;
  }
  return common == 'r' && !row.runs_early ? 'w' : common;
}

Reason reason_of(char how) {
  static const std::map<char, Reason> reasons = {{'f', Reason::exit_code}, {'t', Reason::timeout}, {'g', Reason::signal},
                                                 {'h', Reason::heartbeat}, {'n', Reason::spawn},   {'x', Reason::lost},
                                                 {'d', Reason::exit_code}};
  return reasons.at(how);
}

bool is_stop_reason(Reason r) { return r == Reason::stopped || r == Reason::fail_fast || r == Reason::run_timeout; }

}  // namespace

TaskState Reference::state_of(const Life& life) {
  switch (last(life)) {
    case ' ': return TaskState::none;
    case 'o': return TaskState::scheduled;
    case 'C': return TaskState::queued;
    case 'P': return TaskState::running;
    case 'F': return TaskState::up_for_retry;
    case 'L': return TaskState::up_for_reschedule;
    case 'S': return TaskState::success;
    case 'E': return TaskState::failed;
    case 'K': return TaskState::skipped;
    case 'U': return TaskState::upstream_failed;
    default: return TaskState::removed;
  }
}
int Reference::epoch_of(const Life& life) { return count(life.letters, 'C'); }
int Reference::failures_of(const Life& life) { return count(life.letters, 'F'); }
int Reference::losses_of(const Life& life) { return count(life.letters, 'X'); }

/// Every claim is a try, but for those of a sensor that has looked in vain since its last failure.
int Reference::try_of(const Life& life) {
  int tries = 0;
  for (std::size_t i = 0; i < life.letters.size(); ++i) {
    if (life.letters[i] != 'C') continue;
    const std::string before = life.letters.substr(0, i);
    const auto looked = before.rfind('L');
    const auto failed = before.rfind('F');
    const bool looks_again = looked != std::string::npos && (failed == std::string::npos || looked > failed);
    tries += looks_again ? 0 : 1;
  }
  return tries;
}

Reference::Reference(const Plan& plan)
    : plan_(&plan), lives_(plan.tasks.size(), std::vector<Life>(1)), expanded_(plan.tasks.size(), false) {}

Reason Reference::run_reason() const {
  if (run_ != RunState::failed) return Reason::none;
  for (std::size_t t = 0; t < lives_.size(); ++t) {
    for (const Life& life : lives_[t]) {
      if (!is_hook(t) && is_over(life) && is_stop_reason(life.reason)) return stopping_;
    }
  }
  return Reason::upstream_failed;
}

void Reference::apply(const Step& step, int epoch) {
  switch (step.what) {
    case 'b': break;
    case 'S': stop(Reason::stopped, false); break;
    case 'K': stop(Reason::stopped, true); break;
    case 'R': stop(Reason::run_timeout, false); break;
    default: {
      const auto t = static_cast<std::size_t>(step.task);
      if (static_cast<std::size_t>(step.index) >= lives_[t].size()) return;
      Life& life = lives_[t][static_cast<std::size_t>(step.index)];
      const char at = last(life);
      if (step.what == 'a') life.letters += at == 'o' ? "C" : "";
      else if (step.what == 'p') life.letters += at == 'C' ? "P" : "";
      else if (step.what == 'T') life.letters += has("FL", at) ? "o" : "";
      else if (step.what == 'L') { if (at == 'o') finish(t, life, 'E', Reason::secret); }
      else if (is_with_worker(life) && epoch == epoch_of(life)) end_attempt(t, life, step.what);
    }
  }
  settle();
}

void Reference::end_attempt(std::size_t t, Life& life, char how) {
  const auto asked = life.letters.rfind('!');
  const bool stop_asked = asked != std::string::npos && asked > life.letters.rfind('C');
  const bool loss_fits = losses_of(life) < plan_->losses_max;
  if (how == 's' || how == 'o') finish(t, life, 'S', Reason::none);
  else if (how == 'k') finish(t, life, 'K', Reason::exit_skip);
  else if (stop_asked) finish(t, life, 'E', stopping_);
  else if (how == 'y' || how == 'z') life.letters += "xo";
  else if (how == 'x' && loss_fits) life.letters += "Xo";
  else if ((how == 'f' || how == 'd') && plan_->tasks[t].sensor) life.letters += 'L';
  else fail(t, life, reason_of(how));
}

void Reference::fail(std::size_t t, Life& life, Reason reason) {
  life.letters += 'F';
  if (failures_of(life) > plan_->tasks[t].retries) finish(t, life, 'E', reason);
}

void Reference::finish(std::size_t t, Life& life, char letter, Reason reason) {
  const PlanTask& task = plan_->tasks[t];
  life.letters += letter;
  life.reason = reason;
  const bool counts = !is_hook(t) && !task.allow_failure && (task.setups.empty() || task.teardown_counts);
  if (letter == 'E' && counts && plan_->fail_fast && stopping_ == Reason::none) stop(Reason::fail_fast, false);
}

void Reference::stop(Reason reason, bool kill) {
  if (run_ != RunState::running && all_ended(true)) return;
  if (stopping_ == Reason::none) stopping_ = reason;
  killing_ = killing_ || kill;
  for (std::size_t t = 0; t < lives_.size(); ++t) {
    const bool due_later = is_hook(t) ? run_ == RunState::running : !plan_->tasks[t].setups.empty() && !kill;
    for (Life& life : lives_[t]) {
      if (due_later || is_over(life)) continue;
      if (is_with_worker(life)) life.letters += '!';
      else finish(t, life, last(life) == 'F' ? 'E' : 'K', reason);
    }
  }
}

/// What the upstreams' ends say of a task: r, s, u, or w as long as they say nothing.
char Reference::verdict(std::size_t t) const {
  const PlanTask& task = plan_->tasks[t];
  int kinds = 0, open = 0, setup_kinds = 0;
  for (const int u : task.ups) {
    for (const Life& life : lives(u)) {
      const auto kind = std::string_view("SEUK").find(last(life));
      if (kind == std::string_view::npos) {
        ++open;
        continue;
      }
      kinds |= 1 << kind;
      if (std::count(task.setups.begin(), task.setups.end(), u) > 0) setup_kinds |= 1 << kind;
    }
  }
  if (!task.setups.empty()) {
    if (open > 0) return 'w';
    return (setup_kinds & 1) != 0 ? 'r' : (setup_kinds & 6) != 0 ? 'u' : 's';
  }
  const auto row = std::find_if(std::begin(kRules), std::end(kRules), [&](const RuleRow& r) { return r.rule == task.rule; });
  return rule_verdict(*row, kinds, open);
}

void Reference::begin(std::size_t t, Life& life) {
  if (plan_->tasks[t].noop) finish(t, life, 'S', Reason::none);
  else life.letters += 'o';
}

bool Reference::settle_task(std::size_t t) {
  const PlanTask& task = plan_->tasks[t];
  std::vector<Life>& mine = lives_[t];
  if (is_hook(t) || expanded_[t] || last(mine[0]) != ' ') return false;
  const bool shut = stopping_ != Reason::none && (task.setups.empty() || killing_);
  const char v = shut ? 's' : verdict(t);
  if (v == 'w') return false;
  if (v == 's') finish(t, mine[0], 'K', shut ? stopping_ : Reason::trigger_rule);
  else if (v == 'u') finish(t, mine[0], 'U', Reason::trigger_rule);
  else if (task.condition == '0') finish(t, mine[0], 'K', Reason::condition);
  else if (task.condition == 'e') finish(t, mine[0], 'E', Reason::expression);
  else if (task.items == 0) finish(t, mine[0], 'K', Reason::no_items);
  else {
    if (task.items > 0) mine.assign(static_cast<std::size_t>(task.items), Life{});
    expanded_[t] = task.items > 0;
    for (Life& life : mine) begin(t, life);
  }
  return true;
}

void Reference::settle() {
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t t = 0; t < lives_.size(); ++t) moved = settle_task(t) || moved;
  }
  if (run_ == RunState::running && all_ended(false)) end_run();
}

bool Reference::all_ended(bool hooks) const {
  for (std::size_t t = 0; t < lives_.size(); ++t) {
    if (is_hook(t) && !hooks) continue;
    if (!std::all_of(lives_[t].begin(), lives_[t].end(), is_over)) return false;
  }
  return true;
}

void Reference::end_run() {
  run_ = RunState::success;
  for (std::size_t t = 0; t < lives_.size(); ++t) {
    const PlanTask& task = plan_->tasks[t];
    const bool counts = !is_hook(t) && !task.allow_failure && (task.setups.empty() || task.teardown_counts);
    for (const Life& life : lives_[t]) {
      const bool failed = last(life) == 'E' && counts;
      if (failed || (!is_hook(t) && is_stop_reason(life.reason))) run_ = RunState::failed;
    }
  }
  for (std::size_t t = 0; t < lives_.size(); ++t) {
    if (!is_hook(t)) continue;
    const Hook hook = plan_->tasks[t].hook;
    const bool due = hook == Hook::on_finish || hook == (run_ == RunState::success ? Hook::on_success : Hook::on_failure);
    if (due && !killing_) begin(t, lives_[t][0]);
    else finish(t, lives_[t][0], 'K', Reason::trigger_rule);
  }
}

}  // namespace baton::model
