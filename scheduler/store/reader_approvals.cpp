// The SqliteReader's questions to persons, and the runs that tasks have started.
#include <algorithm>

#include "scheduler/store/reader_connection.h"

namespace baton {
namespace {

using sqlite::PageWalk;
using sqlite::Query;
using sqlite::ReaderConnection;
using sqlite::Statement;

constexpr char kApprovalColumns[] =
    "SELECT p.approval_no, p.run_no, p.instance_no, p.epoch, p.try_number, d.dag_id, r.run_id, p.task_id, p.map_index,"
    " p.form, p.requester, p.created_at, p.deadline, p.state, p.closed_at, p.closed_by, p.answer, p.reason, p.seq"
    " FROM json_each(?) n CROSS JOIN approval p ON p.approval_no = n.value CROSS JOIN dag_run r ON r.run_no = p.run_no"
    " CROSS JOIN dag d ON d.dag_no = r.dag_no";

ApprovalRow approval_of(const Statement& row) {
  ApprovalRow out;
  out.approval_no = row.integer(0);
  out.run_no = row.integer(1);
  out.instance_no = row.small(2);
  out.epoch = row.small(3);
  out.try_number = row.small(4);
  out.dag_id = row.string(5);
  out.run_id = row.string(6);
  out.task_id = row.string(7);
  out.map_index = row.small(8);
  out.form_json = row.string(9);
  out.requester = row.string(10);
  out.created_at = row.time(11);
  out.deadline = row.time(12);
  const std::int64_t state = row.integer(13);
  out.state = static_cast<ApprovalState>(std::clamp<std::int64_t>(state, 0, kApprovalStateCount - 1));
  out.closed_at = row.time(14);
  out.closed_by = row.string(15);
  out.answer_json = row.string(16);
  const std::int64_t reason = row.integer(17);
  out.reason = static_cast<Reason>(std::clamp<std::int64_t>(reason, 0, kReasonCount - 1));
  out.seq = row.integer(18);
  return out;
}

/// The rows that a filter lets through, as the list's walk wants them.
Result<Query> approvals_from(const ApprovalFilter& filter) {
  Query from{" FROM approval p", {}};
  const bool names_dag = !filter.dag_ids.empty() || !filter.dag_id.is_open();
  if (names_dag) from.add(" CROSS JOIN dag_run r ON r.run_no = p.run_no CROSS JOIN dag d ON d.dag_no = r.dag_no");
  from.add(" WHERE 1");
  sqlite::add_one_of(from, "d.dag_id", filter.dag_ids);
  sqlite::add_one_of(from, "p.task_id", filter.task_ids);
  sqlite::add_one_of(from, "p.closed_by", filter.closed_by);
  sqlite::add_one_of_codes(from, "p.map_index", filter.map_indexes);
  sqlite::add_one_of_codes(from, "p.approval_no", filter.numbers);
  const bool only_open = filter.states.size() == 1 && filter.states.front() == ApprovalState::open;
  if (only_open) from.add(" AND p.state = 0");  // as the index of them is said
  if (!only_open) sqlite::add_one_of_codes(from, "p.state", filter.states);
  if (filter.run_no) from.add(" AND p.run_no = ?", *filter.run_no);
  if (filter.instance_no) from.add(" AND p.instance_no = ?", std::int64_t{*filter.instance_no});
  if (filter.try_number) from.add(" AND p.try_number = ?", std::int64_t{*filter.try_number});
  if (Status added = sqlite::add_match(from, "d.dag_id", filter.dag_id); !added) return added.error();
  if (Status added = sqlite::add_match(from, "p.task_id", filter.task_id); !added) return added.error();
  if (!filter.words.empty()) from.add(" AND instr(lower(p.form), lower(?)) > 0", filter.words);
  sqlite::add_range(from, "p.created_at", filter.created_at);
  if (!filter.with_earlier && !only_open) {
    from.add(" AND NOT EXISTS (SELECT 1 FROM approval l WHERE l.run_no = p.run_no AND l.instance_no = p.instance_no"
             " AND l.epoch > p.epoch)");
  }
  return from;
}

}  // namespace

Result<ApprovalPage> SqliteReader::list_approvals(const ApprovalQuery& query) {
  const ReaderConnection::Snapshot snapshot(*connection_);
  PageWalk walk('q', {{0, "p.approval_no", false, false, true, query.descending}}, {}, "p.approval_no, 0", query.page);
  if (Status key = walk.take_key(); !key) return key.error();
  const auto from = approvals_from(query.filter);
  if (!from) return from.error();
  auto rows = walk.rows(*connection_, *from);
  if (!rows) return rows.error();
  ApprovalPage page;
  walk.cut(*rows, page);
  std::vector<sqlite::InstanceKey> keys;
  const Status read = connection_->query(
      kApprovalColumns,
      [&](const Statement& row) -> Status {
        page.rows.push_back({approval_of(row), {}});
        keys.push_back({page.rows.back().row.run_no, page.rows.back().row.instance_no});
        return Unit{};
      },
      std::string_view(sqlite::list_of(*rows)));
  if (!read) return read.error();
  auto instances = connection_->instances(keys);
  if (!instances) return instances.error();
  for (std::size_t k = 0; k < page.rows.size(); ++k) page.rows[k].instance = std::move((*instances)[k]);
  if (Status counted = finish_page(*connection_, query.page, *from, page); !counted) return counted.error();
  return page;
}

Result<std::vector<ChildRow>> SqliteReader::started_runs(RunNo run_no) {
  std::vector<ChildRow> out;
  const Status read = connection_->query(
      "SELECT run_no, instance_no, epoch, child_no, dag_id, run_id, created_at, state FROM started_run"
      " WHERE run_no = ? ORDER BY instance_no, epoch",
      [&](const Statement& row) -> Status {
        out.push_back({row.integer(0), row.small(1), row.small(2), row.integer(3), row.string(4), row.string(5),
                       row.time(6), static_cast<ChildState>(row.integer(7))});
        return Unit{};
      },
      run_no);
  if (!read) return read.error();
  return out;
}

}  // namespace baton
