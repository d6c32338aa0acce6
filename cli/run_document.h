// A run with all its task instances as one document: `show -o json`, and what `run -o json` ends with.
#pragma once

#include "scheduler/model/result.h"
#include "scheduler/model/value.h"
#include "scheduler/engine/reader.h"

namespace baton::cli {

/// run_object() with `task_instances` and `total_entries`; `with_tries` adds `tries` to each.
Result<Value> run_document(Reader& reader, const RunView& run, bool with_tries);
/// The same with these of its instances alone.
Result<Value> run_document(Reader& reader, const RunView& run, const std::vector<InstanceView>& instances,
                           bool with_tries);

}  // namespace baton::cli
