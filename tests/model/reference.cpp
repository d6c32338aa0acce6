#include "tests/model/reference.h"

#include <algorithm>
#include <map>
#include <set>

#include "tests/model/letters.h"

namespace baton::model {
namespace {

/// The table of docs/dag-language.md. Every rule asks only which kinds of ends there are: a letter for each set with
/// S = 1, F = 2, U = 4, K = 8, from 1 to 15. r run, s skip, u upstream failed; *: one end may be enough to run.
const std::map<TriggerRule, std::string_view> kRules = {
    {TriggerRule::all_success, "ruuuuuussuuuuuu"},  {TriggerRule::all_failed, "srsrsrsssssssss"},
    {TriggerRule::all_done, "rrrrrrrrrrrrrrr"},     {TriggerRule::all_done_min_one_success, "rurururssssssss"},
    {TriggerRule::all_skipped, "sssssssrsssssss"},  {TriggerRule::one_success, "rururursrururur*"},
    {TriggerRule::one_failed, "srrrrrrssrrrrrr*"},  {TriggerRule::one_done, "rrrsrrrsrrrsrrr*"},
    {TriggerRule::none_failed, "ruuuuuurruuuuuu"},  {TriggerRule::none_failed_min_one_success, "ruuuuuusruuuuuu"},
    {TriggerRule::none_skipped, "rrrrrrrssssssss"}, {TriggerRule::always, "rrrrrrrrrrrrrrr*"},
};

/// Every way in which `open` upstreams could still end is tried: what all of them lead to is the verdict. 'w': wait.
char rule_verdict(std::string_view row, unsigned ended, int open) {
  if (open == 0) return ended == 0 ? 'r' : row[ended - 1];
  std::set<char> verdicts;
  for (unsigned more = 1; more < 16; ++more) {
    if (__builtin_popcount(more) <= open) verdicts.insert(row[(ended | more) - 1]);
  }
  if (verdicts.size() > 1) return 'w';
  return *verdicts.begin() == 'r' && !row.ends_with('*') ? 'w' : *verdicts.begin();
}

Reason reason_of(char how) {
  static const std::map<char, Reason> reasons = {{'f', Reason::exit_code}, {'t', Reason::timeout},
                                                 {'g', Reason::signal},    {'h', Reason::heartbeat},
                                                 {'n', Reason::spawn},     {'x', Reason::lost}};
  return reasons.at(how);
}

/// What becomes of who will not start any more, and why.
std::pair<char, Reason> cut_by(Reason why, bool has_failed) {
  if (why == Reason::marking_success) return {'S', Reason::marked};
  if (why == Reason::marking_failed) return {'K', Reason::marked};
  return {has_failed ? 'E' : 'K', why};
}

}  // namespace

TaskState state_of(const Life& life) {
  static const std::map<char, TaskState> states = {{' ', TaskState::none},         {'o', TaskState::scheduled},
                                                   {'C', TaskState::queued},       {'P', TaskState::running},
                                                   {'F', TaskState::up_for_retry}, {'L', TaskState::up_for_reschedule},
                                                   {'S', TaskState::success},      {'E', TaskState::failed},
                                                   {'K', TaskState::skipped},      {'U', TaskState::upstream_failed}};
  return states.at(last(life));
}

int epoch_of(const Life& life) {
  return count(life.letters, 'C');
}
int failures_of(const Life& life) {
  return count(recent(life), 'F');
}
int losses_of(const Life& life) {
  return count(recent(life), 'X');
}

/// Every claim is a try, but for those of a sensor that has looked in vain since its last failure or clear.
int try_of(const Life& life) {
  int tries = 0;
  bool looks_again = false;
  for (const char c : life.letters) {
    if (c == 'C' && !looks_again) ++tries;
    if (c == 'L') looks_again = true;
    if (is_one_of(c, "F|")) looks_again = false;
  }
  return tries;
}

bool Reference::counts(std::size_t t) const {
  const PlanTask& task = plan_->tasks[t];
  return !is_hook(t) && !task.allow_failure && (task.setups.empty() || task.teardown_counts);
}

bool Reference::all_ended(bool hooks_too) const {
  for (std::size_t t = 0; t < lives_.size(); ++t) {
    const bool matters = hooks_too || !is_hook(t);
    if (matters && !std::all_of(lives_[t].begin(), lives_[t].end(), is_over)) return false;
  }
  return true;
}

Reason Reference::reason_of_outcome() const {
  bool cut = false;
  for (std::size_t t = 0; t < lives_.size(); ++t) {
    for (const Life& life : lives_[t]) cut = cut || (!is_hook(t) && is_of_stop(life.reason));
  }
  if (run_ != RunState::failed) return Reason::none;
  return !cut ? Reason::upstream_failed : stopping_ == Reason::none ? Reason::stopped : stopping_;
}

void Reference::apply(const Step& step, int epoch) {
  const auto t = static_cast<std::size_t>(step.task), k = static_cast<std::size_t>(step.index);
  if (step.what == 'S' || step.what == 'K') stop(Reason::stopped, step.what == 'K');
  if (step.what == 'R') stop(Reason::run_timeout, false);
  if (step.what == 'W' || step.what == 'V') mark_run(step.what == 'W' ? RunState::success : RunState::failed);
  if (is_one_of(step.what, "AcC")) clear(step);
  if (is_one_of(step.what, "mM")) mark(step);
  const bool is_of_attempt = !is_of_run(step.what) && !is_of_person(step.what);
  if (is_of_attempt && k < lives_[t].size()) apply_to(t, lives_[t][k], step.what, epoch);
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t i = 0; i < lives_.size(); ++i) moved = settle_task(i) || moved;
  }
  if (run_ == RunState::running && all_ended(false)) end_run();
  if (run_ != RunState::running) begin_hooks();
}

