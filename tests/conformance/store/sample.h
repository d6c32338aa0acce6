// Rows for tests of stores: a small Dag and runs of it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "scheduler/engine/store.h"

namespace baton::sample {

/// `tasks` tasks t0, t1, … in a row; the last one mapped when `with_mapped`.
std::shared_ptr<const Dag> dag(const std::string& id, int tasks, bool with_mapped = false);
std::shared_ptr<const VersionRow> version(const Dag& dag);
RunCreation creation(RunNo run_no, const std::shared_ptr<const Dag>& dag, const std::string& run_id);
TaskRow instance(RunNo run_no, InstanceNo instance_no, TaskState state, Epoch epoch = 0);
TryRow attempt(const TaskRow& row);

/// A folder of a test's own, gone with it.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace baton::sample
