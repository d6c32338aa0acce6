#include "tests/sim/disk.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "scheduler/engine/dag_run.h"

namespace baton::sim {
namespace {

std::string name_of(const DiskRun& run, const TaskRow& row) {
  return fmt::format("{}/{}/{}@{} ({})", row.run_no, row.task_no, row.map_index, row.epoch,
                     run.dag->task(row.task_no).id);
}

constexpr DurationUs kCommitLateUs = 10 * kMinute;  // a full disk keeps a change waiting no longer
constexpr std::int32_t kLossesMax = 3;
constexpr std::uint64_t kSeedsPerMirror = 20;
constexpr std::int64_t kMeanWeighs = 8;  ///< samples; older ones fade
/// A claim may have been decided before a limit and written so much later: a stopped scheduler, a slow disk.
constexpr DurationUs kClaimLateUs = 4 * kMinute;
constexpr DurationUs kBeginLateUs = 15 * kMinute;

bool is_stop(Reason r) {
  return r == Reason::stopped || r == Reason::fail_fast || r == Reason::run_timeout ||
         r == Reason::marking_success || r == Reason::marking_failed;
}

}  // namespace

Disk::Disk(Ground& ground, Witness& witness) : ground_(ground),
      witness_(witness),
      doors_(ground),
      requests_(ground, [this](RunNo run_no) { return static_cast<const Disk*>(this)->find(run_no); }, runs_),
      letters_(ground, [this](RunNo run_no) { return static_cast<const Disk*>(this)->find(run_no); }),
      states_(ground),
      books_(ground, runs_),
      assets_(ground, runs_, books_),
      quality_(ground, runs_, assets_),
      backfills_(ground, runs_, books_),
      past_(ground, runs_),
      keys_(ground) {
  if (ground.options.seed % kSeedsPerMirror == 0) mirror_ = std::make_unique<Mirror>(ground.loop);
}

void Disk::apply_to_mirror(const Batch& batch, const CommitDone& expected) {
  const CommitDone told = mirror_->apply(batch);
  if (told.outcome != expected.outcome || told.parts != expected.parts) {
    ground_.findings.fail("STORE", fmt::format("SQLite answers otherwise than the disk to batch {}", seq_ + 1));
  }
}

const TaskRow* DiskRun::find(std::int32_t task_no, std::int32_t map_index) const {
  for (const TaskRow& one : instances) {
    if (one.task_no == task_no && one.map_index == map_index && one.state != TaskState::removed) return &one;
  }
  return nullptr;
}

std::vector<const TaskRow*> DiskRun::of_task(TaskNo t) const {
  std::vector<const TaskRow*> rows;
  for (const TaskRow& one : instances) {
    const bool is_first = one.instance_no == t;
    if (one.task_no == t && (is_first || one.state != TaskState::removed)) rows.push_back(&one);
  }
  return rows;
}

bool DiskRun::is_finished() const {
  return is_final(row.state) &&
         std::all_of(instances.begin(), instances.end(), [](const TaskRow& r) { return is_final(r.state); });
}

DiskRun* Disk::find(RunNo run_no) {
  const auto at = runs_.find(run_no);
  return at == runs_.end() ? nullptr : &at->second;
}

const DiskRun* Disk::find(RunNo run_no) const {
  const auto at = runs_.find(run_no);
  return at == runs_.end() ? nullptr : &at->second;
}

const CacheRow* Disk::cached(const std::string& dag, const std::string& task, const std::string& key,
                             const std::string& hash, WallUs now) const {
  const auto at = cache_.find({dag, task, key, hash});
  if (at == cache_.end()) return nullptr;
  return at->second.expires_at == kNoTime || at->second.expires_at > now ? &at->second : nullptr;
}

ServiceSnapshot Disk::service() const {
  ServiceSnapshot found;
  books_.fill(found);
  letters_.fill(found.jobs, found.last_job_no);
  assets_.fill(found);
  backfills_.fill(found);
  WallUs newest = runs_.empty() ? kNoTime : runs_.rbegin()->second.row.queued_at;
  for (const auto& [run_no, run] : runs_) newest = std::max(newest, run.row.ended_at);
  found.newest = newest;
  return found;
}

std::unordered_map<std::string, DurationUs> Disk::means(const std::string& dag_id) const {
  std::unordered_map<std::string, DurationUs> out;
  for (const auto& [key, mean] : means_) {
    if (key.first == dag_id) out[key.second] = mean.us;
  }
  return out;
}

void Disk::fail(const std::string& invariant, const DiskRun& run, const TaskRow& row, const std::string& what) {
  ground_.findings.fail(invariant, name_of(run, row) + ": " + what);
}

CommitDone Disk::apply(const Batch& batch, std::int64_t epoch) {
  if (!leads(epoch)) return {CommitOutcome::fenced, 0, {}};
  BatchCheck check(runs_, taken_);
  std::optional<std::vector<PartVerdict>> verdicts = check.judge(batch);
  if (!verdicts) {  // the engine never comes to that by itself
    ground_.findings.fail(check.invariant(), check.why());
    return {CommitOutcome::fenced, 0, {}};
  }
  const CommitDone how{CommitOutcome::durable, ++seq_, std::move(*verdicts)};
  doors_.begin();
  for (std::size_t k = 0; k < batch.parts.size(); ++k) {
    if (how.parts[k].is_done()) apply(batch.parts[k]);
  }
  doors_.end();
  books_.end_batch();
  assets_.end_batch();
  states_.end_batch();
  backfills_.end_batch();
  if (mirror_) apply_to_mirror(batch, how);
  const std::set<RunNo> changed = std::exchange(changed_, {});
  past_.end_batch(changed);
  for (const auto& [run_no, i] : std::exchange(ended_, {})) {
    // What has ended beside a change of a person may have ended before it: nobody can tell from the rows.
    if (on_end && !changed.contains(run_no)) on_end(*find(run_no), i);
  }
  for (const RunNo run_no : changed) {
    if (on_change) on_change(*find(run_no));
  }
  return how;
}

void Disk::apply(const Part& part) {
  if (part.empty()) return;
  ground_.say(fmt::format("commit {}: {} creations, {} made, {} instances, {} tries, {} runs", seq_,
                          part.creations.size(), part.new_instances.size(), part.instances.size(), part.tries.size(),
                          part.runs.size()));
  backfills_.look(part);
  for (const IdempotencyRow& row : part.idempotency) taken_.take(row);
  doors_.take(part.service);
  for (const RunCreation& creation : part.creations) create(creation);
  for (const RunCreation& reversion : part.reversions) {
    DiskRun& run = *find(reversion.run.run_no);
    run.dag = reversion.dag;
    run.version = version_of(reversion);
    run.row.dag_version = reversion.run.dag_version;
  }
  begin_runs(part);
  let_go(part);
  for (const TryRow& row : part.tries) write_try(row);
  const Changes changes = changes_of(part);
  apply_instances(part, changes);
  for (const auto& [run_no, change] : changes) {
    if (!change.is_mark) find(run_no)->failed_seq = 0;  // a failure of the same batch may have come before
  }
  for (const RunRow& row : part.runs) write_run(row);
  hold_runs(part);
  requests_.take(part);
  letters_.take(part);
  states_.take(part);
  books_.take(part);
  assets_.take(part);
  quality_.take(part);
  if (!part.service.dags.empty() || !part.service.server.empty()) held_moved_at_ = ground_.loop.now();
  backfills_.take(part);
  keys_.take(part);
  for (const CacheRow& row : part.cache) {
    cache_.insert_or_assign(std::make_tuple(row.dag_id, row.task_id, row.key, row.spec_hash), row);
  }
  for (const DurationRow& row : part.durations) {
    Mean& mean = means_[{row.dag_id, row.task_id}];
    ++mean.samples;
    mean.us += (row.run_us - mean.us) / std::min(mean.samples, kMeanWeighs);
  }
}

Disk::Changes Disk::changes_of(const Part& part) {
  Changes out;
  for (const AuditRow& row : part.audit) {
    const auto named = taken_.run_ids.find({row.dag_id, row.run_id});
    if (named == taken_.run_ids.end()) continue;
    DiskRun& run = *find(named->second);
    const bool is_mark = row.action.starts_with("mark_");
    run.was_marked = run.was_marked || is_mark;
    const bool is_clear = row.action == "clear" || row.action == "redrive_dead_letters";
    if (!is_mark && !is_clear && row.action != "retry") continue;
    run.only_retried = row.action == "retry" && (run.only_retried || !run.was_changed);
    run.was_changed = true;
    const auto before = out.find(named->second);
    const bool is_first = before == out.end();
    out[named->second] = {row.at, row.action == "retry", is_mark && (is_first || before->second.is_mark), is_first};
    changed_.insert(named->second);
  }
  for (const auto& [run_no, change] : out) apply_change(part, *find(run_no), change);
  return out;
}

/// A run that is cleared goes on, whatever has stopped it; one that is marked, where its row says so. What still waits
/// in it begins to wait anew.
void Disk::apply_change(const Part& part, DiskRun& run, const Change& change) {
  const auto row = std::ranges::find(part.runs, run.row.run_no, &RunRow::run_no);
  const bool is_told = row != part.runs.end();
  const bool goes_on = is_told && !is_final(row->state) && !is_stop(row->reason);  // or waits for its place
  if (!change.is_mark || goes_on) {
    for (const TaskRow& of : run.instances) {  // what the change leaves as it is has ended in the stop all the same
      Facts& facts = run.facts[static_cast<std::size_t>(of.instance_no)];
      facts.ended_in_stop = facts.ended_in_stop || (run.cut_seq != 0 && is_final(of.state));
    }
    run.cut_seq = run.failed_seq = 0;
  }
  if (is_told) run.row.started_at = row->started_at;  // for the claims of this very part
  const MonoUs shift = ground_.loop.wall() - ground_.loop.now();
  for (std::size_t i = 0; i < run.instances.size(); ++i) {
    // A restart takes what was scheduled for not begun; elsewhere only memory knows which of the two it is.
    const TaskState state = run.instances[i].state;
    if (state != TaskState::none && state != TaskState::scheduled) continue;
    run.facts[i].is_timed = run.facts[i].is_timed && change.at_start && clock_holds();
    run.facts[i].born_at = change.at - shift;
    run.facts[i].tries_us = 0;
  }
}

/// Where the wall clock has stepped between a request and the commit of it, nobody can tell when that was asked.
bool Disk::clock_holds() const {
  return ground_.loop.last_wall_step() < ground_.loop.now() - kCommitLateUs;
}

void Disk::apply_instances(const Part& part, const Changes& changes) {
  const auto write = [&](const TaskRow& row) {
    const auto at = changes.find(row.run_no);
    write_instance(row, at == changes.end() ? nullptr : &at->second);
  };
  // A clear and the expansion that follows may share a part: what was there comes first.
  const auto is_new = [&](const TaskRow& row) {
    return std::any_of(part.new_instances.begin(), part.new_instances.end(), [&](const TaskRow& made) {
      return made.run_no == row.run_no && made.instance_no == row.instance_no;
    });
  };
  std::vector<const TaskRow*> later;
  for (const TaskRow& row : part.instances) {
    if (!part.new_instances.empty() && is_new(row)) {
      later.push_back(&row);
    } else {
      write(row);
    }
  }
  for (const TaskRow& row : part.new_instances) make_instance(row);
  for (const TaskRow* row : later) write(*row);
}

void Disk::create(const RunCreation& creation) {
  DiskRun run;
  run.row = creation.run;
  run.dag = creation.dag;
  run.was_killed = killed_.contains(run.row.run_no);
  run.began_at = asked_at_[creation.run.run_no];
  past_.take(creation);
  const bool has_begun = run.row.begun_at != kNoTime;
  if (has_begun && ground_.loop.last_wall_step() < run.began_at) {  // it may have waited for its turn
    run.began_at = creation.run.started_at - (ground_.loop.wall() - ground_.loop.now());
  }
  if (has_begun) check_begin(run);
  if (!has_begun) ground_.strike(Fault::run_waited);
  for (std::size_t t = 0; has_begun && t < creation.dag->tasks.size(); ++t) {
    TaskRow row;
    row.run_no = creation.run.run_no;
    row.instance_no = static_cast<InstanceNo>(t);
    row.task_no = static_cast<TaskNo>(t);
    if (!creation.initial_states.empty()) row.state = creation.initial_states[t];
    run.instances.push_back(row);
    Facts facts;
    facts.born_at = run.began_at;
    run.facts.push_back(facts);
  }
  run.row.counts = {};
  for (const TaskRow& row : run.instances) ++run.row.counts[static_cast<std::size_t>(row.state)];
  run.row.seq = seq_;
  run.version = version_of(creation);
  taken_.take(creation);
  runs_[run.row.run_no] = std::move(run);
}

/// The version of a run that is made, or goes on with it: kept once, with its number.
std::shared_ptr<const VersionRow> Disk::version_of(const RunCreation& creation) {
  std::shared_ptr<const VersionRow>& known = versions_[{creation.run.dag_id, creation.run.dag_version}];
  if (known != nullptr) return known;
  VersionRow row;
  if (creation.version != nullptr) row = *creation.version;
  row.dag_id = creation.run.dag_id;
  row.version = creation.run.dag_version;
  row.number = static_cast<std::int32_t>(
      std::ranges::count_if(versions_, [&](const auto& one) { return one.first.first == row.dag_id; }));
  known = std::make_shared<const VersionRow>(std::move(row));
  return known;
}

/// Runs that have waited: their rows say that they begin, and the time of what is in them counts from there.
void Disk::begin_runs(const Part& part) {
  const MonoUs shift = ground_.loop.wall() - ground_.loop.now();
  for (const RunRow& row : part.runs) {
    DiskRun* run = find(row.run_no);
    if (run == nullptr || row.started_at == kNoTime) continue;  // it may have ended with the same commit
    const bool begins = run->row.begun_at == kNoTime;  // one that ended while it waited may be wanted again
    if (!begins && run->row.state != RunState::queued) continue;
    ground_.say(fmt::format("  run {} begins", row.run_no));
    // One that is stopped, or marked as a whole, while it waits begins only to end: its hooks. Where all of its tasks had
    // ended before, there was nothing to stop, and its end says how they ended.
    const auto has_ended = [&](const TaskRow& one) {
      return is_final(one.state) || run->dag->task(one.task_no).hook != Hook::none;
    };
    const bool had_all_ended = !begins && std::ranges::all_of(run->instances, has_ended);
    const bool only_ends =
        is_stop(row.reason) || (is_final(row.state) && (row.reason == Reason::marked || had_all_ended));
    if (!only_ends) check_begin(*run);
    run->row.started_at = row.started_at;  // what its limit counts from, for the claims of this very part
    run->began_at = row.started_at - shift;
    // The clock may have been set between the decision and this commit: then nobody can tell.
    const MonoUs stepped = ground_.loop.last_wall_step();
    if (stepped > ground_.loop.now() - kBeginLateUs) run->began_at = stepped;
    for (std::size_t i = 0; i < run->instances.size(); ++i) {
      if (run->instances[i].state == TaskState::none) run->facts[i].born_at = run->began_at;
    }
  }
}

/// One more run of its DAG is about to live: whether it may, and whether it did before.
void Disk::check_begin(const DiskRun& run) {
  if (leader_is_alone_) return;  // a person has named it
  books_.begins(run);
  check_turn(run);
  backfills_.begins(run);
  std::int32_t limit = run.dag->max_active_runs;
  const RunNo run_no = run.row.run_no;
  if (run.row.run_after != kNoTime && ground_.loop.last_wall_step() < 0 && run.row.run_after > ground_.loop.wall()) {
    ground_.findings.fail("INV-16", fmt::format("run {} begins before its time", run_no));
  }
  const bool has_own_limit = run.row.type == RunType::backfill;
  if (limit <= 0 || has_own_limit) return past_.begins(run, 1, 0);
  std::int32_t live = 1;
  for (const auto& [other_no, other] : runs_) {
    // Versions of a ring say different limits. Which of them a server has heard of last, no row tells.
    if (other.row.dag_id == run.row.dag_id) limit = std::max(limit, other.dag->max_active_runs);
    const bool counts = other_no != run_no && other.row.dag_id == run.row.dag_id && other.row.type != RunType::backfill;
    live += counts && other.row.state != RunState::queued && !other.is_finished() ? 1 : 0;
  }
  past_.begins(run, live, limit);
}

void Disk::make_instance(const TaskRow& row) {
  DiskRun* run = find(row.run_no);
  assets_.row_comes(*run, TaskRow{}, row);
  quality_.row_comes(*run, TaskRow{}, row);
  states_.row_comes(*run, TaskRow{}, row);
  run->instances.push_back(row);
  if (row.instance_no == row.task_no) {  // of a run that has waited
    run->facts.push_back(Facts{.born_at = run->began_at});
    return;
  }
  const Facts& first = run->facts_of(row.task_no);
  run->facts.push_back(Facts{.generation = first.generation, .born_at = first.born_at, .is_timed = first.is_timed,
                             .cleared_seq = first.cleared_seq});
  if (row.map_index == 1) ground_.strike(Fault::expansion);
}

void Disk::write_try(const TryRow& row) {
  DiskRun* run = find(row.run_no);
  const TaskRow& now = run->at(row.instance_no);
  Facts& facts = run->facts_of(row.instance_no);
  run->tries.emplace(std::make_pair(row.instance_no, row.epoch), row);
  if (row.epoch != now.epoch || !is_live(now.state)) {
    fail("INV-05", *run, now,
         fmt::format("a result of epoch {} is accepted while the row is {} with epoch {}", row.epoch,
                     to_string(now.state), now.epoch));
  }
  const bool was_cleared = now.reason == Reason::cleared || now.reason == Reason::replaced;
  const bool is_dropped = row.reason == Reason::cleared || row.reason == Reason::replaced;
  if (was_cleared && !is_dropped && row.reason != Reason::marked) {
    fail("INV-05", *run, now,
         fmt::format("a cleared attempt counts as {} {}", to_string(row.state), to_string(row.reason)));
  }
  if (is_dropped) {  // whatever it ended as, it is as if it had not run
    ground_.strike(Fault::attempt_cleared);
    facts = Facts{.generation = facts.generation + 1, .is_timed = false, .cleared_seq = seq_};
    return;
  }
  facts.tries_us += WaitTimes::from_json(row.times_json).total_us();
  ++facts.tries;
  if (row.reason == Reason::marked) {  // whatever it ended as, a person has said what it is
    ground_.strike(Fault::attempt_marked);
    return;
  }
  const bool never_ran = facts.killed_before_start != 0 && row.reason == Reason::signal;
  const Life* life = witness_.find({row.run_no, now.task_no, now.map_index, row.epoch});
  if (row.reason == Reason::lost) {
    ++facts.lost;
    ground_.strike(Fault::loss);
    if (life != nullptr && life->is_recorded && !life->is_stopped)
      fail("INV-01", *run, now, "its end was recorded and it is called lost");
    return;
  }
  if (is_stop(row.reason) || row.reason == Reason::spawn || (never_ran && life == nullptr)) return;
  if (life == nullptr || life->ended_at < 0) {
    fail("INV-05", *run, now,
         fmt::format("a result ({}) is accepted of an attempt that has not ended", to_string(row.state)));
    return;
  }
  const bool exited = life->exit_code >= 0 && !life->timed_out;
  const bool told_success = row.state == TaskState::success;
  const bool told_exit = row.reason == Reason::exit_code;
  if ((told_success && life->exit_code != 0) || (told_exit && (!exited || life->exit_code != row.exit_code))) {
    fail("INV-05", *run, now,
         fmt::format("the accepted result ({}, exit {}) is not how the process ended (exit {})", to_string(row.state),
                     row.exit_code, life->exit_code));
  }
}

void Disk::check_move(const DiskRun& run, const TaskRow& old, const TaskRow& row, bool by_person) {
  if (row.reason == Reason::marked && !run.was_marked) return fail("INV-10", run, row, "nobody has marked it");
  const bool claim = row.state == TaskState::queued && (old.state != TaskState::queued || row.epoch != old.epoch);
  const bool asks = row.state == TaskState::deferred && old.state != TaskState::deferred;
  if (asks && row.epoch <= old.epoch) return fail("INV-04", run, row, "it asks others under an epoch that it had");
  if (claim && row.epoch <= old.epoch) return fail("INV-04", run, row, "a claim without a new epoch");
  if (by_person && row.state == TaskState::none) return;
  if (is_final(old.state) && row.state != old.state && !by_person) {
    return fail("INV-10", run, row, fmt::format("{} becomes {}", to_string(old.state), to_string(row.state)));
  }
  if (row.state == TaskState::running && !(is_live(old.state) && old.epoch == row.epoch)) {
    return fail("INV-05", run, row, fmt::format("running without a claim on disk (was {})", to_string(old.state)));
  }
  if (is_live(old.state) && claim && !run.tries.contains({row.instance_no, old.epoch}) &&
      run.dag->spec(row.task_no).kind != TaskKind::sensor) {
    fail("INV-04", run, row, "claimed again before its last attempt had an end");
  }
}

/// A new attempt: whether it may be one, now.
void Disk::check_claim(const DiskRun& run, const TaskRow& old, const TaskRow& row, Facts& facts) {
  const Task& task = run.dag->task(row.task_no);
  const TaskSpec& spec = *task.spec;
  facts.begun += row.try_number > old.try_number ? 1 : 0;
  const AttemptKey key{row.run_no, row.task_no, row.map_index, row.epoch};
  doors_.claimed(key, spec.breakers);
  if (!leader_is_alone_) books_.claimed(key);
  if (run.row.paused.holds()) fail("HELD", run, row, "claimed while its run is paused");
  if (facts.begun > 1 + spec.retries->max + facts.lost) {
    fail("INV-09", run, row, "more tries than 1 + retries + losses");
  }
  const bool sleeps = old.state == TaskState::up_for_retry || old.state == TaskState::up_for_reschedule;
  const bool clock_held = ground_.loop.last_wall_step() < facts.slept_at - 5 * kMinute;
  if (sleeps && clock_held && ground_.loop.now() < facts.sleeps_until)
    fail("INV-11", run, row, "starts before its time");
  if (task.hook != Hook::none || spec.teardown) return;
  if (run.cut_seq != 0) fail("STOP", run, row, "claimed after its run was stopped");
  if (run.failed_seq != 0 && run.failed_seq != seq_)
    fail("STOP", run, row, "claimed after the failure that ends its run");
  const WallUs limit = run.row.started_at + run.dag->timeout_us;
  const bool wall_held = ground_.loop.last_wall_step() < ground_.loop.now() - run.dag->timeout_us - 2 * kClaimLateUs;
  if (run.dag->timeout_us > 0 && wall_held && ground_.loop.wall() > limit + kClaimLateUs) {
    fail("STOP", run, row, "claimed long after the time limit of its run");
  }
}

void Disk::note_sleep(const TaskRow& row, Facts& facts) const {
  facts.slept_at = ground_.loop.now();
  facts.sleeps_until = row.wake_at - (ground_.loop.wall() - ground_.loop.now());
}

void Disk::check_end(const DiskRun& run, const TaskRow& row, const Facts& facts) {
  const TaskSpec& spec = run.dag->spec(row.task_no);
  if (row.reason == Reason::cached && facts.generation > 0) fail("CACHE", run, row, "a retry is answered by the cache");
  if (row.reason == Reason::secret) ground_.strike(Fault::launch_failed);
  if (row.losses > kLossesMax) fail("INV-09", run, row, "more losses than their budget");
  if (row.losses == kLossesMax) ground_.strike(Fault::losses_used_up);
  if (row.failures > spec.retries->max + 1) fail("INV-09", run, row, "more failures than its retries allow");
  if (!facts.is_timed || ground_.loop.last_wall_step() >= facts.born_at || row.ended_at == kNoTime) return;
  const DurationUs told = facts.tries_us + WaitTimes::from_json(row.times_json).total_us();
  const DurationUs lived = row.ended_at - (ground_.loop.wall() - ground_.loop.now()) - facts.born_at;
  if (told != lived) {
    fail("TIMES", run, row,
         fmt::format("its times add up to {} us and it lived {} us ({} us in {} tries; row {})", told, lived,
                     facts.tries_us, facts.tries, row.times_json));
  }
}

void Disk::write_instance(const TaskRow& row, const Change* change) {
  DiskRun* run = find(row.run_no);
  TaskRow& old = run->at(row.instance_no);
  Facts& facts = run->facts_of(row.instance_no);
  check_move(*run, old, row, change != nullptr);
  assets_.row_comes(*run, old, row);
  quality_.row_comes(*run, old, row);
  states_.row_comes(*run, old, row);
  if (row.state != old.state || row.epoch != old.epoch) {
    ground_.say(fmt::format("  row {} {} {}", name_of(*run, row), to_string(row.state), to_string(row.reason)));
  }
  const bool is_marked = row.reason == Reason::marked && row.state != TaskState::removed;
  // Of a run that lives it may be on its way again with the same batch.
  const bool goes_on = change != nullptr && !change->at_start && !is_marked && row.state != TaskState::removed &&
                       old.state != TaskState::none && !is_live(old.state);
  const bool was_cleared = change != nullptr && (row.state == TaskState::none || goes_on);
  if (was_cleared) {
    const MonoUs at = change->at - (ground_.loop.wall() - ground_.loop.now());
    const bool is_told = is_final(old.state) || (row.state == TaskState::none && !is_live(old.state));
    const std::int32_t generation = facts.generation + (is_final(old.state) ? 1 : 0);
    const Epoch killed = facts.killed_before_start > old.epoch ? facts.killed_before_start : 0;  // claimed since then
    facts = Facts{.generation = generation,
                  .born_at = at,
                  .is_timed = is_told && change->is_one && clock_holds(),
                  .killed_before_start = killed,
                  .cleared_seq = seq_};
  }
  if (row.state == TaskState::queued && row.epoch != old.epoch) {
    ++facts.claims;
    check_claim(*run, old, row, facts);
  }
  const bool starts = row.state == TaskState::queued || row.state == TaskState::deferred ||
                      (row.state == TaskState::success && row.reason != Reason::marked);
  if (starts && old.state == TaskState::none && !leader_is_alone_) past_.starts(*run, row.task_no);
  if (row.state == TaskState::up_for_retry || row.state == TaskState::up_for_reschedule) note_sleep(row, facts);
  const bool had_ended = is_final(old.state) && !was_cleared;
  const bool is_end = is_final(row.state) && row.state != TaskState::removed;
  if (is_end && (!had_ended || row.state != old.state)) facts.ended_seq = seq_;
  old = row;
  if (!is_end || had_ended) return;
  const bool fails_run = row.state == TaskState::failed && counts_for_run(run->dag->task(row.task_no));
  // What a person marks in a run that waits to go on is as if it had been so before: the run goes on beside it.
  const bool waits = row.reason == Reason::marked && run->row.state == RunState::queued;
  if (fails_run && !waits && run->dag->fail_fast && run->failed_seq == 0) run->failed_seq = seq_;
  check_end(*run, row, facts);
  ended_.emplace_back(row.run_no, row.instance_no);
}

void Disk::write_run(const RunRow& row) {
  DiskRun* run = find(row.run_no);
  if (run->row.state != row.state) {
    ground_.say(fmt::format("  run {} {} {}", row.run_no, to_string(row.state), to_string(row.reason)));
  }
  if (run->row.begun_at != kNoTime && row.begun_at != run->row.begun_at) {
    ground_.findings.fail("INV-16", fmt::format("run {} begins a second time", row.run_no));
  }
  if (row.state == RunState::queued && run->row.state != RunState::queued) ground_.strike(Fault::cleared_run_waited);
  const bool is_cut = is_stop(row.reason) && !(is_final(row.state) && is_final(run->row.state));
  if (is_cut && run->cut_seq == 0) {
    run->cut_seq = seq_;
    if (row.reason == Reason::run_timeout) ground_.strike(Fault::run_timed_out);
    if (row.reason == Reason::fail_fast) ground_.strike(Fault::failed_fast);
  }
  const Held paused = run->row.paused;  // no row of the run says that
  run->row = row;
  run->row.paused = paused;
  run->row.seq = seq_;
  run->changed_at = ground_.loop.now();
}

/// Who is let go may be claimed in the same breath: teardowns of a run that is stopped.
void Disk::let_go(const Part& part) {
  for (const RunHoldRow& row : part.service.run_holds) {
    DiskRun* run = row.paused.holds() ? nullptr : find(row.run_no);
    if (run == nullptr) continue;
    const auto by = std::ranges::find(part.audit, "unpause_run", &AuditRow::action);
    const Fault how = by != part.audit.end() ? Fault::run_went_on : Fault::paused_run_stopped;
    if (run->row.paused.holds()) ground_.strike(how);
    run->row.paused = {};
  }
}

/// It is held from here on. In the end the last row of a part is what holds.
void Disk::hold_runs(const Part& part) {
  for (const RunHoldRow& row : part.service.run_holds) {
    DiskRun* run = find(row.run_no);
    if (run == nullptr) continue;
    if (row.paused.holds()) ground_.strike(Fault::run_paused);
    ground_.say(fmt::format("  run {} {}", row.run_no, row.paused.holds() ? "is paused" : "is let go"));
    run->row.paused = row.paused;
    run->hold_seq = seq_;
  }
  for (const RunHoldRow& row : part.service.run_holds) {  // what came first may be let go by what came last
    const DiskRun* run = find(row.run_no);
    if (run == nullptr || !run->row.paused.holds() || !is_final(run->row.state)) continue;
    ground_.findings.fail("HELD", fmt::format("run {} is paused, and has ended", row.run_no));
  }
}

/// It may have ended meanwhile, or somebody has asked for the other within the same moment: then that is later.
void Disk::accepted_pause(RunNo run_no, bool is_paused) {
  const DiskRun* run = find(run_no);
  if (run == nullptr) return ground_.findings.fail("INV-01", fmt::format("run {} was paused and is gone", run_no));
  const bool is_so = run->row.paused.holds() == is_paused;
  if (is_so || run->hold_seq == seq_ || is_final(run->row.state) || run->cut_seq != 0) return;
  const char* what = is_paused ? "paused" : "not paused";
  ground_.findings.fail("HELD", fmt::format("somebody is told that run {} is {}, and it is not so", run_no, what));
}

void Disk::note_kill(RunNo run_no) {
  killed_.insert(run_no);
  if (DiskRun* run = find(run_no)) run->was_killed = true;
}

bool Disk::note_kill_before_start(const AttemptKey& key) {
  DiskRun* run = find(key.run_no);
  const TaskRow* row = run == nullptr ? nullptr : run->find(key.task_no, key.map_index);
  if (row == nullptr || is_final(row->state)) return false;
  if (is_live(row->state) ? row->epoch != key.epoch : row->epoch >= key.epoch) return false;
  run->facts_of(row->instance_no).killed_before_start = key.epoch;
  return true;
}

}  // namespace baton::sim