void Reference::apply_to(std::size_t t, Life& life, char what, int epoch) {
  const char at = last(life);
  if (what == 'a' && at == 'o') life.letters += 'C';
  if (what == 'p' && at == 'C') life.letters += 'P';
  if (what == 'T' && is_one_of(at, "FL")) life.letters += 'o';
  if (what == 'L' && at == 'o') finish(t, life, 'E', Reason::secret);
  const bool is_end = !is_one_of(what, "apTL");
  if (!is_end || !is_with_worker(life) || epoch != epoch_of(life)) return;
  end_attempt(t, life, what);
  if (expands_anew_[t] && std::none_of(lives_[t].begin(), lives_[t].end(), is_with_worker)) {
    expands_anew_[t] = false;
    if (std::all_of(lives_[t].begin(), lives_[t].end(), is_none)) collapse(t);
  }
}

void Reference::end_attempt(std::size_t t, Life& life, char how) {
  const char wish = wish_of(life);
  const bool is_stopped = is_after(life.letters, '!', 'C');
  if (wish == 'c') {
    life.letters += '|';
    return;
  }
  if (wish != ' ') return finish(t, life, wish == 'm' ? 'S' : 'E', Reason::marked);
  if (is_stopped && is_of_mark(stopping_)) {
    return finish(t, life, stopping_ == Reason::marking_success ? 'S' : 'E', Reason::marked);
  }
  if (how == 's') return finish(t, life, 'S', Reason::none);
  if (how == 'k') return finish(t, life, 'K', Reason::exit_skip);
  if (is_stopped) return finish(t, life, 'E', stopping_ == Reason::none ? Reason::stopped : stopping_);
  const bool is_forgiven = is_one_of(how, "yz") || (how == 'x' && losses_of(life) < plan_->losses_max);
  if (is_forgiven) {
    life.letters += how == 'x' ? "Xo" : "xo";
  } else if (how == 'f' && plan_->tasks[t].sensor) {
    life.letters += 'L';
  } else {
    life.letters += 'F';
    if (failures_of(life) > plan_->tasks[t].retries) finish(t, life, 'E', reason_of(how));
  }
}

void Reference::finish(std::size_t t, Life& life, char letter, Reason reason) {
  life.letters += letter;
  life.reason = reason;
  if (letter == 'E' && counts(t) && plan_->fail_fast && stopping_ == Reason::none) stop(Reason::fail_fast, false);
}

void Reference::stop(Reason reason, bool kill) {
  if (run_ != RunState::running && all_ended(true)) return;
  if (stopping_ == Reason::none || is_of_mark(reason)) stopping_ = reason;
  killing_ = killing_ || kill;
  for (std::size_t t = 0; t < lives_.size(); ++t) {
    const bool spared = is_hook(t) ? run_ == RunState::running : !plan_->tasks[t].setups.empty() && !kill;
    for (Life& life : lives_[t]) {
      if (spared || is_over(life)) continue;
      if (is_with_worker(life)) {
        life.letters += '!';
      } else {
        const auto [letter, why] = cut_by(reason, last(life) == 'F');
        finish(t, life, letter, why);
      }
    }
  }
}

