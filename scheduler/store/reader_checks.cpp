// The SqliteReader's results of checks.
#include <algorithm>

#include "scheduler/store/reader_connection.h"

namespace baton {
namespace {

using sqlite::Query;
using sqlite::Statement;

constexpr std::int64_t kChecksMax = 1'000;
constexpr char kCheckColumns[] =
    "c.check_no, c.run_no, c.instance_no, c.epoch, c.try_number, c.ordinal, d.dag_id, r.run_id, c.task_id, t.map_index,"
    " c.name, c.description, c.state, c.on_fail, c.observed, c.message, c.at, c.seq";

CheckRow check_of(const Statement& row) {
  CheckRow out;
  out.check_no = row.integer(0);
  out.run_no = row.integer(1);
  out.instance_no = row.small(2);
  out.epoch = row.small(3);
  out.try_number = row.small(4);
  out.ordinal = row.small(5);
  out.dag_id = row.string(6);
  out.run_id = row.string(7);
  out.task_id = row.string(8);
  out.map_index = row.is_null(9) ? kUnmapped : row.small(9);
  out.name = row.string(10);
  out.description = row.string(11);
  out.state = static_cast<CheckState>(std::clamp<std::int64_t>(row.integer(12), 0, kCheckStateCount - 1));
  out.on_fail = static_cast<OnFail>(std::clamp<std::int64_t>(row.integer(13), 0, kOnFailCount - 1));
  out.observed = row.string(14);
  out.message = row.string(15);
  out.at = row.time(16);
  out.seq = row.integer(17);
  return out;
}

}  // namespace

Result<std::vector<CheckRow>> SqliteReader::list_checks(const CheckQuery& query) {
  Query sql;
  sql.sql = std::string("SELECT ") + kCheckColumns +
            " FROM check_result c JOIN dag d ON d.dag_no = c.dag_no JOIN dag_run r ON r.run_no = c.run_no"
            " LEFT JOIN task_instance t ON t.run_no = c.run_no AND t.instance_no = c.instance_no WHERE 1";
  const auto add = [&](const char* condition, std::int64_t value) {
    sql.sql += condition;
    sql.values.emplace_back(value);
  };
  if (!query.dag_id.empty()) {
    sql.sql += " AND c.dag_no = (SELECT dag_no FROM dag WHERE dag_id = ?)";
    sql.values.emplace_back(query.dag_id);
  }
  if (query.run_no != 0) add(" AND c.run_no = ?", query.run_no);
  if (query.instance_no >= 0) add(" AND c.instance_no = ?", query.instance_no);
  if (query.not_passed) sql.sql += " AND c.state <> 0";
  if (query.before > 0) add(" AND c.check_no < ?", query.before);
  // What a try has come to was written in one transaction.
  if (query.last_try) {
    sql.sql += " AND c.seq = (SELECT max(seq) FROM check_result l WHERE l.run_no = c.run_no"
               " AND l.instance_no = c.instance_no)";
  }
  sql.sql += query.last_try ? " ORDER BY c.run_no, c.instance_no, c.check_no" : " ORDER BY c.check_no DESC";
  add(" LIMIT ?", std::clamp<std::int64_t>(query.limit, 1, kChecksMax));
  std::vector<CheckRow> out;
  const Status read = connection_->query(sql, [&](const Statement& row) -> Status {
    out.push_back(check_of(row));
    return Unit{};
  });
  if (!read) return read.error();
  return out;
}

}  // namespace baton
