// Dead letters, jobs and the outbox in their tables: a part of BatchWriter.
#include "scheduler/store/batch_writer.h"
#include "scheduler/store/row_sum.h"

namespace baton::sqlite {

LetterStatements::LetterStatements()
    : close(
          "UPDATE dead_letter SET state = ?3, closed_at = ?4, closed_by = ?5, job_no = ?6, seq = ?7"
          " WHERE run_no = ?1 AND instance_no = ?2 AND state = 0 AND (?8 IS NULL OR epoch = ?8)"),
      supersede(
          "UPDATE dead_letter SET state = 4, closed_at = ?4, seq = ?5"
          " WHERE run_no = ?1 AND instance_no = ?2 AND epoch <> ?3 AND state = 0"),
      // One that fails again without a try of its own (its expressions) has the epoch of its last try: it is open again,
      // also where the clock has been set back meanwhile.
      insert(
          "INSERT INTO dead_letter (seq, state, run_no, instance_no, epoch, dag_no, version_no, map_index, try_number,"
          " reason, exit_code, signal, failed_at, task_id, map_key, item, error)"
          " SELECT ?1, 0, r.run_no, ?3, ?4, r.dag_no, r.version_no, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14"
          " FROM dag_run r WHERE r.run_no = ?2 ON CONFLICT (run_no, instance_no, epoch) DO UPDATE SET seq = excluded.seq,"
          " state = 0, reason = excluded.reason, failed_at = excluded.failed_at, error = excluded.error,"
          " closed_at = NULL, closed_by = NULL, job_no = NULL WHERE excluded.failed_at <> failed_at"),
      put_job(
          "INSERT INTO bulk_job (job_no, seq, state, created_at, ended_at, total, done, failed, cursor, kind, actor,"
          " filter, note) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (job_no) DO UPDATE SET seq = excluded.seq,"
          " state = excluded.state, ended_at = excluded.ended_at, total = excluded.total, done = excluded.done,"
          " failed = excluded.failed, cursor = excluded.cursor, note = excluded.note"),
      insert_outbox(
          "INSERT INTO outbox (seq, created_at, due_at, tries, checksum, event, object, episode, target, payload)"
          " VALUES (?1, ?2, ?2, 0, ?3, ?4, ?5, ?6, '', ?7) ON CONFLICT (event, object, episode) DO NOTHING"),
      insert_delivery(
          "INSERT INTO outbox_delivery (outbox_no, target, due_at, tries) SELECT outbox_no, ?4, created_at, 0 FROM outbox"
          " WHERE event = ?1 AND object = ?2 AND episode = ?3 AND ?5 ON CONFLICT DO NOTHING"),
      update_delivery(
          "UPDATE outbox_delivery SET due_at = ?3, delivered_at = ?4, tries = ?5, error = ?6"
          " WHERE outbox_no = ?1 AND target = ?2"),
      settle_outbox(
          "UPDATE outbox SET seq = ?2, due_at = (SELECT min(due_at) FROM outbox_delivery d WHERE d.outbox_no = ?1),"
          " delivered_at = (SELECT max(delivered_at) FROM outbox_delivery d WHERE d.outbox_no = ?1),"
          " tries = (SELECT max(tries) FROM outbox_delivery d WHERE d.outbox_no = ?1),"
          " error = (SELECT max(error) FROM outbox_delivery d WHERE d.outbox_no = ?1 AND d.delivered_at IS NULL)"
          " WHERE outbox_no = ?1") {}

bool BatchWriter::put(const LetterClosingRow& row) {
  const auto epoch = row.epoch == 0 ? std::nullopt : std::optional(std::int64_t{row.epoch});
  const auto job_no = row.job_no == 0 ? std::nullopt : std::optional(row.job_no);
  return ok(letters_.close.on(db_).run(row.run_no, std::int64_t{row.instance_no}, static_cast<std::int64_t>(row.state),
                                       Time{row.at}, TextOrNull{row.by}, job_no, next_seq_, epoch));
}

bool BatchWriter::put(const DeadLetterRow& row) {
  const auto exit_code = row.exit_code < 0 ? std::nullopt : std::optional(std::int64_t{row.exit_code});
  const auto signal = row.signal == 0 ? std::nullopt : std::optional(std::int64_t{row.signal});
  return ok(letters_.supersede.on(db_).run(row.run_no, std::int64_t{row.instance_no}, std::int64_t{row.epoch},
                                           Time{row.failed_at}, next_seq_)) &&
         ok(letters_.insert.on(db_).run(next_seq_, row.run_no, std::int64_t{row.instance_no}, std::int64_t{row.epoch},
                                        std::int64_t{row.map_index}, std::int64_t{row.try_number},
                                        static_cast<std::int64_t>(row.reason), exit_code, signal, row.failed_at,
                                        std::string_view(row.task_id), TextOrNull{row.map_key},
                                        TextOrNull{row.item_json}, TextOrNull{row.error}));
}

bool BatchWriter::put(const BulkJobRow& row) {
  return ok(letters_.put_job.on(db_).run(row.job_no, next_seq_, static_cast<std::int64_t>(row.state), row.created_at,
                                         Time{row.ended_at}, row.total, row.done, row.failed, row.cursor,
                                         std::string_view(row.kind), std::string_view(row.actor),
                                         std::string_view(row.filter_json), TextOrNull{row.note}));
}

/// Deliveries are made with a new row alone: a repetition of the event brings nobody the same news again.
bool BatchWriter::put(const OutboxRow& row) {
  RowSum sum;
  sum.add(row.event).add(row.object).add(row.episode).add(row.payload_json);
  if (!ok(letters_.insert_outbox.on(db_).run(next_seq_, row.created_at, sum.value(), std::string_view(row.event),
                                             std::string_view(row.object), std::string_view(row.episode),
                                             std::string_view(row.payload_json)))) {
    return false;
  }
  const std::int64_t is_new = db_.changes() > 0 ? 1 : 0;
  for (const std::string& target : row.targets) {
    if (!ok(letters_.insert_delivery.on(db_).run(std::string_view(row.event), std::string_view(row.object),
                                                 std::string_view(row.episode), std::string_view(target), is_new))) {
      return false;
    }
  }
  return true;
}

bool BatchWriter::put(const DeliveryRow& row) {
  return ok(letters_.update_delivery.on(db_).run(row.outbox_no, std::string_view(row.target), Time{row.due_at},
                                                 Time{row.delivered_at}, std::int64_t{row.tries},
                                                 TextOrNull{row.error})) &&
         ok(letters_.settle_outbox.on(db_).run(row.outbox_no, next_seq_));
}

}  // namespace baton::sqlite
