// RunFolders: the folders of a run in the state folder (`work`, `logs` and `outputs`, each `/<run_no>`): made when its
// first attempt is launched. A folder costs the loop some 30 µs on a quiet disk and far more on a busy one, and a run of
// ten thousand that begin in one second may launch nothing for a while, or ever. Loop thread.
#pragma once

#include <string>
#include <unordered_set>
#include <utility>

#include "scheduler/model/attempt_key.h"

namespace baton {

class RunFolders {
 public:
  explicit RunFolders(std::string state_folder) : state_folder_(std::move(state_folder)) {}

  /// It begins or goes on: what there is of its folders may have been removed meanwhile.
  void begins(RunNo run_no) { due_.insert(run_no); }
  /// It has ended; nothing of it is launched before it goes on.
  void ends(RunNo run_no) { due_.erase(run_no); }
  /// Something of it is launched. What cannot be made is told by the attempt, which cannot open its log.
  void launches(RunNo run_no) {
    if (due_.erase(run_no) > 0) make(run_no);
  }

 private:
  void make(RunNo run_no) const;

  const std::string state_folder_;
  std::unordered_set<RunNo> due_;  ///< those that live and have launched nothing since they began or went on
};

}  // namespace baton
