#include "web/api/known_dags.h"

#include <algorithm>

namespace baton::api {

Result<KnownDag> KnownDags::get(Reader& reader, const std::string& dag_id, const std::string& version) {
  const Key key{dag_id, version};
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = places_.find(key); known != places_.end()) {
      dags_.splice(dags_.begin(), dags_, known->second);
      return known->second->second;
    }
  }
  if (!read_) return Error{"versions of DAGs cannot be read here", ErrorKind::unavailable};
  const auto row = reader.version(dag_id, version);
  if (!row) return row.error();
  auto dag = read_(*row);  // without the lock: it may take a while, and twice is no harm
  if (!dag) return dag;
  const auto is_limited = [](const Task& task) { return task.spec->mapping->max_parallel > 0; };
  dag->limits_tasks = dag->dag != nullptr && std::ranges::any_of(dag->dag->tasks, is_limited);
  keep(key, *dag);
  return dag;
}

void KnownDags::keep(const Key& key, const KnownDag& dag) {
  const std::lock_guard lock(mutex_);
  if (places_.contains(key)) return;
  dags_.emplace_front(key, dag);
  places_[key] = dags_.begin();
  if (dags_.size() <= kKnownDagsMax) return;
  places_.erase(dags_.back().first);
  dags_.pop_back();
}

}  // namespace baton::api
