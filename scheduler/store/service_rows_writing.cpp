// The rows of the service in their tables: a part of BatchWriter.
#include "scheduler/json/json_value.h"
#include "scheduler/store/batch_writer.h"
#include "scheduler/store/breaker_json.h"
#include "scheduler/store/row_sum.h"
#include "scheduler/store/row_sums.h"
#include "scheduler/store/retention.h"

namespace baton::sqlite {
namespace {

/// Empty: there are none.
std::string labels_json(const Labels& labels) {
  if (labels.empty()) return {};
  ValueMap out;
  for (const auto& [name, value] : labels) out.emplace_back(name, value);
  return to_json(Value(std::move(out)));
}

}  // namespace

ServiceStatements::ServiceStatements()
    : put_file(
          "INSERT INTO dag_file (seq, size, mtime, inode, read_at, failed_since, path, hash, findings)"
          " VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (path) DO UPDATE SET seq = excluded.seq, size = excluded.size,"
          " mtime = excluded.mtime, inode = excluded.inode, read_at = excluded.read_at,"
          " failed_since = excluded.failed_since, hash = excluded.hash, findings = excluded.findings"),
      drop_file("DELETE FROM dag_file WHERE path = ?"),
      update_dag(
          "UPDATE dag SET seq = ?2, file_no = (SELECT file_no FROM dag_file WHERE path = ?3),"
          " version_no = (SELECT version_no FROM dag_version WHERE dag_no = ?1 AND version = ?4), paused_since = ?5,"
          " paused_by = ?6, draining_since = ?7, draining_by = ?8, stale_since = ?9, stale_by = ?10,"
          " schedule_hash = ?11, schedule_since = ?12, failed_in_row = ?13 WHERE dag_no = ?1"),
      drop_tags("DELETE FROM dag_tag WHERE dag_no = ?"),
      set_owner("UPDATE dag SET owner = ?, timetable = ? WHERE dag_no = ?"),
      insert_tag("INSERT INTO dag_tag (dag_no, tag) VALUES (?,?)"),
      move_cursor("UPDATE dag SET seq = ?, cursor = ?, next_tick = ? WHERE dag_no = ?"),
      put_tick(
          "INSERT INTO tick_record (dag_no, from_at, to_at, ticks, reason, run_no, recorded_at, seq)"
          " VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (dag_no, from_at) DO UPDATE SET to_at = excluded.to_at,"
          " ticks = excluded.ticks, reason = excluded.reason, run_no = excluded.run_no,"
          " recorded_at = excluded.recorded_at, seq = excluded.seq"),
      drop_ticks("DELETE FROM tick_record WHERE dag_no = ? AND from_at BETWEEN ? AND ?"),
      put_server(
          "INSERT INTO server_state (name, seq, since, value, actor, reason) VALUES (?,?,?,?,?,?)"
          " ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, since = excluded.since, value = excluded.value,"
          " actor = excluded.actor, reason = excluded.reason"),
      drop_server("DELETE FROM server_state WHERE name = ?"),
      put_backfill(
          "INSERT INTO backfill (backfill_no, dag_no, seq, state, from_at, to_at, created_at, updated_at, completed_at,"
          " max_active_runs, intervals_per_run, reprocess, runs_backwards, no_cache, next_ordinal, created_by, conf, note,"
          " labels) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (backfill_no) DO UPDATE SET seq = excluded.seq,"
          " state = excluded.state, updated_at = excluded.updated_at, completed_at = excluded.completed_at,"
          " max_active_runs = excluded.max_active_runs, next_ordinal = excluded.next_ordinal, note = excluded.note"),
      put_interval(
          "INSERT INTO backfill_interval (backfill_no, ordinal, logical_date, run_no, reason, seq) VALUES (?,?,?,?,?,?)"
          " ON CONFLICT (backfill_no, ordinal) DO UPDATE SET run_no = excluded.run_no, reason = excluded.reason,"
          " seq = excluded.seq"),
      note_run("UPDATE dag_run SET user_note = ?, seq = ? WHERE run_no = ?"),
      hold_run("UPDATE dag_run SET paused_at = ?, paused_by = ?, seq = ? WHERE run_no = ?"),
      note_instance("UPDATE task_instance SET user_note = ?, seq = ? WHERE run_no = ? AND instance_no = ?"),
      find_outputs(
          "SELECT task_no, map_index, reason, epoch, try_number, started_at, ended_at, outputs, checksum"
          " FROM task_instance WHERE run_no = ? AND instance_no = ? AND state = ?"),
      put_outputs("UPDATE task_instance SET outputs = ?, checksum = ?, seq = ? WHERE run_no = ? AND instance_no = ?"),
      put_favorite(
          "INSERT INTO dag_favorite (dag_no, at, principal) SELECT dag_no, ?, ? FROM dag WHERE dag_id = ?"
          " ON CONFLICT DO NOTHING"),
      drop_favorite(
          "DELETE FROM dag_favorite WHERE principal = ? AND dag_no = (SELECT dag_no FROM dag WHERE dag_id = ?)"),
      touch_dag("UPDATE dag SET seq = ? WHERE dag_id = ?"),
      put_pool(
          "INSERT INTO pool (seq, slots, include_deferred, updated_at, name, rate, description, updated_by)"
          " VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, slots = excluded.slots,"
          " include_deferred = excluded.include_deferred, updated_at = excluded.updated_at, rate = excluded.rate,"
          " description = excluded.description, updated_by = excluded.updated_by"),
      drop_pool("DELETE FROM pool WHERE name = ?"),
      put_variable(
          "INSERT INTO variable (seq, updated_at, checksum, name, value, description, updated_by) VALUES (?,?,?,?,?,?,?)"
          " ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, updated_at = excluded.updated_at,"
          " checksum = excluded.checksum, value = excluded.value, description = excluded.description,"
          " updated_by = excluded.updated_by"),
      drop_variable("DELETE FROM variable WHERE name = ?"),
      insert_token(
          "INSERT INTO token (seq, created_at, expires_at, hash, name, principal, role, scopes) VALUES (?,?,?,?,?,?,?,?)"
          " ON CONFLICT (hash) DO NOTHING"),
      revoke_token("UPDATE token SET seq = ?, revoked_at = ? WHERE hash = ? AND revoked_at IS NULL"),
      put_breaker(
          "INSERT INTO breaker (seq, state, since, until, cooldown_us, in_row, failures, consecutive, rate_millionths, window_us,"
          " first_cooldown_us, max_cooldown_us, probes, updated_at, name, declared_by, counted, slots, permits, cause,"
          " actor, description) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (name) DO UPDATE SET"
          " seq = excluded.seq, state = excluded.state, since = excluded.since, until = excluded.until,"
          " cooldown_us = excluded.cooldown_us, in_row = excluded.in_row, failures = excluded.failures,"
          " consecutive = excluded.consecutive, rate_millionths = excluded.rate_millionths, window_us = excluded.window_us,"
          " first_cooldown_us = excluded.first_cooldown_us, max_cooldown_us = excluded.max_cooldown_us,"
          " probes = excluded.probes, updated_at = excluded.updated_at, declared_by = excluded.declared_by,"
          " counted = excluded.counted, slots = excluded.slots, permits = excluded.permits, cause = excluded.cause,"
          " actor = excluded.actor, description = excluded.description"),
      put_breaker_event(
          "INSERT INTO breaker_event (breaker_no, event_no, at, from_state, to_state, cause, actor) SELECT b.breaker_no,"
          " 1 + coalesce((SELECT max(event_no) FROM breaker_event e WHERE e.breaker_no = b.breaker_no), 0), ?, ?, ?, ?, ?"
          " FROM breaker b WHERE b.name = ?"),
      drop_old_breaker_events(
          "DELETE FROM breaker_event WHERE breaker_no = (SELECT breaker_no FROM breaker WHERE name = ?1) AND event_no <="
          " (SELECT max(event_no) FROM breaker_event e JOIN breaker b USING (breaker_no) WHERE b.name = ?1) - ?2") {}

bool BatchWriter::write(const ServiceRows& rows) {
  const auto each = [this](const auto& list) {
    for (const auto& row : list) {
      if (!put(row)) return false;
    }
    return true;
  };
  return each(rows.files) && each(rows.versions) && each(rows.dags) && each(rows.tags) && each(rows.cursors) &&
         each(rows.ticks) && each(rows.server) && each(rows.backfills) && each(rows.intervals) && each(rows.notes) &&
         each(rows.run_holds) && each(rows.outputs) && each(rows.store_entries) && each(rows.favorites) &&
         each(rows.pools) && each(rows.variables) &&
         each(rows.tokens) && each(rows.deletions) && each(rows.rests) &&
         each(rows.dag_deletions) && each(rows.breakers) && each(rows.breaker_events) && each(rows.letter_closings) &&
         each(rows.letters) && each(rows.jobs) && each(rows.outbox) && each(rows.deliveries) &&
         each(rows.assets) && each(rows.quarantines) && each(rows.dag_assets) && each(rows.asset_events) &&
         each(rows.asset_cursors) && each(rows.taken_events) && each(rows.task_states) && each(rows.checks) &&
         each(rows.held_events) && each(rows.approvals) && each(rows.approval_closings) &&
         each(rows.children) && each(rows.child_moves) && raise_seq();
}

bool BatchWriter::put(const DagFileRow& row) {
  if (row.is_gone) return ok(service_.drop_file.on(db_).run(std::string_view(row.path)));
  return ok(service_.put_file.on(db_).run(next_seq_, row.size, Time{row.mtime}, row.inode, Time{row.read_at},
                                          Time{row.failed_since}, std::string_view(row.path),
                                          std::string_view(row.hash), TextOrNull{row.findings_json}));
}

bool BatchWriter::put(const NewVersionRow& row) {
  RunCreation bare;  // of a version, what is looked up by and made of
  bare.run.dag_id = row.version->dag_id;
  bare.run.dag_version = row.version->version;
  bare.dag = row.dag;
  bare.version = row.version;
  std::int64_t dag_no = 0;
  std::int64_t version_no = 0;
  if (!dag_no_of(bare.run.dag_id, dag_no)) return false;
  version_nos_.erase(
      version_key(dag_no, bare.run.dag_version));  // looked at whatever is known: its words may be others
  return version_no_of(bare, dag_no, version_no);
}

bool BatchWriter::put(const DagRow& row) {
  std::int64_t dag_no = 0;
  return dag_no_of(row.dag_id, dag_no) &&
         ok_one_row(service_.update_dag.on(db_).run(
             dag_no, next_seq_, std::string_view(row.file), std::string_view(row.version), Time{row.paused.since},
             TextOrNull{row.paused.by}, Time{row.draining.since}, TextOrNull{row.draining.by}, Time{row.stale.since},
             TextOrNull{row.stale.by}, TextOrNull{row.schedule_hash}, Time{row.schedule_since},
             std::int64_t{row.failed_in_row}));
}

bool BatchWriter::put(const DagTagsRow& row) {
  std::int64_t dag_no = 0;
  if (!dag_no_of(row.dag_id, dag_no) || !ok(service_.drop_tags.on(db_).run(dag_no)) ||
      !ok(service_.set_owner.on(db_).run(TextOrNull{row.owner}, TextOrNull{row.timetable}, dag_no))) {
    return false;
  }
  for (const std::string& tag : row.tags) {
    if (!ok(service_.insert_tag.on(db_).run(dag_no, std::string_view(tag)))) return false;
  }
  return true;
}

bool BatchWriter::put(const CursorRow& row) {
  std::int64_t dag_no = 0;
  return dag_no_of(row.dag_id, dag_no) &&
         ok_one_row(service_.move_cursor.on(db_).run(next_seq_, Time{row.cursor}, Time{row.next_tick}, dag_no));
}

bool BatchWriter::put(const TickRecordRow& row) {
  std::int64_t dag_no = 0;
  if (!dag_no_of(row.dag_id, dag_no)) return false;
  if (row.ticks == 0) return ok(service_.drop_ticks.on(db_).run(dag_no, row.from, row.to));
  const std::optional<std::int64_t> run_no = row.run_no == 0 ? std::nullopt : std::optional(row.run_no);
  return ok(service_.put_tick.on(db_).run(dag_no, row.from, row.to, row.ticks, static_cast<std::int64_t>(row.reason),
                                          run_no, row.recorded_at, next_seq_));
}

bool BatchWriter::put(const ServerStateRow& row) {
  if (row.value.empty()) return ok(service_.drop_server.on(db_).run(std::string_view(row.name)));
  return ok(service_.put_server.on(db_).run(std::string_view(row.name), next_seq_, Time{row.since},
                                            std::string_view(row.value), TextOrNull{row.actor},
                                            TextOrNull{row.reason}));
}

bool BatchWriter::put(const BackfillRow& row) {
  std::int64_t dag_no = 0;
  return dag_no_of(row.dag_id, dag_no) &&
         ok(service_.put_backfill.on(db_).run(
             row.backfill_no, dag_no, next_seq_, static_cast<std::int64_t>(row.state), row.from, row.to,
             Time{row.created_at}, Time{row.updated_at}, Time{row.completed_at}, std::int64_t{row.max_active_runs},
             std::int64_t{row.intervals_per_run}, static_cast<std::int64_t>(row.reprocess),
             std::int64_t{row.runs_backwards}, std::int64_t{row.no_cache}, row.next_ordinal,
             std::string_view(row.created_by), std::string_view(row.conf_json), TextOrNull{row.note}, TextOrNull{labels_json(row.labels)}));
}

bool BatchWriter::put(const BackfillIntervalRow& row) {
  const std::optional<std::int64_t> run_no = row.run_no == 0 ? std::nullopt : std::optional(row.run_no);
  const std::optional<std::int64_t> reason =
      row.skip == BackfillSkip::none ? std::nullopt : std::optional(static_cast<std::int64_t>(row.skip));
  return ok(service_.put_interval.on(db_).run(row.backfill_no, row.ordinal, row.logical_date, run_no, reason,
                                              next_seq_));
}

bool BatchWriter::put(const NoteRow& row) {
  if (row.instance_no < 0) return ok(service_.note_run.on(db_).run(TextOrNull{row.text}, next_seq_, row.run_no));
  return ok(service_.note_instance.on(db_).run(TextOrNull{row.text}, next_seq_, row.run_no, row.instance_no));
}

bool BatchWriter::put(const RunHoldRow& row) {
  return ok(service_.hold_run.on(db_).run(Time{row.paused.since}, TextOrNull{row.paused.by}, next_seq_, row.run_no));
}

/// The checksum of a final state covers its outputs, so it is made anew: of a row that is whole. A damaged one stays
/// damaged, for whoever reads it.
bool BatchWriter::put(const OutputRow& row) {
  const auto success = static_cast<std::int64_t>(TaskState::success);
  Statement& found = service_.find_outputs.on(db_).start_with(row.run_no, row.instance_no, success);
  const int rc = found.step();
  TaskRow is;
  std::int64_t sum = 0;
  if (rc == kRow) {
    is.run_no = row.run_no;
    is.instance_no = row.instance_no;
    is.task_no = found.small(0);
    is.map_index = found.small(1);
    is.state = TaskState::success;
    is.reason = static_cast<Reason>(found.integer(2));
    is.epoch = found.small(3);
    is.try_number = found.small(4);
    is.started_at = found.time(5);
    is.ended_at = found.time(6);
    is.outputs_json = found.string(7);
    sum = found.integer(8);
  }
  found.reset();
  if (rc != kRow) return rc == kDone || ok(rc);
  if (sum != sum_of(is)) return true;
  is.outputs_json = row.json;
  return ok(service_.put_outputs.on(db_).run(TextOrNull{row.json}, sum_of(is), next_seq_, row.run_no, row.instance_no));
}

bool BatchWriter::put(const FavoriteRow& row) {
  const std::string_view principal = row.principal, dag_id = row.dag_id;
  if (!ok(service_.touch_dag.on(db_).run(next_seq_, dag_id))) return false;
  if (row.is_gone) return ok(service_.drop_favorite.on(db_).run(principal, dag_id));
  return ok(service_.put_favorite.on(db_).run(Time{row.at}, principal, dag_id));
}

bool BatchWriter::put(const PoolRow& row) {
  if (row.is_gone) return ok(service_.drop_pool.on(db_).run(std::string_view(row.name)));
  return ok(service_.put_pool.on(db_).run(next_seq_, row.slots, std::int64_t{row.include_deferred},
                                          Time{row.updated_at}, std::string_view(row.name), TextOrNull{row.rate},
                                          TextOrNull{row.description}, TextOrNull{row.updated_by}));
}

bool BatchWriter::put(const VariableRow& row) {
  if (row.is_gone) return ok(service_.drop_variable.on(db_).run(std::string_view(row.name)));
  const std::int64_t sum = RowSum().add(row.name).add(row.value).value();
  return ok(service_.put_variable.on(db_).run(next_seq_, Time{row.updated_at}, sum, std::string_view(row.name),
                                              std::string_view(row.value), TextOrNull{row.description},
                                              TextOrNull{row.updated_by}));
}

bool BatchWriter::put(const BreakerRow& row) {
  const auto code = [](std::int32_t number) { return std::int64_t{number}; };
  return ok(service_.put_breaker.on(db_).run(
      next_seq_, static_cast<std::int64_t>(row.state), Time{row.since}, Time{row.until}, row.cooldown_us,
      code(row.in_row), code(row.spec.failures), code(row.spec.consecutive),
      static_cast<std::int64_t>(row.spec.rate * 1e6 + 0.5), row.spec.window_us, row.spec.cooldown_us,
      row.spec.max_cooldown_us, code(row.spec.probes), row.updated_at,
      std::string_view(row.spec.name), TextOrNull{row.declared_by}, std::string_view(breaker_json::of(row.spec.count)),
      std::string_view(breaker_json::of(row.window)), std::string_view(breaker_json::of(row.probes)),
      TextOrNull{row.cause}, TextOrNull{row.actor}, TextOrNull{row.spec.description}));
}

bool BatchWriter::put(const BreakerEventRow& row) {
  return ok_one_row(service_.put_breaker_event.on(db_).run(row.at, static_cast<std::int64_t>(row.from),
                                                           static_cast<std::int64_t>(row.to), TextOrNull{row.cause},
                                                           TextOrNull{row.actor}, std::string_view(row.name))) &&
         ok(service_.drop_old_breaker_events.on(db_).run(std::string_view(row.name), kBreakerEventsKept));
}

bool BatchWriter::put(const RunDeletionRow& row) {
  return ok(delete_finished_run(db_, row, next_seq_));
}

bool BatchWriter::put(const RunRestRow& row) { return ok(delete_rest(db_, row)); }

bool BatchWriter::put(const DagDeletionRow& row) {
  if (!ok(delete_dag(db_, row, next_seq_))) return false;
  forget_numbers();
  return true;
}

bool BatchWriter::put(const TokenRow& row) {
  if (row.revoked_at != kNoTime) {
    return ok(service_.revoke_token.on(db_).run(next_seq_, row.revoked_at, std::string_view(row.hash)));
  }
  return ok(service_.insert_token.on(db_).run(next_seq_, Time{row.created_at}, Time{row.expires_at},
                                              std::string_view(row.hash), std::string_view(row.name),
                                              std::string_view(row.principal), std::string_view(row.role),
                                              std::string_view(row.scopes_json)));
}

}  // namespace baton::sqlite
