#include "scheduler/service/dag_shelf.h"

#include "scheduler/dagfile/canonical.h"

namespace baton {
namespace {

Result<ShelvedDag> load(ServiceStore& store, const std::string& dag_id, const std::string& version) {
  Result<VersionRow> row = store.load_version(dag_id, version);
  if (!row) return row.error();
  auto dag = from_canonical(row->canonical_json, {row->source_file, row->work_folder});
  if (!dag) return dag.error();
  return ShelvedDag{std::move(dag).value(), std::make_shared<const VersionRow>(std::move(row).value())};
}

}  // namespace

void DagShelf::put(ShelvedDag dag) {
  const Key key{dag.dag->id, dag.dag->version};
  if (const auto place = places_.find(key); place != places_.end()) {
    dags_.erase(place->second);
    places_.erase(place);
  }
  dags_.emplace_front(key, std::move(dag));
  places_[key] = dags_.begin();
  if (dags_.size() <= dags_max_) return;
  places_.erase(dags_.back().first);
  dags_.pop_back();
}

void DagShelf::get(const std::string& dag_id, const std::string& version, OnDag done) {
  const Key key{dag_id, version};
  if (const auto place = places_.find(key); place != places_.end()) {
    dags_.splice(dags_.begin(), dags_, place->second);
    loop_.post([found = place->second->second, done = std::move(done)] { done(found); });
    return;
  }
  std::vector<OnDag>& asked = asked_[key];
  asked.push_back(std::move(done));
  if (asked.size() > 1) return;
  loader_.post([this, &store = store_, &loop = loop_, alive = is_alive_, key] {
    auto found = std::make_shared<Result<ShelvedDag>>(load(store, key.first, key.second));
    loop.post([this, alive, key, found] {
      if (*alive) loaded(key, *found);
    });
  });
}

void DagShelf::loaded(const Key& key, const Result<ShelvedDag>& found) {
  if (found) put(*found);
  const std::vector<OnDag> asked = std::move(asked_.extract(key).mapped());
  for (const OnDag& done : asked) done(found);
}

}  // namespace baton
