// RemoteReader: what a server of another machine shows over its REST API, as the Reader that commands read: so each
// command has one way to show a thing, wherever that lies. Numbers of runs, tasks and instances are its own and hold
// within it alone. Blocks; main thread.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cli/server_client.h"
#include "cli/unasked_reader.h"

namespace baton::cli {

class RemoteReader final : public UnaskedReader {
 public:
  explicit RemoteReader(ServerClient server) : server_(std::move(server)) {}

  Result<RunNo> find_run(std::string_view selector) override;
  Result<InstanceNo> find_instance(RunNo run_no, std::string_view selector) override;
  Result<RunView> run(RunNo run_no) override;
  Result<RunPage> list_runs(const RunQuery& query) override;  ///< of one DAG or all, by states and labels, newest first
  Result<LiveView> live() override;
  Result<InstancePage> list_instances(const InstanceQuery& query) override;  ///< of one run, by tasks; all of them
  Result<InstanceView> instance(RunNo run_no, InstanceNo instance_no) override;
  Result<std::vector<TryView>> tries(RunNo run_no, InstanceNo instance_no) override;
  Result<std::vector<TryView>> tries_of_run(RunNo run_no) override;  ///< a request for each instance that was tried
  Result<DagPage> list_dags(const DagQuery& query) override;
  Result<ImportErrorPage> list_import_errors(const ImportErrorQuery& query) override;  ///< all of them, by number
  Result<std::vector<VersionView>> list_versions(const std::string& dag_id) override;
  Result<VersionRow> version_of_run(RunNo run_no) override;
  Result<VersionRow> version(const std::string& dag_id, const std::string& version) override;

 private:
  /// How the API names what has numbers here.
  struct KnownRun {
    std::string dag_id, run_id;
    std::vector<std::pair<std::string, std::int32_t>> instances;  ///< task and index, by number
    std::map<std::pair<std::string, std::int32_t>, InstanceNo> numbers;
    std::map<std::string, TaskNo> tasks;
  };

  [[nodiscard]] std::string target_of(RunNo run_no) const;
  [[nodiscard]] std::string target_of(RunNo run_no, InstanceNo instance_no) const;
  RunNo number_run(const std::string& dag_id, const std::string& run_id);
  RunView numbered(const Value& object);
  InstanceView numbered(const Value& object, RunNo run_no);
  Result<RunNo> newest_of(const std::string& dag_id);
  Result<RunNo> only_one_of_id(const std::string& run_id);
  /// All pages of a list, by its key; `by_offset`: of a list that has none.
  Result<ValueList> all_of(const std::string& target, const char* list, std::int64_t most, bool by_offset = false);
  Result<VersionRow> source_of(const std::string& dag_id, std::int32_t number);

  ServerClient server_;
  std::vector<KnownRun> runs_;  ///< by number - 1
  std::map<std::pair<std::string, std::string>, RunNo> run_numbers_;
};

}  // namespace baton::cli
