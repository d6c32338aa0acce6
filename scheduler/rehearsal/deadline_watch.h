// DeadlineWatch: looks when the next `sla` that is watched falls due, as a server does with each of its beats, on time that
// does not pass by itself. Loop thread; outlives no part of what it is given.
#pragma once

#include "scheduler/engine/engine.h"
#include "scheduler/engine/loop.h"
#include "scheduler/service/alerts.h"

namespace baton::rehearsal {

class DeadlineWatch {
 public:
  DeadlineWatch(Loop& loop, Engine& engine, Alerts& alerts) : loop_(loop), engine_(engine), alerts_(alerts) {}
  /// After the alerts have been told of what is written: a deadline may have come, earlier than those before.
  void look();

 private:
  Loop& loop_;
  Engine& engine_;
  Alerts& alerts_;
  WallUs set_for_ = kNoTime;  ///< what the timer of the earliest is set for; later ones are set when it has fired
};

}  // namespace baton::rehearsal
