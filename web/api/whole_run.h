// A run with its task instances and its DAG, for the operations that look at all of it. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "web/api/compiled_dags.h"
#include "web/api/services.h"

namespace baton::api {

/// Of one run at most: what is beyond is not looked at.
inline constexpr std::int64_t kInstancesMax = 10'000;

struct WholeRun {
  RunView run;
  std::vector<InstanceView> instances;  ///< as the file has the tasks, then by index; the first kInstancesMax
  std::shared_ptr<const CompiledDag> compiled;
  std::int64_t seq = 0;                 ///< of the snapshot that the instances are of
};

/// not_found: the DAG has no such run.
Result<RunNo> run_no_named(Reader& reader, const std::string& dag_id, const std::string& run_id);
/// The first kInstancesMax.
Result<InstancePage> instances_of(Reader& reader, RunNo run_no);
/// The run that `dag_id` and `dag_run_id` of the path name.
Result<WholeRun> whole_run_of_path(Reader& reader, const Call& call);

}  // namespace baton::api
