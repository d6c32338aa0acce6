// Reader: what may be seen of the state, for the command line, the API and the page. Values in, values out: no SQL, no
// engine. One thread at a time for each Reader; who answers requests has one for each thread.
//
// Each call is one snapshot: all that it says was true at one moment, and never what is not durable yet. Several calls are
// one where a SeenTogether lives meanwhile. Pages of one list are several snapshots; paging by key neither repeats nor
// leaves out a row that did not change in between. After a commit was answered, the next snapshot sees it.
//
// Every list is bounded, and its cost grows with the page, not with the history: no query for each row, and nothing
// scanned that grows, but for totals (up to kTotalMax), texts that are looked into, and orders that say so.
//
// A row whose checksum does not hold is never a silent answer: a list shows it as damaged among the others, a question
// for it alone is an Error of kind `storage`. Other errors: `not_found` and `invalid` as said below and in
// reader_queries.h; `storage` when the database cannot be read.
//
// Implemented by SqliteReader (scheduler/store/sqlite_reader.h); tests/conformance/reader runs one suite over all.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "scheduler/engine/accounts.h"
#include "scheduler/engine/reader_queries.h"
#include "scheduler/engine/reader_views.h"
#include "scheduler/engine/service_rows.h"
#include "scheduler/model/result.h"

namespace baton {

inline constexpr std::int64_t kLiveMax = 10'000;
inline constexpr std::int64_t kBreakersMax = 10'000;
inline constexpr std::int64_t kTaskStatesMax = 1'000;
inline constexpr std::int64_t kStoreEntriesMax = 1'000;
inline constexpr std::int64_t kQueuedEventsMax = 1'000;
inline constexpr std::int64_t kAssetLinksMax = 100'000;
inline constexpr std::int64_t kGridRunsMax = 1'000;
inline constexpr std::int64_t kGridCellsMax = 10'000;    ///< of one run
inline constexpr std::int64_t kGridCellsTotal = 200'000;  ///< of one grid
inline constexpr std::int64_t kCoveredDatesMax = 200'000;

class Reader {
 public:
  virtual ~Reader() = default;

  // ---- names ----

  /// RUN as people write it: a run number, a run id that is unique here, `DAG/ID`, `@latest`, `DAG@latest`.
  /// not_found: nothing such. invalid: several; the message has the candidates.
  [[nodiscard]] virtual Result<RunNo> find_run(std::string_view selector) = 0;
  /// A task instance as people write it: `task`, `task[3]`, `task[key]`. not_found: not there. invalid: without brackets
  /// where a mapped task has several.
  [[nodiscard]] virtual Result<InstanceNo> find_instance(RunNo run_no, std::string_view selector) = 0;
  /// The run of a DAG with this id, letter by letter. not_found: there is none.
  [[nodiscard]] virtual Result<RunNo> run_number(const std::string& dag_id, const std::string& run_id) = 0;
  /// Whether there is such a DAG, also one whose file is gone.
  [[nodiscard]] virtual Result<bool> has_dag(const std::string& dag_id) = 0;

  // ---- runs ----

  [[nodiscard]] virtual Result<RunView> run(RunNo run_no) = 0;  ///< not_found: no such run
  [[nodiscard]] virtual Result<RunPage> list_runs(const RunQuery& query) = 0;
  /// The newest kLiveMax runs that have not ended, and of these the instances that live.
  [[nodiscard]] virtual Result<LiveView> live() = 0;
  /// The newest runs of a DAG by run_after, oldest first, with the states of their instances. A DAG that is not there has
  /// none. At most kGridRunsMax runs. `before`: only those that come before this run in that order; 0: all. not_found:
  /// there is no such run.
  [[nodiscard]] virtual Result<std::vector<GridColumn>> grid(const std::string& dag_id, std::int64_t runs,
                                                             RunNo before = 0) = 0;

  /// The dates of a range that runs of a DAG cover, oldest first, with the run of each. A DAG that is not there has none.
  /// At most kCoveredDatesMax.
  [[nodiscard]] virtual Result<std::vector<CoveredDateView>> covered_dates(const std::string& dag_id,
                                                                           const Range& dates) = 0;

  // ---- task instances ----

