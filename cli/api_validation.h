// What the API says of the text of a DAG file: as `baton validate -o json`, with the DAGs that it holds. Pure; any thread. A
// text that is bad in any way costs a second at most.
#pragma once

#include <string>

#include "scheduler/model/dag.h"
#include "scheduler/model/value.h"

namespace baton {

/// `{is_valid, dags: [{dag_id, tasks}], diagnostics: […]}`. `file` stands for it in the findings and opens nothing.
Value validation_of(std::string source, const std::string& file, const Config& config);

}  // namespace baton
