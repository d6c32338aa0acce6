// Clearing: which instances of a run a clear takes, and what it makes of them. The selections are for whoever asks for a
// Cleared event; the rest is a part of advance(). Pure.
#pragma once

#include <vector>

#include "scheduler/engine/decide.h"

namespace baton {

/// What a person wants to be cleared, or marked. Instances that are removed are never selected.
struct Selection {
  enum class Rule : std::uint8_t {
    failed,  ///< failed, upstream_failed, and what a stop cut off
    from,    ///< every instance of `task_no`
    listed,  ///< `instances`
  };
  Rule rule = Rule::failed;
  TaskNo task_no = -1;
  std::vector<InstanceNo> instances;
  bool upstream = false;   ///< and all that these follow from
  bool downstream = true;  ///< and all that follows from these
  bool setups = true;      ///< with downstream: the setups of every teardown among these too
};

/// Sorted, without duplicates; hooks only where they are listed.
std::vector<InstanceNo> select(const DagRun& run, const Selection& selection);

/// Failed and upstream_failed instances and what a stop cut off, all that follows from them, and the setups of every
/// teardown among these. Sorted.
std::vector<InstanceNo> select_failed(const DagRun& run);

/// `task_no` with all that follows, and the setups of every teardown among these. Sorted.
std::vector<InstanceNo> select_from(const DagRun& run, TaskNo task_no);

/// What an event of a person (Cleared, Marked, RunMarked) does, and nothing that follows from it: for a run that is not
/// with an engine yet, and will begin anew there (RunBegins).
void change_unattended(DagRun& run, const Event& event, Moment now, StepOutcome& out);
inline void clear_instances(DagRun& run, const std::vector<InstanceNo>& selected, Moment now, StepOutcome& out) {
  change_unattended(run, Cleared{selected}, now, out);
}

// ── for decide() and advance() alone ────────────────────────────────────────────────────────────────────────────────

/// `selected`, and what must go along with it, without `spared`. Sorted.
/// - What directly or through others follows from it, has begun and has not ended: it would start, or runs, while
///   something above it is open again (INV-07).
/// - The rest of a fan-out of which a part is taken, where its items may be others now: the part would run for items that
///   it had, nothing for those that are new, and the run would be green.
std::vector<InstanceNo> with_what_goes_along(const DagRun& run, const std::vector<InstanceNo>& selected,
                                             const std::vector<InstanceNo>& spared, std::int32_t instances_max);

/// Instances that are upstream_failed, and would not be if `marked` had succeeded. Sorted.
std::vector<InstanceNo> left_upstream_failed_by(const DagRun& run, const std::vector<InstanceNo>& marked);

/// Mapped tasks that `selected` takes whole and whose items are no longer true: something above them is selected, `marked`
/// or open, or was cleared without them before. They expand anew. In topological order.
std::vector<TaskNo> tasks_to_expand_anew(const DagRun& run, const std::vector<InstanceNo>& selected,
                                         const std::vector<InstanceNo>& marked, std::int32_t instances_max);

/// `i` is as if it had not run: none, with the counts of failures and losses at 0. Its epoch (at least 1 where there is a
/// cache, which a cleared instance does not ask) and try number stay. The counters of the run are not touched.
void make_none(DagRun& run, InstanceNo i, Moment now);

/// The placeholder of `t` alone stays; its other instances are removed, and an expansion makes new ones. All of them are
/// none. `out` learns which rows and items change. The counters of the run are not touched.
void collapse(DagRun& run, TaskNo t, StepOutcome& out);

}  // namespace baton
