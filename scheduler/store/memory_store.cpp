#include "scheduler/store/memory_store.h"

#include <cstdio>
#include <set>

#include "scheduler/model/check.h"
#include "scheduler/store/row_sums.h"

namespace baton {

MemoryStore::MemoryStore(Loop& loop, std::shared_ptr<MemoryState> state)
    : loop_(loop),
      state_(state != nullptr ? std::move(state) : std::make_shared<MemoryState>()),
      leader_epoch_(++state_->leader_epoch),
      is_alive_(std::make_shared<bool>(true)) {
  if (!state_->store_id.empty()) return;
  char id[40];
  std::snprintf(id, sizeof id, "%08x-0000-4000-8000-%012llx", static_cast<unsigned>(loop_.random()),
                static_cast<unsigned long long>(loop_.random() & 0xFFFFFFFFFFFFULL));
  state_->store_id = id;
}

MemoryStore::~MemoryStore() {
  *is_alive_ = false;
}

// ---- order, time and outcome of commits ----

void MemoryStore::commit(Batch batch, CommitDone done) {
  queue_.push_back({std::move(batch), std::move(done)});
  schedule();
}

void MemoryStore::schedule() {
  if (is_scheduled_) return;
  is_scheduled_ = true;
  loop_.post([this, alive = is_alive_] {
    if (*alive && is_scheduled_) begin_group();
  });
}

/// Takes what is queued as one transaction and waits as long as it is said to take.
void MemoryStore::begin_group() {
  group_size_ = queue_.size();
  Fault fault = faults_ ? faults_() : Fault{};
  if (is_broken_) fault = {CommitOutcome::unknown, false, 0};
  if (fault.delay_us <= 0) return finish_group(fault);
  loop_.call_at(loop_.mono_now() + fault.delay_us, [this, fault, alive = is_alive_] {
    if (*alive && is_scheduled_) finish_group(fault);
  });
}

void MemoryStore::flush() {
  while (!queue_.empty()) {
    is_scheduled_ = true;
    group_size_ = queue_.size();
    Fault fault = faults_ ? faults_() : Fault{};
    if (is_broken_) fault = {CommitOutcome::unknown, false, 0};
    finish_group(fault);
  }
}

void MemoryStore::finish_group(const Fault& fault) {
  is_scheduled_ = false;
  const bool is_written = fault.outcome == CommitOutcome::durable ||
                          (fault.outcome == CommitOutcome::unknown && fault.written && !is_broken_);
  // A rollback takes with it all that was offered before the engine could know of it.
  if (fault.outcome == CommitOutcome::rolled_back) group_size_ = queue_.size();
  if (is_written) ++state_->seq;
  std::vector<std::pair<CommitDone, CommitOutcome>> answers;
  for (; group_size_ > 0; --group_size_) {
    Queued queued = std::move(queue_.front());
    queue_.pop_front();
    const CommitOutcome applied = is_written ? apply(queued.batch) : fault.outcome;
    answers.emplace_back(std::move(queued.done), fault.outcome == CommitOutcome::durable ? applied : fault.outcome);
  }
  is_broken_ = is_broken_ || fault.outcome == CommitOutcome::unknown;
  if (!queue_.empty()) schedule();
  const auto alive = is_alive_;
  for (const auto& [done, outcome] : answers) {
    if (*alive) done(outcome);
  }
}

CommitOutcome MemoryStore::apply(Batch& batch) {
  const bool is_leader = leader_epoch_ == state_->leader_epoch;
  if (!is_leader || !creations_fit(batch) || !changes_fit(batch)) return CommitOutcome::conflict;
  apply_rows(batch);
  return CommitOutcome::durable;
}

// ---- conditions ----

bool MemoryStore::creations_fit(const Batch& batch) const {
  std::set<std::pair<std::string, std::string>> ids;
  std::set<std::pair<std::string, WallUs>> dates;
  std::set<RunNo> numbers;
  for (const auto& creation : batch.creations) {
    const RunRow& run = creation.run;
    const auto id = std::make_pair(run.dag_id, run.run_id);
    const auto date = std::make_pair(run.dag_id, run.logical_date);
    const bool has_date = run.logical_date != kNoTime;
    if (state_->runs.contains(run.run_no) || !numbers.insert(run.run_no).second) return false;
    if (state_->by_run_id.contains(id) || !ids.insert(id).second) return false;
    if (has_date && (state_->by_logical_date.contains(date) || !dates.insert(date).second)) return false;
  }
  return true;
}

/// Whether `row` may be updated: it is there, or comes with this batch, and its epoch does not go backwards.
bool MemoryStore::instance_fits(const Batch& batch, const TaskRow& row) const {
  const auto run = state_->runs.find(row.run_no);
  const auto at = static_cast<std::size_t>(row.instance_no);
  if (run != state_->runs.end() && at < run->second.instances.size()) {
    return run->second.instances[at].epoch <= row.epoch;
  }
  for (const auto& creation : batch.creations) {
    if (creation.run.run_no == row.run_no && at < creation.dag->tasks.size()) return true;
  }
  for (const auto& made : batch.new_instances) {
    if (made.run_no == row.run_no && made.instance_no == row.instance_no) return made.epoch <= row.epoch;
  }
  return false;
}

bool MemoryStore::changes_fit(const Batch& batch) const {
  std::set<std::pair<RunNo, InstanceNo>> made;
  for (const auto& row : batch.new_instances) {
    const auto run = state_->runs.find(row.run_no);
    const bool exists =
        run != state_->runs.end() && static_cast<std::size_t>(row.instance_no) < run->second.instances.size();
    if (exists || !made.insert({row.run_no, row.instance_no}).second) return false;
  }
  for (const auto& row : batch.instances) {
    if (!instance_fits(batch, row)) return false;
  }
  std::set<std::tuple<RunNo, InstanceNo, Epoch>> tries;
  for (const auto& row : batch.tries) {
    const auto run = state_->runs.find(row.run_no);
    const bool exists = run != state_->runs.end() && run->second.tries.contains({row.instance_no, row.epoch});
    if (exists || !tries.insert({row.run_no, row.instance_no, row.epoch}).second) return false;
  }
  for (const auto& row : batch.runs) {
    bool found = state_->runs.contains(row.run_no);
    for (const auto& creation : batch.creations) found = found || creation.run.run_no == row.run_no;
    if (!found) return false;
  }
  return true;
}

// ---- changes ----

std::shared_ptr<const VersionRow> MemoryStore::version_of(const RunCreation& creation) {
  auto& versions = state_->versions[creation.run.dag_id];
  auto& known = versions[creation.run.dag_version];
  if (known != nullptr) return known;
  auto row = std::make_shared<VersionRow>();
  if (creation.version != nullptr) *row = *creation.version;
  row->dag_id = creation.run.dag_id;
  row->version = creation.run.dag_version;
  row->number = static_cast<std::int32_t>(versions.size());
  known = std::move(row);
  return known;
}

void MemoryStore::create(const RunCreation& creation) {
  MemoryState::Run run;
  run.row = creation.run;
  run.row.counts = counts_of(creation);
  run.row.seq = state_->seq;
  run.version = version_of(creation);
  const auto count = static_cast<TaskNo>(creation.dag->tasks.size());
  run.instances.reserve(static_cast<std::size_t>(count));
  for (TaskNo t = 0; t < count; ++t) {
    run.instances.push_back(first_row(creation, t));
    run.instances.back().seq = state_->seq;
  }
  state_->by_run_id[{run.row.dag_id, run.row.run_id}] = run.row.run_no;
  if (run.row.logical_date != kNoTime) state_->by_logical_date[{run.row.dag_id, run.row.logical_date}] = run.row.run_no;
  state_->runs.emplace(run.row.run_no, std::move(run));
}

void MemoryStore::apply_rows(Batch& batch) {
  for (const auto& creation : batch.creations) create(creation);
  for (const auto& reversion : batch.reversions) {
    auto& run = state_->runs.at(reversion.run.run_no);
    run.row.dag_version = reversion.run.dag_version;
    run.version = version_of(reversion);
  }
  for (auto& row : batch.new_instances) {
    auto& instances = state_->runs.at(row.run_no).instances;
    BATON_CHECK(static_cast<std::size_t>(row.instance_no) == instances.size());
    instances.push_back(std::move(row));
    instances.back().seq = state_->seq;
  }
  for (auto& row : batch.instances) {
    TaskRow& kept = state_->runs.at(row.run_no).instances[static_cast<std::size_t>(row.instance_no)];
    kept = std::move(row);
    kept.seq = state_->seq;
  }
  for (auto& row : batch.tries) {
    auto& tries = state_->runs.at(row.run_no).tries;
    const auto key = std::make_pair(row.instance_no, row.epoch);
    tries.emplace(key, std::move(row));
  }
  for (auto& row : batch.runs) {
    // What never changes stays as it was made.
    RunRow& kept = state_->runs.at(row.run_no).row;
    kept.state = row.state;
    kept.reason = row.reason;
    kept.note = std::move(row.note);
    kept.options_json = std::move(row.options_json);
    kept.queued_at = row.queued_at;
    kept.started_at = row.started_at;
    kept.ended_at = row.ended_at;
    kept.counts = row.counts;
    kept.seq = state_->seq;
  }
  for (auto& row : batch.cache) {
    auto key = std::make_tuple(row.dag_id, row.task_id, row.key, row.spec_hash);
    state_->cache.insert_or_assign(std::move(key), std::move(row));
  }
  for (const auto& row : batch.durations) {
    auto& mean = state_->durations[row.dag_id][row.task_id];
    mean.mean_us = moved_mean(mean.mean_us, mean.samples++, row.run_us);
  }
  for (auto& row : batch.audit) state_->audit.push_back(std::move(row));
}

// ---- reads ----

RunNo MemoryStore::next_run_no() {
  return ++state_->last_run_no;
}

Result<std::vector<RunNo>> MemoryStore::unfinished_runs() {
  std::vector<RunNo> runs;
  for (const auto& [run_no, run] : state_->runs) {
    if (!is_final(run.row.state)) runs.push_back(run_no);
  }
  return runs;
}

Result<RunSnapshot> MemoryStore::load_run(RunNo run_no) {
  const auto found = state_->runs.find(run_no);
  if (found == state_->runs.end()) return Error{"there is no run " + std::to_string(run_no), ErrorKind::not_found};
  return RunSnapshot{found->second.row, *found->second.version, found->second.instances};
}

Result<std::unordered_map<std::string, DurationUs>> MemoryStore::mean_durations(const std::string& dag_id) {
  std::unordered_map<std::string, DurationUs> means;
  const auto found = state_->durations.find(dag_id);
  if (found == state_->durations.end()) return means;
  for (const auto& [task_id, mean] : found->second) means.emplace(task_id, mean.mean_us);
  return means;
}

void MemoryStore::find_cached(const std::string& dag_id, const std::string& task_id, const std::string& key,
                              const std::string& spec_hash, WallUs now,
                              std::function<void(std::optional<CacheRow>)> done) {
  std::optional<CacheRow> row;
  const auto found = state_->cache.find({dag_id, task_id, key, spec_hash});
  if (found != state_->cache.end()) {
    const WallUs expires_at = found->second.expires_at;
    if (expires_at == kNoTime || expires_at > now) row = found->second;
  }
  loop_.post([done = std::move(done), row = std::move(row)] { done(row); });
}

}  // namespace baton
