#include "scheduler/store/service_rows_reading.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "scheduler/json/json_value.h"
#include "scheduler/store/row_reading.h"

namespace baton::sqlite {
namespace {

constexpr char kDags[] =
    "SELECT d.dag_id, f.path, v.version, d.paused_since, d.paused_by, d.draining_since, d.draining_by, d.stale_since,"
    " d.stale_by, d.schedule_hash, d.schedule_since, d.cursor, d.next_tick, d.failed_in_row, d.seq FROM dag d"
    " LEFT JOIN dag_file f USING (file_no) LEFT JOIN dag_version v ON v.version_no = d.version_no ORDER BY d.dag_id";
constexpr char kFiles[] =
    "SELECT path, size, mtime, inode, hash, read_at, failed_since, findings, seq FROM dag_file ORDER BY path";
// Those that wait lie behind the cursor, and are few; the index keeps this from reading the history.
constexpr char kWaiting[] =
    "SELECT d.dag_id, t.from_at, t.to_at, t.ticks, t.reason, t.run_no, t.recorded_at FROM tick_record t"
    " JOIN dag d USING (dag_no) WHERE t.reason = 10 ORDER BY d.dag_id, t.from_at";
// Of each DAG the latest record by its key: one step in the key's tree, whatever the history holds.
constexpr char kLast[] =
    "SELECT d.dag_id, t.from_at, t.to_at, t.ticks, t.reason, t.run_no, t.recorded_at FROM dag d JOIN tick_record t"
    " ON t.dag_no = d.dag_no AND t.from_at = (SELECT max(l.from_at) FROM tick_record l WHERE l.dag_no = d.dag_no"
    " AND l.from_at <= d.cursor) WHERE d.cursor IS NOT NULL AND t.to_at = d.cursor AND t.reason <> 10"
    " ORDER BY d.dag_id";
const std::string kBackfills = std::string("SELECT ") + kBackfillColumns +
                               " FROM backfill b JOIN dag d USING (dag_no) WHERE b.completed_at IS NULL"
                               " ORDER BY b.backfill_no";
constexpr char kOpenIntervals[] =
    "SELECT i.backfill_no, i.ordinal, i.logical_date, i.run_no FROM backfill b JOIN backfill_interval i"
    " USING (backfill_no) JOIN dag_run r ON r.run_no = i.run_no WHERE b.completed_at IS NULL AND i.reason IS NULL"
    " AND r.state IN (0, 1) ORDER BY i.backfill_no, i.ordinal";
/// What a job over dead letters has done, or by the keys that changes of runs leave, is counted anew: its own count is written now and then.
constexpr char kJobs[] =
    "SELECT j.job_no, j.state, j.kind, j.actor, j.filter, j.note, j.total,"
    " CASE WHEN j.kind LIKE '%_dead_letters' THEN (SELECT count(*) FROM dead_letter l WHERE l.job_no = j.job_no)"
    " WHEN j.kind LIKE '%_runs' AND j.kind <> 'delete_runs' THEN (SELECT count(*) FROM idempotency i WHERE"
    " i.principal = j.actor AND i.route = 'job' AND i.key > j.job_no || '/' AND i.key < j.job_no || '0')"
    " ELSE j.done END, j.failed, j.cursor, j.created_at"
    " FROM bulk_job j WHERE j.ended_at IS NULL ORDER BY j.job_no";
constexpr char kLastJob[] = "SELECT coalesce(max(job_no), 0) FROM bulk_job";
constexpr char kAssetTriggers[] =
    "SELECT d.dag_id, t.condition, t.merges FROM asset_trigger t JOIN dag d USING (dag_no) ORDER BY d.dag_id";
constexpr char kAssetCursors[] =
    "SELECT d.dag_id, a.name, c.event_no FROM asset_cursor c JOIN dag d USING (dag_no) JOIN asset a USING (asset_no)"
    " ORDER BY d.dag_id, a.name";
constexpr char kAssetDags[] =
    "SELECT DISTINCT d.dag_id FROM asset_link l JOIN dag d USING (dag_no) ORDER BY d.dag_id";
constexpr char kLastEvents[] = "SELECT name, last_event_no FROM asset ORDER BY name";
constexpr char kQuarantined[] = "SELECT name, quarantined_by FROM asset WHERE quarantined_since IS NOT NULL ORDER BY name";
constexpr char kLastBackfill[] = "SELECT coalesce(max(backfill_no), 0) FROM backfill";
constexpr char kServer[] = "SELECT name, value, since, actor, reason FROM server_state ORDER BY name";
constexpr char kNewest[] =
    "SELECT max(coalesce((SELECT queued_at FROM dag_run ORDER BY run_no DESC LIMIT 1), 0),"
    " coalesce((SELECT max(ended_at) FROM dag_run WHERE ended_at IS NOT NULL), 0))";  // the term of the index
static_assert(static_cast<int>(TickReason::waiting) == 10, "the queries name its number");

Status each(Database& db, const char* sql, const std::function<void(const Statement&)>& row) {
  int code = kOk;
  Statement query = db.prepare(sql, &code, false);
  if (code != kOk) return db.error("the state of the service cannot be read", code);
  query.start();
  int rc = query.step();
  for (; rc == kRow; rc = query.step()) row(query);
  if (rc != kDone) return db.error("the state of the service cannot be read", rc);
  return Unit{};
}

DagRow dag_of(const Statement& row) {
  DagRow dag;
  dag.dag_id = row.string(0);
  dag.file = row.string(1);
  dag.version = row.string(2);
  dag.paused = {row.time(3), row.string(4)};
  dag.draining = {row.time(5), row.string(6)};
  dag.stale = {row.time(7), row.string(8)};
  dag.schedule_hash = row.string(9);
  dag.schedule_since = row.time(10);
  dag.cursor = row.time(11);
  dag.next_tick = row.time(12);
  dag.failed_in_row = row.small(13);
  dag.seq = row.integer(14);
  return dag;
}

DagFileRow file_of(const Statement& row) {
  DagFileRow file;
  file.path = row.string(0);
  file.size = row.integer(1);
  file.mtime = row.time(2);
  file.inode = row.integer(3);
  file.hash = row.string(4);
  file.read_at = row.time(5);
  file.failed_since = row.time(6);
  file.findings_json = row.string(7);
  file.seq = row.integer(8);
  return file;
}

template <typename Enum>
Enum read_enum(const Statement& row, int column, Enum last) {
  return static_cast<Enum>(std::clamp<std::int64_t>(row.integer(column), 0, static_cast<std::int64_t>(last)));
}

TickRecordRow tick_of(const Statement& row) {
  const auto reason = static_cast<TickReason>(
      std::clamp<std::int64_t>(row.integer(4), 0, static_cast<std::int64_t>(kTickReasonCount) - 1));
  return {row.string(0), row.integer(1), row.integer(2), row.integer(3), reason,
          row.is_null(5) ? 0 : row.integer(5), row.time(6)};
}

BulkJobRow job_of(const Statement& row) {
  BulkJobRow out;
  out.job_no = row.integer(0);
  out.state = read_enum(row, 1, JobState::cancelled);
  out.kind = row.string(2);
  out.actor = row.string(3);
  out.filter_json = row.string(4);
  out.note = row.string(5);
  out.total = row.integer(6);
  out.done = row.integer(7);
  out.failed = row.integer(8);
  out.cursor = row.integer(9);
  out.created_at = row.time(10);
  return out;
}

/// Both are ordered by DAG. A cursor of a DAG that runs on nothing any more is of none.
void add_asset_cursor(ServiceSnapshot& found, const Statement& row) {
  const std::string dag_id = row.string(0);
  const auto by_dag = [](const DagAssetsRow& one, const std::string& id) { return one.dag_id < id; };
  auto& consumers = found.asset_consumers;
  const auto at = std::lower_bound(consumers.begin(), consumers.end(), dag_id, by_dag);
  if (at != consumers.end() && at->dag_id == dag_id) at->cursors.push_back({row.string(1), row.integer(2)});
}

/// None of a damaged text: the runs that are there have theirs.
Labels labels_of(const std::string& json) {
  Labels out;
  const auto value = from_json(json);
  if (!value || value->type() != ValueType::map) return out;
  for (const auto& [name, label] : value->as_map()) {
    if (name.type() != ValueType::string || label.type() != ValueType::string) continue;
    put_label(out, name.as_string(), label.as_string());
  }
  return out;
}

}  // namespace

BackfillRow backfill_of(const Statement& row) {
  BackfillRow out;
  out.backfill_no = row.integer(0);
  out.dag_id = row.string(1);
  out.state = read_enum(row, 2, BackfillState::completed);
  out.from = row.time(3);
  out.to = row.time(4);
  out.created_at = row.time(5);
  out.updated_at = row.time(6);
  out.completed_at = row.time(7);
  out.max_active_runs = row.small(8);
  out.intervals_per_run = row.small(9);
  out.reprocess = read_enum(row, 10, Reprocess::completed);
  out.runs_backwards = row.integer(11) != 0;
  out.no_cache = row.integer(12) != 0;
  out.next_ordinal = row.integer(13);
  out.created_by = row.string(14);
  out.conf_json = row.string(15);
  out.note = row.string(16);
  out.labels = labels_of(row.string(17));
  return out;
}

Result<ServiceSnapshot> load_service(Database& db) {
  ServiceSnapshot found;
  const std::pair<const char*, std::function<void(const Statement&)>> queries[] = {
      {kDags, [&](const Statement& row) { found.dags.push_back(dag_of(row)); }},
      {kFiles, [&](const Statement& row) { found.files.push_back(file_of(row)); }},
      {kWaiting, [&](const Statement& row) { found.waiting.push_back(tick_of(row)); }},
      {kLast, [&](const Statement& row) { found.last.push_back(tick_of(row)); }},
      {kServer,
       [&](const Statement& row) {
         found.server.push_back({row.string(0), row.string(1), row.time(2), row.string(3), row.string(4)});
       }},
      {kBackfills.c_str(), [&](const Statement& row) { found.backfills.push_back(backfill_of(row)); }},
      {kOpenIntervals,
       [&](const Statement& row) {
         found.open_intervals.push_back({row.integer(0), row.integer(1), row.time(2), row.integer(3)});
       }},
      {kJobs, [&](const Statement& row) { found.jobs.push_back(job_of(row)); }},
      {kLastJob, [&](const Statement& row) { found.last_job_no = row.integer(0); }},
      {kLastBackfill, [&](const Statement& row) { found.last_backfill_no = row.integer(0); }},
      {kAssetTriggers,
       [&](const Statement& row) {
         found.asset_consumers.push_back({row.string(0), {}, row.string(1), row.integer(2) != 0, {}});
       }},
      {kAssetCursors, [&](const Statement& row) { add_asset_cursor(found, row); }},
      {kAssetDags, [&](const Statement& row) { found.asset_dags.push_back(row.string(0)); }},
      {kLastEvents, [&](const Statement& row) { found.last_events.push_back({row.string(0), row.integer(1)}); }},
      {kQuarantined, [&](const Statement& row) { found.quarantined.emplace_back(row.string(0), row.string(1)); }},
      {kNewest, [&](const Statement& row) { found.newest = row.integer(0) == 0 ? kNoTime : row.integer(0); }},
  };
  for (const auto& [sql, take] : queries) {
    if (Status ok = each(db, sql, take); !ok) return ok.error();
  }
  return found;
}

Result<VersionRow> load_version(Database& db, const std::string& dag_id, const std::string& version) {
  int code = kOk;
  Statement query = db.lend(std::string("SELECT ") + kVersionColumns +
                                " FROM dag d JOIN dag_version v USING (dag_no) WHERE d.dag_id = ? AND v.version = ?",
                            &code);
  if (code != kOk) return db.error("the version cannot be read", code);
  query.start_with(std::string_view(dag_id), std::string_view(version));
  const int rc = query.step();
  if (rc == kRow) return decode_version(query);
  if (rc != kDone) return db.error("the version cannot be read", rc);
  return Error{"DAG \"" + dag_id + "\" has no version " + version, ErrorKind::not_found};
}

}  // namespace baton::sqlite
