// TaskStates: the values of one DAG that live on from run to run (`state:`): a watermark, a cursor, a checkpoint. Each
// has a version that only rises, also when it is taken away: who has read one version may put the next, and nobody else.
// Moved by advance() with the success that puts a value, and by a person; what moves it is written in the same part.
// Shared by the live runs of the DAG; owned by the engine. Loop thread only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "scheduler/engine/service_rows.h"
#include "scheduler/model/result.h"
#include "scheduler/model/value.h"

namespace baton {

/// The largest value, as canonical JSON, and its deepest nesting.
inline constexpr std::size_t kStateBytesMax = 256UL * 1024;
inline constexpr int kStateDepthMax = 64;

/// A value as it is kept.
struct KeptState {
  std::int64_t version = 0;
  std::string json;           ///< canonical; empty: there is none any more
  Value value;
  std::string changed_by;     ///< `run RUN_ID` or a person
};

class TaskStates {
 public:
  /// Null where nobody has ever put one.
  [[nodiscard]] const KeptState* find(std::string_view name) const;
  [[nodiscard]] std::int64_t version_of(std::string_view name) const;
  /// What expressions see; null where there is none.
  [[nodiscard]] Value value_of(std::string_view name) const;
  /// All that there are, as one map.
  [[nodiscard]] Value visible() const;
  /// As an earlier scheduler has left it.
  void restore(const TaskStateRow& row);
  /// Takes the next version; `row` gets it.
  void put(TaskStateRow& row, Value value);

 private:
  std::map<std::string, KeptState, std::less<>> kept_;
};

/// The states of all DAGs.
class StateBook {
 public:
  void restore(const TaskStateRow& row) { of(row.dag_id)->restore(row); }
  [[nodiscard]] const std::shared_ptr<TaskStates>& of(const std::string& dag_id);

 private:
  std::map<std::string, std::shared_ptr<TaskStates>> dags_;
};

/// A value that somebody wants kept, checked and as canonical JSON; `json` of an Error says what is wrong with it.
struct CheckedState {
  Value value;
  std::string json;
};
[[nodiscard]] Result<CheckedState> check_state(std::string_view json);

}  // namespace baton
