// The SqliteReader's backfills.
#include <algorithm>

#include "scheduler/store/reader_connection.h"
#include "scheduler/store/service_rows_reading.h"

namespace baton {
namespace {

using sqlite::PageWalk;
using sqlite::Query;
using sqlite::ReaderConnection;
using sqlite::Statement;

}  // namespace

Result<BackfillPage> SqliteReader::list_backfills(const NameQuery& query) {
  const ReaderConnection::Snapshot snapshot(*connection_);
  PageWalk walk('b', {{0, "backfill_no", false, false, true, query.descending}}, {}, "backfill_no, 0", query.page);
  if (Status key = walk.take_key(); !key) return key.error();
  Query from{" FROM backfill JOIN dag USING (dag_no) WHERE 1", {}};
  for (std::size_t k = 0; k < query.name.parts.size(); ++k) {
    from.add(k == 0 ? " AND dag_id IN (?" : ",?", query.name.parts[k]);
  }
  if (!query.name.parts.empty()) from.add(")");
  auto rows = walk.rows(*connection_, from);
  if (!rows) return rows.error();
  BackfillPage page;
  walk.cut(*rows, page);
  const Status read = connection_->query(
      std::string("SELECT ") + sqlite::kBackfillColumns +
          " FROM json_each(?) p CROSS JOIN backfill b ON b.backfill_no = p.value"
          " CROSS JOIN dag d ON d.dag_no = b.dag_no",
      [&](const Statement& row) -> Status {
        page.rows.push_back({sqlite::backfill_of(row), {}, 0});
        return Unit{};
      },
      std::string_view(sqlite::list_of(*rows)));
  if (!read) return read.error();
  if (Status counted = finish_page(*connection_, query.page, from, page); !counted) return counted.error();
  return page;
}

Result<BackfillView> SqliteReader::backfill(std::int64_t backfill_no) {
  const ReaderConnection::Snapshot snapshot(*connection_);
  std::optional<BackfillView> found;
  Status read = connection_->query(
      std::string("SELECT ") + sqlite::kBackfillColumns + " FROM backfill b JOIN dag d USING (dag_no) WHERE b.backfill_no = ?",
      [&](const Statement& row) -> Status {
        found = BackfillView{sqlite::backfill_of(row), {}, 0};
        return Unit{};
      },
      backfill_no);
  if (!read) return read.error();
  if (!found) return Error{"there is no backfill " + std::to_string(backfill_no), ErrorKind::not_found};
  read = connection_->query(
      "SELECT i.reason IS NOT NULL, r.state, count(*) FROM backfill_interval i JOIN dag_run r ON r.run_no = i.run_no"
      " WHERE i.backfill_no = ? GROUP BY 1, 2",
      [&](const Statement& row) -> Status {
        if (row.integer(0) != 0) {
          found->skipped += row.integer(2);
        } else {
          found->runs.at(static_cast<std::size_t>(std::clamp<std::int64_t>(row.integer(1), 0, 3))) += row.integer(2);
        }
        return Unit{};
      },
      backfill_no);
  if (!read) return read.error();
  return *found;
}

}  // namespace baton
