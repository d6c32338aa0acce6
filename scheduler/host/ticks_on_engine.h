// TicksOnEngine: what the ticks of a server stand on, over an Engine and a shelf of DAGs. Loop thread only; it outlives
// the TicksService that it serves.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/engine/engine.h"
#include "scheduler/host/dag_breakers.h"
#include "scheduler/service/dag_folder.h"
#include "scheduler/service/dag_shelf.h"
#include "scheduler/service/ticks_service.h"

namespace baton {

class TicksOnEngine final : public TickHost {
 public:
  /// All of these outlive it. `config`: the calendars that schedules name beside their own. `say`: one line for a person;
  /// may be empty.
  TicksOnEngine(Loop& loop, Store& store, Engine& engine, DagShelf& shelf, Config config,
                std::function<void(const std::string& line)> say)
      : loop_(loop),
        store_(store),
        engine_(engine),
        shelf_(shelf),
        config_(std::move(config)),
        say_(std::move(say)) {}
  ~TicksOnEngine() override { *is_alive_ = false; }

  void set_config(Config config) { config_ = std::move(config); }

  void find_schedule(const std::string& dag_id, const std::string& version, OnSchedule done) override;
  /// A version that cannot be read keeps its ticks waiting, said once a minute: none is lost.
  RunNo make_run(const TickRun& run, ServiceRows rows, std::function<void(const PartVerdict&)> done) override;
  void write(ServiceRows rows, std::vector<AuditRow> audit, std::function<void()> done) override;
  void stop_run(RunNo run_no) override;
  void hold_dag(const std::string& dag_id, bool is_held) override;
  void freeze(bool is_frozen) override;
  /// `f` hears of each DAG that a file brings.
  void on_dag(std::function<void(const Dag&)> f) { on_dag_ = std::move(f); }
  void declare_shared(const Dag& dag) override {
    if (declare_shared_) declare_shared_(dag);
    if (on_dag_) on_dag_(dag);
  }
  void declare_assets(const Dag& dag) override {
    if (tell_assets_) tell_assets_(dag);
  }
  void say(const std::string& line) override;
  /// Who is told what versions say of pools and breakers. May be empty.
  void tell_shared(std::function<void(const Dag&)> told) { declare_shared_ = std::move(told); }
  /// Who is told what versions say of assets. May be empty.
  void tell_assets(std::function<void(const Dag&)> told) { tell_assets_ = std::move(told); }

 private:
  struct Wanted;
  void load_and_create(std::shared_ptr<Wanted> wanted);
  void create(const ShelvedDag& shelved, Wanted& wanted);

  Loop& loop_;
  Store& store_;
  Engine& engine_;
  DagShelf& shelf_;
  Config config_;
  const std::function<void(const std::string& line)> say_;
  std::function<void(const Dag&)> on_dag_;
  std::function<void(const Dag&)> declare_shared_;
  std::function<void(const Dag&)> tell_assets_;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

/// The run of a tick, of which only its number is chosen: scheduled__<logical date>, with the defaults of all params.
RunCreation creation_of(const TickRun& run, const ShelvedDag& shelved, RunNo run_no, WallUs now);

}  // namespace baton
