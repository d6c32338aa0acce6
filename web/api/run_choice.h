// Which runs a request means beside the one that it names: those of a span of logical dates, all before or after it. One
// thread at a time, with the Reader that it is given.
#pragma once

#include <vector>

#include "scheduler/engine/reader.h"
#include "web/api/services.h"

namespace baton::api {

/// Runs of `dag_id` with a logical date within `dates`, oldest first; an open range is every run. invalid: there are more
/// than kRunsAtOnce.
Result<std::vector<RunRow>> runs_within(Reader& reader, const std::string& dag_id, const Range& dates);

/// `run`, and where it has a logical date, those before and after it as far as they are wanted.
Result<std::vector<RunRow>> runs_around(Reader& reader, const RunRow& run, bool with_past, bool with_future);

/// The run of this id, and its row. not_found: there is none.
Result<RunNo> run_no_of(Reader& reader, const std::string& dag_id, const std::string& run_id);
Result<RunRow> run_named(Reader& reader, const std::string& dag_id, const std::string& run_id);

}  // namespace baton::api
