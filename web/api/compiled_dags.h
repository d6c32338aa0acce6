// CompiledDags: versions of DAGs as they were compiled, and their pictures, for the operations that look at a whole
// DAG: grid, graph, explain. The ones needed last are kept. Any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "scheduler/engine/reader.h"
#include "scheduler/insight/layout.h"
#include "scheduler/model/dag.h"
#include "scheduler/model/result.h"

namespace baton::api {

class CompiledDag {
 public:
  explicit CompiledDag(std::shared_ptr<const Dag> dag) : dag_(std::move(dag)) {}
  [[nodiscard]] const Dag& dag() const { return *dag_; }
  /// Made when it is first asked for; others that ask meanwhile wait.
  [[nodiscard]] const insight::DagLayout& layout() const;

 private:
  const std::shared_ptr<const Dag> dag_;
  mutable std::once_flag laid_out_;
  mutable insight::DagLayout layout_;
};

class CompiledDags {
 public:
  using Compile = std::function<Result<std::shared_ptr<const Dag>>(const VersionRow&)>;
  explicit CompiledDags(Compile compile, std::size_t dags_max = 64)
      : compile_(std::move(compile)), dags_max_(dags_max) {}

  /// not_found: there is no such version; storage: what is stored of it does not read.
  Result<std::shared_ptr<const CompiledDag>> get(Reader& reader, const std::string& dag_id, const std::string& version);

 private:
  using Key = std::pair<std::string, std::string>;
  using Kept = std::list<std::pair<Key, std::shared_ptr<const CompiledDag>>>;
  std::shared_ptr<const CompiledDag> find(const Key& key);

  const Compile compile_;
  const std::size_t dags_max_;
  std::mutex mutex_;
  Kept dags_;  // needed last in front
  std::map<Key, Kept::iterator> places_;
};

}  // namespace baton::api
