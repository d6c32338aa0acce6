// SqliteReader: Reader (scheduler/engine/reader.h) over a read-only connection of its own. Works beside a writer, and on
// a hot WAL after a kill -9 when there is none; never writes, never checkpoints. One thread at a time; its statements
// are prepared once.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/engine/reader.h"

namespace baton {

namespace sqlite {
class ReaderConnection;
}

struct ReaderOptions {
  std::int32_t busy_timeout_ms = 5'000;
  const char* vfs = nullptr;  ///< for tests
};

class SqliteReader final : public Reader {
 public:
  /// Opens `<folder>/baton.db`. not_found: no database there. invalid: a newer schema than this binary knows, an older
  /// one (the next writer migrates it), or a file that is no database of Baton's.
  static Result<std::unique_ptr<Reader>> open(const std::filesystem::path& folder, const ReaderOptions& options = {});
  ~SqliteReader() override;
  SqliteReader(const SqliteReader&) = delete;
  SqliteReader& operator=(const SqliteReader&) = delete;

  [[nodiscard]] Result<RunNo> find_run(std::string_view selector) override;
  [[nodiscard]] Result<InstanceNo> find_instance(RunNo run_no, std::string_view selector) override;
  [[nodiscard]] Result<RunNo> run_number(const std::string& dag_id, const std::string& run_id) override;
  [[nodiscard]] Result<bool> has_dag(const std::string& dag_id) override;
  [[nodiscard]] Result<RunView> run(RunNo run_no) override;
  [[nodiscard]] Result<RunPage> list_runs(const RunQuery& query) override;
  [[nodiscard]] Result<LiveView> live() override;
  [[nodiscard]] Result<std::vector<GridColumn>> grid(const std::string& dag_id, std::int64_t runs,
                                                     RunNo before = 0) override;
  [[nodiscard]] Result<std::vector<CoveredDateView>> covered_dates(const std::string& dag_id,
                                                                   const Range& dates) override;
  [[nodiscard]] Result<InstancePage> list_instances(const InstanceQuery& query) override;
  [[nodiscard]] Result<InstanceView> instance(RunNo run_no, InstanceNo instance_no) override;
  [[nodiscard]] Result<std::vector<TryView>> tries(RunNo run_no, InstanceNo instance_no) override;
  [[nodiscard]] Result<std::vector<TryView>> tries_of_run(RunNo run_no) override;
  [[nodiscard]] Result<DagPage> list_dags(const DagQuery& query) override;
  [[nodiscard]] Result<std::unordered_map<std::string, RunCounts>> run_counts(
      const std::vector<std::string>& dag_ids) override;
  [[nodiscard]] Result<std::vector<std::string>> list_tags(const NameQuery& query) override;
  [[nodiscard]] Result<std::vector<VersionView>> list_versions(const std::string& dag_id) override;
  [[nodiscard]] Result<VersionRow> version_of_run(RunNo run_no) override;
  [[nodiscard]] Result<VersionRow> version(const std::string& dag_id, const std::string& version) override;
  [[nodiscard]] Result<ImportErrorPage> list_import_errors(const ImportErrorQuery& query) override;
  [[nodiscard]] Result<std::unordered_map<std::string, DurationView>> durations(const std::string& dag_id) override;
  [[nodiscard]] Result<CacheStats> cache_stats(const std::string& dag_id) override;
  [[nodiscard]] Result<AuditPage> audit(const AuditQuery& query) override;
  [[nodiscard]] Result<PoolPage> list_pools(const NameQuery& query) override;
  [[nodiscard]] Result<std::vector<BreakerRow>> list_breakers() override;
  [[nodiscard]] Result<BreakerRow> breaker(const std::string& name) override;
  [[nodiscard]] Result<std::vector<BreakerEventRow>> breaker_events(const std::string& name,
                                                                    std::int64_t limit) override;
  Result<std::vector<AccountRow>> accounts(const AccountQuery& query) override;
  [[nodiscard]] Result<std::vector<PoolLoad>> pool_loads() override;
  [[nodiscard]] Result<VariablePage> list_variables(const NameQuery& query) override;
  [[nodiscard]] Result<JobPage> list_jobs(const NameQuery& query) override;
  [[nodiscard]] Result<JobView> job(std::int64_t job_no) override;
  [[nodiscard]] Result<LetterPage> list_letters(const LetterQuery& query) override;
  [[nodiscard]] Result<LetterView> letter(std::int64_t letter_no) override;
  [[nodiscard]] Result<ApprovalPage> list_approvals(const ApprovalQuery& query) override;
  [[nodiscard]] Result<std::vector<ChildRow>> started_runs(RunNo run_no) override;
  [[nodiscard]] Result<DeliveryPage> list_deliveries(const NameQuery& query) override;
  [[nodiscard]] Result<std::vector<DeliveryView>> due_deliveries(WallUs now, std::int64_t limit) override;
  [[nodiscard]] Result<BackfillPage> list_backfills(const NameQuery& query) override;
  [[nodiscard]] Result<BackfillView> backfill(std::int64_t backfill_no) override;
  [[nodiscard]] Result<std::vector<ServerStateRow>> server_state() override;
  [[nodiscard]] Result<TokenPage> list_tokens(const NameQuery& query) override;
  [[nodiscard]] Result<TokenView> token(const std::string& hash) override;
  [[nodiscard]] Result<std::optional<IdempotencyRow>> find_key(const std::string& principal, const std::string& route,
                                                               const std::string& key) override;
  [[nodiscard]] Result<std::vector<TaskStateRow>> list_task_states(const std::string& dag_id) override;
  [[nodiscard]] Result<TaskStateRow> task_state(const std::string& dag_id, const std::string& name) override;
  [[nodiscard]] Result<std::vector<StoreEntryRow>> store_entries(const StorePlace& place, WallUs now) override;
  [[nodiscard]] Result<std::vector<CheckRow>> list_checks(const CheckQuery& query) override;
  [[nodiscard]] Result<AssetPage> list_assets(const AssetQuery& query) override;
  [[nodiscard]] Result<AssetView> asset(std::int64_t asset_no) override;
  [[nodiscard]] Result<AssetView> asset_named(const std::string& name) override;
  [[nodiscard]] Result<AssetEventPage> list_asset_events(const AssetEventQuery& query) override;
  [[nodiscard]] Result<std::vector<QueuedAssetEvent>> queued_asset_events(const std::string& dag_id,
                                                                          std::int64_t asset_no) override;
  [[nodiscard]] Result<std::vector<AssetLinkRow>> asset_links() override;
  [[nodiscard]] Result<Changes> changes_after(const ChangeKey& key, std::int64_t limit) override;
  [[nodiscard]] Result<StoreInfo> info() override;
  [[nodiscard]] Result<TickPage> list_ticks(const TickQuery& query) override;
  void begin_snapshot() override;
  void end_snapshot() override;

 private:
  explicit SqliteReader(std::unique_ptr<sqlite::ReaderConnection> connection);
  std::unique_ptr<sqlite::ReaderConnection> connection_;
};

}  // namespace baton
