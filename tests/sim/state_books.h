// StateBooks: the values that live on from run to run (`state:`) as they lie on disk, beside what the processes of the day
// have read and written. Every part is held against what is promised: a value comes with the success that has written it,
// follows the one that this success has read, and stays until another one or a person takes its place. Owned by Disk.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/engine/batch.h"
#include "scheduler/engine/executor.h"
#include "tests/sim/ground.h"

namespace baton::sim {

struct DiskRun;

class StateBooks {
 public:
  explicit StateBooks(Ground& ground) : ground_(ground) {}

  // What processes do.
  /// One starts with what its file holds then.
  void starts(const DiskRun& run, const LaunchSpec& spec);
  /// One has ended with exit 0: what it has left.
  [[nodiscard]] EndedState left_by(const LaunchSpec& spec);

  // What is written.
  /// A task instance is about to get this row in the part that is being written.
  void row_comes(const DiskRun& run, const TaskRow& old, const TaskRow& row);
  void take(const Part& part);
  void end_batch();
  /// As Store::task_states().
  [[nodiscard]] std::vector<TaskStateRow> rows() const;

  // What people want.
  void wants(const std::string& dag_id, const std::string& json) { wanted_[dag_id].insert(json); }
  void accepted(const std::string& dag_id, const std::string& json);

 private:
  using Name = std::pair<std::string, std::string>;  ///< of a DAG, of a value
  struct Value {
    TaskStateRow row;
    std::vector<std::string> all;  ///< JSON by version, from 1 on; empty: taken away
  };
  struct Success {
    AttemptKey key;
    std::string task_id;
    Name name;
  };
  struct Read {
    Name name;
    std::int64_t version = 0;
    std::string json;
  };
  void take(const TaskStateRow& row, const Part& part);
  void check_success(const Success& success, const Part& part);
  [[nodiscard]] const TaskStateRow* row_of(const Success& success, const Part& part) const;
  void fail(const Name& name, const std::string& what) {
    ground_.findings.fail("STATE", name.first + "/" + name.second + ": " + what);
  }

  Ground& ground_;
  std::map<Name, Value> values_;
  std::map<AttemptKey, Read> reads_;
  std::map<AttemptKey, std::string> wrote_;  ///< that it left; empty: nothing
  std::vector<Success> successes_;           ///< of the part that is being written
  std::vector<AttemptKey> refused_;  ///< of the batch: tries that have failed for their state
  std::map<std::string, std::set<std::string>> wanted_;  ///< by people; empty: taken away
};

}  // namespace baton::sim
