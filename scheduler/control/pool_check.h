// Whether a task can ever get what it wants of its pools. A pool may have been made smaller, or be gone, since the
// version was made: who asks for more than there is would wait for ever, without a word.
#pragma once

#include "scheduler/engine/admission.h"
#include "scheduler/engine/dag_run.h"
#include "scheduler/model/result.h"

namespace baton {

/// An Error of kind invalid names the task, the pool and both numbers.
[[nodiscard]] Status fits_pools(const Dag& dag, TaskNo t, const Admission& admission);
/// The same for every task of a run that has not ended.
[[nodiscard]] Status rest_fits_pools(const DagRun& run, const Admission& admission);

}  // namespace baton
