// InstanceEnd: how a task instance stands in its row, as far as another end of it would differ.
#pragma once

#include "scheduler/engine/rows.h"

namespace baton::sim {

struct InstanceEnd {
  TaskState state = TaskState::none;
  Epoch epoch = 0;
  WallUs at = kNoTime;

  static InstanceEnd of(const TaskRow& row) { return {row.state, row.epoch, row.ended_at}; }
  friend bool operator==(const InstanceEnd&, const InstanceEnd&) = default;
};

}  // namespace baton::sim
