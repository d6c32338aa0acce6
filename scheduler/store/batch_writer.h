// BatchWriter: writes groups of batches through the one writing connection, one transaction and one fsync a group. The
// writer's thread only. What it promises is the atomicity of each batch and the order between them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "scheduler/engine/store.h"
#include "scheduler/store/sqlite_db.h"

namespace baton::sqlite {

/// Prepared when first used: a short run needs few of them.
class LazyStatement {
 public:
  explicit LazyStatement(const char* sql) : sql_(sql) {}
  Statement& on(Database& db) {
    if (!statement_) statement_ = db.prepare(sql_);
    return statement_;
  }
  void close() { statement_ = Statement(); }

 private:
  const char* sql_;
  Statement statement_;
};

/// Statements of service_rows_writing.cpp.
struct ServiceStatements {
  ServiceStatements();
  LazyStatement put_file, drop_file, update_dag, drop_tags, set_owner, insert_tag, move_cursor, put_tick, drop_ticks, put_server,
      drop_server, put_backfill, put_interval,
      note_run, hold_run, note_instance, find_outputs, put_outputs, put_favorite, drop_favorite, touch_dag, put_pool, drop_pool,
      put_variable, drop_variable, insert_token, revoke_token,
      put_breaker, put_breaker_event, drop_old_breaker_events;
};

/// Statements of letters_writing.cpp.
struct LetterStatements {
  LetterStatements();
  LazyStatement close, supersede, insert, put_job, insert_outbox, insert_delivery, update_delivery, settle_outbox;
};

/// Statements of asset_rows_writing.cpp.
struct AssetStatements {
  AssetStatements();
  LazyStatement put_asset, quarantine, know_asset, drop_links, insert_link, put_trigger, drop_trigger, drop_cursors, begin_cursor,
      move_cursor, count_event, insert_event, insert_taken;
};

/// Statements of state_writing.cpp.
struct StateStatements {
  StateStatements();
  LazyStatement insert, update, insert_check, hold_event, drop_held, put_store, drop_store, drop_whole_store,
      put_asset_store, drop_asset_store, drop_whole_asset_store;
};

/// Statements of request_rows_writing.cpp.
struct RequestStatements {
  RequestStatements();
  LazyStatement insert_approval, close_approval, insert_child, move_child;
};

class BatchWriter {
 public:
  /// `seq` is the last one given; `leader_epoch` is ours: when the store's differs, every batch is fenced.
  BatchWriter(Database& db, std::int64_t leader_epoch, std::int64_t seq);

  /// One transaction for all of `group`; an answer each. A part that is struck, and a batch that is fenced, leave no trace
  /// and do not disturb the others. rolled_back and unknown hold for all.
  std::vector<CommitDone> apply(std::span<const Batch* const> group);

  [[nodiscard]] std::int64_t seq() const { return seq_; }
  /// A seq of its own for a transaction that is no batch.
  std::int64_t take_seq() { return ++seq_; }
  /// After an I/O error: the file must not be written any more (S3).
  [[nodiscard]] bool is_broken() const { return broken_; }
  [[nodiscard]] const std::string& what_broke() const { return what_broke_; }
  /// Something else than a batch failed on this connection.
  void note_failure(int code);
  /// Numbers of DAGs and versions are looked up anew: rows were deleted, or a transaction was undone.
  void forget_numbers();

 private:
  enum class Pass : std::uint8_t { done, retry_with_savepoints, failed };

  Pass write_all(std::span<const Batch* const> group, bool savepoints, std::vector<CommitDone>& answers);
  Pass write(const Batch& batch, bool savepoints, CommitDone& answer);
  Pass fence(bool savepoints, CommitDone& answer);
  std::vector<CommitDone> fail_all(std::size_t count);
  bool write(const Part& part);
  bool exec(const char* sql);
  bool begin();
  bool fence_holds();
  void roll_back();

  bool create(const RunCreation& creation);
  bool insert_run(const RunCreation& creation, std::int64_t dag_no, std::int64_t version_no);
  void find_existing(const RunCreation& creation, std::int64_t dag_no);
  bool change_version(const RunCreation& reversion);
  bool insert_instances(const RunCreation& creation);
  bool insert_tasks(const Dag& dag, std::int64_t version_no);
  bool insert_instance(const TaskRow& row);
  bool put_item(const TaskRow& row);
  bool update(const TaskRow& row);
  bool update(const RunRow& row);
  bool insert(const TryRow& row);
  bool put(const CacheRow& row);
  bool put(const DurationRow& row);
  bool insert(const AuditRow& row);
  bool insert(const IdempotencyRow& row);
  bool insert_labels(const RunCreation& creation);
  bool insert_dates(const RunCreation& creation, std::int64_t dag_no);
  bool last_audit_hash(std::string& hash);
  bool raise_seq();

