#include "scheduler/store/row_reading.h"

#include "scheduler/store/row_sums.h"

namespace baton::sqlite {
namespace {

constexpr std::int64_t kRunStates = 4, kRunTypes = 4, kReasons = kReasonCount;

template <typename E>
bool decode(const Statement& row, int column, std::int64_t count, E& value) {
  const std::int64_t code = row.integer(column);
  if (code < 0 || code >= count) return false;
  value = static_cast<E>(code);
  return true;
}

std::string name_of(const TaskRow& row) {
  return "task instance " + std::to_string(row.instance_no) + " of run " + std::to_string(row.run_no);
}

/// Steps through `statement`, calling `each` for every row, until it ends or `each` says no.
template <typename Each>
Status for_each_row(Database& db, Statement& statement, const Each& each) {
  int rc = statement.step();
  for (; rc == kRow; rc = statement.step()) {
    if (Status status = each(); !status) return status;
  }
  if (rc == kDone) return Unit{};
  return db.error("the state cannot be read", rc);
}

/// These texts are few, and asked for with each run that is made or begins.
Result<Statement> prepare(Database& db, const std::string& sql) {
  int rc = kOk;
  Statement statement = db.lend(sql, &rc);
  if (rc != kOk) return db.error("the state cannot be read", rc);
  return statement;
}

}  // namespace

Error damaged(const std::string& what) {
  return {
      what + " does not match its checksum: the database is damaged; its files are kept as they are: restore a backup",
      ErrorKind::storage};
}

Status decode_run(const Statement& row, RunRow& run) {
  run.run_no = row.integer(0);
  run.dag_id = row.string(1);
  run.run_id = row.string(2);
  run.dag_version = row.string(3);
  const bool codes_hold = decode(row, 4, kRunTypes, run.type) && decode(row, 5, kRunStates, run.state) &&
                          decode(row, 6, kReasons, run.reason);
  run.note = row.string(7);
  run.conf_json = row.string(8);
  run.logical_date = row.time(9);
  run.interval_start = row.time(10);
  run.interval_end = row.time(11);
  run.run_after = row.time(12);
  run.queued_at = row.time(13);
  run.started_at = row.time(14);
  run.ended_at = row.time(15);
  run.triggered_by = row.string(16);
  if (!row.is_null(17)) run.options_json = row.string(17);
  const bool counts_hold = counts_from_json(row.text(18), run.counts);
  run.seq = row.integer(19);
  run.begun_at = row.time(25);
  run.hooks_open = row.integer(26) != 0;
  run.user_note = row.string(27);
  run.paused = {row.time(28), row.string(29)};
  const bool end_holds = !is_final(run.state) || row.integer(21) == sum_of_end(run);
  if (!codes_hold || !counts_hold || !end_holds || row.integer(20) != sum_of_identity(run) ||
      row.integer(22) != sum_of_conf(run)) {
    return damaged("run " + std::to_string(run.run_no));
  }
  return Unit{};
}

Status decode_instance(const Statement& row, std::int64_t created_seq, TaskRow& t) {
  t.run_no = row.integer(0);
  t.instance_no = row.small(1);
  t.task_no = row.small(2);
  t.map_index = row.small(3);
  Wait wait = Wait::ended;
  const bool waits = !row.is_null(22);
  const bool codes_hold = decode(row, 4, kTaskStateCount, t.state) && decode(row, 5, kReasons, t.reason) &&
                          (!waits || decode(row, 22, kWaitCount, wait));
  if (waits) t.wait = wait;
  t.executor = row.string(23);
  t.worker = row.string(24);
  t.handle = row.string(25);
  t.host = row.string(26);
  t.epoch = row.small(6);
  t.try_number = row.small(7);
  t.failures = row.small(8);
  t.losses = row.small(9);
  t.scheduled_at = row.time(10);
  t.queued_at = row.time(11);
  t.started_at = row.time(12);
  t.ended_at = row.time(13);
  t.wake_at = row.time(14);
  t.first_look_at = row.time(15);
  t.pid = row.small(16);
  t.seq = row.is_null(17) ? created_seq : row.integer(17);
  t.times_json = row.string(19);
  t.note = row.string(20);
  t.outputs_json = row.string(21);
  if (!codes_hold || row.integer(18) != sum_of(t)) return damaged(name_of(t));
  return Unit{};
}

Status decode_item(const Statement& row, int first, TaskRow& into) {
  if (row.is_null(first + 2)) return Unit{};
  into.map_key = row.string(first);
  into.item_json = row.string(first + 1);
  if (row.integer(first + 2) != sum_of_item(into)) return damaged("the item of " + name_of(into));
  return Unit{};
}

OpenLetter decode_open_letter(const Statement& row, int first) {
  return {static_cast<InstanceNo>(row.integer(first)), static_cast<Epoch>(row.integer(first + 1))};
}

Status decode_try(const Statement& row, TryRow& t) {
  t.run_no = row.integer(0);
  t.instance_no = row.small(1);
  t.epoch = row.small(2);
  t.try_number = row.small(3);
  const bool codes_hold = decode(row, 4, kTaskStateCount, t.state) && decode(row, 5, kReasons, t.reason);
  t.exit_code = row.small(6);
  t.signal = row.small(7);
  t.queued_at = row.time(8);
  t.started_at = row.time(9);
  t.ended_at = row.time(10);
  t.pid = row.small(11);
  t.user_us = row.integer(12);
  t.sys_us = row.integer(13);
  t.max_rss_bytes = row.integer(14);
  t.log_bytes = row.integer(15);
  t.host = row.string(17);
  t.times_json = row.string(18);
  t.note = row.string(19);
  t.rendered_json = row.string(20);
  t.executor = row.string(21);
  t.worker = row.string(22);
  t.handle = row.string(23);
  t.log_tail = row.string(24);
  t.version_number = row.small(25);
  if (!codes_hold || row.integer(16) != sum_of(t)) {
    return damaged("a try of instance " + std::to_string(t.instance_no) + " of run " + std::to_string(t.run_no));
  }
  return Unit{};
}

Result<VersionRow> decode_version(const Statement& row) {
  VersionRow v;
  v.dag_id = row.string(0);
  v.version = row.string(1);
  v.number = row.small(2);
  v.canonical_json = row.string(3);
  v.source = row.string(4);
  v.source_hash = row.string(5);
  v.commit = row.string(10);
  v.source_file = row.string(6);
  v.work_folder = row.string(7);
  v.created_at = row.time(8);
  if (row.integer(9) != sum_of(v)) return damaged("version " + v.version + " of DAG " + v.dag_id);
  return v;
}

// ---- recovery ----

Result<std::vector<RunNo>> unfinished_runs(Database& db) {
  auto select = prepare(db, "SELECT run_no FROM dag_run WHERE state IN (0, 1) UNION"
                            " SELECT run_no FROM dag_run WHERE hooks_open = 1 ORDER BY run_no");
  if (!select) return select.error();
  std::vector<RunNo> runs;
  const Status read = for_each_row(db, *select, [&]() -> Status {
    runs.push_back(select->integer(0));
    return Unit{};
  });
  if (!read) return read.error();
  return runs;
}

namespace {

Status load_version(Database& db, RunNo run_no, VersionRow& version) {
  auto select = prepare(db, std::string("SELECT ") + kVersionColumns +
                                " FROM dag_run r JOIN dag_version v USING (version_no)"
                                " JOIN dag d ON d.dag_no = v.dag_no WHERE r.run_no = ?");
  if (!select) return select.error();
  select->start_with(run_no);
  return for_each_row(db, *select, [&]() -> Status {
    auto decoded = decode_version(*select);
    if (!decoded) return decoded.error();
    version = std::move(*decoded);
    return Unit{};
  });
}

Status load_instances(Database& db, RunNo run_no, std::int64_t created_seq, std::vector<TaskRow>& instances) {
  auto select = prepare(db, std::string("SELECT ") + kInstanceColumns +
                                " FROM task_instance t WHERE t.run_no = ? ORDER BY t.instance_no");
  if (!select) return select.error();
  select->start_with(run_no);
  return for_each_row(db, *select, [&]() -> Status {
    TaskRow row;
    if (Status decoded = decode_instance(*select, created_seq, row); !decoded) return decoded;
    if (row.instance_no != static_cast<InstanceNo>(instances.size())) return damaged(name_of(row));
    instances.push_back(std::move(row));
    return Unit{};
  });
}

Status load_items(Database& db, RunNo run_no, std::vector<TaskRow>& instances) {
  auto select = prepare(db, "SELECT instance_no, map_key, item, checksum FROM mapped_item WHERE run_no = ?");
  if (!select) return select.error();
  select->start_with(run_no);
  return for_each_row(db, *select, [&]() -> Status {
    const std::int64_t at = select->integer(0);
    if (at < 0 || at >= static_cast<std::int64_t>(instances.size())) {
      return damaged("a mapped item of run " + std::to_string(run_no));
    }
    return decode_item(*select, 1, instances[static_cast<std::size_t>(at)]);
  });
}

}  // namespace

Result<RunRow> load_run_row(Database& db, RunNo run_no, std::int64_t& created_seq) {
  RunRow run;
  auto select = prepare(db, std::string("SELECT ") + kRunColumns + kRunTables + "WHERE r.run_no = ?");
  if (!select) return select.error();
  select->start_with(run_no);
  const int rc = select->step();
  if (rc == kDone) return Error{"there is no run " + std::to_string(run_no), ErrorKind::not_found};
  if (rc != kRow) return db.error("the state cannot be read", rc);
  if (Status decoded = decode_run(*select, run); !decoded) return decoded.error();
  created_seq = select->integer(kRunCreatedSeq);
  return run;
}

Result<RunSnapshot> load_run(Database& db, RunNo run_no) {
  RunSnapshot snapshot;
  std::int64_t created_seq = 0;
  auto run = load_run_row(db, run_no, created_seq);
  if (!run) return run.error();
  snapshot.run = std::move(*run);
  if (Status read = load_version(db, run_no, snapshot.version); !read) return read.error();
  std::int64_t count = 0;
  for (const auto n : snapshot.run.counts) count += n;
  if (count > 0) snapshot.instances.reserve(static_cast<std::size_t>(std::min<std::int64_t>(count, 10'000'000)));
  if (Status read = load_instances(db, run_no, created_seq, snapshot.instances); !read) return read.error();
  if (Status read = load_items(db, run_no, snapshot.instances); !read) return read.error();
  auto held = prepare(db, "SELECT instance_no FROM held_asset_event WHERE run_no = ? ORDER BY instance_no");
  if (!held) return held.error();
  held->start_with(run_no);
  const Status read = for_each_row(db, *held, [&]() -> Status {
    snapshot.held_events.push_back(static_cast<InstanceNo>(held->integer(0)));
    return Unit{};
  });
  if (!read) return read.error();
  auto letters = prepare(db, "SELECT instance_no, epoch FROM dead_letter WHERE run_no = ? AND state = 0"
                             " ORDER BY instance_no");
  if (!letters) return letters.error();
  letters->start_with(run_no);
  const Status listed = for_each_row(db, *letters, [&]() -> Status {
    snapshot.open_letters.push_back(decode_open_letter(*letters, 0));
    return Unit{};
  });
  if (!listed) return listed.error();
  return snapshot;
}

Result<std::unordered_map<std::string, DurationUs>> mean_durations(Database& db, const std::string& dag_id) {
  auto select = prepare(db, "SELECT task_id, mean_us FROM task_duration JOIN dag USING (dag_no) WHERE dag_id = ?");
  if (!select) return select.error();
  select->start_with(std::string_view(dag_id));
  std::unordered_map<std::string, DurationUs> means;
  const Status read = for_each_row(db, *select, [&]() -> Status {
    means.emplace(select->string(0), select->integer(1));
    return Unit{};
  });
  if (!read) return read.error();
  return means;
}

std::optional<WallUs> last_end(Database& db) {
  auto last = prepare(db, "SELECT max(ended_at) FROM dag_run");
  if (!last || last->step() != kRow) return std::nullopt;
  return last->time(0);
}

Result<std::vector<std::pair<std::string, WallUs>>> last_asset_times(Database& db) {
  std::vector<std::pair<std::string, WallUs>> times;
  int code = kOk;
  Statement query = db.prepare("SELECT name, last_event_at FROM asset WHERE last_event_no > 0", &code, false);
  if (code != kOk) return db.error("the assets cannot be read", code);
  while ((code = query.step()) == kRow) times.emplace_back(query.string(0), query.time(1));
  if (code != kDone) return db.error("the assets cannot be read", code);
  return times;
}

/// A run that never began has no instances: it has done nothing, unless a person has said that it is a success.
Result<std::vector<std::string>> find_past(Database& db, const std::string& dag_id, WallUs date,
                                           const std::vector<std::string>& tasks) {
  const char* const what = "the run of the date before cannot be read";
  int code = kOk;
  Statement last = db.prepare(
      "SELECT r.run_no, r.version_no, r.state, r.begun_at FROM run_date d JOIN dag_run r USING (run_no)"
      " WHERE d.dag_no = (SELECT dag_no FROM dag WHERE dag_id = ?1) AND d.logical_date < ?2"
      " ORDER BY d.logical_date DESC LIMIT 1",
      &code, false);
  if (code != kOk) return db.error(what, code);
  last.start_with(std::string_view(dag_id), date);
  code = last.step();
  if (code == kDone) return std::vector<std::string>{};
  if (code != kRow) return db.error(what, code);
  const bool did_nothing = last.time(3) == kNoTime && static_cast<RunState>(last.integer(2)) != RunState::success;
  Statement open = db.prepare(
      "SELECT 1 FROM dag_task t LEFT JOIN task_instance i ON i.run_no = ?1 AND i.task_no = t.task_no"
      " WHERE t.version_no = ?2 AND t.task_id = ?3 AND (?4 OR i.state NOT IN (?5, ?6, ?7)) LIMIT 1",
      &code, false);
  if (code != kOk) return db.error(what, code);
  std::vector<std::string> held;
  for (const std::string& task : tasks) {
    open.start_with(last.integer(0), last.integer(1), std::string_view(task), std::int64_t{did_nothing ? 1 : 0},
                    static_cast<std::int64_t>(TaskState::success), static_cast<std::int64_t>(TaskState::skipped),
                    static_cast<std::int64_t>(TaskState::removed));
    code = open.step();
    if (code == kRow) held.push_back(task);
    if (code != kRow && code != kDone) return db.error(what, code);
  }
  return held;
}

std::optional<CacheRow> find_cached(Database& db, const std::string& dag_id, const std::string& task_id,
                                    const std::string& key, const std::string& spec_hash, WallUs now) {
  auto select = prepare(db,
                        "SELECT created_at, expires_at, run_no, instance_no, checksum, outputs FROM cache_entry"
                        " WHERE dag_no = (SELECT dag_no FROM dag WHERE dag_id = ?) AND task_id = ? AND key = ?"
                        " AND spec_hash = ?");
  if (!select) return std::nullopt;
  select->start_with(std::string_view(dag_id), std::string_view(task_id), std::string_view(key),
                     std::string_view(spec_hash));
  if (select->step() != kRow) return std::nullopt;
  CacheRow row{
      dag_id,          task_id, key, spec_hash, select->string(5), select->time(0), select->time(1), select->integer(2),
      select->small(3)};
  // A cache may always miss: an entry that is damaged or expired is none.
  const bool has_expired = row.expires_at != kNoTime && row.expires_at <= now;
  if (has_expired || select->integer(4) != sum_of(row)) return std::nullopt;
  return row;
}

}  // namespace baton::sqlite
