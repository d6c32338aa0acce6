// Runs that tasks start (trigger_dag). The parent's deferral is durable, with its epoch, before a run is made; the run is
// made in one part with the row that says which attempt has started it. So a death at any moment leaves either no run, and
// the attempt makes it, or the one that the row names. Who waits hears of the end, now or after a restart.
#include <algorithm>
#include <map>
#include <utility>

#include "scheduler/engine/engine.h"
#include "scheduler/model/check.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

Pending::ChildWish wish_of(const ChildRow& row) { return {row.run_no, row.instance_no, row.epoch, false}; }

Reason reason_of(const Error& error) {
  return error.kind == ErrorKind::unavailable ? Reason::unsupported : Reason::spawn;
}

}  // namespace

/// Whether this attempt is one of a live run and waits.
bool Engine::is_wanted(const Pending::ChildWish& wish) const {
  const DagRun* parent = run(wish.run_no);
  if (parent == nullptr || static_cast<std::size_t>(wish.instance_no) >= parent->instances.size()) return false;
  const Instance& instance = parent->at(wish.instance_no);
  return instance.state == TaskState::deferred && instance.epoch == wish.epoch;
}

/// The live run whose attempt this is, as long as it waits; else null.
LiveRun* Engine::waiting_parent(const Pending::ChildWish& wish) {
  return is_wanted(wish) ? runs_.find(wish.run_no) : nullptr;
}

void Engine::refuse_child(const Pending::ChildWish& wish, Reason reason, const std::string& why) {
  LiveRun* parent = waiting_parent(wish);
  if (parent == nullptr || dead_) return;
  ChildMoved moved{wish.instance_no, wish.epoch, ChildMoved::Kind::refused, {}, {}};
  moved.reason = reason;
  moved.note = why;
  handle(*parent, moved);
}

/// Its deferral is durable. One that an earlier scheduler has made is waited for.
void Engine::begin_child(const Pending::ChildWish& wish) {
  LiveRun* parent = waiting_parent(wish);
  if (parent == nullptr) return;
  const auto is_its = [&](const auto& entry) {
    const ChildRow& row = entry.second;
    return row.run_no == wish.run_no && row.instance_no == wish.instance_no && row.epoch == wish.epoch;
  };
  const auto known = std::find_if(children_.begin(), children_.end(), is_its);
  bool is_made = known != children_.end();
  if (BATON_BUG(child_made_twice)) is_made = false;
  if (is_made) {
    const ChildRow row = known->second;
    return child_ask_of(parent->run.spec_of(wish.instance_no)).waits ? await_child(row.child_no) : tell_made(row);
  }
  if (child_maker_ == nullptr && loader_ != nullptr) return postponed_.push_back(wish);
  if (child_maker_ == nullptr) return refuse_child(wish, Reason::unsupported, "runs of other DAGs need the server");
  const auto ask = rendered_child_ask(parent->run, wish.instance_no);
  if (!ask) return refuse_child(wish, Reason::expression, "trigger_dag: " + ask.error().message);
  if (ask->waits && is_deadlock(parent->run, ask->dag_id)) {
    return refuse_child(wish, Reason::deadlock,
                        "a run of DAG " + ask->dag_id + " waits for this one already: it would wait for itself");
  }
  child_maker_->make_child(*ask, [this, alive = is_alive_, wish](Result<ChildRun> made) {
    if (*alive && !dead_) child_made(wish, std::move(made));
  });
}

void Engine::make_children_with(ChildMaker* maker) {
  child_maker_ = maker;
  if (maker == nullptr) return;
  for (const Pending::ChildWish& wish : std::exchange(postponed_, {})) begin_child(wish);
}

/// Whether a run of this DAG is the parent, or waits for it, be it through others.
bool Engine::is_deadlock(const DagRun& parent, const std::string& dag_id) const {
  const DagRun* above = &parent;
  for (std::size_t depth = 0; above != nullptr && depth <= children_.size(); ++depth) {
    if (above->row.dag_id == dag_id) return true;
    const auto found = children_.find(above->row.run_no);
    above = found == children_.end() || found->second.state != ChildState::awaited ? nullptr : run(found->second.run_no);
  }
  return false;
}

// ── who waits for a place that waits for it ─────────────────────────────────────────────────────────────────────────

/// The runs that cannot go on before one of them does: each waits for a child that is among them, or that waits for a
/// place while all who hold one are among them. `own` is taken for one; 0: nobody is.
Engine::Waits Engine::stuck_waits(RunNo own) const {
  // All that wait for a child are taken for stuck; who waits for none that is goes on.
  Waits stuck;
  if (own != 0) stuck[own];
  for (const auto& [child_no, row] : children_) {
    if (row.state == ChildState::awaited && is_wanted(wish_of(row))) stuck[row.run_no].push_back(&row);
  }
  const auto is_one = [&](const ChildRow* row) { return is_stuck(*row, stuck); };
  const auto goes_on = [&](const auto& entry) {
    return entry.first != own && std::none_of(entry.second.begin(), entry.second.end(), is_one);
  };
  while (std::erase_if(stuck, goes_on) > 0) {
  }
  return stuck;
}

