#include "scheduler/engine/service_rows.h"

#include <iterator>
#include <utility>

namespace baton {
namespace {

template <typename Row>
void move_behind(std::vector<Row>& rows, std::vector<Row>& more) {
  std::move(more.begin(), more.end(), std::back_inserter(rows));
}

}  // namespace

std::string_view to_string(LetterState state) {
  switch (state) {
    case LetterState::open: return "open";
    case LetterState::redriven: return "redriven";
    case LetterState::discarded: return "discarded";
    case LetterState::resolved: return "resolved";
    case LetterState::superseded: return "superseded";
  }
  return "open";
}

std::string_view to_string(ApprovalState state) {
  switch (state) {
    case ApprovalState::open: return "open";
    case ApprovalState::answered: return "answered";
    case ApprovalState::withdrawn: return "withdrawn";
    case ApprovalState::expired: return "expired";
  }
  return "open";
}

void append(ServiceRows& rows, ServiceRows more) {
  move_behind(rows.files, more.files);
  move_behind(rows.versions, more.versions);
  move_behind(rows.dags, more.dags);
  move_behind(rows.tags, more.tags);
  move_behind(rows.cursors, more.cursors);
  move_behind(rows.ticks, more.ticks);
  move_behind(rows.server, more.server);
  move_behind(rows.backfills, more.backfills);
  move_behind(rows.intervals, more.intervals);
  move_behind(rows.notes, more.notes);
  move_behind(rows.run_holds, more.run_holds);
  move_behind(rows.outputs, more.outputs);
  move_behind(rows.store_entries, more.store_entries);
  move_behind(rows.favorites, more.favorites);
  move_behind(rows.pools, more.pools);
  move_behind(rows.variables, more.variables);
  move_behind(rows.tokens, more.tokens);
  move_behind(rows.deletions, more.deletions);
  move_behind(rows.rests, more.rests);
  move_behind(rows.breakers, more.breakers);
  move_behind(rows.breaker_events, more.breaker_events);
  move_behind(rows.dag_deletions, more.dag_deletions);
  move_behind(rows.letter_closings, more.letter_closings);
  move_behind(rows.letters, more.letters);
  move_behind(rows.jobs, more.jobs);
  move_behind(rows.outbox, more.outbox);
  move_behind(rows.deliveries, more.deliveries);
  move_behind(rows.assets, more.assets);
  move_behind(rows.quarantines, more.quarantines);
  move_behind(rows.dag_assets, more.dag_assets);
  move_behind(rows.asset_events, more.asset_events);
  move_behind(rows.asset_cursors, more.asset_cursors);
  move_behind(rows.taken_events, more.taken_events);
  move_behind(rows.task_states, more.task_states);
  move_behind(rows.checks, more.checks);
  move_behind(rows.held_events, more.held_events);
  move_behind(rows.approvals, more.approvals);
  move_behind(rows.approval_closings, more.approval_closings);
  move_behind(rows.children, more.children);
  move_behind(rows.child_moves, more.child_moves);
}

}  // namespace baton
