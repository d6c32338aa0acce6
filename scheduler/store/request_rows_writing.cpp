// What tasks ask of persons and of other DAGs, in their tables: a part of BatchWriter.
#include "scheduler/store/batch_writer.h"

namespace baton::sqlite {

RequestStatements::RequestStatements()
    : insert_approval(
          "INSERT INTO approval (seq, state, run_no, instance_no, epoch, map_index, try_number, created_at, deadline,"
          " task_id, form, requester) SELECT ?1, 0, r.run_no, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
          " (SELECT a.actor FROM audit a WHERE a.dag_id = d.dag_id AND a.run_id = r.run_id AND a.action = 'trigger'"
          " ORDER BY a.audit_no DESC LIMIT 1)"
          " FROM dag_run r JOIN dag d USING (dag_no) WHERE r.run_no = ?2"),
      close_approval(
          "UPDATE approval SET seq = ?1, state = ?5, closed_at = ?6, closed_by = ?7, answer = ?8, reason = ?9"
          " WHERE run_no = ?2 AND instance_no = ?3 AND epoch = ?4 AND state = 0"),
      insert_child(
          "INSERT INTO started_run (run_no, instance_no, epoch, child_no, state, created_at, dag_id, run_id)"
          " VALUES (?,?,?,?,?,?,?,?)"),
      move_child("UPDATE started_run SET state = max(state, ?4) WHERE run_no = ?1 AND instance_no = ?2 AND epoch = ?3") {}

bool BatchWriter::put(const ApprovalRow& row) {
  return ok_one_row(requests_.insert_approval.on(db_).run(
      next_seq_, row.run_no, std::int64_t{row.instance_no}, std::int64_t{row.epoch}, std::int64_t{row.map_index},
      std::int64_t{row.try_number}, row.created_at, Time{row.deadline}, std::string_view(row.task_id),
      std::string_view(row.form_json)));
}

bool BatchWriter::put(const ApprovalClosingRow& row) {
  return ok(requests_.close_approval.on(db_).run(
      next_seq_, row.run_no, std::int64_t{row.instance_no}, std::int64_t{row.epoch},
      static_cast<std::int64_t>(row.state), row.at, TextOrNull{row.by}, TextOrNull{row.answer_json},
      static_cast<std::int64_t>(row.reason)));
}

bool BatchWriter::put(const ChildRow& row) {
  return ok(requests_.insert_child.on(db_).run(row.run_no, std::int64_t{row.instance_no}, std::int64_t{row.epoch},
                                               row.child_no, static_cast<std::int64_t>(row.state), row.created_at,
                                               std::string_view(row.dag_id), std::string_view(row.run_id)));
}

bool BatchWriter::put(const ChildMoveRow& row) {
  return ok(requests_.move_child.on(db_).run(row.run_no, std::int64_t{row.instance_no}, std::int64_t{row.epoch},
                                             static_cast<std::int64_t>(row.state)));
}

}  // namespace baton::sqlite
