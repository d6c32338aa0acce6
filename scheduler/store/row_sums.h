// Which columns each row's checksum covers: the one place that the writers and the readers share. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "scheduler/engine/rows.h"

namespace baton {

std::int64_t sum_of_identity(const RunRow& run);  ///< what never changes but `conf_json`
std::int64_t sum_of_end(const RunRow& run);       ///< of a final state
std::int64_t sum_of_conf(const RunRow& run);
std::int64_t sum_of(const TaskRow& row);       ///< identity; with a final state also that and the outputs
std::int64_t sum_of_item(const TaskRow& row);  ///< map_key and item of a mapped instance
std::int64_t sum_of(const TryRow& row);
std::int64_t sum_of(const CacheRow& row);
std::int64_t sum_of(const VersionRow& row);
std::int64_t sum_of(const AuditRow& row);

/// JSON list of the counts, by TaskState; and back (false: not such a list).
std::string counts_to_json(const StateCounts& counts);
bool counts_from_json(std::string_view json, StateCounts& counts);

/// The instances that a creation makes, counted by state.
StateCounts counts_of(const RunCreation& creation);
/// Row `t` of a creation.
TaskRow first_row(const RunCreation& creation, TaskNo t);

/// How `mean_us` moves with one more sample: a plain mean at first, then the last eight or so weigh most.
constexpr DurationUs moved_mean(DurationUs mean_us, std::int64_t samples_before, DurationUs sample_us) {
  const std::int64_t weight = samples_before + 1 < 8 ? samples_before + 1 : 8;
  return mean_us + (sample_us - mean_us) / weight;
}

}  // namespace baton
