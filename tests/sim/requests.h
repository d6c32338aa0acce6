// Requests: what tasks have asked of persons and of other DAGs, as it is on disk. Every part is held against what is
// promised of it: a question is open exactly as long as its task instance is deferred, an attempt starts one run at most.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "scheduler/engine/batch.h"
#include "tests/sim/ground.h"

namespace baton::sim {

struct DiskRun;

class Requests {
 public:
  using Key = std::tuple<RunNo, InstanceNo, Epoch>;
  using FindRun = std::function<const DiskRun*(RunNo)>;
  Requests(Ground& ground, FindRun find_run, const std::map<RunNo, DiskRun>& runs)
      : ground_(ground), find_run_(std::move(find_run)), runs_(runs) {}

  /// A part has been written, and its rows are on disk.
  void take(const Part& part);
  /// Runs whose end is owed to somebody, by number.
  [[nodiscard]] std::vector<ChildRow> owed() const;
  /// Whether the task that has started this run waits for it no longer: it is about to be stopped, begun or not.
  [[nodiscard]] bool is_given_up(RunNo child_no) const;
  /// What was ever asked of persons.
  [[nodiscard]] const std::map<Key, ApprovalState>& questions() const { return questions_; }
  /// Somebody is about to answer.
  void answers(const Key& key, const std::string& chosen) { said_[key].insert(chosen); }
  /// An answer was accepted: nobody else's was.
  void accepted(const Key& key);
  /// Some minutes after the last fault: what is deferred waits for something that may still come.
  void check_quiet();

 private:
  void check_instance(const TaskRow& row);
  // circles.cpp
  void check_deadlock(const TaskRow& now, const DiskRun& run);
  [[nodiscard]] bool is_above(RunNo run_no, const std::string& dag_id) const;
  [[nodiscard]] std::vector<RunNo> holders_of(const std::string& dag_id) const;
  void note_waits(const TaskRow& now);
  void check_circles();
  void check_closed(const ApprovalClosingRow& row);
  void check_expired(const ApprovalClosingRow& row, const TaskSpec& spec, const TaskRow& now);
  void fail(const Key& key, const std::string& what);

  Ground& ground_;
  FindRun find_run_;
  const std::map<RunNo, DiskRun>& runs_;
  std::map<Key, ApprovalState> questions_;
  std::map<Key, ChildRow> children_;
  std::set<Key> accepted_;
  struct Asked {
    MonoUs at = 0;
    WallUs deadline = kNoTime;
  };
  std::map<Key, Asked> asked_;
  std::map<RunNo, MonoUs> waited_at_;        ///< when a run was last seen to wait for another
  std::set<Key> deadlocks_;
  std::map<Key, std::set<std::string>> said_;  ///< by people, heard or not
};

}  // namespace baton::sim
