// UpkeepDoor: what the API may ask of the retention of a server. As Door (door.h): any thread, no call waits.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "scheduler/model/dag.h"
#include "web/api/door.h"

namespace baton::api {

/// Runs that ended before a time are to go.
struct PruneWanted {
  std::string dag_id;  ///< empty: of all DAGs
  WallUs ended_before = kNoTime;
};

struct RemovedCounts {
  std::int64_t runs = 0, rows = 0, versions = 0, folders = 0;
};

/// A pass over what has ended, that is through.
struct UpkeepJob {
  std::int64_t job = 0;
  std::string actor;
  WallUs began = kNoTime, ended = kNoTime;
  RemovedCounts removed;
  std::string error;  ///< empty: it went well
};

struct RetentionNow {
  Retention kept;
  bool is_busy = false;
  std::vector<UpkeepJob> jobs;  ///< the last ones, the newest at the end
  RemovedCounts removed;        ///< since the server began
};

class UpkeepDoor {
 public:
  virtual ~UpkeepDoor() = default;
  using OnJob = std::function<void(Result<std::int64_t>)>;
  using OnNow = std::function<void(RetentionNow)>;

  /// `done` with the number of its job, which then stands among those of retention().
  virtual void prune(PruneWanted wanted, Asker asker, OnJob done) = 0;
  virtual void retention(OnNow done) = 0;
  using OnDone = std::function<void(Status)>;
  /// All that is kept of a DAG goes; `done` when that is durable. Kinds of Error: not_found; conflict: its file is
  /// there.
  virtual void delete_dag(std::string dag_id, Asker asker, OnDone done) = 0;
  /// It is durably gone: its logs go too.
  virtual void run_deleted(RunNo run_no) = 0;
};

}  // namespace baton::api