bool Engine::are_stuck(const std::vector<RunNo>& holders, const Waits& stuck) const {
  return !holders.empty() && std::all_of(holders.begin(), holders.end(), [&](RunNo h) { return stuck.contains(h); });
}

bool Engine::is_stuck(const ChildRow& child, const Waits& stuck) const {
  if (run(child.child_no) != nullptr) return stuck.contains(child.child_no);
  return queue_.is_waiting(child.child_no) && are_stuck(queue_.full_of(child.dag_id), stuck);
}

/// Of a child that is stuck: the run that it waits for, itself where it lives.
RunNo Engine::next_in_circle(const ChildRow& child) const {
  return run(child.child_no) != nullptr ? child.child_no : queue_.full_of(child.dag_id).front();
}

/// Whether a run of this DAG would wait for ever for a place, because whoever holds one waits, be it through others,
/// for a place that `parent` or another of them holds: the way round, by DAGs. A child closes such a circle, or does
/// not, when it is made; whoever takes a place has none yet.
std::optional<std::string> Engine::circle_of_places(const DagRun& parent, const std::string& dag_id) const {
  const RunNo own = parent.row.run_no;
  const auto waits = [&](RunNo run_no) {
    const DagRun* const holder = run(run_no);
    if (BATON_BUG(circle_forgotten_at_restart) && holder != nullptr && holder->restored_at >= begun_at_) return false;
    return run_no == own ||
           (holder != nullptr && holder->row.counts[static_cast<std::size_t>(TaskState::deferred)] > 0);
  };
  const std::vector<RunNo> first = queue_.full_of(dag_id);
  if (first.empty() || !std::all_of(first.begin(), first.end(), waits)) return std::nullopt;
  const Waits stuck = stuck_waits(own);
  if (!are_stuck(first, stuck)) return std::nullopt;

  std::string way = parent.row.dag_id + " → " + dag_id;
  RunNo at = first.front();
  for (std::size_t steps = 0; at != own && steps < stuck.size(); ++steps) {
    const auto& rows = stuck.at(at);
    const ChildRow& row =
        **std::find_if(rows.begin(), rows.end(), [&](const auto* one) { return is_stuck(*one, stuck); });
    way += " → " + row.dag_id;
    at = next_in_circle(row);
  }
  return way;
}

/// A circle may close without a child being made: a DAG has fewer places than when those were that wait now, the last
/// of its runs that did not wait has ended, or a restart has found it so. Of each circle the youngest that has not begun
/// is given up: it has done nothing yet.
void Engine::end_circles() {
  for (Waits stuck = stuck_waits(0); !stuck.empty(); stuck = stuck_waits(0)) {
    const auto wait_of = [&](RunNo run_no) -> const ChildRow& {
      const auto& rows = stuck.at(run_no);
      return **std::find_if(rows.begin(), rows.end(), [&](const auto* one) { return is_stuck(*one, stuck); });
    };
    RunNo at = stuck.begin()->first;
    for (std::size_t steps = 0; steps < stuck.size(); ++steps) at = next_in_circle(wait_of(at));  // into the circle
    const RunNo begin = at;
    const ChildRow* last = nullptr;
    std::string way = run(begin)->row.dag_id;
    do {
      const ChildRow& row = wait_of(at);
      way += " → " + row.dag_id;
      if (run(row.child_no) == nullptr && (last == nullptr || row.child_no > last->child_no)) last = &row;
      at = next_in_circle(row);
    } while (at != begin);
    BATON_CHECK(last != nullptr);  // no run is started by one that it has started
    const ChildRow given_up = *last;
    const std::string name = "run " + given_up.run_id + " of DAG " + given_up.dag_id;
    refuse_child(wish_of(given_up), Reason::deadlock,
                 name + " waits for a place that waits for this one (" + way + "): it would wait for itself");
    const auto kept = children_.find(given_up.child_no);
    if (kept != children_.end()) kept->second.state = ChildState::cut;  // its stop is on its way
  }
}

void Engine::child_made(const Pending::ChildWish& wish, Result<ChildRun> made) {
  LiveRun* parent = waiting_parent(wish);
  if (parent == nullptr) return;  // it was stopped meanwhile: nothing was made
  if (!made) return refuse_child(wish, reason_of(made.error()), made.error().message);
  const std::string& dag_id = made->creation.run.dag_id;
  set_limits(dag_id, limits_of(*made->creation.dag), made->creation.run.run_no);
  const bool waits = child_ask_of(parent->run.spec_of(wish.instance_no)).waits;
  if (const auto way = waits ? circle_of_places(parent->run, dag_id) : std::nullopt) {
    return refuse_child(wish, Reason::deadlock,
                        "all the runs that DAG " + dag_id + " may have at a time wait for this one (" + *way +
                            "): it would wait for itself");
  }
  create_child(*parent, wish, std::move(*made));
}

