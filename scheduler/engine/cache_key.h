// The key under which a task's outputs are cached, and the content of its spec that an entry hangs on. Pure. Files that
// the key names with hashFiles are hashed by an attempt on the worker, before the key can be known.
#pragma once

#include <string>
#include <vector>

#include "scheduler/engine/dag_run.h"
#include "scheduler/model/result.h"

namespace baton {

/// Whether the key of this task calls hashFiles.
bool cache_key_hashes_files(const TaskSpec& spec);

/// The patterns that the key of instance `i` gives to hashFiles.
Result<std::vector<std::string>> cache_key_patterns(const DagRun& run, InstanceNo i);

/// The key of instance `i`; `file_hash` stands for every call of hashFiles. Unless the cache says key_only, it ends with a
/// hash of what the task would run with: argv or script, env (secrets by name), stdin and folder, rendered. Two runs
/// whose parameters reach the task by another way than the key must not share outputs.
Result<std::string> cache_key(const DagRun& run, InstanceNo i, const std::string& file_hash);

/// The hash in what the worker wrote: {"hash": "…"}.
Result<std::string> file_hash_of(const std::string& output_json);

/// Content of a task's spec that its cache entries hang on: kind, script or argv, env, shell, declared outputs.
std::string cache_spec_hash(const Dag& dag, TaskNo task_no);

}  // namespace baton
