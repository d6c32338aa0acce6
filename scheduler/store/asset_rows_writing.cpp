// The rows of assets in their tables: a part of BatchWriter. What an event costs does not grow with those before it.
#include "scheduler/store/batch_writer.h"

namespace baton::sqlite {

AssetStatements::AssetStatements()
    : put_asset(
          "INSERT INTO asset (seq, declarer, fresh_within_us, created_at, updated_at, events, last_event_no, name,"
          " declared_by, uri, description, fresh_by_s, fresh_timezone) VALUES (?1,?2,?3,?4,?4,0,0,?5,?6,?7,?8,?9,?10)"
          " ON CONFLICT (name) DO UPDATE SET"
          " seq = excluded.seq, declarer = excluded.declarer, fresh_within_us = excluded.fresh_within_us,"
          " fresh_by_s = excluded.fresh_by_s, fresh_timezone = excluded.fresh_timezone, updated_at = excluded.updated_at, declared_by = excluded.declared_by, uri = excluded.uri,"
          " description = excluded.description"
          " WHERE (excluded.declarer > asset.declarer"
          " OR (excluded.declarer > 0 AND excluded.declared_by IS asset.declared_by))"
          " AND (excluded.declarer, excluded.fresh_within_us, excluded.fresh_by_s, excluded.fresh_timezone,"
          " excluded.declared_by, excluded.uri, excluded.description)"
          " IS NOT (asset.declarer, asset.fresh_within_us, asset.fresh_by_s, asset.fresh_timezone,"
          " asset.declared_by, asset.uri, asset.description)"),
      quarantine(
          "UPDATE asset SET seq = ?1, quarantined_since = ?2, quarantined_by = ?3, quarantine_why = ?4 WHERE name = ?5"
          " AND (?6 IS NULL OR quarantined_by IS ?6 OR (?2 IS NOT NULL AND quarantined_since IS NULL))"),
      know_asset(
          "INSERT OR IGNORE INTO asset (seq, declarer, fresh_within_us, created_at, updated_at, events, last_event_no,"
          " name) VALUES (?1,0,0,?2,?2,0,0,?3)"),
      drop_links("DELETE FROM asset_link WHERE dag_no = ?"),
      insert_link(
          "INSERT OR IGNORE INTO asset_link (dag_no, asset_no, role, task_id)"
          " SELECT ?1, asset_no, ?2, ?3 FROM asset WHERE name = ?4"),
      put_trigger(
          "INSERT INTO asset_trigger (dag_no, merges, condition) VALUES (?,?,?) ON CONFLICT (dag_no) DO UPDATE SET"
          " merges = excluded.merges, condition = excluded.condition"),
      drop_trigger("DELETE FROM asset_trigger WHERE dag_no = ?"),
      drop_cursors(
          "DELETE FROM asset_cursor WHERE dag_no = ?1 AND asset_no NOT IN (SELECT asset_no FROM asset_link l"
          " WHERE l.dag_no = ?1 AND l.role = 2)"),
      begin_cursor(
          "INSERT OR IGNORE INTO asset_cursor (dag_no, asset_no, event_no)"
          " SELECT ?1, asset_no, ?2 FROM asset WHERE name = ?3"),
      move_cursor(
          "UPDATE asset_cursor SET event_no = max(event_no, ?2) WHERE dag_no = ?1"
          " AND asset_no = (SELECT asset_no FROM asset WHERE name = ?3)"),
      count_event(
          "INSERT INTO asset (seq, declarer, fresh_within_us, created_at, updated_at, events, last_event_no,"
          " last_event_at, name) VALUES (?1,0,0,?2,?2,1,?3,?2,?4) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq,"
          " events = asset.events + 1, last_event_no = max(asset.last_event_no, excluded.last_event_no),"
          " last_event_at = excluded.last_event_at RETURNING asset_no"),
      insert_event(
          "INSERT INTO asset_event (event_no, asset_no, at, run_no, map_index, try_number, dag_id, run_id, task_id,"
          " actor, extra) VALUES (?,?,?,?,?,?,?,?,?,?,?)"),
      insert_taken("INSERT INTO run_asset_event (run_no, event_no) VALUES (?,?)") {}

bool BatchWriter::put(const AssetRow& row) {
  return ok(assets_.put_asset.on(db_).run(next_seq_, static_cast<std::int64_t>(row.declarer),
                                          row.fresh.within_us, row.at, std::string_view(row.name),
                                          TextOrNull{row.declared_by}, TextOrNull{row.uri},
                                          TextOrNull{row.description}, std::int64_t{row.fresh.by_s},
                                          TextOrNull{row.fresh.timezone}));
}

bool BatchWriter::put(const AssetQuarantineRow& row) {
  const bool holds = !row.by.empty();
  const bool is_of_checks = !row.only_of.empty();  // their asset may not have been told of yet: its event comes behind
  if (holds && is_of_checks &&
      !ok(assets_.know_asset.on(db_).run(next_seq_, row.since, std::string_view(row.asset)))) {
    return false;
  }
  return ok(assets_.quarantine.on(db_).run(next_seq_, Time{holds ? row.since : kNoTime}, TextOrNull{row.by},
                                           TextOrNull{holds ? row.why : std::string()}, std::string_view(row.asset), TextOrNull{row.only_of}));
}

/// The links first: they say which cursors stay.
bool BatchWriter::put(const DagAssetsRow& row) {
  std::int64_t dag_no = 0;
  if (!dag_no_of(row.dag_id, dag_no) || !ok(assets_.drop_links.on(db_).run(dag_no))) return false;
  for (const AssetLink& link : row.links) {
    if (!ok(assets_.insert_link.on(db_).run(dag_no, static_cast<std::int64_t>(link.role),
                                            std::string_view(link.task_id), std::string_view(link.asset)))) {
      return false;
    }
  }
  if (!ok(assets_.drop_cursors.on(db_).run(dag_no))) return false;
  if (row.condition_json.empty()) return ok(assets_.drop_trigger.on(db_).run(dag_no));
  if (!ok(assets_.put_trigger.on(db_).run(dag_no, std::int64_t{row.merges}, std::string_view(row.condition_json)))) {
    return false;
  }
  for (const AssetCursor& cursor : row.cursors) {
    if (!ok(assets_.begin_cursor.on(db_).run(dag_no, cursor.event_no, std::string_view(cursor.asset)))) return false;
  }
  return true;
}

bool BatchWriter::put(const AssetCursorRow& row) {
  std::int64_t dag_no = 0;
  return dag_no_of(row.dag_id, dag_no) &&
         ok(assets_.move_cursor.on(db_).run(dag_no, row.cursor.event_no, std::string_view(row.cursor.asset)));
}

bool BatchWriter::put(const AssetEventRow& row) {
  Statement& count = assets_.count_event.on(db_);
  count.start_with(next_seq_, row.at, row.event_no, std::string_view(row.asset));
  const int rc = count.step();
  if (rc != kRow) return ok(rc);
  const std::int64_t asset_no = count.integer(0);
  if (!ok(count.finish_row())) return false;
  const std::optional<std::int64_t> run_no = row.run_no == 0 ? std::nullopt : std::optional(row.run_no);
  return ok(assets_.insert_event.on(db_).run(row.event_no, asset_no, row.at, run_no, std::int64_t{row.map_index},
                                             std::int64_t{row.try_number}, TextOrNull{row.dag_id},
                                             TextOrNull{row.run_id}, TextOrNull{row.task_id}, TextOrNull{row.actor},
                                             TextOrNull{row.extra_json}));
}

bool BatchWriter::put(const TakenEventRow& row) {
  return ok(assets_.insert_taken.on(db_).run(row.run_no, row.event_no));
}

}  // namespace baton::sqlite
