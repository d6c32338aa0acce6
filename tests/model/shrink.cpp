#include <algorithm>
#include <functional>
#include <utility>

#include "tests/model/trial.h"

namespace baton::model {
namespace {

bool breaks(const Case& c) { return !run_case(c).empty(); }

/// Keeps `smaller` when it breaks too.
bool keep(Case& c, Case smaller) {
  if (!breaks(smaller)) return false;
  c = std::move(smaller);
  return true;
}

Case without_step(const Case& c, std::size_t s) {
  Case smaller = c;
  smaller.steps.erase(smaller.steps.begin() + static_cast<std::ptrdiff_t>(s));
  return smaller;
}

void forget_task(std::vector<int>& numbers, int task) {
  std::erase(numbers, task);
  for (int& n : numbers) n -= n > task ? 1 : 0;
}

Case without_task(const Case& c, int task) {
  Case smaller = c;
  smaller.plan.tasks.erase(smaller.plan.tasks.begin() + task);
  for (PlanTask& t : smaller.plan.tasks) {
    forget_task(t.ups, task);
    forget_task(t.setups, task);
  }
  std::erase_if(smaller.steps, [&](const Step& s) { return !is_of_run(s.what) && s.task == task; });
  for (Step& s : smaller.steps) s.task -= s.task > task ? 1 : 0;
  return smaller;
}

bool try_without_features(Case& c, std::size_t t) {
  static const std::vector<std::function<void(PlanTask&)>> plainer = {
      [](PlanTask& p) { p.rule = TriggerRule::all_success; }, [](PlanTask& p) { p.setups.clear(); },
      [](PlanTask& p) { p.teardown_counts = false; },         [](PlanTask& p) { p.allow_failure = false; },
      [](PlanTask& p) { p.noop = false; },                    [](PlanTask& p) { p.sensor = false; },
      [](PlanTask& p) { p.retries = 0; },                     [](PlanTask& p) { p.items = -1; },
      [](PlanTask& p) { p.condition = '-'; },
  };
  bool smaller = false;
  for (const auto& plain : plainer) {
    Case candidate = c;
    plain(candidate.plan.tasks[t]);
    if (to_text(candidate.plan) != to_text(c.plan)) smaller = keep(c, std::move(candidate)) || smaller;
  }
  for (std::size_t u = c.plan.tasks[t].ups.size(); u-- > 0;) {
    Case candidate = c;
    PlanTask& task = candidate.plan.tasks[t];
    std::erase(task.setups, task.ups[u]);
    task.ups.erase(task.ups.begin() + static_cast<std::ptrdiff_t>(u));
    smaller = keep(c, std::move(candidate)) || smaller;
  }
  return smaller;
}

}  // namespace

Case shrink(Case c) {
  if (!breaks(c)) return c;  // the first step, the run's begin, is kept
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (std::size_t s = c.steps.size(); s-- > 1;) smaller = keep(c, without_step(c, s)) || smaller;
    for (std::size_t t = c.plan.tasks.size(); t-- > 0;) {
      if (c.plan.tasks.size() > 1 && keep(c, without_task(c, static_cast<int>(t)))) {
        smaller = true;
      } else {
        smaller = try_without_features(c, t) || smaller;
      }
    }
    Case patient = c;
    patient.plan.fail_fast = false;
    if (c.plan.fail_fast) smaller = keep(c, std::move(patient)) || smaller;
  }
  return c;
}

}  // namespace baton::model
