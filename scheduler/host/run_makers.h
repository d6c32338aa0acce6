// RunMakers: what makes runs of a scheduler by itself, over its Host: the ticks of schedules and the events of assets,
// with the shelf of DAGs that both take their versions from, and the wires to the engine that tell them of runs. A
// server (cli/serving) and what simulates one (scheduler/rehearsal/simulation) are put together by this one class.
//
//   file ──▶ shelf, breakers, assets, ticks ──▶ runs of the engine
//                          engine ──▶ runs that come, begin, end; asset events ──▶ ticks, asset runs
//
// Loop thread only. It outlives neither the Host nor what its parts refer to.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "scheduler/host/assets_on_engine.h"
#include "scheduler/host/host.h"
#include "scheduler/host/ticks_on_engine.h"
#include "scheduler/service/asset_runs.h"
#include "scheduler/service/dag_folder.h"
#include "scheduler/service/dag_shelf.h"
#include "scheduler/service/loader_thread.h"
#include "scheduler/service/ticks_service.h"

namespace baton {

/// What RunMakers stand on. All that is referred to outlives them.
struct RunMakersParts {
  Loop& loop;
  Store& store;
  ServiceStore& versions;        ///< where versions are read that are not on the shelf
  Host& host;
  LoaderThread& loader;
  Config config;                 ///< calendars and assets of baton.yaml
  FindAssetEvents find_events;
  std::function<void(const std::string& line)> say;  ///< one line for a person; may be empty
  std::size_t shelved_max = 512;
};

class RunMakers {
 public:
  explicit RunMakers(RunMakersParts parts);
  ~RunMakers();
  RunMakers(const RunMakers&) = delete;
  RunMakers& operator=(const RunMakers&) = delete;

  /// The runs that have not ended are told, and from here on those that come and go. Before start(). storage: those that
  /// wait cannot be read.
  Status watch_runs();
  /// Told beside ticks and asset runs of a run that has ended without having begun.
  void on_waiting_ended(std::function<void(const RunRow&)> f) { waiting_ended_ = std::move(f); }
  /// Goes on where `found` says that it was left.
  void start(const ServiceSnapshot& found);
  /// A version of a DAG that its file gives; `done` once that is durable.
  void give(const ShelvedDag& given, const std::string& path, std::function<void()> done) {
    give_dag(given, path, config_, tick_host_, ticks_, shelf_, std::move(done));
  }
  /// A run and its hooks have ended, and that is durable.
  void run_ended(const DagRun& run);
  /// DAGs may run that could not.
  void look() { asset_runs_.look(); }
  void set_config(const Config& old, const Config& fresh);
  /// Nothing more is known of a DAG whose file is gone. False: it is there, has runs, or is on its way.
  bool forget_dag(const std::string& dag_id);
  /// No more runs. Idempotent.
  void stop();

  [[nodiscard]] DagShelf& shelf() { return shelf_; }
  [[nodiscard]] TicksOnEngine& tick_host() { return tick_host_; }
  [[nodiscard]] TicksService& ticks() { return ticks_; }
  [[nodiscard]] AssetRuns& asset_runs() { return asset_runs_; }

 private:
  const RunMakersParts parts_;
  Config config_;
  DagShelf shelf_;
  TicksOnEngine tick_host_;
  TicksService ticks_;
  AssetsOnEngine asset_host_;
  AssetRuns asset_runs_;
  std::function<void(const RunRow&)> waiting_ended_;
};

}  // namespace baton
