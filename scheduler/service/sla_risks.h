// SlaRisks: runs that will miss their `sla` as far as the last runs of their DAG tell. One that began too late is at risk
// when it begins, one that waits when it cannot be through in time any more. What ends in time after all is told of too.
// Pure; loop thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "scheduler/engine/rows.h"
#include "scheduler/model/time.h"

namespace baton {

struct RunAtRisk {
  RunRow row;
  WallUs deadline = kNoTime, expected_at = kNoTime;
};

class SlaRisks {
 public:
  /// A run with a deadline, as it is now. What was known of how long it takes stays.
  void watch(const RunRow& row, WallUs deadline);
  /// How long runs of its DAG take; not positive: nobody knows.
  void expect(RunNo run_no, DurationUs takes_us);
  /// It has ended, or is gone. The deadline that it was said to miss, where it has met it.
  std::optional<WallUs> ended(RunNo run_no, WallUs at);
  /// Those that have come to be at risk by now: each once.
  [[nodiscard]] std::vector<RunAtRisk> take_due(WallUs now);

 private:
  struct Watched {
    RunRow row;
    WallUs deadline = kNoTime, due = kNoTime;
    DurationUs takes_us = 0;
    bool is_told = false;
  };
  void put_due(Watched& of);

  std::map<RunNo, Watched> runs_;
  std::set<std::pair<WallUs, RunNo>> due_;
};

}  // namespace baton
