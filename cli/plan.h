// The plan of a run (scheduler/insight/plan.h) as a document and as text. Pure.
#pragma once

#include <string>
#include <vector>

#include "cli/dag_lookup.h"
#include "cli/text/style.h"
#include "scheduler/insight/plan.h"
#include "scheduler/model/value.h"
#include "scheduler/timetable/timetable.h"

namespace baton::cli {

using insight::PlanRow;

/// Tasks that are selected, upstreams first.
std::vector<PlanRow> plan_of(const LoadedDag& loaded, const Value& params, timetable::Interval interval,
                             const std::vector<bool>& selected);

/// The document of `run --dry-run -o json`.
Value plan_object(const LoadedDag& loaded, const Value& params, timetable::Interval interval, const std::vector<PlanRow>& rows);
std::string plan_text(const LoadedDag& loaded, const Value& params, timetable::Interval interval,
                      const std::vector<PlanRow>& rows, const text::Style& style, std::size_t columns);

}  // namespace baton::cli