/// What the upstreams' ends say of a task: r, s, u, or w as long as they say nothing.
char Reference::verdict(std::size_t t) const {
  const PlanTask& task = plan_->tasks[t];
  unsigned kinds = 0, setup_kinds = 0;
  int open = 0;
  for (const int u : task.ups) {
    const bool is_setup = std::count(task.setups.begin(), task.setups.end(), u) > 0;
    for (const Life& life : lives(u)) {
      const unsigned kind = is_over(life) ? 1U << std::string_view("SEUK").find(last(life)) : 0;
      open += kind == 0 ? 1 : 0;
      kinds |= kind;
      setup_kinds |= is_setup ? kind : 0;
    }
  }
  if (task.setups.empty()) return rule_verdict(kRules.at(task.rule), kinds, open);
  if (open > 0) return 'w';
  return (setup_kinds & 1U) != 0 ? 'r' : (setup_kinds & 6U) != 0 ? 'u' : 's';
}

void Reference::begin(std::size_t t, Life& life) {
  if (plan_->tasks[t].noop) return finish(t, life, 'S', Reason::none);
  life.letters += 'o';
}

/// Items are made of all the instances of a mapped task above, whatever the rule.
bool Reference::is_behind_barrier(std::size_t t) const {
  const PlanTask& task = plan_->tasks[t];
  const auto is_open = [this](int u) {
    const std::vector<Life>& above = lives(u);
    return plan_->tasks[static_cast<std::size_t>(u)].items >= 0 && !std::all_of(above.begin(), above.end(), is_over);
  };
  return task.items >= 0 && !expanded_[t] && std::any_of(task.ups.begin(), task.ups.end(), is_open);
}

bool Reference::settle_task(std::size_t t) {
  const PlanTask& task = plan_->tasks[t];
  const bool waits = std::any_of(lives_[t].begin(), lives_[t].end(), is_none);
  if (is_hook(t) || expands_anew_[t] || !waits) return false;
  const bool shut = stopping_ != Reason::none && (task.setups.empty() || killing_);
  const char v = shut ? 's' : verdict(t);
  if (v == 'w') return false;
  const auto finished = [&](char letter, Reason reason) {
    for (Life& life : lives_[t]) {
      if (is_none(life)) finish(t, life, letter, reason);
    }
    return true;
  };
  if (v == 'r' && is_behind_barrier(t)) return false;
  if (shut) return finished(cut_by(stopping_, false).first, cut_by(stopping_, false).second);
  if (v == 's') return finished('K', Reason::trigger_rule);
  if (v == 'u') return finished('U', Reason::trigger_rule);
  if (!expanded_[t]) {
    if (task.condition == '0') return finished('K', Reason::condition);
    if (task.condition == 'e') return finished('E', Reason::expression);
    if (task.items == 0) return finished('K', Reason::no_items);
    expanded_[t] = task.items > 0;
    lives_[t].resize(static_cast<std::size_t>(std::max(task.items, 1)));
    for (std::size_t k = 1; k < lives_[t].size() && k <= gone_[t].size(); ++k) lives_[t][k] = gone_[t][k - 1];
    gone_[t].clear();
  }
  for (Life& life : lives_[t]) {
    if (is_none(life)) begin(t, life);
  }
  return true;
}

RunState Reference::outcome() const {
  for (std::size_t t = 0; t < lives_.size(); ++t) {
    bool is_below_a_failure = false;
    for (const int u : plan_->tasks[t].ups) {
      for (const Life& life : lives(u)) is_below_a_failure = is_below_a_failure || is_one_of(last(life), "EU");
    }
    for (const Life& life : lives_[t]) {
      const bool is_failure = last(life) == 'E' || (last(life) == 'U' && !is_below_a_failure);
      const bool spoils = (is_failure && counts(t)) || (is_over(life) && is_of_stop(life.reason) && !is_hook(t));
      if (spoils) return RunState::failed;
    }
  }
  return RunState::success;
}

void Reference::end_run() {
  marked_ = is_of_mark(stopping_);
  run_ = outcome();
  if (marked_) run_ = stopping_ == Reason::marking_success ? RunState::success : RunState::failed;
  run_reason_ = marked_ ? Reason::marked : reason_of_outcome();
}

void Reference::begin_hooks() {
  const Hook by_outcome = run_ == RunState::success ? Hook::on_success : Hook::on_failure;
  for (std::size_t t = 0; t < lives_.size(); ++t) {
    const Hook hook = plan_->tasks[t].hook;
    if (hook == Hook::none || !is_none(lives_[t][0])) continue;
    const bool due = (hook == Hook::on_finish || hook == by_outcome) && !killing_;
    if (due) begin(t, lives_[t][0]);
    if (!due) finish(t, lives_[t][0], 'K', Reason::trigger_rule);
  }
}

}  // namespace baton::model
