#include "scheduler/store/batch_writer.h"

#include "scheduler/model/check.h"
#include "scheduler/store/audit_chain.h"
#include "scheduler/store/row_sums.h"

namespace baton::sqlite {
namespace {

constexpr char kInsertVersion[] =
    "INSERT INTO dag_version (dag_no, number, created_at, checksum, version, source_hash, source_file, work_folder,"
    " git_commit, canonical_json, source) VALUES (?,?,?,?,?,?,?,?,?,?,?)";
constexpr char kRenewVersion[] =
    "UPDATE dag_version SET checksum = ?, source_hash = ?, source_file = ?, work_folder = ?, git_commit = ?,"
    " canonical_json = ?, source = ? WHERE version_no = ?";
constexpr char kInsertTask[] =
    "INSERT INTO dag_task (version_no, task_no, kind, hook, is_mapped, priority, max_tries, pool_slots, task_id, pool,"
    " group_id) VALUES (?,?,?,?,?,?,?,?,?,?,?)";
constexpr char kInsertRun[] =
    "INSERT INTO dag_run (run_no, dag_no, version_no, run_type, state, reason, logical_date, interval_start,"
    " interval_end, run_after, queued_at, begun_at, started_at, ended_at, seq, created_seq, checksum, final_checksum,"
    " hooks_open, run_id, triggered_by, counts, note, user_note, options)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
constexpr char kInsertFresh[] =
    "INSERT INTO task_instance (run_no, instance_no, task_no, map_index, state, checksum) VALUES (?,?,?,?,?,?)";
constexpr char kInsertInstance[] =
    "INSERT INTO task_instance (run_no, instance_no, task_no, map_index, state, reason, epoch, try_number, failures,"
    " losses, scheduled_at, queued_at, started_at, ended_at, wake_at, first_look_at, pid, seq, checksum, times, note,"
    " outputs, wait, executor, worker, handle, host) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
constexpr char kPutItem[] =
    "INSERT INTO mapped_item (run_no, instance_no, checksum, map_key, item) VALUES (?,?,?,?,?)"
    " ON CONFLICT DO UPDATE SET checksum = excluded.checksum, map_key = excluded.map_key, item = excluded.item"
    " WHERE map_key <> excluded.map_key OR item <> excluded.item";
constexpr char kUpdateInstance[] =
    "UPDATE task_instance SET map_index=?, state=?, reason=?, epoch=?, try_number=?, failures=?, losses=?,"
    " scheduled_at=?, queued_at=?, started_at=?, ended_at=?, wake_at=?, first_look_at=?, pid=?, seq=?, checksum=?,"
    " times=?, note=?, outputs=?, wait=?, executor=?, worker=?, handle=?, host=? WHERE run_no=? AND instance_no=? AND epoch<=?";
// Without user_note: that is a NoteRow, and what the engine has in memory of it may be older.
constexpr char kUpdateRun[] =
    "UPDATE dag_run SET state=?, reason=?, queued_at=?, begun_at=?, started_at=?, ended_at=?, seq=?, final_checksum=?,"
    " hooks_open=?, counts=?, note=?, options=? WHERE run_no=?";
constexpr char kInsertTry[] =
    "INSERT INTO task_try (run_no, instance_no, epoch, try_number, state, reason, exit_code, signal, queued_at,"
    " started_at, ended_at, pid, user_us, sys_us, max_rss_bytes, log_bytes, checksum, host, times, note, rendered,"
    " executor, worker, handle, log_tail, version_no) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,"
    " (SELECT version_no FROM dag_run WHERE run_no = ?1))";
constexpr char kPutCache[] =
    "INSERT INTO cache_entry (dag_no, task_id, key, spec_hash, created_at, expires_at, run_no, instance_no, checksum,"
    " outputs) VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET created_at=excluded.created_at,"
    " expires_at=excluded.expires_at, run_no=excluded.run_no, instance_no=excluded.instance_no,"
    " checksum=excluded.checksum, outputs=excluded.outputs";
// The mean moves as moved_mean() says.
constexpr char kPutDuration[] =
    "INSERT INTO task_duration (dag_no, task_id, samples, mean_us) VALUES (?,?,1,?) ON CONFLICT DO UPDATE SET"
    " mean_us = mean_us + (excluded.mean_us - mean_us) / min(samples + 1, 8), samples = samples + 1";
constexpr char kInsertAudit[] =
    "INSERT INTO audit (at, map_index, checksum, actor, action, dag_id, run_id, task_id, extra, seq, address, via, before,"
    " after, hash) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
constexpr char kInsertIdempotency[] =
    "INSERT INTO idempotency (principal, route, key, body_hash, status, created_at, object) VALUES (?,?,?,?,?,?,?)";

template <typename E>
std::int64_t code(E value) {
  return static_cast<std::int64_t>(value);
}

/// NULL until the state is final.
Time end_sum(const RunRow& run) {
  return {is_final(run.state) ? sum_of_end(run) : kNoTime};
}

std::optional<std::int64_t> code(const std::optional<Wait>& wait) {
  return wait ? std::optional(code(*wait)) : std::nullopt;
}

std::string_view options_or_none(const RunRow& run) {
  return run.options_json == "{}" ? std::string_view() : std::string_view(run.options_json);
}

}  // namespace

BatchWriter::BatchWriter(Database& db, std::int64_t leader_epoch, std::int64_t seq)
    : db_(db),
      leader_epoch_(leader_epoch),
      seq_(seq),
      begin_("BEGIN IMMEDIATE"),
      commit_("COMMIT"),
      leader_("SELECT leader_epoch FROM store WHERE id = 1"),
      find_dag_("SELECT dag_no FROM dag WHERE dag_id = ?"),
      insert_dag_("INSERT INTO dag (dag_id) VALUES (?) RETURNING dag_no"),
      find_version_("SELECT version_no, created_at, checksum, source_hash, git_commit FROM dag_version WHERE dag_no = ? AND version = ?"),
      renew_version_(kRenewVersion),
      next_version_("SELECT coalesce(max(number), 0) + 1 FROM dag_version WHERE dag_no = ?"),
      insert_version_(kInsertVersion),
      set_version_("UPDATE dag_run SET version_no = ?, checksum = ? WHERE run_no = ?"),
      insert_task_(kInsertTask),
      insert_run_(kInsertRun),
      find_by_id_("SELECT run_no FROM dag_run WHERE dag_no = ? AND run_id = ? AND run_no <> ?"),
      find_by_date_("SELECT run_no FROM run_date WHERE dag_no = ? AND logical_date = ? AND run_no <> ?"),
      insert_conf_("INSERT INTO run_input (run_no, checksum, conf) VALUES (?,?,?)"),
      insert_fresh_(kInsertFresh),
      insert_instance_(kInsertInstance),
      put_item_(kPutItem),
      delete_item_("DELETE FROM mapped_item WHERE run_no = ? AND instance_no = ?"),
      update_instance_(kUpdateInstance),
      find_run_("SELECT dag_no, state FROM dag_run WHERE run_no = ?"),
      update_run_(kUpdateRun),
      count_run_(
          "INSERT INTO run_count (dag_no, state, runs) VALUES (?,?,?)"
          " ON CONFLICT DO UPDATE SET runs = runs + excluded.runs"),
      insert_try_(kInsertTry),
      put_cache_(kPutCache),
      put_duration_(kPutDuration),
      insert_audit_(kInsertAudit),
      last_audit_("SELECT hash FROM audit WHERE audit_no > 0 ORDER BY audit_no DESC LIMIT 1"),
      insert_idempotency_(kInsertIdempotency),
      insert_date_("INSERT INTO run_date (dag_no, logical_date, run_no) VALUES (?,?,?)"),
      insert_label_("INSERT OR REPLACE INTO run_label (run_no, label, value) VALUES (?,?,?)"),
      raise_seq_("UPDATE store SET seq = max(seq, ?)") {}

// ---- transactions ----

std::vector<CommitDone> BatchWriter::apply(std::span<const Batch* const> group) {
  std::vector<CommitDone> answers(group.size());
  if (broken_) return answers;  // unknown, all of them
  // A part is rarely struck, and mostly before it has written anything: savepoints only when one is needed.
  Pass pass = write_all(group, false, answers);
  if (pass == Pass::retry_with_savepoints) pass = write_all(group, true, answers);
  if (pass == Pass::failed) return fail_all(group.size());
  return answers;
}

BatchWriter::Pass BatchWriter::write_all(std::span<const Batch* const> group, bool savepoints,
                                         std::vector<CommitDone>& answers) {
  if (!begin()) return Pass::failed;
  if (!fence_holds()) {
    if (code_ != kOk) return Pass::failed;
    for (CommitDone& answer : answers) answer = {CommitOutcome::fenced, 0, {}};
    roll_back();
    return Pass::done;
  }
  bool any_durable = false;
  for (std::size_t i = 0; i < group.size(); ++i) {
    const Pass pass = write(*group[i], savepoints, answers[i]);
    if (pass == Pass::retry_with_savepoints) roll_back();
    if (pass != Pass::done) return pass;
    any_durable = any_durable || answers[i].outcome == CommitOutcome::durable;
  }
  if (!any_durable) {
    roll_back();
    return Pass::done;
  }
  if (!ok(commit_.on(db_).run())) return Pass::failed;
  seq_ = next_seq_;
  return Pass::done;
}

BatchWriter::Pass BatchWriter::write(const Batch& batch, bool savepoints, CommitDone& answer) {
  answer = {CommitOutcome::durable, next_seq_, std::vector<PartVerdict>(batch.parts.size())};
  rows_written_ = 0;
  if (savepoints && !exec("SAVEPOINT batch")) return Pass::failed;
  for (std::size_t k = 0; k < batch.parts.size(); ++k) {
    const std::int64_t written_before = rows_written_;
    conflict_ = false;
    verdict_ = {};
    if (savepoints && !exec("SAVEPOINT part")) return Pass::failed;
    const bool is_written = write(batch.parts[k]);
    if (!is_written && !conflict_) return Pass::failed;
    if (!is_written && !savepoints && rows_written_ > written_before) return Pass::retry_with_savepoints;
    if (!is_written && verdict_.is_done()) return fence(savepoints, answer);
    answer.parts[k] = verdict_;
    if (!is_written) forget_numbers();
    if (savepoints && !exec(is_written ? "RELEASE part" : "ROLLBACK TO part; RELEASE part")) return Pass::failed;
  }
  if (savepoints && !exec("RELEASE batch")) return Pass::failed;
  return Pass::done;
}

/// A row is not as this process left it: nothing of the batch stays.
BatchWriter::Pass BatchWriter::fence(bool savepoints, CommitDone& answer) {
  if (!savepoints && rows_written_ > 0) return Pass::retry_with_savepoints;
  forget_numbers();
  answer = {CommitOutcome::fenced, 0, {}};
  if (savepoints && !exec("ROLLBACK TO batch; RELEASE batch")) return Pass::failed;
  return Pass::done;
}

bool BatchWriter::exec(const char* sql) {
  const int rc = db_.exec(sql);
  if (rc != kOk) code_ = rc;
  return rc == kOk;
}

bool BatchWriter::begin() {
  code_ = kOk;
  next_seq_ = seq_ + 1;
  return ok(begin_.on(db_).run());
}

bool BatchWriter::fence_holds() {
  Statement& statement = leader_.on(db_).start();
  const int rc = statement.step();
  const bool holds = rc == kRow && statement.integer(0) == leader_epoch_;
  statement.reset();
  if (rc != kRow && rc != kDone) ok(rc);
  return holds;
}

void BatchWriter::roll_back() {
  forget_numbers();
  if (db_.in_transaction() && !ok(db_.exec("ROLLBACK"))) note_failure(code_);
}

/// What a failed transaction means. A full disk and a lock held elsewhere leave the file as it was; after an I/O error
/// nobody knows, and writing on could bury what is there (S3).
std::vector<CommitDone> BatchWriter::fail_all(std::size_t count) {
  const int failed_with = code_;
  note_failure(failed_with);
  roll_back();
  return std::vector<CommitDone>(count, {broken_ ? CommitOutcome::unknown : CommitOutcome::rolled_back, 0, {}});
}

void BatchWriter::note_failure(int code) {
  switch (classify(code)) {
    case Failure::full:
    case Failure::busy:
      return;
    case Failure::constraint:
    case Failure::io:
    case Failure::corrupt:
    case Failure::other:
      break;
  }
  if (code == kOk || broken_) return;
  broken_ = true;
  what_broke_ = db_.error("the state could not be written", code).message;
}

void BatchWriter::forget_numbers() {
  dag_nos_.clear();
  version_nos_.clear();
  last_audit_hash_.reset();
}

bool BatchWriter::ok(int rc) {
  if (rc == kOk) {
    ++rows_written_;
    return true;
  }
  if (classify(rc) == Failure::constraint) {
    conflict_ = true;
  } else {
    code_ = rc;
  }
  return false;
}

bool BatchWriter::ok_one_row(int rc) {
  if (!ok(rc)) return false;
  if (db_.changes() == 1) return true;
  --rows_written_;
  conflict_ = true;
  return false;
}

// ---- parts ----

bool BatchWriter::write(const Part& part) {
  for (const auto& row : part.idempotency) {
    if (!insert(row)) return false;
  }
  for (const auto& creation : part.creations) {
    if (!create(creation)) return false;
  }
  for (const auto& reversion : part.reversions) {
    if (!change_version(reversion)) return false;
  }
  for (const auto& row : part.new_instances) {
    if (!insert_instance(row)) return false;
  }
  for (const auto& row : part.instances) {
    if (!update(row)) return false;
  }
  for (const auto& row : part.tries) {
    if (!insert(row)) return false;
  }
  for (const auto& row : part.runs) {
    if (!update(row)) return false;
  }
  for (const auto& row : part.cache) {
    if (!put(row)) return false;
  }
  for (const auto& row : part.durations) {
    if (!put(row)) return false;
  }
  for (const auto& row : part.audit) {
    if (!insert(row)) return false;
  }
  return part.service.empty() || write(part.service);
}

bool BatchWriter::create(const RunCreation& creation) {
  BATON_CHECK(creation.dag != nullptr);
  const RunRow& run = creation.run;
  std::int64_t dag_no = 0;
  std::int64_t version_no = 0;
  if (!dag_no_of(run.dag_id, dag_no) || !version_no_of(creation, dag_no, version_no)) return false;
  if (!insert_run(creation, dag_no, version_no) || !insert_dates(creation, dag_no)) {
    if (conflict_) find_existing(creation, dag_no);
    return false;
  }
  return ok(insert_conf_.on(db_).run(run.run_no, sum_of_conf(run), std::string_view(run.conf_json))) &&
         count_run(dag_no, run.state, 1) && insert_labels(creation) && insert_instances(creation);
}

bool BatchWriter::insert_labels(const RunCreation& creation) {
  for (const auto& [name, value] : creation.labels) {
    if (!ok(insert_label_.on(db_).run(creation.run.run_no, std::string_view(name), std::string_view(value)))) return false;
  }
  return true;
}

/// Why a new run was refused. A number that is taken is no answer to the one who asked: that fences.
void BatchWriter::find_existing(const RunCreation& creation, std::int64_t dag_no) {
  const RunRow& run = creation.run;
  const auto find = [&](Statement& query, PartVerdict::Exists what) {
    RunNo found = 0;
    const int rc = query.step();
    if (rc == kRow) found = query.integer(0);
    query.reset();
    if (found != 0) verdict_ = {what, found};
    return found != 0;
  };
  Statement& by_id = find_by_id_.on(db_).start_with(dag_no, std::string_view(run.run_id), run.run_no);
  if (find(by_id, PartVerdict::Exists::run_id)) return;
  std::vector<WallUs> dates = creation.inner_dates;
  if (run.logical_date != kNoTime) dates.push_back(run.logical_date);
  for (const WallUs date : dates) {
    if (find(find_by_date_.on(db_).start_with(dag_no, date, run.run_no), PartVerdict::Exists::logical_date)) return;
  }
}

bool BatchWriter::insert_run(const RunCreation& creation, std::int64_t dag_no, std::int64_t version_no) {
  const RunRow& run = creation.run;
  const std::string counts = counts_to_json(counts_of(creation));
  return ok(insert_run_.on(db_).run(
             run.run_no, dag_no, version_no, code(run.type), code(run.state), code(run.reason), Time{run.logical_date},
             Time{run.interval_start}, Time{run.interval_end}, Time{run.run_after}, Time{run.queued_at},
             Time{run.begun_at}, Time{run.started_at}, Time{run.ended_at}, next_seq_, next_seq_, sum_of_identity(run),
             end_sum(run), code(run.hooks_open), std::string_view(run.run_id), std::string_view(run.triggered_by),
             std::string_view(counts), TextOrNull{run.note}, TextOrNull{run.user_note},
             TextOrNull{options_or_none(run)}));
}

/// A date that another run of the DAG covers is a conflict, as a run id is.
bool BatchWriter::insert_dates(const RunCreation& creation, std::int64_t dag_no) {
  const RunRow& run = creation.run;
  if (run.logical_date != kNoTime && !ok(insert_date_.on(db_).run(dag_no, run.logical_date, run.run_no))) return false;
  for (const WallUs date : creation.inner_dates) {
    if (!ok(insert_date_.on(db_).run(dag_no, date, run.run_no))) return false;
  }
  return true;
}

bool BatchWriter::change_version(const RunCreation& reversion) {
  const RunRow& run = reversion.run;
  std::int64_t dag_no = 0;
  std::int64_t version_no = 0;
  if (!dag_no_of(run.dag_id, dag_no) || !version_no_of(reversion, dag_no, version_no)) return false;
  return ok_one_row(set_version_.on(db_).run(version_no, sum_of_identity(run), run.run_no));
}

bool BatchWriter::insert_instances(const RunCreation& creation) {
  if (creation.run.begun_at == kNoTime) return true;
  Statement& insert = insert_fresh_.on(db_);
  const auto count = static_cast<TaskNo>(creation.dag->tasks.size());
  for (TaskNo t = 0; t < count; ++t) {
    const TaskRow row = first_row(creation, t);
    if (!ok(insert.run(row.run_no, row.instance_no, row.task_no, row.map_index, code(row.state), sum_of(row)))) {
      return false;
    }
  }
  return true;
}

bool BatchWriter::dag_no_of(const std::string& dag_id, std::int64_t& dag_no) {
  if (const auto known = dag_nos_.find(dag_id); known != dag_nos_.end()) {
    dag_no = known->second;
    return true;
  }
  Statement* found = &find_dag_.on(db_).start_with(std::string_view(dag_id));
  int rc = found->step();
  if (rc == kDone) {
    found = &insert_dag_.on(db_).start_with(std::string_view(dag_id));
    rc = found->step();
    ++rows_written_;
  }
  if (rc != kRow) return ok(rc);
  dag_no = found->integer(0);
  if (!ok(found->finish_row())) return false;
  dag_nos_.emplace(dag_id, dag_no);
  return true;
}

std::string BatchWriter::version_key(std::int64_t dag_no, const std::string& version) {
  return std::to_string(dag_no) + '/' + version;
}

bool BatchWriter::version_no_of(const RunCreation& creation, std::int64_t dag_no, std::int64_t& version_no) {
  const std::string& version = creation.run.dag_version;
  const std::string name = version_key(dag_no, version);
  if (const auto known = version_nos_.find(name); known != version_nos_.end()) {
    version_no = known->second;
    return true;
  }
  Statement& found = find_version_.on(db_).start_with(dag_no, std::string_view(version));
  const int rc = found.step();
  WallUs created_at = kNoTime;
  std::int64_t checksum = 0;
  VersionRow kept;
  if (rc == kRow) {
    version_no = found.integer(0);
    created_at = found.time(1);
    checksum = found.integer(2);
    kept.source_hash = found.string(3);
    kept.commit = found.string(4);
  }
  found.reset();
  if (rc != kRow && rc != kDone) return ok(rc);
  if (rc == kDone && !insert_version(creation, dag_no, version_no)) return false;
  if (rc == kRow && creation.version != nullptr &&
      !renew_version(*creation.version, version_no, created_at, checksum, kept)) {
    return false;
  }
  version_nos_.emplace(name, version_no);
  return true;
}

/// A version that is there, in the words of now: sizes of pools, comments and the folder are no part of what it is, but
/// the next scheduler sets the pools and starts the tasks by what stands in the row.
bool BatchWriter::renew_version(const VersionRow& given, std::int64_t version_no, WallUs created_at,
                                std::int64_t checksum, const VersionRow& kept) {
  VersionRow row = given;
  row.created_at = created_at;
  if (kept.source_hash == row.source_hash) row.commit = kept.commit;  // of when these words came
  const std::int64_t sum = sum_of(row);
  if (sum == checksum) return true;
  return ok_one_row(renew_version_.on(db_).run(
      sum, std::string_view(row.source_hash), std::string_view(row.source_file), std::string_view(row.work_folder),
      TextOrNull{row.commit}, std::string_view(row.canonical_json), std::string_view(row.source), version_no));
}

bool BatchWriter::insert_version(const RunCreation& creation, std::int64_t dag_no, std::int64_t& version_no) {
  VersionRow bare;
  bare.dag_id = creation.run.dag_id;
  bare.version = creation.run.dag_version;
  const VersionRow& row = creation.version == nullptr ? bare : *creation.version;  // its texts may be very large
  BATON_CHECK(row.dag_id == bare.dag_id && row.version == bare.version);
  std::int64_t number = 0;
  if (!read_integer(next_version_.on(db_).start_with(dag_no), number)) return false;
  // In steps: one statement that also computes or returns something holds a copy of the texts.
  const int rc = insert_version_.on(db_).run(
      dag_no, number, Time{row.created_at}, sum_of(row), std::string_view(row.version),
      std::string_view(row.source_hash), std::string_view(row.source_file), std::string_view(row.work_folder),
      TextOrNull{row.commit}, std::string_view(row.canonical_json), std::string_view(row.source));
  return ok(rc) && read_integer(find_version_.on(db_).start_with(dag_no, std::string_view(row.version)), version_no) &&
         insert_tasks(*creation.dag, version_no);
}

/// The first column of the one row that a query has.
bool BatchWriter::read_integer(Statement& query, std::int64_t& value) {
  const int rc = query.step();
  if (rc == kRow) value = query.integer(0);
  return ok(rc == kRow ? query.finish_row() : rc);
}

bool BatchWriter::insert_tasks(const Dag& dag, std::int64_t version_no) {
  Statement& insert = insert_task_.on(db_);
  for (std::size_t t = 0; t < dag.tasks.size(); ++t) {
    const Task& task = dag.tasks[t];
    const TaskSpec& spec = *task.spec;
    const bool in_pool = !spec.pools.empty();
    if (!ok(insert.run(version_no, code(t), code(spec.kind), code(task.hook),
                       code(spec.mapping->kind != Mapping::Kind::none), code(spec.priority),
                       std::int64_t{1} + spec.retries->max, code(in_pool ? spec.pools->front().slots : 1),
                       std::string_view(task.id), TextOrNull{in_pool ? spec.pools->front().name : std::string_view()},
                       TextOrNull{*spec.group}))) {
      return false;
    }
  }
  return true;
}

bool BatchWriter::insert_instance(const TaskRow& row) {
  const int rc = insert_instance_.on(db_).run(
      row.run_no, row.instance_no, row.task_no, row.map_index, code(row.state), code(row.reason), row.epoch,
      row.try_number, row.failures, row.losses, Time{row.scheduled_at}, Time{row.queued_at}, Time{row.started_at},
      Time{row.ended_at}, Time{row.wake_at}, Time{row.first_look_at}, row.pid, next_seq_, sum_of(row),
      TextOrNull{row.times_json}, TextOrNull{row.note}, TextOrNull{row.outputs_json}, code(row.wait),
      TextOrNull{row.executor}, TextOrNull{row.worker}, TextOrNull{row.handle}, TextOrNull{row.host});
  return ok(rc) && put_item(row);
}

bool BatchWriter::put_item(const TaskRow& row) {
  if (row.has_no_item) return ok(delete_item_.on(db_).run(row.run_no, row.instance_no));
  if (row.map_index == kUnmapped || (row.map_key.empty() && row.item_json.empty())) return true;
  return ok(put_item_.on(db_).run(row.run_no, row.instance_no, sum_of_item(row), std::string_view(row.map_key),
                                  std::string_view(row.item_json)));
}

bool BatchWriter::update(const TaskRow& row) {
  const int rc = update_instance_.on(db_).run(
      row.map_index, code(row.state), code(row.reason), row.epoch, row.try_number, row.failures, row.losses,
      Time{row.scheduled_at}, Time{row.queued_at}, Time{row.started_at}, Time{row.ended_at}, Time{row.wake_at},
      Time{row.first_look_at}, row.pid, next_seq_, sum_of(row), TextOrNull{row.times_json}, TextOrNull{row.note},
      TextOrNull{row.outputs_json}, code(row.wait), TextOrNull{row.executor}, TextOrNull{row.worker},
      TextOrNull{row.handle}, TextOrNull{row.host}, row.run_no, row.instance_no, row.epoch);
  return ok_one_row(rc) && put_item(row);
}

bool BatchWriter::update(const RunRow& row) {
  Statement& old = find_run_.on(db_).start_with(row.run_no);
  const int rc = old.step();
  const std::int64_t dag_no = rc == kRow ? old.integer(0) : 0;
  const auto state = rc == kRow ? static_cast<RunState>(old.integer(1)) : row.state;
  old.reset();
  if (rc != kRow && rc != kDone) return ok(rc);
  if (rc == kDone) {
    conflict_ = true;
    return false;
  }
  const std::string counts = counts_to_json(row.counts);
  if (!ok_one_row(update_run_.on(db_).run(code(row.state), code(row.reason), Time{row.queued_at}, Time{row.begun_at},
                                          Time{row.started_at}, Time{row.ended_at}, next_seq_, end_sum(row),
                                          code(row.hooks_open), std::string_view(counts), TextOrNull{row.note},
                                          TextOrNull{options_or_none(row)}, row.run_no))) {
    return false;
  }
  return state == row.state || (count_run(dag_no, state, -1) && count_run(dag_no, row.state, 1));
}

bool BatchWriter::count_run(std::int64_t dag_no, RunState state, std::int64_t delta) {
  return ok(count_run_.on(db_).run(dag_no, code(state), delta));
}

bool BatchWriter::insert(const TryRow& row) {
  return ok(insert_try_.on(db_).run(row.run_no, row.instance_no, row.epoch, row.try_number, code(row.state),
                                    code(row.reason), row.exit_code, row.signal, Time{row.queued_at},
                                    Time{row.started_at}, Time{row.ended_at}, row.pid, row.user_us, row.sys_us,
                                    row.max_rss_bytes, row.log_bytes, sum_of(row), TextOrNull{row.host},
                                    TextOrNull{row.times_json}, TextOrNull{row.note}, TextOrNull{row.rendered_json},
                                    TextOrNull{row.executor}, TextOrNull{row.worker}, TextOrNull{row.handle},
                                    TextOrNull{row.log_tail}));
}

bool BatchWriter::put(const CacheRow& row) {
  std::int64_t dag_no = 0;
  return dag_no_of(row.dag_id, dag_no) &&
         ok(put_cache_.on(db_).run(dag_no, std::string_view(row.task_id), std::string_view(row.key),
                                   std::string_view(row.spec_hash), Time{row.created_at}, Time{row.expires_at},
                                   row.run_no, row.instance_no, sum_of(row), std::string_view(row.outputs_json)));
}

bool BatchWriter::put(const DurationRow& row) {
  std::int64_t dag_no = 0;
  return dag_no_of(row.dag_id, dag_no) &&
         ok(put_duration_.on(db_).run(dag_no, std::string_view(row.task_id), row.run_us));
}

bool BatchWriter::insert(const AuditRow& row) {
  std::string before;
  if (!last_audit_hash(before)) return false;
  std::string hash = audit_hash(before, row);
  if (!ok(insert_audit_.on(db_).run(Time{row.at}, row.map_index, sum_of(row), std::string_view(row.actor),
                                    std::string_view(row.action), std::string_view(row.dag_id),
                                    std::string_view(row.run_id), std::string_view(row.task_id),
                                    std::string_view(row.extra_json), next_seq_, TextOrNull{row.address},
                                    TextOrNull{row.via}, TextOrNull{row.before_json}, TextOrNull{row.after_json},
                                    std::string_view(hash)))) {
    return false;
  }
  last_audit_hash_ = std::move(hash);
  return raise_seq();
}

bool BatchWriter::last_audit_hash(std::string& hash) {
  if (!last_audit_hash_) {
    Statement& last = last_audit_.on(db_).start();
    const int rc = last.step();
    if (rc == kRow) last_audit_hash_ = last.string(0);
    last.reset();
    if (rc != kRow && rc != kDone) return ok(rc);
    if (rc == kDone) last_audit_hash_.emplace();
  }
  hash = *last_audit_hash_;
  return true;
}

/// A start finds the last seq in the rows of runs and instances, and here for the rows of all other tables.
bool BatchWriter::raise_seq() {
  return ok(raise_seq_.on(db_).run(next_seq_));
}

bool BatchWriter::insert(const IdempotencyRow& row) {
  if (ok(insert_idempotency_.on(db_).run(std::string_view(row.principal), std::string_view(row.route),
                                         std::string_view(row.key), std::string_view(row.body_hash), row.status,
                                         row.created_at, std::string_view(row.object)))) {
    return true;
  }
  if (conflict_) verdict_ = {PartVerdict::Exists::idempotency_key, 0};
  return false;
}

}  // namespace baton::sqlite