void Engine::create_child(LiveRun& parent, const Pending::ChildWish& wish, ChildRun made) {
  const RunRow& child = made.creation.run;
  ChildRow row{wish.run_no, wish.instance_no, wish.epoch, child.run_no, child.dag_id, child.run_id, loop_.wall_now()};
  row.state = ChildState::awaited;
  children_[child.run_no] = row;
  const bool waits = child_ask_of(parent.run.spec_of(wish.instance_no)).waits;
  EngineRequest request;
  request.service.children.push_back(row);
  request.done = [this, row, waits](const PartVerdict& verdict) {
    const Pending::ChildWish whose = wish_of(row);
    if (!verdict.is_done()) {
      children_.erase(row.child_no);
      const bool is_date = verdict.exists == PartVerdict::Exists::logical_date;
      return refuse_child(whose, Reason::spawn,
                          is_date ? "DAG " + row.dag_id + " has a run of that logical date already"
                                  : "DAG " + row.dag_id + " has a run " + row.run_id + " already");
    }
    if (!waits) tell_made(row);
  };
  create_run(std::move(made.creation), std::move(made.params), std::move(made.path_us), std::move(request));
}

/// To who does not wait: nothing more is owed.
void Engine::tell_made(const ChildRow& row) {
  children_.erase(row.child_no);
  LiveRun* parent = waiting_parent(wish_of(row));
  if (parent == nullptr || dead_) return;
  handle(*parent, ChildMoved{row.instance_no, row.epoch, ChildMoved::Kind::made, row.dag_id, row.run_id});
}

/// One that lives or waits to begin is heard of when it ends; what it came to while nobody ran it, its row says.
void Engine::await_child(RunNo child_no) {
  if (runs_.find(child_no) != nullptr || queue_.has(child_no) || loader_ == nullptr) return;
  loader_->load_row(child_no, [this, alive = is_alive_, child_no](Result<RunRow> row) {
    if (!*alive || dead_ || !children_.contains(child_no)) return;
    if (row && !is_final(row->state)) return;  // it is on its way
    if (row) return child_ended(*row);
    RunRow gone;  // somebody has deleted it: nothing will ever be heard of it
    gone.run_no = child_no;
    gone.state = RunState::failed;
    gone.note = "it is gone";
    child_ended(gone);
  });
}

void Engine::child_ended(const RunRow& row) {
  const auto found = children_.find(row.run_no);
  if (found == children_.end() || dead_) return;
  const ChildRow child = found->second;
  children_.erase(found);
  if (child.state == ChildState::cut) {
    next().engine_part().service.child_moves.push_back({child.run_no, child.instance_no, child.epoch, ChildState::over});
    return schedule_turn();
  }
  LiveRun* parent = waiting_parent(wish_of(child));
  if (parent == nullptr) return;
  ChildMoved moved{child.instance_no, child.epoch, ChildMoved::Kind::ended, child.dag_id, child.run_id};
  moved.state = row.state;
  moved.note = row.note;
  handle(*parent, moved);
}

/// Nobody waits for it any more, and that is durable.
void Engine::stop_child(const Pending::ChildWish& wish) {
  for (auto& [child_no, row] : children_) {
    if (row.run_no != wish.run_no || row.instance_no != wish.instance_no || row.epoch != wish.epoch) continue;
    row.state = ChildState::cut;
    stop_run(child_no, Reason::stopped, false);
    return;
  }
}

void Engine::restore_children(const std::vector<ChildRow>& rows) {
  for (const ChildRow& row : rows) children_[row.child_no] = row;
  if (rows.empty()) return;
  circles_due_ = true;
  loop_.post([this, alive = is_alive_] {
    if (*alive) reconcile_children();
  });
}

/// A death may have come between a parent's end and the stop of what it had started.
void Engine::reconcile_children() {
  std::vector<ChildRow> left;
  for (const auto& [child_no, row] : children_) {
    if (row.state == ChildState::cut || waiting_parent(wish_of(row)) == nullptr) left.push_back(row);
  }
  for (const ChildRow& row : left) {
    children_[row.child_no].state = ChildState::cut;
    const bool lives = runs_.find(row.child_no) != nullptr || queue_.has(row.child_no);
    if (lives && stop_run(row.child_no, Reason::stopped, false)) continue;
    if (lives) continue;
    RunRow ended;
    ended.run_no = row.child_no;
    child_ended(ended);
  }
  schedule_turn();
}

}  // namespace baton
