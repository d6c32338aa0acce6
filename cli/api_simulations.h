// ApiSimulations: what the DAGs of a server would do, worked out on the thread that asks, from the rows that it has. Owned
// by who serves; outlives the web.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/model/dag.h"
#include "scheduler/rehearsal/simulation.h"
#include "web/api/services.h"
#include "web/api/simulate_door.h"

namespace baton {

/// How the server is now. Asked from threads that handle requests.
struct SimulatedServer {
  Config config;
  std::int32_t slots = 0;       ///< of its workers
  std::vector<PoolSpec> pools;  ///< as they are set
};

class ApiSimulations final : public api::SimulateDoor {
 public:
  ApiSimulations(std::string state_folder, std::function<SimulatedServer()> now)
      : state_folder_(std::move(state_folder)), now_(std::move(now)) {}

  Result<Value> simulate(const api::SimulationWish& wish) override;

 private:
  const std::string state_folder_;
  const std::function<SimulatedServer()> now_;
};

}  // namespace baton
