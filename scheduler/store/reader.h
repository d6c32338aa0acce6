// Reader: read models for the command line and the API, over a read-only connection of its own. Works beside a writer,
// and on a hot WAL after a kill -9 when there is none; never writes, never checkpoints. One thread at a time per
// Reader; each call is one short snapshot. Rows whose checksum does not hold are an error, never a silent answer.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "scheduler/engine/rows.h"
#include "scheduler/model/result.h"

namespace baton {

/// A run with what the API shows beside its row. `row.counts` are the task instances by state.
struct RunView {
  RunRow row;
  std::int32_t version_number = 0;  ///< 1, 2, … per DAG
};

struct RunFilter {
  std::string dag_id;            ///< empty: all DAGs
  std::vector<RunState> states;  ///< empty: all states
  std::int64_t limit = 50;       ///< rows at most; clamped to 1 … 10,000
  std::int64_t offset = 0;       ///< rows passed over; costs time in proportion: prefer `before`
  RunNo before = 0;              ///< keyset: only runs with a lower number; 0: from the newest
};

struct RunPage {
  std::vector<RunView> runs;  ///< newest first (by run_no)
  std::int64_t total = 0;     ///< of all that the filter lets through, from aggregates
  RunNo next_before = 0;      ///< `before` of the next page; 0: this is the last
};

/// A task instance with what is kept once per version. Only `row.times_json` and `row.outputs_json` may be large.
struct InstanceView {
  TaskRow row;
  std::string dag_id, run_id;
  std::string task_id, group, pool;  ///< pool: the first one, empty when the task names none
  std::int32_t pool_slots = 1, priority = 0;
  std::int32_t max_tries = 1;  ///< 1 + retries
  TaskKind kind = TaskKind::noop;
  Hook hook = Hook::none;
  bool is_mapped = false;  ///< its task has for_each or matrix
  std::string host;        ///< of its last ended try; empty before
  std::string uuid;        ///< derived from the store's id and (run_no, instance_no): never changes
};

struct InstanceFilter {
  std::string task_id;  ///< empty: all tasks
  std::optional<std::int32_t> map_index;
  std::vector<TaskState> states;  ///< empty: all states
  std::int64_t limit = 100;       ///< rows at most; clamped to 1 … 1,000,000
  InstanceNo after = -1;          ///< keyset: only instances with a higher number
};

struct InstancePage {
  std::vector<InstanceView> instances;  ///< by instance_no
  std::int64_t total = 0;               ///< of all that the filter lets through
  InstanceNo next_after = -1;           ///< `after` of the next page; −1: this is the last
};

/// One try that ended, oldest first in lists.
struct TryView {
  TryRow row;
  std::string uuid;  ///< derived from the store's id and (run_no, instance_no, epoch)
};

/// A DAG that the store has seen.
struct DagView {
  std::string dag_id;
  std::string latest_version;  ///< SHA-256
  std::int32_t latest_number = 0;
  std::array<std::int64_t, 4> runs_by_state{};  ///< by RunState
  RunNo latest_run = 0;                         ///< 0: none
};

/// A version without its texts.
struct VersionView {
  std::string dag_id, version;
  std::int32_t number = 0;
  std::string source_hash, source_file, work_folder;
  WallUs created_at = kNoTime;
  std::string uuid;
};

struct DurationView {
  DurationUs mean_us = 0;  ///< recent successes weigh more
  std::int64_t samples = 0;
};

struct CacheStats {
  std::int64_t entries = 0, bytes = 0;  ///< bytes of keys and outputs
  WallUs oldest_at = kNoTime, newest_at = kNoTime;
};

struct AuditView {
  std::int64_t audit_no = 0;
  AuditRow row;
  std::string hash;  ///< of the chain (audit_chain.h); empty: of a time before it
};

struct AuditFilter {
  std::string dag_id, run_id;  ///< empty: all
  std::int64_t limit = 50;
  std::int64_t before = 0;  ///< keyset: lower numbers only; 0: from the newest
};

/// What lives: for `ps`.
struct LiveView {
  std::vector<RunView> runs;            ///< queued or running, newest first
  std::vector<InstanceView> instances;  ///< of these runs: queued, running, up_for_retry, up_for_reschedule
};

/// What changed after a seq, in its latest state; for event streams.
struct Changes {
  std::vector<RunView> runs;            ///< by seq
  std::vector<InstanceView> instances;  ///< by seq; then those that a new run began with
  std::int64_t seq = 0;                 ///< ask again with this one
};

struct StoreInfo {
  std::string store_id;
  std::int32_t schema_version = 0;
  std::int64_t leader_epoch = 0, seq = 0;
  bool closed_cleanly = false;  ///< false while a writer is at work, or after it was killed
  std::int64_t runs = 0;
  std::int64_t database_bytes = 0, wal_bytes = 0;
};

struct ReaderOptions {
  std::int32_t busy_timeout_ms = 5'000;
  const char* vfs = nullptr;  ///< for tests
};

class Reader {
 public:
  /// Opens `<folder>/baton.db`. No database there: Error code 3. A newer schema than this binary knows, or a file that
  /// is no database of Baton's: code 2. An older schema: code 2 too (the next writer migrates it).
  static Result<std::unique_ptr<Reader>> open(const std::filesystem::path& folder, const ReaderOptions& options = {});
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  /// RUN as people write it (docs/ARCHITECTURE.md): a run number, a run id that is unique here, `DAG/ID`, `@latest`,
  /// `DAG@latest`. Nothing such: Error code 3; several: code 2 and the candidates in the message.
  [[nodiscard]] Result<RunNo> find_run(std::string_view selector);
  /// A task instance as people write it: `task`, `task[3]`, `task[key]`. Not there: code 3. Without brackets a mapped
  /// task with several instances is ambiguous: code 2.
  [[nodiscard]] Result<InstanceNo> find_instance(RunNo run_no, std::string_view selector);

  [[nodiscard]] Result<RunView> run(RunNo run_no);  ///< code 3: no such run
  [[nodiscard]] Result<RunPage> list_runs(const RunFilter& filter);
  [[nodiscard]] Result<LiveView> live();

  [[nodiscard]] Result<InstancePage> list_instances(RunNo run_no, const InstanceFilter& filter);
  [[nodiscard]] Result<InstanceView> instance(RunNo run_no, InstanceNo instance_no);
  [[nodiscard]] Result<std::vector<TryView>> tries(RunNo run_no, InstanceNo instance_no);
  /// All tries of a run, by instance and epoch; for `explain`.
  [[nodiscard]] Result<std::vector<TryView>> tries_of_run(RunNo run_no);

  [[nodiscard]] Result<std::vector<DagView>> list_dags();
  [[nodiscard]] Result<std::vector<VersionView>> list_versions(const std::string& dag_id);  ///< newest first
  [[nodiscard]] Result<VersionRow> version_of_run(RunNo run_no);
  [[nodiscard]] Result<VersionRow> version(const std::string& dag_id, const std::string& version);

  [[nodiscard]] Result<std::unordered_map<std::string, DurationView>> durations(const std::string& dag_id);
  [[nodiscard]] Result<CacheStats> cache_stats(const std::string& dag_id);        ///< empty: all DAGs
  [[nodiscard]] Result<std::vector<AuditView>> audit(const AuditFilter& filter);  ///< newest first
  /// About `limit` rows; what one transaction changed is never split.
  [[nodiscard]] Result<Changes> changes_after(std::int64_t seq, std::int64_t limit);
  [[nodiscard]] Result<StoreInfo> info();

 private:
  class Connection;
  explicit Reader(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

}  // namespace baton
