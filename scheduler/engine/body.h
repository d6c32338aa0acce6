// The body of a task instance with its expressions evaluated: what http, sql, checks, approval and trigger_dag go by.
// Pure; reads the run.
#pragma once

#include <functional>
#include <string>

#include "scheduler/engine/dag_run.h"
#include "scheduler/expr/names.h"
#include "scheduler/model/result.h"
#include "scheduler/model/task_body.h"
#include "scheduler/model/value.h"

namespace baton {

/// `body` with its texts and scripts evaluated. Values that are secrets stand as `{secret: name}` at the places that
/// `body.secrets` tells: what else looks like that is data. The error names the place: "json/day: …".
Result<Value> evaluated(const TaskBody& body, const expr::Names& names);

/// That of an instance, with the names that its other texts have.
Result<Value> body_of(const DagRun& run, InstanceNo i);

/// `value`, which evaluated() gave, with each of `body.secrets` put in as `secret` gives it. For launches alone: the
/// result is never kept.
Result<Value> with_secrets(const TaskBody& body, const Value& value,
                           const std::function<Result<std::string>(const std::string& name)>& secret);

}  // namespace baton
