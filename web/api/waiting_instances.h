// The task instances that a run will have: of one that waits to begin no row is there, and they are told from its
// version, each as it will begin. One thread at a time.
#pragma once

#include <vector>

#include "scheduler/engine/reader.h"
#include "web/api/services.h"

namespace baton::api {

/// Of a run that waits to begin, as the file has the tasks; of any other none. What is mapped is one, not expanded.
Result<std::vector<InstanceView>> waiting_instances(Reader& reader, RunNo run_no, const Call& call);
/// The one that the path names; of a run that waits to begin, as it will begin.
Result<InstanceView> found_or_waiting(Reader& reader, const Call& call);
/// As list_instances() of the Reader, over these: what the filter names of tasks and states, and the page.
InstancePage page_of_waiting(std::vector<InstanceView> all, const InstanceQuery& query);

}  // namespace baton::api
