// The store of the simulation, on a day on which nothing breaks.
#include <gtest/gtest.h>

#include "tests/conformance/store/backend.h"
#include "tests/sim/sim_store.h"

namespace baton {
namespace {

class SimulatedDisk final : public Backend {
 public:
  std::unique_ptr<Store> open(Loop&) override {
    return std::make_unique<sim::SimStore>(ground_, disk_, ground_.loop.spawn());
  }
  void run_until(TestLoop&, const std::function<bool()>& done) override {
    while (!done()) {
      if (!ground_.loop.step()) return ADD_FAILURE() << "nothing happens any more";
    }
  }

 private:
  sim::Ground ground_{sim::SimOptions{}};
  sim::Witness witness_{ground_};
  sim::Disk disk_{ground_, witness_};
};

}  // namespace

std::unique_ptr<Backend> make_simulated() { return std::make_unique<SimulatedDisk>(); }

}  // namespace baton
