// What a person does to a run, in the reference: clears and marks, of what lives and of what has ended.
#include <algorithm>

#include "tests/model/letters.h"
#include "tests/model/reference.h"

namespace baton::model {

Reference::Chosen Reference::none_chosen() const {
  Chosen out;
  for (const auto& lives : lives_) out.emplace_back(lives.size(), false);
  return out;
}

bool Reference::any_of(const Chosen& chosen, std::size_t t) {
  return std::find(chosen[t].begin(), chosen[t].end(), true) != chosen[t].end();
}

/// Every instance of what follows. A teardown on the way takes its setups with it, but not what else follows from these.
void Reference::choose_what_follows(Chosen& chosen) const {
  std::vector<bool> leads(lives_.size(), false);
  for (std::size_t t = 0; t < lives_.size(); ++t) {
    const auto& ups = plan_->tasks[t].ups;
    const auto is_lead = [&](int u) { return leads[static_cast<std::size_t>(u)]; };
    if (std::any_of(ups.begin(), ups.end(), is_lead)) chosen[t].assign(chosen[t].size(), true);
    leads[t] = any_of(chosen, t);
    if (!leads[t]) continue;
    for (const int s : plan_->tasks[t].setups) {
      auto& setup = chosen[static_cast<std::size_t>(s)];
      setup.assign(setup.size(), true);
    }
  }
}

/// Nothing starts, or runs, while something above it runs again.
void Reference::choose_what_began(Chosen& chosen, const Chosen& spared) const {
  for (std::size_t t = 0; t < lives_.size(); ++t) {
    const auto& ups = plan_->tasks[t].ups;
    const auto again = [&](int u) { return any_of(chosen, static_cast<std::size_t>(u)); };
    if (std::none_of(ups.begin(), ups.end(), again)) continue;
    for (std::size_t k = 0; k < lives_[t].size(); ++k) {
      const Life& life = lives_[t][k];
      if (!is_none(life) && !is_over(life) && !spared[t][k]) chosen[t][k] = true;
    }
  }
}

void Reference::clear(const Step& step) {
  Chosen chosen = none_chosen();
  if (step.what != 'A') {
    chosen[static_cast<std::size_t>(step.task)][static_cast<std::size_t>(step.index)] = true;
  } else {
    for (std::size_t t = 0; t < lives_.size(); ++t) {
      for (std::size_t k = 0; k < lives_[t].size(); ++k) {
        const Life& life = lives_[t][k];
        const bool was_cut = last(life) == 'K' && is_of_stop(life.reason);
        chosen[t][k] = !is_hook(t) && (is_one_of(last(life), "EU") || was_cut);
      }
    }
  }
  if (step.what != 'C') choose_what_follows(chosen);
  bool is_empty = true;
  for (std::size_t t = 0; t < lives_.size(); ++t) is_empty = is_empty && !any_of(chosen, t);
  if (is_empty) return;
  choose_what_began(chosen, none_chosen());
  clear(chosen, none_chosen());
  go_on(true);
}

/// A mapped task that is taken whole expands anew, where something above it may end otherwise than it had.
void Reference::clear(const Chosen& chosen, const Chosen& marked) {
  std::vector<bool> news(lives_.size(), false), anew(lives_.size(), false);
  for (std::size_t t = 0; t < lives_.size(); ++t) {
    bool is_below_news = false, is_whole = expanded_[t];
    for (const int u : plan_->tasks[t].ups) is_below_news = is_below_news || news[static_cast<std::size_t>(u)];
    news[t] = is_below_news || any_of(marked, t);
    for (std::size_t k = 0; k < lives_[t].size(); ++k) {
      news[t] = news[t] || chosen[t][k] || !(is_over(lives_[t][k]) || marked[t][k]);
      is_whole = is_whole && (chosen[t][k] || is_none(lives_[t][k]));
    }
    anew[t] = is_whole && is_below_news;
  }
  for (std::size_t t = 0; t < lives_.size(); ++t) {
    if (is_hook(t)) continue;
    for (std::size_t k = 0; k < lives_[t].size(); ++k) {
      Life& life = lives_[t][k];
      if (!chosen[t][k]) continue;
      life.letters += is_with_worker(life) ? "!c" : "|";
      if (is_none(life)) life.reason = Reason::none;
    }
    if (!anew[t]) continue;
    expands_anew_[t] = std::any_of(lives_[t].begin(), lives_[t].end(), is_with_worker);
    if (!expands_anew_[t]) collapse(t);
  }
}

void Reference::collapse(std::size_t t) {
  gone_[t].assign(lives_[t].begin() + 1, lives_[t].end());
  lives_[t].resize(1);
  expanded_[t] = false;
}

void Reference::mark(const Step& step) {
  const auto t = static_cast<std::size_t>(step.task), k = static_cast<std::size_t>(step.index);
  Life& life = lives_[t][k];
  const char letter = step.what == 'm' ? 'S' : 'E';
  if (last(life) == letter) return go_on(false);
  const bool was_over = is_over(life), is_live = is_with_worker(life);
  Chosen marked = none_chosen(), left = none_chosen();
  marked[t][k] = true;
  if (is_live) {
    life.letters += step.what == 'm' ? "!m" : "!M";
  } else if (was_over) {
    life.letters += letter;
    life.reason = Reason::marked;
  }
  if (letter == 'S') {
    // What the failure of this one, and of no other, has left upstream_failed; and what follows from it in turn.
    const std::vector<std::vector<Life>> before = lives_;
    std::vector<bool> leads(lives_.size(), false);
    leads[t] = true;
    for (std::size_t d = 0; d < lives_.size(); ++d) {
      const auto& ups = plan_->tasks[d].ups;
      const auto is_lead = [&](int u) { return leads[static_cast<std::size_t>(u)]; };
      if (std::none_of(ups.begin(), ups.end(), is_lead)) continue;
      if (plan_->tasks[d].setups.empty() && verdict(d) == 'u') continue;
      for (std::size_t n = 0; n < lives_[d].size(); ++n) {
        if (last(lives_[d][n]) != 'U' || marked[d][n]) continue;
        left[d][n] = leads[d] = true;
        lives_[d][n].letters += '|';
      }
    }
    lives_ = before;
    choose_what_began(left, marked);
    clear(left, marked);
  }
  Life& again = lives_[t][k];  // the lives may have moved
  if (!is_live && !was_over) finish(t, again, letter, Reason::marked);
  go_on(false);
}

/// After a clear in any case; after a mark where something is open then, or what the run comes to is another.
void Reference::go_on(bool in_any_case) {
  const bool had_ended = run_ != RunState::running;
  const bool is_other = !marked_ && outcome() != run_;
  if (had_ended && !in_any_case && all_ended(false) && !is_other) return;
  if (!had_ended && !in_any_case) return;
  for (std::size_t t = 0; t < lives_.size(); ++t) {
    Life& hook = lives_[t][0];
    if (!is_hook(t) || is_none(hook)) continue;
    if (is_with_worker(hook)) {
      if (wish_of(hook) != 'c') hook.letters += "!c";
    } else {
      hook.letters += '|';
      hook.reason = Reason::none;
    }
  }
  run_ = RunState::running;
  stopping_ = Reason::none;
  killing_ = marked_ = false;
}

void Reference::mark_run(RunState to) {
  if (run_ == RunState::running) {
    return stop(to == RunState::success ? Reason::marking_success : Reason::marking_failed, false);
  }
  if (!all_ended(true)) return;
  run_ = to;
  run_reason_ = Reason::marked;
  marked_ = true;
}

}  // namespace baton::model
