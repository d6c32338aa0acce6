// Ticks that made no run, as they were recorded.
#include <algorithm>

#include "scheduler/store/reader_connection.h"

namespace baton {

using sqlite::Query;
using sqlite::ReaderConnection;
using sqlite::Statement;

namespace {

constexpr std::int64_t kTicksMax = 10'000;

/// Records of one DAG do not overlap: those that end at or after a moment begin no earlier than the last one that
/// begins before it.
Query ticks_of(const std::string& dag_id, const Range& due) {
  Query from{
      " FROM dag d JOIN tick_record t ON t.dag_no = d.dag_no LEFT JOIN dag_run r ON r.run_no = t.run_no"
      " WHERE d.dag_id = ?",
      {dag_id}};
  if (due.at_least != kNoTime) {
    from.add(" AND t.to_at >= ? AND t.from_at >= coalesce((SELECT max(b.from_at) FROM tick_record b"
             " WHERE b.dag_no = d.dag_no AND b.from_at <= ?), t.from_at)",
             due.at_least, due.at_least);
  }
  if (due.below != kNoTime) from.add(" AND t.from_at < ?", due.below);
  return from;
}

TickView tick_view_of(const Statement& row) {
  const auto last = static_cast<std::int64_t>(kTickReasonCount) - 1;
  const auto reason = static_cast<TickReason>(std::clamp<std::int64_t>(row.integer(3), 0, last));
  return {row.time(0), row.time(1), row.integer(2), reason, row.is_null(4) ? "" : row.string(4), row.time(5)};
}

}  // namespace

Result<TickPage> SqliteReader::list_ticks(const TickQuery& query) {
  const ReaderConnection::Snapshot snapshot(*connection_);
  TickPage page;
  const Query from = ticks_of(query.dag_id, query.due);
  Query count{"SELECT count(*) FROM (SELECT 1", {}};
  count.append(from).add(" LIMIT ?)", kTotalMax);
  Status read = connection_->query(count, [&](const Statement& row) -> Status {
    page.total = row.integer(0);
    return Unit{};
  });
  if (!read) return read.error();
  page.total_is_capped = page.total == kTotalMax;
  Query rows{"SELECT t.from_at, t.to_at, t.ticks, t.reason, r.run_id, t.recorded_at", {}};
  const std::int64_t limit = std::clamp<std::int64_t>(query.page.limit, 0, kTicksMax);
  const std::int64_t offset = std::max<std::int64_t>(query.page.offset, 0);
  rows.append(from).add(" ORDER BY t.from_at DESC LIMIT ? OFFSET ?", limit, offset);
  read = connection_->query(rows, [&](const Statement& row) -> Status {
    page.rows.push_back(tick_view_of(row));
    return Unit{};
  });
  if (!read) return read.error();
  return page;
}

}  // namespace baton
