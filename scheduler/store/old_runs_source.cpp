#include "scheduler/store/old_runs_source.h"

#include <string_view>
#include <utility>

#include "scheduler/store/state_folder.h"

namespace baton {
namespace {

using sqlite::kDone;
using sqlite::kOk;
using sqlite::kRow;
using sqlite::Statement;

/// Of one run: what its deletion costs, and who needs it. A backfill that is not through counts what it has made; a run
/// that waits for the past looks at the run of the date before; an open dead letter is tried again in its run.
constexpr char kColumns[] =
    "SELECT r.run_no, d.dag_id, r.run_id, r.ended_at,"
    " (SELECT count(*) FROM (SELECT 1 FROM task_instance t WHERE t.run_no = r.run_no LIMIT 10000))"
    " + (SELECT count(*) FROM (SELECT 1 FROM task_try y WHERE y.run_no = r.run_no LIMIT 10000)),"
    " EXISTS (SELECT 1 FROM backfill_interval i JOIN backfill b USING (backfill_no)"
    "         WHERE i.run_no = r.run_no AND b.completed_at IS NULL)"
    " OR EXISTS (SELECT 1 FROM dead_letter l WHERE l.run_no = r.run_no AND l.state = 0)"
    " OR (r.logical_date IS NOT NULL AND coalesce((SELECT n.state < 2 OR n.hooks_open FROM run_date c"
    "     JOIN dag_run n ON n.run_no = c.run_no WHERE c.dag_no = r.dag_no AND c.logical_date > r.logical_date"
    "     AND c.run_no <> r.run_no ORDER BY c.logical_date LIMIT 1), 0))"
    " FROM dag_run r JOIN dag d USING (dag_no) WHERE +r.state IN (2, 3) AND +r.hooks_open = 0";

// The + keeps the indexes of states and hooks from being taken: the walk is by time or number, and ends with its page.
constexpr char kByTime[] =
    " AND (r.ended_at, r.run_no) > (?1, ?2) AND r.ended_at < ?3 ORDER BY r.ended_at, r.run_no LIMIT ?4";
constexpr char kOfDag[] =
    " AND r.dag_no = (SELECT dag_no FROM dag WHERE dag_id = ?5) AND r.run_no > ?2 AND (?3 IS NULL OR r.ended_at < ?3)"
    // Of the one DAG, not of the row at hand: so it is looked up once.
    " AND (?6 = 0 OR r.run_no < (SELECT n.run_no FROM dag_run n"
    "                            WHERE n.dag_no = (SELECT dag_no FROM dag WHERE dag_id = ?5)"
    "                            ORDER BY n.run_no DESC LIMIT 1 OFFSET ?6 - 1))"
    " AND ?1 IS NOT NULL ORDER BY r.run_no LIMIT ?4";

}  // namespace

Result<std::unique_ptr<SqliteOldRuns>> SqliteOldRuns::open(const std::filesystem::path& folder) {
  sqlite::OpenOptions options;
  options.access = sqlite::Access::read;
  auto db = sqlite::Database::open(database_path(folder).string(), options);
  if (!db) return db.error();
  return std::unique_ptr<SqliteOldRuns>(new SqliteOldRuns(std::move(db).value()));
}

Result<std::vector<std::string>> SqliteOldRuns::dags_over(std::int64_t runs) {
  int rc = kOk;
  Statement row = db_.prepare(
      "SELECT d.dag_id FROM run_count c JOIN dag d USING (dag_no)"
      " GROUP BY c.dag_no HAVING sum(c.runs) > ?", &rc, false);
  if (rc != kOk) return db_.error("the numbers of runs cannot be read", rc);
  row.start_with(runs);
  std::vector<std::string> out;
  while ((rc = row.step()) == kRow) out.push_back(row.string(0));
  if (rc != kDone) return db_.error("the numbers of runs cannot be read", rc);
  return out;
}

Result<OldRunPage> SqliteOldRuns::find(const KeepRule& rule, const OldRunPlace& after, std::int64_t limit) {
  int rc = kOk;
  const bool is_by_time = rule.dag_id.empty();
  Statement row = db_.prepare(std::string(kColumns) + (is_by_time ? kByTime : kOfDag), &rc, false);
  if (rc != kOk) return db_.error("old runs cannot be read", rc);
  if (is_by_time) {
    row.start_with(after.ended_at, after.run_no, sqlite::Time{rule.ended_before}, limit);
  } else {
    row.start_with(after.ended_at, after.run_no, sqlite::Time{rule.ended_before}, limit, std::string_view(rule.dag_id),
                   rule.keep_per_dag);
  }
  OldRunPage page;
  page.next = after;
  while ((rc = row.step()) == kRow) {
    page.runs.push_back(
        {row.integer(0), row.string(1), row.string(2), row.time(3), row.integer(4), row.integer(5) != 0});
    page.next = {row.time(3), row.integer(0)};
  }
  if (rc != kDone) return db_.error("old runs cannot be read", rc);
  page.is_last = std::ssize(page.runs) < limit;
  return page;
}

Result<std::int64_t> SqliteOldRuns::count(const std::string& dag_id) {
  int rc = kOk;
  Statement row = db_.prepare(
      "SELECT count(*) FROM dag_run WHERE dag_no = (SELECT dag_no FROM dag WHERE dag_id = ?)", &rc, false);
  if (rc != kOk) return db_.error("the runs of a DAG cannot be counted", rc);
  row.start_with(std::string_view(dag_id));
  std::int64_t count = 0;
  while ((rc = row.step()) == kRow) count = row.integer(0);
  if (rc != kDone) return db_.error("the runs of a DAG cannot be counted", rc);
  return count;
}

Result<RunStanding> SqliteOldRuns::standing(RunNo run_no) {
  int rc = kOk;
  Statement row = db_.prepare(
      "SELECT state IN (2, 3) AND hooks_open = 0, ended_at FROM dag_run WHERE run_no = ?", &rc, false);
  if (rc != kOk) return db_.error("a run cannot be read", rc);
  row.start_with(run_no);
  RunStanding out;
  while ((rc = row.step()) == kRow) out = {true, row.integer(0) != 0, row.time(1)};
  if (rc != kDone) return db_.error("a run cannot be read", rc);
  return out;
}

}  // namespace baton
