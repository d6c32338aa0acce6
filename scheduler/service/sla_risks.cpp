#include "scheduler/service/sla_risks.h"

#include <algorithm>

namespace baton {

/// At the last moment at which it could begin and be through in time; one that runs has begun at one.
void SlaRisks::put_due(Watched& of) {
  if (of.due != kNoTime) due_.erase({of.due, of.row.run_no});
  of.due = kNoTime;
  if (of.takes_us <= 0 || of.is_told) return;
  const WallUs latest = of.deadline - of.takes_us;
  const bool has_begun = of.row.started_at != kNoTime;
  if (has_begun && of.row.started_at <= latest) return;
  of.due = has_begun ? of.row.started_at : latest;
  due_.insert({of.due, of.row.run_no});
}

void SlaRisks::watch(const RunRow& row, WallUs deadline) {
  Watched& of = runs_[row.run_no];
  of.row = row;
  of.deadline = deadline;
  put_due(of);
}

void SlaRisks::expect(RunNo run_no, DurationUs takes_us) {
  const auto at = runs_.find(run_no);
  if (at == runs_.end()) return;
  at->second.takes_us = takes_us;
  put_due(at->second);
}

std::optional<WallUs> SlaRisks::ended(RunNo run_no, WallUs at) {
  const auto found = runs_.find(run_no);
  if (found == runs_.end()) return std::nullopt;
  const Watched of = found->second;
  if (of.due != kNoTime) due_.erase({of.due, run_no});
  runs_.erase(found);
  if (!of.is_told || at == kNoTime || at >= of.deadline) return std::nullopt;
  return of.deadline;
}

/// One that is past its deadline is late, and that is told otherwise.
std::vector<RunAtRisk> SlaRisks::take_due(WallUs now) {
  std::vector<RunAtRisk> out;
  while (!due_.empty() && due_.begin()->first <= now) {
    Watched& of = runs_.at(due_.begin()->second);
    due_.erase(due_.begin());
    of.due = kNoTime;
    if (now >= of.deadline) continue;
    of.is_told = true;
    const WallUs begins = of.row.started_at != kNoTime ? of.row.started_at : now;
    out.push_back({of.row, of.deadline, std::max(begins + of.takes_us, now)});
  }
  return out;
}

}  // namespace baton
