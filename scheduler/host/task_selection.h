// Which tasks a run is of, when somebody names some of them. Pure.
#pragma once

#include <string>
#include <vector>

#include "scheduler/model/dag.h"
#include "scheduler/model/result.h"

namespace baton {

/// By TaskNo: the tasks of `names` and all their upstreams; the teardowns of every setup among these, so that what a
/// setup has made does not outlive the run; hooks, which belong to the run and not to a task. Empty `names`: every
/// task. not_found, with the nearest name, for a task that is not there.
Result<std::vector<bool>> select_tasks(const Dag& dag, const std::vector<std::string>& names);

}  // namespace baton