  /// A run that waits to begin has none.
  [[nodiscard]] virtual Result<InstancePage> list_instances(const InstanceQuery& query) = 0;
  [[nodiscard]] virtual Result<InstanceView> instance(RunNo run_no, InstanceNo instance_no) = 0;
  [[nodiscard]] virtual Result<std::vector<TryView>> tries(RunNo run_no, InstanceNo instance_no) = 0;  ///< oldest first
  /// All tries of a run, by instance and epoch; for `explain`.
  [[nodiscard]] virtual Result<std::vector<TryView>> tries_of_run(RunNo run_no) = 0;

  // ---- DAGs and versions ----

  [[nodiscard]] virtual Result<DagPage> list_dags(const DagQuery& query) = 0;
  /// By state, for each of `dag_ids` that is there; all DAGs where none is named.
  [[nodiscard]] virtual Result<std::unordered_map<std::string, RunCounts>> run_counts(
      const std::vector<std::string>& dag_ids) = 0;
  [[nodiscard]] virtual Result<std::vector<std::string>> list_tags(const NameQuery& query) = 0;
  [[nodiscard]] virtual Result<std::vector<VersionView>> list_versions(const std::string& dag_id) = 0;  ///< newest first
  [[nodiscard]] virtual Result<VersionRow> version_of_run(RunNo run_no) = 0;
  [[nodiscard]] virtual Result<VersionRow> version(const std::string& dag_id, const std::string& version) = 0;
  [[nodiscard]] virtual Result<ImportErrorPage> list_import_errors(const ImportErrorQuery& query) = 0;

  // ---- what is kept beside ----

  [[nodiscard]] virtual Result<std::unordered_map<std::string, DurationView>> durations(const std::string& dag_id) = 0;
  [[nodiscard]] virtual Result<CacheStats> cache_stats(const std::string& dag_id) = 0;  ///< empty: all DAGs
  [[nodiscard]] virtual Result<AuditPage> audit(const AuditQuery& query) = 0;
  [[nodiscard]] virtual Result<PoolPage> list_pools(const NameQuery& query) = 0;
  /// By pool and state, of the runs that live: what grows with the past costs nothing.
  [[nodiscard]] virtual Result<std::vector<PoolLoad>> pool_loads() = 0;
  /// By name. At most kBreakersMax.
  [[nodiscard]] virtual Result<std::vector<BreakerRow>> list_breakers() = 0;
  [[nodiscard]] virtual Result<BreakerRow> breaker(const std::string& name) = 0;  ///< not_found: there is no such one
  /// The newest `limit` (at most 1,000) changes of its state, newest first.
  [[nodiscard]] virtual Result<std::vector<BreakerEventRow>> breaker_events(const std::string& name,
                                                                            std::int64_t limit) = 0;
  /// What attempts have used, by key: one walk over those that ended since then. At most kAccountsMax + 1.
  [[nodiscard]] virtual Result<std::vector<AccountRow>> accounts(const AccountQuery& query) = 0;
  [[nodiscard]] virtual Result<VariablePage> list_variables(const NameQuery& query) = 0;
  [[nodiscard]] virtual Result<JobPage> list_jobs(const NameQuery& query) = 0;  ///< of many objects; `name` is the kind
  [[nodiscard]] virtual Result<JobView> job(std::int64_t job_no) = 0;  ///< not_found: no such one
  [[nodiscard]] virtual Result<LetterPage> list_letters(const LetterQuery& query) = 0;
  [[nodiscard]] virtual Result<LetterView> letter(std::int64_t letter_no) = 0;  ///< not_found: no such one
  [[nodiscard]] virtual Result<ApprovalPage> list_approvals(const ApprovalQuery& query) = 0;
  /// The runs that the instances of a run have started, by instance and epoch.
  [[nodiscard]] virtual Result<std::vector<ChildRow>> started_runs(RunNo run_no) = 0;
  /// What others are told, newest first; the parts of `name` are whole names of events.
  [[nodiscard]] virtual Result<DeliveryPage> list_deliveries(const NameQuery& query) = 0;
  /// What is due at `now`, by when; at most `limit` (1 … 1,000), without a total.
  [[nodiscard]] virtual Result<std::vector<DeliveryView>> due_deliveries(WallUs now, std::int64_t limit) = 0;
  /// By number; the parts of `name` are whole ids of DAGs. Without counts of runs.
  [[nodiscard]] virtual Result<BackfillPage> list_backfills(const NameQuery& query) = 0;
  [[nodiscard]] virtual Result<BackfillView> backfill(std::int64_t backfill_no) = 0;  ///< not_found: no such one
  /// What holds for the whole server, by name.
  [[nodiscard]] virtual Result<std::vector<ServerStateRow>> server_state() = 0;
  [[nodiscard]] virtual Result<TokenPage> list_tokens(const NameQuery& query) = 0;
  /// Also one that has expired or was revoked. not_found: there is no such token.
  [[nodiscard]] virtual Result<TokenView> token(const std::string& hash) = 0;
  /// What a request with this key has made; none: no such request has succeeded.
  [[nodiscard]] virtual Result<std::optional<IdempotencyRow>> find_key(const std::string& principal,
                                                                       const std::string& route,
                                                                       const std::string& key) = 0;

