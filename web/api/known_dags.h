// KnownDags: DAGs as they are in memory, made from their stored versions when they are first needed: for what a DAG says
// of itself and the rows do not (limits, tasks, edges, ticks). A version never changes, so what is known stays true. At
// most kKnownDagsMax of them are kept. Any thread.
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
#include "scheduler/model/dag.h"
#include "scheduler/model/result.h"
#include "scheduler/timetable/timetable.h"

namespace baton::api {

inline constexpr std::size_t kKnownDagsMax = 512;

struct KnownDag {
  std::shared_ptr<const Dag> dag;
  std::shared_ptr<const timetable::Timetable> ticks;  ///< null: it has no schedule
  bool limits_tasks = false;  ///< a task of it says how many of its instances run at once
};

class KnownDags {
 public:
  using Read = std::function<Result<KnownDag>(const VersionRow&)>;
  explicit KnownDags(Read read) : read_(std::move(read)) {}

  /// not_found: there is no such version; storage, invalid: it cannot be read.
  Result<KnownDag> get(Reader& reader, const std::string& dag_id, const std::string& version);

 private:
  using Key = std::pair<std::string, std::string>;
  void keep(const Key& key, const KnownDag& dag);

  const Read read_;
  std::mutex mutex_;
  std::list<std::pair<Key, KnownDag>> dags_;  ///< needed last in front
  std::map<Key, std::list<std::pair<Key, KnownDag>>::iterator> places_;
};

}  // namespace baton::api
