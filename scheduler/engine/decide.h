// The pure core of a run: what follows from an event. No clock, no store, no process: state and an event go in, changes
// and commands come out. `advance` is the whole step; the shell calls nothing else.
#pragma once

#include "scheduler/engine/asset_rows.h"
#include "scheduler/engine/check_rows.h"
#include "scheduler/engine/event.h"

namespace baton {

/// Limits that come from outside a Dag.
struct CoreSettings {
  std::int32_t instances_max = 100'000;  ///< of one mapped task
  std::int32_t losses_max = 3;           ///< budget of losses per task instance since its last clear (S14)
  std::int64_t outputs_max_bytes = 1LL << 30;  ///< of memory for the outputs of one run; who would exceed it fails
};

/// What follows from `event`, one step far. Does not change `run`. A stale event (its instance is not in a state that it
/// speaks of) gives an empty Decision.
Decision decide(const DagRun& run, const Event& event, Moment now, const CoreSettings& settings);
/// The same into `out`, whatever was in it.
void decide(const DagRun& run, const Event& event, Moment now, const CoreSettings& settings, Decision& out);

/// What one step of the run has to make durable and to carry out.
struct StepOutcome {
  std::vector<InstanceNo> dirty;       ///< instances whose row must be written before what follows has effect
  std::vector<InstanceNo> dirty_lazy;  ///< running: its row may join the next batch
  std::vector<InstanceNo> made;        ///< new rows of an expansion
  std::vector<TryRow> tries;
  std::vector<CacheRow> cache;
  std::vector<DurationRow> durations;
  std::vector<TaskStateRow> states;    ///< across runs: committed with the successes that put them
  std::vector<Command> commands;
  std::vector<CheckRow> checks;        ///< what checks have come to
  std::vector<AssetQuarantineRow> quarantines;  ///< that checks put and lift, in their order
  std::vector<HeldEventRow> held;      ///< successes whose asset events wait for checks, and those that do not any more
  std::vector<InstanceNo> produced;    ///< succeeded by running, and their tasks name what they produce
  std::vector<ApprovalRow> asked;      ///< what persons are asked from now on
  std::vector<ApprovalClosingRow> answered;  ///< what is asked no more
  std::vector<ChildMoveRow> children;  ///< runs that are waited for no more
  bool run_changed = false;
  Decision decision;                   ///< what the last step was decided in, kept for its memory: of no meaning here

  void clear();
};

/// Applies what decide() says of `event`, and of what follows from that: the only way a DagRun moves. Bounded: after some
/// thousand steps it returns true and leaves the rest in run.pending, for advance_pending() in another turn. A crash in
/// between is harmless: recovery judges every task again.
bool advance(DagRun& run, const Event& event, Moment now, const CoreSettings& settings, StepOutcome& out);
bool advance_pending(DagRun& run, Moment now, const CoreSettings& settings, StepOutcome& out);

/// Adds `i` to a list of a StepOutcome unless one of its lists names it already: a second row of one step would lack what
/// the end of the first has let go of (its note, its times).
void name_once(DagRun& run, InstanceNo i, std::vector<InstanceNo>& list);

/// A scheduled instance waits for another resource from now on. No state changes, nothing is written.
void note_wait(DagRun& run, InstanceNo i, Wait wait, Moment now);

/// The row of an instance as the store keeps it now.
/// Whether a row names this wait. Slots are told from memory: a fan would have each of its rows written once more.
bool is_told_wait(Wait wait);

TaskRow row_of(const DagRun& run, InstanceNo i);

}  // namespace baton
