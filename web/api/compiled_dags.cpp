#include "web/api/compiled_dags.h"

namespace baton::api {

const insight::DagLayout& CompiledDag::layout() const {
  std::call_once(laid_out_, [this] { layout_ = insight::lay_out(*dag_); });
  return layout_;
}

std::shared_ptr<const CompiledDag> CompiledDags::find(const Key& key) {
  const auto found = places_.find(key);
  if (found == places_.end()) return nullptr;
  dags_.splice(dags_.begin(), dags_, found->second);
  return found->second->second;
}

Result<std::shared_ptr<const CompiledDag>> CompiledDags::get(Reader& reader, const std::string& dag_id,
                                                             const std::string& version) {
  const Key key{dag_id, version};
  {
    const std::lock_guard lock(mutex_);
    if (auto known = find(key)) return known;
  }
  const auto row = reader.version(dag_id, version);
  if (!row) return row.error();
  auto dag = compile_(*row);
  if (!dag) return Error{dag.error().message, ErrorKind::storage};
  const std::lock_guard lock(mutex_);
  if (auto known = find(key)) return known;  // by another thread meanwhile
  dags_.emplace_front(key, std::make_shared<const CompiledDag>(std::move(*dag)));
  places_[key] = dags_.begin();
  if (dags_.size() > dags_max_) {
    places_.erase(dags_.back().first);
    dags_.pop_back();
  }
  return dags_.front().second;
}

}  // namespace baton::api
