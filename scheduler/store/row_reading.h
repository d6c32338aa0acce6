// Rows read back: the columns in the order that the decoders expect, checksums verified, and what recovery loads. Used
// by the writing connection at the start and by the Reader on its own. One thread at a time per connection.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "scheduler/engine/store.h"
#include "scheduler/store/sqlite_db.h"

namespace baton::sqlite {

/// FROM and columns of runs: `SELECT <kRunColumns> <kRunTables> WHERE r.…`; 30 columns.
inline constexpr char kRunColumns[] =
    "r.run_no, d.dag_id, r.run_id, v.version, r.run_type, r.state, r.reason, r.note, i.conf, r.logical_date,"
    " r.interval_start, r.interval_end, r.run_after, r.queued_at, r.started_at, r.ended_at, r.triggered_by, r.options,"
    " r.counts, r.seq, r.checksum, r.final_checksum, i.checksum, v.number, r.created_seq,"
    " r.begun_at, r.hooks_open, r.user_note, r.paused_at, r.paused_by";
inline constexpr char kRunJoins[] =
    " LEFT JOIN dag d USING (dag_no) LEFT JOIN dag_version v USING (version_no) LEFT JOIN run_input i USING (run_no) ";
inline const std::string kRunTables = std::string(" FROM dag_run r") + kRunJoins;
/// Fills `into` as far as it can be read; an Error where the row is damaged. A part that is missing is damage too.
Status decode_run(const Statement& row, RunRow& into);
inline constexpr int kRunVersionNumber = 23;  ///< the column of v.number
inline constexpr int kRunCreatedSeq = 24;

/// Columns of task_instance t; the item lies in mapped_item.
inline constexpr char kInstanceColumns[] =
    "t.run_no, t.instance_no, t.task_no, t.map_index, t.state, t.reason, t.epoch, t.try_number, t.failures, t.losses,"
    " t.scheduled_at, t.queued_at, t.started_at, t.ended_at, t.wake_at, t.first_look_at, t.pid, t.seq, t.checksum,"
    " t.times, t.note, t.outputs, t.wait, t.executor, t.worker, t.handle, t.host";
inline constexpr int kInstanceColumnCount = 27;
/// `created_seq` of its run stands for the seq of a row that has not changed since.
Status decode_instance(const Statement& row, std::int64_t created_seq, TaskRow& into);
/// Puts map_key and item (columns `first`, +1, checksum +2) into `into`.
Status decode_item(const Statement& row, int first, TaskRow& into);

/// Columns instance_no (`first`) and epoch.
OpenLetter decode_open_letter(const Statement& row, int first);

inline constexpr char kTryColumns[] =
    "run_no, instance_no, epoch, try_number, state, reason, exit_code, signal, queued_at, started_at, ended_at, pid,"
    " user_us, sys_us, max_rss_bytes, log_bytes, checksum, host, times, note, rendered, executor,"
    " worker, handle, log_tail, (SELECT number FROM dag_version v WHERE v.version_no = task_try.version_no)";
Status decode_try(const Statement& row, TryRow& into);

inline constexpr char kVersionColumns[] =
    "d.dag_id, v.version, v.number, v.canonical_json, v.source, v.source_hash, v.source_file, v.work_folder,"
    " v.created_at, v.checksum, v.git_commit";
Result<VersionRow> decode_version(const Statement& row);

/// Which row failed its checksum: an Error with code 70.
Error damaged(const std::string& what);

Result<std::vector<RunNo>> unfinished_runs(Database& db);
/// `created_seq`: of the run's creation, which its instances are read with.
Result<RunRow> load_run_row(Database& db, RunNo run_no, std::int64_t& created_seq);
Result<RunSnapshot> load_run(Database& db, RunNo run_no);
Result<std::unordered_map<std::string, DurationUs>> mean_durations(Database& db, const std::string& dag_id);
/// When the last run ended; kNoTime: none has. None: it cannot be read.
std::optional<WallUs> last_end(Database& db);
/// Of each asset that has had one, when its last event was.
Result<std::vector<std::pair<std::string, WallUs>>> last_asset_times(Database& db);
/// As Store::find_past().
Result<std::vector<std::string>> find_past(Database& db, const std::string& dag_id, WallUs date,
                                           const std::vector<std::string>& tasks);
std::optional<CacheRow> find_cached(Database& db, const std::string& dag_id, const std::string& task_id,
                                    const std::string& key, const std::string& spec_hash, WallUs now);

}  // namespace baton::sqlite
