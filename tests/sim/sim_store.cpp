#include "tests/sim/sim_store.h"

#include <algorithm>
#include <utility>

namespace baton::sim {

SimStore::SimStore(Ground& ground, Disk& disk, ProcessId process)
    : ground_(ground), disk_(disk), process_(process), epoch_(disk.take_lead()) {}

void SimStore::commit(Batch batch, OnCommitted done) {
  queue_.push_back({std::move(batch), std::move(done)});
  if (group_ == 0) begin();
}

void SimStore::begin() {
  group_ = queue_.size();
  DurationUs takes = ground_.latency.log_between(80, 5 * kMillisecond);
  if (slow_until_ > ground_.loop.now()) takes = ground_.latency.log_between(50 * kMillisecond, 20 * kSecond);
  // The disk works on when the scheduler is stopped, so this is not the scheduler's own call.
  ground_.loop.call(kMachine, ground_.loop.now() + takes, [this, process = process_, &loop = ground_.loop] {
    if (loop.is_alive(process)) finish();
  });
}

void SimStore::answer(OnCommitted done, CommitDone how) {
  ground_.loop.call(process_, ground_.loop.now(), [this, done = std::move(done), how = std::move(how)] {
    is_fenced_ = is_fenced_ || how.outcome == CommitOutcome::fenced;
    done(how);
  });
}

void SimStore::finish() {
  const bool rolls_back = is_full();
  if (rolls_back) group_ = queue_.size();  // a rollback takes with it what was offered before anyone knew of it
  bool written = true;
  if (std::exchange(break_next_, false)) {
    is_broken_ = true;
    const bool kept = ground_.faults.percent(50);
    if (!ground_.strike(kept ? Fault::unknown_kept : Fault::unknown_lost)) is_broken_ = false;
    written = kept || !is_broken_;
  } else if (is_broken_ || rolls_back) {
    written = false;
  }
  for (; group_ > 0; --group_) {
    Queued queued = std::move(queue_.front());
    queue_.pop_front();
    CommitDone how{rolls_back ? CommitOutcome::rolled_back : CommitOutcome::durable, 0, {}};
    if (written && !rolls_back) how = disk_.apply(queued.batch, epoch_);
    if (is_broken_) how = {CommitOutcome::unknown, 0, {}};
    answer(std::move(queued.done), std::move(how));
  }
  if (!queue_.empty()) begin();
}

void SimStore::crash() {
  if (group_ == 0 || is_broken_ || is_full()) return;
  const bool kept = ground_.faults.percent(50);
  if (!ground_.strike(kept ? Fault::crash_commit_kept : Fault::crash_commit_lost)) return;
  for (; kept && group_ > 0; --group_) {
    static_cast<void>(disk_.apply(queue_.front().batch, epoch_));
    queue_.pop_front();
  }
}

Result<std::vector<RunNo>> SimStore::unfinished_runs() {
  std::vector<RunNo> out;
  for (const auto& [run_no, run] : disk_.runs()) {
    if (!is_final(run.row.state) || run.row.hooks_open) out.push_back(run_no);
  }
  return out;
}

Status SimStore::waiting_runs(const OnRow& each) {
  for (const auto& [run_no, run] : disk_.runs()) {
    if (run.row.state == RunState::queued) each(run_no, run.row);
  }
  return Unit{};
}

RunSnapshot SimStore::snapshot_of(const DiskRun& run) const {
  return run.snapshot(disk_.quality().held_of(run.row.run_no), disk_.letters().open_of(run.row.run_no));
}

/// What lies beside the rows of a run.
void SimStore::check_beside(const RunSnapshot& there) {
  const RunNo run_no = there.run.run_no;
  const std::string of_run = " of run " + std::to_string(run_no);
  if (there.open_letters != disk_.letters().open_of(run_no)) {
    ground_.findings.fail("STORE", "SQLite has other open letters" + of_run);
  }
  if (there.held_events != disk_.quality().held_of(run_no)) {
    ground_.findings.fail("STORE", "SQLite has other events that wait for checks" + of_run);
  }
}

/// On a day that has a real store beside this one, what that reads is what recovery gets.
Status SimStore::live_runs(const OnRun& each) {
  std::vector<RunNo> told;
  const auto tell = [&](RunNo run_no, const Status& read, const RunSnapshot& snapshot) {
    told.push_back(run_no);
    check_beside(snapshot);
    each(run_no, read, snapshot);
  };
  std::vector<RunNo> live;
  for (const auto& [run_no, run] : disk_.runs()) {
    const bool is_live = !is_final(run.row.state) || run.row.hooks_open;
    if (!is_live || run.row.state == RunState::queued) continue;
    live.push_back(run_no);
    if (disk_.mirror() == nullptr) tell(run_no, Unit{}, snapshot_of(run));
  }
  if (Mirror* mirror = disk_.mirror()) {
    if (Status read = mirror->store().live_runs(tell); !read) return read;
  }
  if (told != live) ground_.findings.fail("STORE", "SQLite finds other live runs than the disk");
  return Unit{};
}

Result<std::vector<BreakerRow>> SimStore::breakers() {
  const std::vector<BreakerRow> rows = disk_.breakers();
  Mirror* mirror = disk_.mirror();
  if (mirror == nullptr) return rows;
  auto there = mirror->store().breakers();
  if (!there) return there.error();
  if (there->size() != rows.size()) ground_.findings.fail("STORE", "SQLite has other breakers than the disk");
  for (std::size_t i = 0; i < rows.size() && i < there->size(); ++i) {
    if (const std::string what = difference(rows[i], (*there)[i]); !what.empty()) {
      ground_.findings.fail("STORE", "not in SQLite as it was written: " + what);
    }
  }
  return there;
}

Result<std::vector<ChildRow>> SimStore::owed_children() {
  const std::vector<ChildRow> rows = disk_.requests().owed();
  Mirror* mirror = disk_.mirror();
  if (mirror == nullptr) return rows;
  auto there = mirror->store().owed_children();
  if (!there) return there.error();
  bool is_same = there->size() == rows.size();
  for (std::size_t i = 0; is_same && i < rows.size(); ++i) {
    is_same = rows[i].child_no == (*there)[i].child_no && rows[i].state == (*there)[i].state &&
              rows[i].epoch == (*there)[i].epoch;
  }
  if (!is_same) ground_.findings.fail("STORE", "SQLite owes other runs than the disk");
  return there;
}

Result<std::vector<TaskStateRow>> SimStore::task_states() {
  std::vector<TaskStateRow> rows = disk_.states().rows();
  Mirror* mirror = disk_.mirror();
  if (mirror == nullptr) return rows;
  auto there = mirror->store().task_states();
  const auto is_same = [](const TaskStateRow& a, const TaskStateRow& b) {
    return a.dag_id == b.dag_id && a.name == b.name && a.json == b.json && a.version == b.version && a.at == b.at &&
           a.run_no == b.run_no && a.run_id == b.run_id && a.task_id == b.task_id && a.actor == b.actor;
  };
  if (there && !std::ranges::equal(*there, rows, is_same)) {
    ground_.findings.fail("STORE", "SQLite keeps other values from run to run than the disk");
  }
  return there;
}

Result<std::int64_t> SimStore::last_asset_event() {
  const std::int64_t last = disk_.assets().last_event();
  Mirror* mirror = disk_.mirror();
  if (mirror == nullptr) return last;
  auto there = mirror->store().last_asset_event();
  if (there && *there != last) ground_.findings.fail("STORE", "SQLite has another last event of assets than the disk");
  return there;
}

namespace {

bool is_same(const DagAssetsRow& a, const DagAssetsRow& b) {
  return a.dag_id == b.dag_id && a.condition_json == b.condition_json && a.merges == b.merges && a.cursors == b.cursors;
}

bool is_same(const DagRow& a, const DagRow& b) {
  return a.dag_id == b.dag_id && a.version == b.version && a.paused == b.paused && a.draining == b.draining &&
         a.stale == b.stale && a.schedule_hash == b.schedule_hash && a.schedule_since == b.schedule_since &&
         a.cursor == b.cursor && a.next_tick == b.next_tick && a.failed_in_row == b.failed_in_row;
}

bool is_same(const TickRecordRow& a, const TickRecordRow& b) {
  return a.dag_id == b.dag_id && a.from == b.from && a.to == b.to && a.ticks == b.ticks && a.reason == b.reason &&
         a.run_no == b.run_no && a.recorded_at == b.recorded_at;
}

bool is_same(const BackfillRow& a, const BackfillRow& b) {
  return a.backfill_no == b.backfill_no && a.dag_id == b.dag_id && a.state == b.state && a.from == b.from &&
         a.to == b.to && a.created_at == b.created_at && a.updated_at == b.updated_at &&
         a.max_active_runs == b.max_active_runs && a.intervals_per_run == b.intervals_per_run &&
         a.reprocess == b.reprocess && a.runs_backwards == b.runs_backwards && a.next_ordinal == b.next_ordinal;
}

bool is_same(const BackfillIntervalRow& a, const BackfillIntervalRow& b) {
  return a.backfill_no == b.backfill_no && a.ordinal == b.ordinal && a.logical_date == b.logical_date &&
         a.run_no == b.run_no;
}

bool is_same(const ServerStateRow& a, const ServerStateRow& b) {
  return a.name == b.name && a.value == b.value && a.since == b.since && a.actor == b.actor && a.reason == b.reason;
}

bool is_same(const BulkJobRow& a, const BulkJobRow& b) {
  return a.job_no == b.job_no && a.state == b.state && a.kind == b.kind && a.actor == b.actor &&
         a.filter_json == b.filter_json && a.done == b.done && a.failed == b.failed && a.cursor == b.cursor &&
         a.created_at == b.created_at && a.ended_at == b.ended_at;
}

template <typename Row>
bool are_same(const std::vector<Row>& a, const std::vector<Row>& b) {
  return std::ranges::equal(a, b, [](const Row& x, const Row& y) { return is_same(x, y); });
}

}  // namespace

/// On a day that has a real store beside this one, what that reads is what the server gets.
Result<ServiceSnapshot> SimStore::load_service() {
  ServiceSnapshot found = disk_.service();
  Mirror* mirror = disk_.mirror();
  if (mirror == nullptr) return found;
  auto there = mirror->service().load_service();
  if (!there) return there.error();
  std::erase_if(there->dags, [](const DagRow& row) { return row.schedule_since == kNoTime; });  // nothing but runs
  const auto differs = [this](const char* what) {
    ground_.findings.fail("STORE", std::string("SQLite has other ") + what + " than the disk");
  };
  if (!are_same(there->dags, found.dags)) differs("DAGs");
  if (!are_same(there->waiting, found.waiting)) differs("ticks that wait");
  if (!are_same(there->last, found.last)) differs("last records of ticks");
  if (!are_same(there->server, found.server)) differs("states of the server");
  if (!are_same(there->backfills, found.backfills)) differs("backfills");
  if (!are_same(there->open_intervals, found.open_intervals)) differs("open intervals of backfills");
  if (there->last_backfill_no != found.last_backfill_no) differs("numbers of backfills");
  if (there->newest != found.newest) differs("newest times");
  if (!are_same(there->asset_consumers, found.asset_consumers)) differs("DAGs that run on assets");
  if (there->asset_dags != found.asset_dags || there->last_events != found.last_events) differs("assets");
  if (there->quarantined != found.quarantined) differs("assets that are held back");
  if (!are_same(there->jobs, found.jobs) || there->last_job_no != found.last_job_no) differs("jobs");
  return there;
}

Result<VersionRow> SimStore::load_version(const std::string& dag_id, const std::string& version) {
  return Error{"DAG " + dag_id + " has no version " + version, ErrorKind::not_found};
}

Result<RunSnapshot> SimStore::load_run(RunNo run_no) {
  const DiskRun* run = disk_.find(run_no);
  if (run == nullptr) return Error{"there is no run " + std::to_string(run_no), ErrorKind::not_found};
  if (Mirror* mirror = disk_.mirror()) {
    if (const std::string what = mirror->difference(*run); !what.empty()) {
      ground_.findings.fail("STORE", "run " + std::to_string(run_no) + " is not in SQLite as it was written: " + what);
    }
    auto there = mirror->store().load_run(run_no);
    if (there) check_beside(*there);
    return there;
  }
  return snapshot_of(*run);
}

Result<std::unordered_map<std::string, DurationUs>> SimStore::mean_durations(const std::string& dag_id) {
  return disk_.means(dag_id);
}

/// Of what is durable when a thread comes to it; the answer takes a while. What cannot be read is asked for again.
void SimStore::find_past(const std::string& dag_id, WallUs date, std::vector<std::string> tasks, OnPast done) {
  const MonoUs at = ground_.loop.now() + ground_.latency.log_between(20, 20 * kMillisecond);
  ground_.loop.call(process_, at, [this, dag_id, date, tasks = std::move(tasks), done = std::move(done)] {
    Result<std::vector<std::string>> held = disk_.past().held(dag_id, date, tasks);
    if (Mirror* mirror = disk_.mirror()) {
      std::optional<Result<std::vector<std::string>>> there;
      mirror->store().find_past(dag_id, date, tasks, [&there](const auto& found) { there = found; });
      mirror->drain();
      if (!there || !*there || **there != *held) ground_.findings.fail("STORE", "SQLite has another past of " + dag_id);
    }
    if (ground_.may_harm() && ground_.faults.percent(8) && ground_.strike(Fault::past_unread)) {
      held = Error{"the disk cannot be read", ErrorKind::storage};
    }
    const MonoUs told_at = ground_.loop.now() + ground_.latency.log_between(20, 900);
    ground_.loop.call(process_, told_at, [done, held = std::move(held)] { done(held); });
  });
}

void SimStore::find_cached(const std::string& dag_id, const std::string& task_id, const std::string& key,
                           const std::string& spec_hash, WallUs now,
                           std::function<void(std::optional<CacheRow>)> done) {
  std::optional<CacheRow> row;
  if (const CacheRow* found = disk_.cached(dag_id, task_id, key, spec_hash, now)) {
    row = *found;
    ground_.strike(Fault::cache_hit);
  }
  if (Mirror* mirror = disk_.mirror()) {
    std::optional<CacheRow> there;
    mirror->store().find_cached(dag_id, task_id, key, spec_hash, now,
                                [&there](std::optional<CacheRow> r) { there = r; });
    mirror->drain();
    if (there.has_value() != row.has_value() || (there && there->outputs_json != row->outputs_json)) {
      ground_.findings.fail("STORE", "the cache of SQLite answers otherwise: key " + key);
    }
  }
  const MonoUs at = ground_.loop.now() + ground_.latency.between(20, 900);
  ground_.loop.call(process_, at, [done = std::move(done), row] { done(row); });
}

}  // namespace baton::sim
