// RunObserver: who watches runs from inside the process, as the terminal's progress does. Told on the loop thread, and
// only of what is durable (running is told as it is heard). Must not block or change anything.
#pragma once

#include <string>

#include "scheduler/engine/dag_run.h"

namespace baton {

class RunObserver {
 public:
  virtual ~RunObserver() = default;
  /// The run exists, or goes on after recovery, with `run.instances` as they stand.
  virtual void run_began(const DagRun& run) = 0;
  /// `row` is what the store holds of the instance now.
  virtual void instance_changed(const DagRun& run, const TaskRow& row) = 0;
  /// A try ended: told before the change of its instance.
  virtual void try_ended(const DagRun& run, const TryRow& row) = 0;
  /// The outcome (run.row.state); hooks may still run.
  virtual void run_ended(const DagRun& run) = 0;
  /// Something worth a line: a worker that died, a full disk.
  virtual void notice(const std::string& text) = 0;
};

}  // namespace baton
