// WatchedRun: the RunObserver that every display builds on. It keeps the picture of the one run that the command is
// about; displays draw it or print what changed. Told on the loop thread; read() from any thread.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cli/display/run_picture.h"
#include "scheduler/engine/observer.h"

namespace baton::display {

/// What ages and times of a display are reckoned from.
WallUs wall_now();

class WatchedRun : public RunObserver {
 public:
  void run_began(const DagRun& run) final;
  void instance_changed(const DagRun& run, const TaskRow& row) final;
  void try_ended(const DagRun& run, const TryRow& row) final;
  void run_ended(const DagRun& run) final;
  void notice(const std::string& text) final;

  /// `look` sees the picture, which does not change meanwhile; not called before the run began.
  void read(const std::function<void(RunPicture&)>& look);
  /// After the run: the picture, for a summary; nothing when no run began.
  [[nodiscard]] std::optional<RunPicture> take_picture();

  /// Everything has been shown, the terminal is as it was. Idempotent.
  virtual void finish() {}

 protected:
  // What a display does; the loop thread, the lock is not held. Cheap, or handed to another thread.
  virtual void began(const RunPicture& picture) { (void)picture; }
  virtual void changed(const RunPicture& picture, const Row& row) { (void)picture, (void)row; }
  virtual void ended(const RunPicture& picture) { (void)picture; }
  virtual void noticed(const std::string& text) { (void)text; }

 private:
  std::mutex mutex_;
  std::optional<RunPicture> picture_;
};

/// The row of one instance as the engine holds it.
Row row_of_instance(const DagRun& run, InstanceNo i);

}  // namespace baton::display
