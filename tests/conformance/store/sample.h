// Rows for tests of stores: a small Dag and runs of it; a folder of a test's own.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "scheduler/engine/store.h"

namespace baton::sample {

/// `tasks` tasks t0, t1, … in a row; the last one mapped when `with_mapped`.
inline std::shared_ptr<const Dag> dag(const std::string& id, int tasks, bool with_mapped = false) {
  auto made = std::make_shared<Dag>();
  made->id = id;
  made->version = "version-of-" + id + "-" + std::to_string(tasks);
  std::vector<std::vector<TaskNo>> upstreams;
  for (int i = 0; i < tasks; ++i) {
    auto spec = std::make_shared<TaskSpec>();
    spec->kind = TaskKind::run;
    spec->retries.edit().max = i;
    if (i == 1) spec->pools.edit().push_back({"warehouse", 2});
    if (with_mapped && i == tasks - 1) spec->mapping.edit().kind = Mapping::Kind::for_each;
    made->tasks.push_back({"t" + std::to_string(i), spec, 1, Hook::none});
    upstreams.push_back(i == 0 ? std::vector<TaskNo>{} : std::vector<TaskNo>{i - 1});
  }
  link(*made, upstreams);
  return made;
}

inline std::shared_ptr<const VersionRow> version(const Dag& dag) {
  auto row = std::make_shared<VersionRow>();
  row->dag_id = dag.id;
  row->version = dag.version;
  row->canonical_json = "{\"id\":\"" + dag.id + "\"}";
  row->source = "id: " + dag.id + "\n";
  row->source_hash = "hash";
  row->source_file = "/dags/" + dag.id + ".yaml";
  row->work_folder = "/dags";
  row->created_at = 1'700'000'000'000'000;
  return row;
}

inline RunCreation creation(RunNo run_no, const std::shared_ptr<const Dag>& dag, const std::string& run_id) {
  RunCreation made;
  made.dag = dag;
  made.version = version(*dag);
  made.run.run_no = run_no;
  made.run.dag_id = dag->id;
  made.run.run_id = run_id;
  made.run.dag_version = dag->version;
  made.run.conf_json = R"({"n":1})";
  made.run.run_after = 1'700'000'000'000'000;
  made.run.queued_at = 1'700'000'000'000'001;
  made.run.begun_at = 1'700'000'000'000'001;
  made.run.triggered_by = "cli";
  return made;
}

inline TaskRow instance(RunNo run_no, InstanceNo instance_no, TaskState state, Epoch epoch = 0) {
  TaskRow row;
  row.run_no = run_no;
  row.instance_no = instance_no;
  row.task_no = instance_no;
  row.state = state;
  row.epoch = epoch;
  row.try_number = epoch;
  return row;
}

inline TryRow attempt(const TaskRow& row) {
  TryRow t;
  t.run_no = row.run_no;
  t.instance_no = row.instance_no;
  t.epoch = row.epoch;
  t.try_number = row.try_number;
  t.state = row.state;
  t.reason = row.reason;
  t.exit_code = 0;
  t.started_at = 1'700'000'000'000'100;
  t.ended_at = 1'700'000'000'000'200;
  t.pid = 4711;
  t.host = "here";
  t.times_json = R"({"running":100})";
  return t;
}

/// A folder of a test's own, gone with it.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "baton-store-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace baton::sample
