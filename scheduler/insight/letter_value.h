// Dead letters and jobs as documents, for API, terminal and page alike: the fields of docs/rest-api.md. Pure; any thread.
#pragma once

#include "scheduler/engine/reader_views.h"
#include "scheduler/model/value.h"

namespace baton::insight {

ValueMap letter_value(const DeadLetterRow& row);
/// With what it was given, and the end of its log.
ValueMap letter_shown(const LetterView& letter);
ValueMap job_value(const JobView& job);

}  // namespace baton::insight
