// `schedule`, `assets`, `breakers`, `calendars`, `alerts` and `pools`: what is declared beside the tasks, for a DAG and
// for baton.yaml. One loading thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/dagfile/node.h"
#include "scheduler/dagfile/reporter.h"
#include "scheduler/model/dag.h"
#include "scheduler/timetable/schedule_spec.h"

namespace baton::dagfile {

/// Names that a schedule may use.
struct ScheduleNames {
  std::vector<std::string> assets;
  std::vector<std::string> calendars;
  /// What `business_days` and the calendars mean; canonical JSON as in Dag and Config.
  std::string calendars_json;
  std::string more_calendars_json;
};

/// Null for a manual DAG. Reports cron texts, zones and times that cannot be read, and what can never fire.
std::shared_ptr<const timetable::ScheduleSpec> read_schedule(Node node, std::string_view dag_id,
                                                             const ScheduleNames& names, Reporter& reporter);

/// The name of a time zone; empty where nothing is said, or, reported, where there is none of that name.
std::string read_timezone(Node node, Rule rule, Reporter& reporter);
std::vector<PoolSpec> read_pools(Node node, Reporter& reporter);
/// Checks, and gives canonical JSON; empty for no node.
std::string read_breakers(Node node, Reporter& reporter);
std::string read_assets(Node node, Reporter& reporter);
std::string read_calendars(Node node, Reporter& reporter);
/// The keys of a mapping.
std::vector<std::string> names_of(Node map);

}  // namespace baton::dagfile
