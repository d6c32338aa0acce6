#include "scheduler/insight/run_wait.h"

#include <utility>

#include "scheduler/insight/words.h"

namespace baton::insight {
namespace {

constexpr std::int64_t kHoldersMax = 5;  ///< that are named

std::string named(const std::vector<std::string>& runs, std::int64_t total) {
  std::string out;
  for (const std::string& run : runs) out += (out.empty() ? "" : ", ") + run;
  const std::int64_t more = total - static_cast<std::int64_t>(runs.size());
  return more > 0 ? out + " and " + grouped(more) + " more" : out;
}

class WaitTeller {
 public:
  WaitTeller(Reader& reader, const WaitQuestion& asked) : reader_(reader), asked_(asked), row_(asked.run.row) {}

  Result<std::vector<WaitReason>> tell() {
    if (asked_.wait) {
      if (Status told = tell_one(*asked_.wait); !told) return told.error();
      return std::move(out_);
    }
    add("nobody", "no server works on this state folder, so that nothing begins", kNoTime);
    for (const QueueWait wait : {QueueWait::run_after, QueueWait::frozen, QueueWait::paused, QueueWait::past,
                                 QueueWait::limit}) {
      if (Status told = tell_one(wait); !told) return told.error();
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool is_sure() const { return asked_.wait.has_value(); }
  void add(std::string_view kind, std::string text, WallUs since, std::vector<std::string> holders = {}) {
    out_.push_back({std::string(kind), std::move(text), since, std::move(holders)});
  }
  void add(QueueWait kind, std::string text, WallUs since, std::vector<std::string> holders = {}) {
    add(to_string(kind), std::move(text), since, std::move(holders));
  }

  /// What the scheduler says is told whatever the rows say by now; what it has not said, only where they say so.
  Status tell_one(QueueWait wait) {
    switch (wait) {
      case QueueWait::run_after: return tell_time();
      case QueueWait::frozen: return tell_frozen();
      case QueueWait::paused: return tell_paused();
      case QueueWait::past: return tell_past();
      case QueueWait::limit: return tell_limit();
      case QueueWait::none:
      case QueueWait::turn: break;
    }
    add(QueueWait::turn, "nothing keeps it: its turn comes as soon as those before it have begun", row_.queued_at);
    return Unit{};
  }

  Status tell_time() {
    const DurationUs left = row_.run_after == kNoTime ? 0 : row_.run_after - asked_.now;
    if (!is_sure() && left <= 0) return Unit{};
    const std::string in = left > 0 ? ", in " + span(left) : "";
    add(QueueWait::run_after, "its time has not come: it begins at " + utc_time(row_.run_after) + in, row_.queued_at);
    return Unit{};
  }

  Status tell_frozen() {
    const auto rows = reader_.server_state();
    if (!rows) return rows.error();
    for (const ServerStateRow& row : *rows) {
      if (row.name != "frozen") continue;
      const std::string since = utc_time(row.since);
      add(QueueWait::frozen, "the server is frozen since " + since + " by " + row.actor + ": " + row.reason, row.since);
      return Unit{};
    }
    if (is_sure()) add(QueueWait::frozen, "the server is frozen", kNoTime);
    return Unit{};
  }

  Status tell_paused() {
    DagQuery query;
    query.filter.dag_ids = {row_.dag_id};
    const auto page = reader_.list_dags(query);
    if (!page) return page.error();
    const DagView dag = page->rows.empty() ? DagView() : page->rows.front();
    if (dag.paused_since == kNoTime) {
      if (is_sure()) add(QueueWait::paused, "its DAG is paused", kNoTime);
    } else if (is_sure() || row_.type != RunType::backfill) {
      const std::string by = dag.paused_by.empty() ? "" : " by " + dag.paused_by;
      add(QueueWait::paused, "its DAG is paused since " + utc_time(dag.paused_since) + by, dag.paused_since);
    }
    return Unit{};
  }

  /// The first open run of an earlier date: that it waits for, and no other.
  Status tell_past() {
    if (!is_sure() && (!asked_.limits.in_order || row_.logical_date == kNoTime)) return Unit{};
    RunQuery query = of_dag({RunState::queued, RunState::running});
    query.filter.logical_date.below = row_.logical_date;
    query.order = {{RunField::logical_date, false}};
    query.page.limit = 1;
    const auto page = reader_.list_runs(query);
    if (!page) return page.error();
    if (page->rows.empty()) {
      if (is_sure()) add(QueueWait::past, "a run of an earlier date has not ended", row_.queued_at);
      return Unit{};
    }
    const RunRow& earlier = page->rows.front().row;
    add(QueueWait::past,
        "tasks of its DAG depend on the past, and the run of " + utc_time(earlier.logical_date) + " has not ended: " +
            earlier.run_id + " is " + std::string(to_string(earlier.state)),
        row_.queued_at, {earlier.run_id});
    return Unit{};
  }

  Status tell_limit() {
    RunQuery query = of_dag({RunState::running});
    query.filter.types = row_.type == RunType::backfill
                             ? std::vector{RunType::backfill}
                             : std::vector{RunType::manual, RunType::scheduled, RunType::asset_triggered};
    query.page.limit = kHoldersMax;
    const auto page = reader_.list_runs(query);
    if (!page) return page.error();
    // Runs of a schedule live one at a time where the DAG says no limit.
    const bool is_scheduled = row_.type == RunType::scheduled;
    const std::int32_t limit = is_scheduled ? asked_.limits.scheduled() : asked_.limits.max_active_runs;
    if (!is_sure() && (limit <= 0 || page->total < limit)) return Unit{};
    std::vector<std::string> holders;
    for (const RunView& one : page->rows) holders.push_back(one.row.run_id);
    std::string text = "its DAG has as many runs at a time as it may";
    if (limit > 0) text += ", which is " + std::to_string(limit);
    if (asked_.limits.max_active_runs > 0) text += " (max_active_runs)";
    if (!holders.empty()) text += ": " + named(holders, page->total);
    add(QueueWait::limit, std::move(text), row_.queued_at, std::move(holders));
    return Unit{};
  }

  [[nodiscard]] RunQuery of_dag(std::vector<RunState> states) const {
    RunQuery query;
    query.filter.dag_ids = {row_.dag_id};
    query.filter.states = std::move(states);
    return query;
  }

  Reader& reader_;
  const WaitQuestion& asked_;
  const RunRow& row_;
  std::vector<WaitReason> out_;
};

}  // namespace

Result<std::vector<WaitReason>> tell_wait(Reader& reader, const WaitQuestion& asked) {
  return WaitTeller(reader, asked).tell();
}

}  // namespace baton::insight
