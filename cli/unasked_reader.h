// UnaskedReader: a Reader that answers nothing, for those that answer some questions only. Each question is an Error that
// says so: whoever asks it of another machine's server has no way to be answered yet. Any thread.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "scheduler/engine/reader.h"

namespace baton::cli {

class UnaskedReader : public Reader {
 public:
  void begin_snapshot() override {}
  void end_snapshot() override {}
  Result<RunNo> find_run(std::string_view) override { return unasked(); }
  Result<InstanceNo> find_instance(RunNo, std::string_view) override { return unasked(); }
  Result<RunNo> run_number(const std::string&, const std::string&) override { return unasked(); }
  Result<bool> has_dag(const std::string&) override { return unasked(); }
  Result<RunView> run(RunNo) override { return unasked(); }
  Result<RunPage> list_runs(const RunQuery&) override { return unasked(); }
  Result<LiveView> live() override { return unasked(); }
  Result<std::vector<GridColumn>> grid(const std::string&, std::int64_t, RunNo) override { return unasked(); }
  Result<std::vector<CoveredDateView>> covered_dates(const std::string&, const Range&) override { return unasked(); }
  Result<InstancePage> list_instances(const InstanceQuery&) override { return unasked(); }
  Result<InstanceView> instance(RunNo, InstanceNo) override { return unasked(); }
  Result<std::vector<TryView>> tries(RunNo, InstanceNo) override { return unasked(); }
  Result<std::vector<TryView>> tries_of_run(RunNo) override { return unasked(); }
  Result<DagPage> list_dags(const DagQuery&) override { return unasked(); }
  Result<std::unordered_map<std::string, RunCounts>> run_counts(const std::vector<std::string>&) override {
    return unasked();
  }
  Result<std::vector<std::string>> list_tags(const NameQuery&) override { return unasked(); }
  Result<std::vector<VersionView>> list_versions(const std::string&) override { return unasked(); }
  Result<VersionRow> version_of_run(RunNo) override { return unasked(); }
  Result<VersionRow> version(const std::string&, const std::string&) override { return unasked(); }
  Result<ImportErrorPage> list_import_errors(const ImportErrorQuery&) override { return unasked(); }
  Result<std::unordered_map<std::string, DurationView>> durations(const std::string&) override { return unasked(); }
  Result<CacheStats> cache_stats(const std::string&) override { return unasked(); }
  Result<AuditPage> audit(const AuditQuery&) override { return unasked(); }
  Result<PoolPage> list_pools(const NameQuery&) override { return unasked(); }
  Result<std::vector<PoolLoad>> pool_loads() override { return unasked(); }
  Result<std::vector<BreakerRow>> list_breakers() override { return unasked(); }
  Result<BreakerRow> breaker(const std::string&) override { return unasked(); }
  Result<std::vector<BreakerEventRow>> breaker_events(const std::string&, std::int64_t) override { return unasked(); }
  Result<std::vector<AccountRow>> accounts(const AccountQuery&) override { return unasked(); }
  Result<VariablePage> list_variables(const NameQuery&) override { return unasked(); }
  Result<JobPage> list_jobs(const NameQuery&) override { return unasked(); }
  Result<JobView> job(std::int64_t) override { return unasked(); }
  Result<LetterPage> list_letters(const LetterQuery&) override { return unasked(); }
  Result<LetterView> letter(std::int64_t) override { return unasked(); }
  Result<ApprovalPage> list_approvals(const ApprovalQuery&) override { return unasked(); }
  Result<std::vector<ChildRow>> started_runs(RunNo) override { return unasked(); }
  Result<DeliveryPage> list_deliveries(const NameQuery&) override { return unasked(); }
  Result<std::vector<DeliveryView>> due_deliveries(WallUs, std::int64_t) override { return unasked(); }
  Result<BackfillPage> list_backfills(const NameQuery&) override { return unasked(); }
  Result<BackfillView> backfill(std::int64_t) override { return unasked(); }
  Result<std::vector<ServerStateRow>> server_state() override { return unasked(); }
  Result<TokenPage> list_tokens(const NameQuery&) override { return unasked(); }
  Result<TokenView> token(const std::string&) override { return unasked(); }
  Result<std::optional<IdempotencyRow>> find_key(const std::string&, const std::string&, const std::string&) override {
    return unasked();
  }
  Result<std::vector<TaskStateRow>> list_task_states(const std::string&) override { return unasked(); }
  Result<TaskStateRow> task_state(const std::string&, const std::string&) override { return unasked(); }
  Result<std::vector<StoreEntryRow>> store_entries(const StorePlace&, WallUs) override { return unasked(); }
  Result<std::vector<CheckRow>> list_checks(const CheckQuery&) override { return unasked(); }
  Result<AssetPage> list_assets(const AssetQuery&) override { return unasked(); }
  Result<AssetView> asset(std::int64_t) override { return unasked(); }
  Result<AssetView> asset_named(const std::string&) override { return unasked(); }
  Result<AssetEventPage> list_asset_events(const AssetEventQuery&) override { return unasked(); }
  Result<std::vector<QueuedAssetEvent>> queued_asset_events(const std::string&, std::int64_t) override {
    return unasked();
  }
  Result<std::vector<AssetLinkRow>> asset_links() override { return unasked(); }
  Result<Changes> changes_after(const ChangeKey&, std::int64_t) override { return unasked(); }
  Result<StoreInfo> info() override { return unasked(); }
  Result<TickPage> list_ticks(const TickQuery&) override { return unasked(); }

 private:
  static Error unasked() { return {"this cannot be asked of a server of another machine", ErrorKind::invalid}; }
};

}  // namespace baton::cli
