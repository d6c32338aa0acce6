// Moment: one reading of both clocks, taken by the shell when an event arrives and handed to the pure core.
#pragma once

#include "scheduler/model/time.h"

namespace baton {

struct Moment {
  WallUs wall = 0;
  MonoUs mono = 0;
};

}  // namespace baton