  // service_rows_writing.cpp
  bool write(const ServiceRows& rows);
  bool put(const DagFileRow& row);
  bool put(const NewVersionRow& row);
  bool put(const BreakerRow& row);
  bool put(const BreakerEventRow& row);
  bool put(const DagRow& row);
  bool put(const DagTagsRow& row);
  bool put(const CursorRow& row);
  bool put(const TickRecordRow& row);
  bool put(const ServerStateRow& row);
  bool put(const BackfillRow& row);
  bool put(const BackfillIntervalRow& row);
  bool put(const NoteRow& row);
  bool put(const RunHoldRow& row);
  bool put(const OutputRow& row);
  bool put(const FavoriteRow& row);
  bool put(const PoolRow& row);
  bool put(const VariableRow& row);
  bool put(const TokenRow& row);
  bool put(const RunDeletionRow& row);
  bool put(const RunRestRow& row);
  bool put(const DagDeletionRow& row);

  // letters_writing.cpp
  bool put(const LetterClosingRow& row);
  bool put(const DeadLetterRow& row);
  bool put(const BulkJobRow& row);
  bool put(const OutboxRow& row);
  bool put(const DeliveryRow& row);
  // asset_rows_writing.cpp
  bool put(const AssetRow& row);
  bool put(const AssetQuarantineRow& row);
  bool put(const DagAssetsRow& row);
  bool put(const AssetEventRow& row);
  bool put(const AssetCursorRow& row);
  bool put(const TakenEventRow& row);
  // state_writing.cpp
  bool put(const TaskStateRow& row);
  bool put(const StoreEntryRow& row);
  bool put(const CheckRow& row);
  bool put(const HeldEventRow& row);
  // request_rows_writing.cpp
  bool put(const ApprovalRow& row);
  bool put(const ApprovalClosingRow& row);
  bool put(const ChildRow& row);
  bool put(const ChildMoveRow& row);

  bool count_run(std::int64_t dag_no, RunState state, std::int64_t delta);

  bool dag_no_of(const std::string& dag_id, std::int64_t& dag_no);
  bool version_no_of(const RunCreation& creation, std::int64_t dag_no, std::int64_t& version_no);
  static std::string version_key(std::int64_t dag_no, const std::string& version);
  bool renew_version(const VersionRow& given, std::int64_t version_no, WallUs created_at, std::int64_t checksum,
                     const VersionRow& kept);
  bool insert_version(const RunCreation& creation, std::int64_t dag_no, std::int64_t& version_no);
  bool read_integer(Statement& query, std::int64_t& value);

  /// Notes the failure of a statement; true when there is none.
  bool ok(int code);
  /// As ok(), and exactly one row must have changed, otherwise the part is in conflict.
  bool ok_one_row(int code);

  Database& db_;
  const std::int64_t leader_epoch_;
  std::int64_t seq_;
  std::int64_t next_seq_ = 0;      ///< of the transaction under way
  int code_ = 0;                   ///< of the statement that failed
  bool conflict_ = false;          ///< the part at hand does not fit what is there
  PartVerdict verdict_;            ///< of the part at hand, where it is in conflict: what exists
  std::int64_t rows_written_ = 0;  ///< by the batch at hand
  bool broken_ = false;
  std::string what_broke_;
  std::unordered_map<std::string, std::int64_t> dag_nos_;
  std::unordered_map<std::string, std::int64_t> version_nos_;  ///< by "<dag_no>/<version>"

  std::optional<std::string> last_audit_hash_;

  LazyStatement begin_, commit_, leader_;
  LazyStatement find_dag_, insert_dag_, find_version_, renew_version_, next_version_, insert_version_, set_version_,
      insert_task_;
  LazyStatement insert_run_, find_by_id_, find_by_date_, insert_conf_, insert_fresh_, insert_instance_, put_item_;
  LazyStatement delete_item_, update_instance_, find_run_, update_run_, count_run_, insert_try_, put_cache_, put_duration_,
      insert_audit_, last_audit_, insert_idempotency_, insert_date_, insert_label_, raise_seq_;
  ServiceStatements service_;
  LetterStatements letters_;
  AssetStatements assets_;
  StateStatements states_;
  RequestStatements requests_;
};

}  // namespace baton::sqlite
