// Executors: the Executor that an engine is given: it routes attempts to the executors of a scheduler, by the name in
// LaunchSpec::worker, and passes on what those tell. Slots are not its matter: the engine counts them by worker.
// Loop thread. With one executor nothing is kept of an attempt, and a call costs one more jump.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/engine/executor.h"

namespace baton {

class Executors final : public Executor {
 public:
  Executors();
  ~Executors() override;
  Executors(const Executors&) = delete;
  Executors& operator=(const Executors&) = delete;

  /// Adds one before any attempt is launched. It outlives this; its workers carry `name` as their executor. The first one
  /// gets what names no worker, and stops of attempts that nobody knows.
  void add(const std::string& name, Executor& executor);
  /// What the executor `name` is to tell its events to; they go on to `engine`. Lives as long as this.
  [[nodiscard]] ExecutorEvents& events(const std::string& name, ExecutorEvents& engine);

  void launch(LaunchSpec spec) override;
  void prepare(LaunchSpec spec) override;
  void release(AttemptKey key) override;
  void stop(AttemptKey key, DurationUs grace_us, bool kill_now) override;
  void acknowledge(AttemptKey key) override;
  void flush() override;

 private:
  class Route;
  Route& route_for(const LaunchSpec& spec);
  Route& route_of(AttemptKey key);

  std::vector<std::unique_ptr<Route>> routes_;
  std::map<AttemptKey, Route*> holders_;  ///< where there are several: from launch, start or inventory to acknowledge()
};

}  // namespace baton
