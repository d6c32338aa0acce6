// What becomes of task instances that wait for a person (approval) or another run (trigger_dag). They are deferred: each
// try has an epoch of its own, as a claim has, and holds no slot, no pool, no limit. A part of decide(): pure.
//
//   none ──▶ deferred ──answer────▶ success, or failed (rejected)
//                     ──deadline──▶ failed (timeout), skipped, or success with the default
//                     ──child─────▶ success, failed, or up_for_retry ──▶ deferred, with a run of its own
#pragma once

#include "scheduler/engine/event.h"

namespace baton {

/// The task may run: a person is asked from now on.
void ask_person(const DagRun& run, InstanceNo i, Moment now, Decision& out);
/// The task may run, or try again: a run of another DAG is wanted.
void start_child(const DagRun& run, InstanceNo i, Moment now, Decision& out);
/// The timer of a deferred instance has fired.
void deadline_passed(const DagRun& run, InstanceNo i, Moment now, Decision& out);
/// An answer to an earlier try, or to what waits no more, changes nothing.
void answered(const DagRun& run, const Answered& e, Moment now, Decision& out);
void child_moved(const DagRun& run, const ChildMoved& e, Moment now, Decision& out);

}  // namespace baton
