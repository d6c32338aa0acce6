// TickHolds: what is asked of DAGs and of the server through Control, carried out by the ticks. Loop thread.
#pragma once

#include "scheduler/control/hold_dag.h"
#include "scheduler/service/ticks_service.h"

namespace baton {

class TickHolds final : public Holds {
 public:
  TickHolds(Loop& loop, TicksService& ticks) : loop_(loop), ticks_(ticks) {}
  void hold(const HoldDag& request, const Actor& actor, OnHeld done) override;
  void hold(const HoldServer& request, const Actor& actor, OnHeld done) override;

 private:
  Loop& loop_;
  TicksService& ticks_;
};

}  // namespace baton
