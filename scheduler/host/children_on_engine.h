// ChildrenOnEngine: makes the runs that tasks of the kind trigger_dag start, over a host's ticks and a shelf of DAGs: of
// the version that the DAG has now, with params that fit it. Loop thread only; outlives the engine's use of it.
#pragma once

#include <memory>
#include <utility>

#include "scheduler/engine/child_maker.h"
#include "scheduler/engine/loop.h"
#include "scheduler/engine/store.h"
#include "scheduler/host/request_check.h"
#include "scheduler/service/dag_shelf.h"
#include "scheduler/service/ticks_service.h"

namespace baton {

class ChildrenOnEngine final : public ChildMaker {
 public:
  /// All of these outlive it.
  ChildrenOnEngine(Loop& loop, Store& store, TicksService& ticks, DagShelf& shelf, SecretSource secret)
      : loop_(loop), store_(store), ticks_(ticks), shelf_(shelf), secret_(std::move(secret)) {}
  ~ChildrenOnEngine() override { *is_alive_ = false; }
  ChildrenOnEngine(const ChildrenOnEngine&) = delete;
  ChildrenOnEngine& operator=(const ChildrenOnEngine&) = delete;

  /// A DAG that is paused or draining, and one whose file is gone, take no such run: conflict.
  void make_child(const ChildAsk& ask, OnMade done) override;

 private:
  [[nodiscard]] Status may_start(const DagRow& dag) const;
  [[nodiscard]] Result<ChildRun> child_of(const ChildAsk& ask, const ShelvedDag& found);

  Loop& loop_;
  Store& store_;
  TicksService& ticks_;
  DagShelf& shelf_;
  const SecretSource secret_;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

/// A run of `dag` as `ask` wants it, as run `run_no`, at `now`. invalid: its params, or its id, are not what they may be.
[[nodiscard]] Result<ChildRun> child_run_of(const ChildAsk& ask, std::shared_ptr<const Dag> dag,
                                            std::shared_ptr<const VersionRow> version, const SecretSource& secret,
                                            RunNo run_no, WallUs now, std::uint64_t random);

}  // namespace baton
