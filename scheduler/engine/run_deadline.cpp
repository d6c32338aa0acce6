#include "scheduler/engine/run_deadline.h"

#include "scheduler/timetable/sla_deadline.h"

namespace baton {

WallUs run_deadline(const Sla& sla, const RunRow& row, const Dag& dag) {
  if (!sla.is_set()) return kNoTime;
  const auto zone = timetable::load_zone(dag.timezone);
  const timetable::SlaMoments moments = {row.begun_at, row.queued_at,
                                         row.interval_end != kNoTime ? row.interval_end : row.logical_date,
                                         row.type == RunType::backfill};
  return timetable::deadline_of(sla, moments, zone ? *zone : timetable::utc());
}

}  // namespace baton
