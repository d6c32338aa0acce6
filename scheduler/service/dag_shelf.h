// DagShelf: the compiled versions of DAGs that were needed last. What is not here is loaded from the store, off the
// loop: ten thousand DAGs that rest cost their rows alone. Loop thread only.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/engine/loop.h"
#include "scheduler/engine/service_store.h"
#include "scheduler/service/loader_thread.h"

namespace baton {

struct ShelvedDag {
  std::shared_ptr<const Dag> dag;
  std::shared_ptr<const VersionRow> version;
};

class DagShelf {
 public:
  using OnDag = std::function<void(const Result<ShelvedDag>&)>;

  /// `dags_max`: how many are kept. All of these outlive the shelf; `loader` is stopped before the store goes.
  DagShelf(Loop& loop, ServiceStore& store, LoaderThread& loader, std::size_t dags_max = 512)
      : loop_(loop), store_(store), loader_(loader), dags_max_(dags_max) {}
  ~DagShelf() { *is_alive_ = false; }
  DagShelf(const DagShelf&) = delete;
  DagShelf& operator=(const DagShelf&) = delete;

  /// One that has just been read from its file.
  void put(ShelvedDag dag);
  /// `done` comes on the loop, once, never from within the call; who asks for one that is being loaded shares that.
  /// not_found: there is no such version; storage, invalid: it cannot be read.
  void get(const std::string& dag_id, const std::string& version, OnDag done);
  [[nodiscard]] std::size_t size() const { return places_.size(); }

 private:
  using Key = std::pair<std::string, std::string>;
  void loaded(const Key& key, const Result<ShelvedDag>& found);

  Loop& loop_;
  ServiceStore& store_;
  LoaderThread& loader_;
  const std::size_t dags_max_;
  std::list<std::pair<Key, ShelvedDag>> dags_;  ///< needed last in front
  std::map<Key, std::list<std::pair<Key, ShelvedDag>>::iterator> places_;
  std::map<Key, std::vector<OnDag>> asked_;     ///< of those that are being loaded
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace baton
