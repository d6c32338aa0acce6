// AssetsOnEngine: what the runs of asset events stand on, over a Host, its ticks and a shelf of DAGs. Loop thread only;
// it outlives the AssetRuns that it serves.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "scheduler/host/host.h"
#include "scheduler/service/asset_runs.h"
#include "scheduler/service/dag_shelf.h"
#include "scheduler/service/ticks_service.h"

namespace baton {

/// The events of an asset, off the loop. Posts `done` to the loop, never from within the call.
using FindAssetEvents = std::function<void(const std::string& asset, std::int64_t after, std::size_t limit,
                                           AssetHost::OnEvents done)>;

class AssetsOnEngine final : public AssetHost {
 public:
  /// All of these outlive it. `say`: one line for a person; may be empty.
  AssetsOnEngine(Loop& loop, Store& store, Engine& engine, TicksService& ticks, DagShelf& shelf,
                 FindAssetEvents find_events, std::function<void(const std::string& line)> say)
      : loop_(loop),
        store_(store),
        engine_(engine),
        ticks_(ticks),
        shelf_(shelf),
        find_events_(std::move(find_events)),
        say_(std::move(say)) {}
  ~AssetsOnEngine() override { *is_alive_ = false; }

  [[nodiscard]] ConsumingDag dag(const std::string& dag_id) override;
  [[nodiscard]] std::int64_t last_event() override { return engine_.last_asset_event(); }
  /// A version that cannot be read, and params without defaults, keep the events waiting, said once a minute.
  void make_run(const AssetRun& run, ServiceRows rows, std::function<void(const PartVerdict&)> done) override;
  void find_events(const std::string& asset, std::int64_t after, std::size_t limit, OnEvents done) override;
  void write(ServiceRows rows, std::vector<AuditRow> audit, std::function<void()> done) override;
  void say(const std::string& line) override;

 private:
  struct Wanted {
    AssetRun run;
    RunNo run_no = 0;
    ServiceRows rows;
    std::function<void(const PartVerdict&)> done;
  };
  void load_and_create(std::shared_ptr<Wanted> wanted);

  Loop& loop_;
  Store& store_;
  Engine& engine_;
  TicksService& ticks_;
  DagShelf& shelf_;
  const FindAssetEvents find_events_;
  const std::function<void(const std::string& line)> say_;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace baton
