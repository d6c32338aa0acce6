// A case of the model check: a small DAG (Plan) and what happens to its run (Steps), with a text that replays it. The
// engine and the reference both start from this; neither sees the other's form. Values; test thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/model/dag.h"

namespace baton::model {

struct PlanTask {
  TriggerRule rule = TriggerRule::all_success;
  std::vector<int> ups;     ///< smaller numbers than its own
  std::vector<int> setups;  ///< not empty: a teardown of these, which are among `ups`
  bool teardown_counts = false;
  bool allow_failure = false;
  bool noop = false;
  bool sensor = false;
  int retries = 0;
  int items = -1;        ///< −1: not mapped
  char condition = '-';  ///< of `if`: '-' none, '1' true, '0' false, 'e' an error
  Hook hook = Hook::none;
};

struct Plan {
  std::vector<PlanTask> tasks;  ///< hooks last
  bool fail_fast = false;
  int losses_max = 3;
};

/// One thing that happens. `what`: b the run begins · a admitted · p its process runs · ends: s exit 0, f exit 1, k
/// exit 99, t timeout, g signal, h heartbeat, n not started, x lost, y stopped by its worker, z lost with the scheduler
/// · o an exit 0 of the epoch before · d an exit 1 of the epoch that ended last · T its timer · L it cannot be launched
/// · a person: c clears it and what follows, C it alone, m marks it success, M failed
/// · for the run: S stop, K kill, R the run's timeout · a person: A clears what failed, W marks it success, V failed.
struct Step {
  char what = 'b';
  int task = 0;
  int index = 0;
};

inline bool is_of_run(char what) {
  return std::string_view("bSKRAWV").find(what) != std::string_view::npos;
}
inline bool is_of_person(char what) {
  return std::string_view("cCmMAWV").find(what) != std::string_view::npos;
}

struct Case {
  Plan plan;
  std::vector<Step> steps;
};

std::shared_ptr<const Dag> dag_of(const Plan& plan);

/// One line, as "losses=3 ff | 0 | 1 one_failed need=0 retries=2 | # b a0 f0 a1.2".
std::string to_text(const Plan& plan);
std::string to_text(const std::vector<Step>& steps);
std::string to_text(const Case& c);
/// Nothing where the text is no case.
std::optional<Case> case_from(std::string_view text);

}  // namespace baton::model
