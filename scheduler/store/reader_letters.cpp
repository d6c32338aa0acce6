// The SqliteReader's dead letters, jobs, and what others are told.
#include <algorithm>

#include "scheduler/store/reader_connection.h"

namespace baton {
namespace {

using sqlite::PageWalk;
using sqlite::Query;
using sqlite::ReaderConnection;
using sqlite::Statement;

constexpr char kLetterColumns[] =
    "SELECT l.letter_no, l.run_no, l.instance_no, l.epoch, d.dag_id, r.run_id, v.version, v.number, l.task_id,"
    " l.map_index, l.map_key, l.item, l.try_number, l.reason, l.exit_code, l.signal, l.error, l.failed_at, l.state,"
    " l.closed_at, l.closed_by, l.job_no, l.seq";
constexpr char kLetterOwners[] =
    " CROSS JOIN dag_run r ON r.run_no = l.run_no CROSS JOIN dag d ON d.dag_no = l.dag_no"
    " LEFT JOIN dag_version v ON v.version_no = l.version_no";

template <typename Enum>
Enum enum_of(const Statement& row, int column, std::size_t count) {
  const std::int64_t number = row.integer(column);
  return static_cast<Enum>(number < 0 || number >= static_cast<std::int64_t>(count) ? 0 : number);
}

DeadLetterRow letter_of(const Statement& row) {
  DeadLetterRow out;
  out.letter_no = row.integer(0);
  out.run_no = row.integer(1);
  out.instance_no = row.small(2);
  out.epoch = row.small(3);
  out.dag_id = row.string(4);
  out.run_id = row.string(5);
  out.version = row.string(6);
  out.version_number = row.small(7);
  out.task_id = row.string(8);
  out.map_index = row.small(9);
  out.map_key = row.string(10);
  out.item_json = row.string(11);
  out.try_number = row.small(12);
  out.reason = enum_of<Reason>(row, 13, kReasonCount);
  out.exit_code = row.is_null(14) ? -1 : row.small(14);
  out.signal = row.small(15);
  out.error = row.string(16);
  out.failed_at = row.time(17);
  out.state = enum_of<LetterState>(row, 18, kLetterStateCount);
  out.closed_at = row.time(19);
  out.closed_by = row.string(20);
  out.job_no = row.integer(21);
  out.seq = row.integer(22);
  return out;
}

/// The rows that a filter lets through, as the list's walk wants them.
Query letters_from(const LetterFilter& filter) {
  Query from{" FROM dead_letter l WHERE 1", {}};
  if (!filter.dag_ids.empty()) {
    from.add(" AND l.dag_no IN (SELECT dag_no FROM dag WHERE 1");
    sqlite::add_one_of(from, "dag_id", filter.dag_ids);
    from.add(")");
  }
  sqlite::add_one_of(from, "l.task_id", filter.task_ids);
  sqlite::add_one_of_codes(from, "l.reason", filter.reasons);
  sqlite::add_one_of_codes(from, "l.state", filter.states);
  sqlite::add_one_of_codes(from, "l.letter_no", filter.numbers);
  if (filter.run_no) from.add(" AND l.run_no = ?", *filter.run_no);
  if (filter.number_min != 0) from.add(" AND l.letter_no >= ?", filter.number_min);
  if (filter.number_max != 0) from.add(" AND l.letter_no <= ?", filter.number_max);
  sqlite::add_range(from, "l.failed_at", filter.failed_at);
  return from;
}

constexpr char kDeliveryColumns[] =
    "SELECT o.outbox_no, coalesce(d.target, ''), d.due_at, d.delivered_at, coalesce(d.tries, 0), d.error, o.event,"
    " o.object, o.episode, o.payload, o.created_at, o.withdrawn_at";

DeliveryView delivery_of(const Statement& row) {
  return {{row.integer(0), row.string(1), row.time(2), row.time(3), row.small(4), row.string(5)},
          row.string(6), row.string(7), row.string(8), row.string(9), row.time(10), row.time(11)};
}

constexpr char kJobColumns[] =
    "SELECT job_no, state, total, done, failed, kind, actor, filter, note, created_at, ended_at FROM ";

}  // namespace

Result<LetterPage> SqliteReader::list_letters(const LetterQuery& query) {
  const ReaderConnection::Snapshot snapshot(*connection_);
  PageWalk walk('l', {{0, "l.letter_no", false, false, true, query.descending}}, {}, "l.letter_no, 0", query.page);
  if (Status key = walk.take_key(); !key) return key.error();
  const Query from = letters_from(query.filter);
  auto rows = walk.rows(*connection_, from);
  if (!rows) return rows.error();
  LetterPage page;
  walk.cut(*rows, page);
  const Status read = connection_->query(
      std::string(kLetterColumns) + " FROM json_each(?) p CROSS JOIN dead_letter l ON l.letter_no = p.value" +
          kLetterOwners,
      [&](const Statement& row) -> Status {
        page.rows.push_back({letter_of(row), {}, {}});
        return Unit{};
      },
      std::string_view(sqlite::list_of(*rows)));
  if (!read) return read.error();
  if (Status counted = finish_page(*connection_, query.page, from, page); !counted) return counted.error();
  return page;
}

Result<LetterView> SqliteReader::letter(std::int64_t letter_no) {
  std::optional<LetterView> found;
  const Status read = connection_->query(
      std::string(kLetterColumns) + ", i.conf, t.log_tail FROM dead_letter l" + kLetterOwners +
          " LEFT JOIN run_input i ON i.run_no = l.run_no LEFT JOIN task_try t ON t.run_no = l.run_no"
          " AND t.instance_no = l.instance_no AND t.epoch = l.epoch WHERE l.letter_no = ?",
      [&](const Statement& row) -> Status {
        found = LetterView{letter_of(row), row.string(23), row.string(24)};
        return Unit{};
      },
      letter_no);
  if (!read) return read.error();
  if (!found) return Error{"there is no dead letter " + std::to_string(letter_no), ErrorKind::not_found};
  return std::move(*found);
}

Result<JobView> SqliteReader::job(std::int64_t job_no) {
  std::optional<JobView> found;
  const Status read = connection_->query(
      std::string(kJobColumns) + "bulk_job WHERE job_no = ?",
      [&](const Statement& row) -> Status {
        found = JobView{row.integer(0), row.integer(1), row.integer(2), row.integer(3), row.integer(4), row.string(5),
                        row.string(6),  row.string(7),  row.string(8),  row.time(9),    row.time(10)};
        return Unit{};
      },
      job_no);
  if (!read) return read.error();
  if (!found) return Error{"there is no job " + std::to_string(job_no), ErrorKind::not_found};
  return std::move(*found);
}

Result<DeliveryPage> SqliteReader::list_deliveries(const NameQuery& query) {
  const ReaderConnection::Snapshot snapshot(*connection_);
  PageWalk walk('o', {{0, "o.outbox_no", false, false, true, query.descending}}, {}, "o.outbox_no, 0", query.page);
  if (Status key = walk.take_key(); !key) return key.error();
  Query from{" FROM outbox o WHERE 1", {}};
  sqlite::add_one_of(from, "o.event", query.name.parts);
  auto rows = walk.rows(*connection_, from);
  if (!rows) return rows.error();
  DeliveryPage page;
  walk.cut(*rows, page);
  const Status read = connection_->query(
      std::string(kDeliveryColumns) + " FROM json_each(?) p CROSS JOIN outbox o ON o.outbox_no = p.value"
                                      " LEFT JOIN outbox_delivery d ON d.outbox_no = o.outbox_no",
      [&](const Statement& row) -> Status {
        page.rows.push_back(delivery_of(row));
        return Unit{};
      },
      std::string_view(sqlite::list_of(*rows)));
  if (!read) return read.error();
  if (Status counted = finish_page(*connection_, query.page, from, page); !counted) return counted.error();
  return page;
}

Result<std::vector<DeliveryView>> SqliteReader::due_deliveries(WallUs now, std::int64_t limit) {
  std::vector<DeliveryView> out;
  const Status read = connection_->query(
      std::string(kDeliveryColumns) + " FROM outbox_delivery d CROSS JOIN outbox o ON o.outbox_no = d.outbox_no"
                                      " WHERE d.due_at <= ? ORDER BY d.due_at, d.outbox_no, d.target LIMIT ?",
      [&](const Statement& row) -> Status {
        out.push_back(delivery_of(row));
        return Unit{};
      },
      now, std::clamp<std::int64_t>(limit, 1, 1'000));
  if (!read) return read.error();
  return out;
}

}  // namespace baton