  /// The values of a DAG that live on from run to run, by name; not those that are taken away. At most kTaskStatesMax.
  [[nodiscard]] virtual Result<std::vector<TaskStateRow>> list_task_states(const std::string& dag_id) = 0;
  /// not_found: there is none.
  [[nodiscard]] virtual Result<TaskStateRow> task_state(const std::string& dag_id, const std::string& name) = 0;
  /// What is kept beside a task instance or an asset, and has not expired, by key. At most kStoreEntriesMax.
  [[nodiscard]] virtual Result<std::vector<StoreEntryRow>> store_entries(const StorePlace& place, WallUs now) = 0;

  /// What checks have come to, newest first. At most `limit` (1 … 1,000); a `before` of 0 begins with the newest.
  [[nodiscard]] virtual Result<std::vector<CheckRow>> list_checks(const CheckQuery& query) = 0;

  // ---- assets ----

  [[nodiscard]] virtual Result<AssetPage> list_assets(const AssetQuery& query) = 0;
  [[nodiscard]] virtual Result<AssetView> asset(std::int64_t asset_no) = 0;           ///< not_found: no such one
  [[nodiscard]] virtual Result<AssetView> asset_named(const std::string& name) = 0;  ///< not_found: no such one
  [[nodiscard]] virtual Result<AssetEventPage> list_asset_events(const AssetEventQuery& query) = 0;
  /// What waits for a DAG, or for all where it is empty; of one asset, or of all where it is 0. By DAG and number, at
  /// most kQueuedEventsMax.
  [[nodiscard]] virtual Result<std::vector<QueuedAssetEvent>> queued_asset_events(const std::string& dag_id,
                                                                                  std::int64_t asset_no) = 0;
  /// Who produces and who consumes what, by DAG, as the newest versions say it. At most kAssetLinksMax.
  [[nodiscard]] virtual Result<std::vector<AssetLinkRow>> asset_links() = 0;

  // ---- what changed ----

  /// At most `limit` rows (1 … 10,000) after `key`, in the order of their seq.
  [[nodiscard]] virtual Result<Changes> changes_after(const ChangeKey& key, std::int64_t limit) = 0;
  [[nodiscard]] virtual Result<StoreInfo> info() = 0;

  // ---- ticks ----

  /// Ticks that made no run. A DAG that is not there has none.
  [[nodiscard]] virtual Result<TickPage> list_ticks(const TickQuery& query) = 0;

  // ---- several calls as one ----

  /// From the first of these to the last end: one snapshot. SeenTogether pairs them.
  virtual void begin_snapshot() = 0;
  virtual void end_snapshot() = 0;
};

/// While it lives, all calls of a Reader see the state of one moment: what an answer says of several lists fits together,
/// and it is opened once. Not held across a wait: what is done meanwhile would not be seen, and the WAL could not be
/// taken back.
class SeenTogether {
 public:
  explicit SeenTogether(Reader& reader) : reader_(reader) { reader_.begin_snapshot(); }
  ~SeenTogether() { reader_.end_snapshot(); }
  SeenTogether(const SeenTogether&) = delete;
  SeenTogether& operator=(const SeenTogether&) = delete;

 private:
  Reader& reader_;
};

}  // namespace baton
